"""Engines that vectors are held against: our own three, and any command that answers lines."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, Final

import duckdb
from attrs import frozen

from rules_engine.engine.certifying.judging import Shelf
from rules_engine.engine.certifying.storing import store
from rules_engine.expressions import Expression, ExpressionError, Kind, Sites, Type, check
from rules_engine.expressions.closure import Emitter, Index, Reject, column_variable
from rules_engine.expressions.exact import evaluate, plain
from rules_engine.expressions.sql import SqlWriter, quote
from rules_engine.expressions.tree import Ref
from rules_engine.testing.vectors.claims import (
    Pricing,
    by_closure,
    by_judge,
    by_query,
    claim_answer,
)
from rules_engine.testing.vectors.vector import Answer, Setting, Vector, VectorFile

__all__ = [
    "DAY",
    "ENGINES",
    "VectorEngine",
    "answered",
    "command",
    "exactly",
    "reply",
    "request",
    "stored_tables",
]

_ASKED: Final = ("row", "others", "claims", "date")
_SECONDS_MAX: Final = 600
DAY: Final = date(2015, 1, 1)
"""The date of a row of which the date does not matter."""


@frozen(kw_only=True)
class VectorEngine:
    """Something that computes expressions.

    Attributes:
        name: What reports call it.
        profiles: The profiles that it offers; vectors of others are skipped.
        answers: Gives an answer for each vector of a file, in their order.
    """

    name: str
    profiles: frozenset[str]
    answers: Callable[[VectorFile], Sequence[Answer]]


Compute = Callable[[Expression, Vector, Setting, Sites], Any]


def _each(compute: Compute, pricing: Pricing, file: VectorFile) -> list[Answer]:
    return [reply(file.setting, vector, compute, pricing) for vector in file.vectors]


def reply(setting: Setting, vector: Vector, compute: Compute, pricing: Pricing) -> Answer:
    """Answer a vector: by computing an expression, or by pricing a line of a claim."""
    if setting.profile == "claim":
        return claim_answer(setting, vector, pricing)
    return answered(setting, vector, compute)


def answered(setting: Setting, vector: Vector, compute: Compute) -> Answer:
    """Check an expression and compute it."""
    try:
        expression = check(vector.expression, setting.scope())
    except ExpressionError as error:
        first = error.findings[0]
        return Answer(kind="refused", code=first.code, message=first.message)
    sites = Sites()
    try:
        return Answer(kind="value", value=plain(compute(expression, vector, setting, sites)))
    except Reject as reject:
        site = sites[reject.site]
        return Answer(kind="rejected", code=site.code, message=site.message)


# -- exact rationals


@frozen
class _Row:
    """What the names of an expression stand for."""

    vector: Vector
    setting: Setting
    sites: Sites

    @property
    def date(self) -> date:
        return self.vector.day or DAY

    @property
    def tables(self) -> Any:
        return {name: shelf.type for name, shelf in self.setting.tables.items()}

    def ref(self, node: Ref) -> Any:
        return self.vector.row[node.name]

    def row(self, table: str, keys: tuple[Any, ...]) -> Any:
        shelf = self.setting.tables[table]
        number = shelf.find(keys, self.date)
        return None if number is None else shelf.rows[number]

    def around(
        self, table: str, column: str, at: Fraction
    ) -> tuple[tuple[Fraction, Fraction], ...]:
        return self.setting.tables[table].around(column, at, self.date)

    def aggregate(self, node: Any) -> Any:
        msg = f"{node.function} ranges over rows, of which a vector has one"
        raise TypeError(msg)


def exactly(expression: Expression, vector: Vector, setting: Setting, sites: Sites) -> Any:
    """Compute on exact rationals."""
    return evaluate(expression, _Row(vector, setting, sites))


# -- the closure


def _alone(expression: Expression, vector: Vector, setting: Setting, sites: Sites) -> Any:
    emitter = Emitter({name: _indexes(shelf) for name, shelf in setting.tables.items()}, sites)
    for name in vector.row:
        emitter.write(f"{column_variable(name)} = r[{name!r}]")
    emitter.write("s_date = d")
    emitter.write(f"return {emitter.value(expression)}")
    space: dict[str, Any] = dict(emitter.bound)
    exec(compile("\n".join(["def f(r, d):", *emitter.lines]), "<vector>", "exec"), space)  # noqa: S102  our own text: names and constants are bound, never pasted
    return space["f"](vector.row, vector.day or DAY)


def _indexes(shelf: Shelf) -> dict[str, Index]:
    """Give what a closure looks up."""
    return {name: _index(shelf, name) for name in ("", *shelf.type.columns)}


def _index(shelf: Shelf, column: str) -> Index:
    type_ = shelf.type
    found: dict[Any, Any] = {}
    for number, row in enumerate(shelf.rows):
        key = tuple(row[name] for name in type_.key)
        short = key if len(key) > 1 else key[0]
        value = row[column] if column else True
        if type_.effective is None:
            found[short] = value
        else:
            found.setdefault(short, []).append((*shelf.days(number), value))
    return Index(found, type_.key, type_.effective is not None)


# -- DuckDB


def _by_query(file: VectorFile) -> list[Answer]:
    with duckdb.connect(config={"threads": 1}) as connection:
        stored_tables(connection, file.setting)
        return _each(partial(_asked, connection), by_query, file)


def stored_tables(connection: duckdb.DuckDBPyConnection, setting: Setting) -> None:
    """Store the tables that expressions look values up in; open days as the first and last."""
    for name, shelf in setting.tables.items():
        far = dict(zip(shelf.type.effective or (), (date.min, date.max), strict=False))
        rows = [
            {n: far.get(n) if value is None else value for n, value in row.items()}
            for row in shelf.rows
        ]
        store(connection, name, shelf.type.columns, rows)


def _asked(
    connection: duckdb.DuckDBPyConnection,
    expression: Expression,
    vector: Vector,
    setting: Setting,
    sites: Sites,
) -> Any:
    columns = {name: setting.columns[name] for name in vector.row} | {
        "date of row": Type(Kind.DATE)
    }
    store(connection, "one row", columns, [{**vector.row, "date of row": vector.day or DAY}])
    writer = SqlWriter(
        {name: shelf.type for name, shelf in setting.tables.items()},
        sites,
        column=lambda ref: f"l.{quote(ref.name)}",
        row_date=f"l.{quote('date of row')}",
    )
    failure = writer.failure(expression) or "NULL"
    value = writer.write(expression)
    joins = " ".join(str(join) for join in writer.joins.values())
    sql = f"SELECT {failure}, {value} FROM {quote('one row')} AS l {joins}"  # noqa: S608  names are quoted, constants written by the engine
    (found,) = connection.execute(sql).fetchall()
    if found[0] is not None:
        raise Reject(found[0])
    return found[1]


ENGINES: Final = (
    VectorEngine(
        name="exact",
        profiles=frozenset({"row", "claim", "settlement"}),
        answers=partial(_each, exactly, by_judge),
    ),
    VectorEngine(
        name="closure",
        profiles=frozenset({"row", "claim"}),
        answers=partial(_each, _alone, by_closure),
    ),
    VectorEngine(name="duckdb", profiles=frozenset({"row", "claim", "mapping"}), answers=_by_query),
)
"""The engines of this distribution."""


# -- anybody's


def command(text: str, *, name: str | None = None) -> VectorEngine:
    """Give the engine behind a command, which is started once for each file.

    It reads one JSON object a line and writes one JSON object a line, in any order, each with the
    `id` that it answers.

    Args:
        text: The command with its arguments, as a shell splits them; no shell runs it.
        name: What reports call it; None takes the command's first word.

    Raises:
        ValueError: The command begins with no program that is found here.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        msg = f"the command {text!r} does not read: {error}"
        raise ValueError(msg) from None
    if not words or shutil.which(words[0]) is None:
        msg = f"the command {text!r} begins with no program that is found here"
        raise ValueError(msg)
    profiles = frozenset({"row", "claim", "settlement", "mapping"})
    return VectorEngine(name=name or words[0], profiles=profiles, answers=partial(_told, words))


def _told(words: Sequence[str], file: VectorFile) -> list[Answer]:
    lines = "".join(f"{json.dumps(request(file.setting, one))}\n" for one in file.vectors)
    done = subprocess.run(  # noqa: S603  the caller's own command
        words, input=lines, capture_output=True, text=True, encoding="utf-8", timeout=_SECONDS_MAX,
        check=False,
    )  # fmt: skip
    found = dict(_answers(done.stdout, file))
    lost = Answer(kind="failed", code="no answer", message=done.stderr.strip()[-200:] or None)
    return [found.get(vector.id, lost) for vector in file.vectors]


def _answers(text: str, file: VectorFile) -> Iterator[tuple[str, Answer]]:
    types = {vector.id: vector.type for vector in file.vectors}
    for line in text.splitlines():
        try:
            # A fraction that arrives as a JSON number has been rounded by somebody.
            content = json.loads(line, parse_float=Decimal)
            yield content["id"], Answer.from_json(content, types[content["id"]])
        except (ValueError, TypeError, KeyError) as error:
            identity = content.get("id", "") if isinstance(content, dict) else ""
            yield identity, Answer(kind="failed", code="unreadable answer", message=str(error))


def request(setting: Setting, vector: Vector) -> dict[str, Any]:
    """Give what an engine is asked: a vector without its answer, and what its names stand for."""
    asked: dict[str, Any] = {"id": vector.id, "expression": vector.expression}
    row = vector.as_json()
    asked |= setting.named(vector.expression).as_json()
    return asked | {name: row[name] for name in _ASKED if name in row}
