"""An evaluator of its own: another parser and Python's fractions read the steps of an explanation.

It shares no code with the engine's evaluators, so that a mistake in them is not repeated here.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, Protocol

__all__ = ["Step", "judge", "value_of"]

_UNDERSCORE: Final = re.compile(r"(?<=[0-9])_(?=[0-9])")
_LARGEST_REMAINDER: Final = "largest remainder"


class Step(Protocol):
    """What the judge reads of an explained step."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def formula(self) -> str:
        """How it was computed."""

    @property
    def value(self) -> Any:
        """What came out."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What the formula read beside earlier steps."""

    @property
    def note(self) -> str:
        """What a reader should know."""


def judge(steps: Sequence[Step], unit: Fraction) -> int:
    """Compute every step again from its formula, its inputs and the steps before it.

    Args:
        steps: Parts before wholes.
        unit: Smallest amount that is posted; what is rounded by largest remainder is off by less.

    Returns:
        How many steps were computed again.

    Raises:
        AssertionError: A step says another value than its formula gives.
    """
    known: dict[str, Any] = {}
    written: dict[str, Any] = {}
    judged = 0
    for step in steps:
        value = _plain(step.value)
        named = {_normal(text): _plain(one) for text, one in step.inputs.items()}
        names = {**known, **written, **named}
        if _reads_itself(step.formula):
            # One value that was read and not computed: a sum, a lookup, a column.
            found = names.get(_normal(step.formula), value)
        else:
            found = value_of(step.formula, names)
        if _LARGEST_REMAINDER in step.note and step.name.startswith(("share", "part", "allowed")):
            if isinstance(found, Fraction):
                assert abs(found - value) < unit or step.name == "allowed", _differs(step, found)
        else:
            assert found == value, _differs(step, found)
        known[step.name] = written[_normal(step.name)] = value
        # Ids of parties and entities may hold any character; a formula quotes them.
        written[f'"{step.name}"'.lower()] = value
        judged += 1
    return judged


def _differs(step: Step, found: Any) -> str:
    return f"{step.name} = {step.formula} is {found}, and the explanation says {step.value}"


def _reads_itself(formula: str) -> bool:
    import sqlglot.expressions as g  # noqa: PLC0415  only tests load it

    node = _parsed(formula)
    return isinstance(node, g.Anonymous | g.AggFunc | g.Column | g.Filter | g.Max | g.Min)


def value_of(formula: str, names: Mapping[str, Any]) -> Any:
    """Compute a formula over names; whole calls such as `sum(care.paid)` are names too.

    Raises:
        KeyError: A name has no value here.
        NotImplementedError: The formula has a word that the judge does not know.
    """
    return _Judge(names).value(_parsed(formula))


@lru_cache(maxsize=4096)  # one formula stands in many steps, and in the explanation of each run
def _parsed(formula: str) -> Any:
    import sqlglot  # noqa: PLC0415  only tests load it

    return sqlglot.parse_one(_UNDERSCORE.sub("", formula), read="duckdb")


@lru_cache(maxsize=4096)
def _normal(text: str) -> str:
    try:
        normal: str = _parsed(text).sql(dialect="duckdb").lower()
    except Exception:  # noqa: BLE001  a name that is no formula stays as it is
        return text
    return normal


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str | date):
        return value
    return Fraction(value)


class _Judge:
    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def value(self, node: Any) -> Any:
        """Give a node's value: known as a whole, or by its kind."""
        kind = type(node).__name__
        method = getattr(self, f"_{kind.lower()}", None)
        if method is not None:
            return method(node)
        text = node.sql(dialect="duckdb").lower()
        if text in self.names:
            return self.names[text]
        if kind in {"Column", "Anonymous", "Sum", "Count", "Max", "Min", "Avg", "Filter", "Median"}:
            raise KeyError(text)
        msg = f"the judge does not know {kind} in {text}"
        raise NotImplementedError(msg)

    # -- values

    def _literal(self, node: Any) -> Any:
        return node.this if node.is_string else Fraction(Decimal(node.this))

    def _boolean(self, node: Any) -> bool:
        return bool(node.this)

    def _null(self, _: Any) -> None:
        return None

    def _paren(self, node: Any) -> Any:
        return self.value(node.this)

    def _cast(self, node: Any) -> Any:
        return date.fromisoformat(self.value(node.this))

    # -- arithmetic

    def _two(self, node: Any) -> tuple[Any, Any] | None:
        left, right = self.value(node.this), self.value(node.expression)
        return None if left is None or right is None else (left, right)

    def _add(self, node: Any) -> Any:
        return None if (two := self._two(node)) is None else two[0] + two[1]

    def _sub(self, node: Any) -> Any:
        return None if (two := self._two(node)) is None else _difference(*two)

    def _mul(self, node: Any) -> Any:
        return None if (two := self._two(node)) is None else two[0] * two[1]

    def _div(self, node: Any) -> Any:
        return None if (two := self._two(node)) is None else two[0] / two[1]

    def _neg(self, node: Any) -> Any:
        return None if (one := self.value(node.this)) is None else -one

    def _abs(self, node: Any) -> Any:
        return None if (one := self.value(node.this)) is None else abs(one)

    # -- choices

    def _least(self, node: Any) -> Any:
        found = [self.value(one) for one in (node.this, *node.expressions)]
        return None if None in found else min(found)

    def _greatest(self, node: Any) -> Any:
        found = [self.value(one) for one in (node.this, *node.expressions)]
        return None if None in found else max(found)

    def _coalesce(self, node: Any) -> Any:
        for one in (node.this, *node.expressions):
            if (found := self.value(one)) is not None:
                return found
        return None

    def _case(self, node: Any) -> Any:
        subject = None if node.this is None else self.value(node.this)
        for branch in node.args["ifs"]:
            test = self.value(branch.this)
            if test is True if node.this is None else (test is not None and test == subject):
                return self.value(branch.args["true"])
        return None if node.args.get("default") is None else self.value(node.args["default"])

    # -- conditions, in SQL's three values

    def _and(self, node: Any) -> Any:
        left = self.value(node.this)
        if left is False:
            return False
        right = self.value(node.expression)
        return False if right is False else None if left is None or right is None else True

    def _or(self, node: Any) -> Any:
        left = self.value(node.this)
        if left is True:
            return True
        right = self.value(node.expression)
        return True if right is True else None if left is None or right is None else False

    def _not(self, node: Any) -> Any:
        return None if (one := self.value(node.this)) is None else not one

    def _is(self, node: Any) -> bool:
        return self.value(node.this) is self.value(node.expression)

    def _eq(self, node: Any) -> Any:
        return None if (two := self._two(node)) is None else two[0] == two[1]

    def _neq(self, node: Any) -> Any:
        return None if (two := self._two(node)) is None else two[0] != two[1]

    def _lt(self, node: Any) -> Any:
        return None if (two := self._two(node)) is None else two[0] < two[1]

    def _lte(self, node: Any) -> Any:
        return None if (two := self._two(node)) is None else two[0] <= two[1]

    def _gt(self, node: Any) -> Any:
        return None if (two := self._two(node)) is None else two[0] > two[1]

    def _gte(self, node: Any) -> Any:
        return None if (two := self._two(node)) is None else two[0] >= two[1]

    # -- rounding

    def _round(self, node: Any) -> Any:
        places = node.args.get("decimals")
        return self._rounded(node.this, places, "half_up")

    def _anonymous(self, node: Any) -> Any:
        modes = {"round_half_even": "half_even", "round_down": "down"}
        name = str(node.this).lower()
        if name in modes:
            return self._rounded(node.expressions[0], node.expressions[1], modes[name])
        return self.names[node.sql(dialect="duckdb").lower()]

    def _rounded(self, operand: Any, places: Any, mode: str) -> Any:
        value = self.value(operand)
        if value is None:
            return None
        scale = 10 ** int(0 if places is None else self.value(places))
        size = abs(value) * scale
        whole, rest = divmod(size.numerator, size.denominator)
        twice = 2 * rest - size.denominator
        is_tie_up = mode == "half_up" or (mode == "half_even" and whole % 2 == 1)
        if mode != "down" and (twice > 0 or (twice == 0 and is_tie_up)):
            whole += 1
        return Fraction(-whole if value < 0 else whole, scale)


def _difference(left: Any, right: Any) -> Any:
    found = left - right
    return Fraction(found.days) if isinstance(left, date) else found
