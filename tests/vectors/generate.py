"""Writes the files of vectors: `python -m tests.vectors.generate`.

Answers come from the exact evaluator; those that a person worked out have to agree with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from rules_engine.engine.certifying.claims import Dice
from rules_engine.engine.certifying.interest import values_of
from rules_engine.engine.certifying.sample import digest
from rules_engine.expressions import ExpressionError, Kind, Type, check
from rules_engine.expressions.tree import Expression, Ref, reads_date, running_in, walk
from rules_engine.expressions.types import EXACT
from rules_engine.testing.vectors import Answer, Setting, Vector, VectorFile
from rules_engine.testing.vectors.claims import by_judge
from rules_engine.testing.vectors.engines import exactly, reply
from rules_engine.testing.vectors.vector import CLAIM_COLUMNS, read
from tests.vectors.by_hand import HANDS, Hand
from tests.vectors.formulas import CONSTRUCTS, Construct

FOLDER: Final = Path(__file__).parent
SEED: Final = 2015
_ROWS: Final = 4
_TRIES: Final = 80
_DAYS: Final = tuple(
    date.fromisoformat(text)
    for text in (
        "2015-01-01", "2015-06-30", "2015-07-01", "2014-12-31", "2015-12-31", "2016-01-01",
    )
)  # fmt: skip
_DATES: Final = (
    *_DAYS,
    *(date.fromisoformat(t) for t in ("2016-02-29", "2015-01-31", "2017-02-28", "0001-01-01")),
    date.max,
)
_TEXTS: Final = ("A", "B", "065", "65", "", "é", "a%b", "a_b", "J100", "j1", "A\\", "😀x", "'")
_CHARGES: Final = ("0.00", "0.01", "20.00", "33.33", "60.00", "60.00", "99.99", "100.01", "-5.00")
_OF_CLAIM: Final[Mapping[str, Sequence[Any]]] = {
    "claim_line_start_date": (
        date(2015, 3, 31),
        date(2015, 4, 1),
        date(2015, 6, 30),
        date(2016, 1, 1),
        None,
    ),
    "charge_amount": (*(Decimal(text) for text in _CHARGES), None),
    "hcpcs": ("A", "B", None),
    "units": (0, 1, 2, 3, 3, -1, None),
    "urgent": (True, False, None),
    "person": ("P1", "P1", "P2", None),
}
_COUNTS: Final = (0, 1, -1, 5, -5, 15, 25, -25, 2, 3, 7, 125)


def files() -> Iterator[VectorFile]:
    """Give every file."""
    for construct in CONSTRUCTS:
        hands = [hand for hand in HANDS if hand.construct == construct.name]
        made = [*(_by_hand(construct, hand) for hand in hands), *_computed(construct)]
        vectors: dict[str, Vector] = {}
        for one in made:
            vectors.setdefault(_asked(one), one)
        named = [_named(construct, one) for one in vectors.values()]
        texts = " ".join(vector.expression for vector in named)
        yield VectorFile(
            construct=construct.name,
            meaning=construct.meaning,
            setting=construct.setting.named(texts),
            vectors=tuple(named),
        )


def _named(construct: Construct, one: Vector) -> Vector:
    """Name a vector by what it asks, so that others may come before it."""
    return evolve(one, id=f"{construct.name}-{_asked(one)[:8]}")


def _asked(one: Vector) -> str:
    content = one.as_json()
    asked = ("expression", "row", "others", "claims", "date")
    return digest(
        {name: content[name] for name in asked if name in content} | {"date": content.get("date")}
    )


# -- by hand


def _by_hand(construct: Construct, hand: Hand) -> Vector:
    setting = construct.setting
    day = hand.row.get("date")
    row = {n: read(v, setting.columns[n]) for n, v in hand.row.items() if n != "date"}
    type_ = _type(setting, hand.expression)
    others, claims = (
        tuple({n: read(v, setting.columns[n]) for n, v in one.items()} for one in rows)
        for rows in (hand.others, hand.claims)
    )
    vector = _vector(hand.expression, row, None if day is None else date.fromisoformat(day), type_)
    vector = evolve(vector, others=others, claims=claims)
    said = _said(hand, type_)
    if setting.profile != "mapping":
        found = reply(setting, vector, exactly, by_judge)
        if not found.agrees(said):
            msg = f"{hand}: the exact evaluator says {found}"
            raise AssertionError(msg)
        said = Answer(kind="refused", code=found.code) if found.kind == "refused" else found
    return evolve(vector, answer=said, why=hand.why)


def _said(hand: Hand, type_: Type | None) -> Answer:
    kind, _, code = str(hand.answer).partition(" ")
    if kind in {"rejected", "refused"}:
        message = _READS.get(hand.expression.partition("(")[0]) if code == "RE604" else None
        return Answer(kind=kind, code=code, message=message)
    return Answer.from_json({"value": hand.answer}, type_)


_READS: Final = {
    "number": "a text does not read as a number",
    "date": "a text does not read as a date",
}


def _type(setting: Setting, text: str) -> Type | None:
    try:
        wanted = Type.of(Kind.MONEY) if setting.profile == "claim" else None
        return check(text, setting.scope(), wanted).type
    except ExpressionError:
        return None


def _vector(
    text: str,
    row: Mapping[str, Any],
    day: date | None,
    type_: Type | None,
    answer: Answer | None = None,
    why: str = "",
) -> Vector:
    return Vector(
        id="",
        expression=text,
        row=row,
        day=day,
        type=type_,
        answer=answer or Answer(kind="value"),
        why=why,
    )


# -- computed


def _computed(construct: Construct) -> Iterator[Vector]:
    setting = construct.setting
    wanted = Type.of(Kind.MONEY) if setting.profile == "claim" else None
    for text in construct.formulas:
        try:
            expression = check(text, setting.scope(), wanted)
        except ExpressionError as error:
            first = error.findings[0]
            answer = Answer(kind="refused", code=first.code)
            yield _vector(text, {}, None, None, answer)
            continue
        yield from _on_rows(setting, text, expression)


def _on_rows(setting: Setting, text: str, expression: Expression) -> Iterator[Vector]:
    """Compute a formula on rows that give answers as different as they can be."""
    dice = Dice(SEED)
    names = dict.fromkeys(
        n.name for n in walk(expression) if isinstance(n, Ref) and n.space == "column"
    )
    shapes = {name: shelf.type for name, shelf in setting.tables.items()}
    is_dated = reads_date(expression, shapes)
    by_answer: dict[str, list[Vector]] = {}
    for _ in range(_TRIES):
        if setting.profile == "claim":
            asked = _of_claim(text, expression, sorted({*names, *CLAIM_COLUMNS}), dice)
        else:
            row = {name: dice.pick(_edges(setting.columns[name])) for name in names}
            day = dice.pick(_DAYS) if is_dated else None
            asked = _vector(text, row, day, expression.type)
        answer = reply(setting, asked, exactly, by_judge)
        made = evolve(asked, answer=answer)
        kind = f"{answer.kind} {answer.code} {answer.value is None} {_sign(answer.value)}"
        held = by_answer.setdefault(kind, [])
        if made not in held:
            held.append(made)
    found = 0
    # What reads several lines can go wrong in more ways.
    most = 2 * _ROWS if setting.profile == "claim" else _ROWS
    while found < most and any(by_answer.values()):
        for held in by_answer.values():
            if held and found < most:
                found += 1
                yield held.pop(0)


def _of_claim(text: str, expression: Expression, names: Sequence[str], dice: Dice) -> Vector:
    """Draw a claim of some lines and, where sums run, claims before it."""
    runs = bool(running_in(expression))

    def line(number: int) -> dict[str, Any]:
        row = {name: dice.pick(_OF_CLAIM[name]) for name in names if name in _OF_CLAIM}
        return {"claim_line_number": number, **row}

    count = 1 + dice.below(4)
    own = 1 + dice.below(count)
    return evolve(
        _vector(text, line(own), None, expression.type),
        others=tuple(line(number) for number in range(1, count + 1) if number != own),
        claims=tuple(line(1) for _ in range(dice.below(4))) if runs else (),
    )


def _sign(value: Any) -> Any:
    if isinstance(value, bool | str) or value is None:
        return value if isinstance(value, bool) else ""
    return "" if isinstance(value, date) else (value > 0) - (value < 0)


def _edges(type_: Type) -> Sequence[Any]:
    """Give the values of a column at which engines have been wrong."""
    found: list[Any] = [None] if type_.nullable else []
    if type_.kind is Kind.DATE:
        return [*found, *_DATES]
    if type_.kind is Kind.BOOLEAN:
        return [*found, True, False]
    if not type_.is_numeric:
        return [*found, *(sorted(type_.codes) if type_.codes else _TEXTS)]
    scale = type_.scale or 0
    whole = type_.kind in {Kind.COUNT, Kind.DAYS}
    counts = [Decimal(n).scaleb(-scale, EXACT) for n in _COUNTS]
    low, high = type_.low, type_.high
    inside = [v for v in counts if (low is None or low <= v) and (high is None or v <= high)]
    typical = [v for v in values_of(type_) if v is not None]
    return [*found, *typical, *((int(v) for v in inside) if whole else inside)]


def write(folder: Path = FOLDER) -> None:
    """Write every file into a folder."""
    for file in files():
        (folder / f"{file.construct}.json").write_text(file.text(), encoding="utf-8")


if __name__ == "__main__":
    write()
