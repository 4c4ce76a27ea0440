"""What a database computes exactly: the rules by which each dialect keeps a product or a sum."""

from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from rules_engine.warehouse.bounds import Stored

__all__ = ["DIALECTS", "ENGINES", "TARGETS", "Target"]

Rule = Callable[[Stored, Stored], Stored | None]
"""How two decimals meet: what the result is kept in, or None where places would be lost."""

_SPARK_DIGITS: Final = 38
_SPARK_PLACES: Final = 6
_SNOWFLAKE_PLACES: Final = 12
_POSTGRES_DIGITS: Final = 1000


@frozen(kw_only=True)
class Target:
    """A database other than DuckDB.

    Attributes:
        name: What sqlglot calls its dialect.
        digits: Digits of its widest decimal.
        product: How it keeps a product.
        total: How it keeps a sum or a difference.
        quotient: How it divides whole numbers: by `operator` DIV, by `function` DIV, or by
            `multiple`: the exact multiple of the divisor is divided.
        quotient_digits: Digits of the widest whole quotient that it gives exactly.
        negation_digits: Digits of the widest number whose sign it turns exactly.
        plain_decimals: Whether a number with a point is a decimal, and not a binary float.
        names_widths: Whether a decimal has the digits that are written.
        like_escape: Whether a backslash escapes in LIKE: `always`, `unless` another one is named,
            or `never`.
        collation: Collation that orders texts by their code points, where it is not the default.
        days: How it computes with days: by `operators` or `functions` that may leave the years 1
            to 9999 on the way, or by `units`, which may not.
        extracts: Whether the year of a date is asked for by EXTRACT.
        inlines: Whether a step can be marked as not to be stored.
        places_nulls: Whether a window can say where nulls come in its order; elsewhere they are the
            least of all.
    """

    name: str
    digits: int
    product: Rule
    total: Rule
    quotient: str
    quotient_digits: int
    negation_digits: int
    plain_decimals: bool = True
    names_widths: bool = True
    like_escape: str = "always"
    collation: str | None = None
    days: str = "functions"
    extracts: bool = False
    inlines: bool = False
    places_nulls: bool = True


def _spark_fit(digits: int, scale: int) -> Stored | None:
    # Beyond 38 digits Spark gives places up, but no more than leave six.
    if digits <= _SPARK_DIGITS:
        return Stored(digits, scale)
    kept = max(_SPARK_DIGITS - (digits - scale), min(scale, _SPARK_PLACES))
    return Stored(_SPARK_DIGITS, scale) if kept >= scale else None


def _spark_product(a: Stored, b: Stored) -> Stored | None:
    return _spark_fit((a.digits or 0) + (b.digits or 0) + 1, a.scale + b.scale)


def _spark_total(a: Stored, b: Stored) -> Stored | None:
    scale = max(a.scale, b.scale)
    return _spark_fit(max(a.whole, b.whole) + scale + 1, scale)


def _snowflake_product(a: Stored, b: Stored) -> Stored | None:
    scale = a.scale + b.scale
    if scale > max(a.scale, b.scale, _SNOWFLAKE_PLACES):
        return None
    return Stored(min(_SPARK_DIGITS, a.whole + b.whole + scale), scale)


def _snowflake_total(a: Stored, b: Stored) -> Stored:
    scale = max(a.scale, b.scale)
    return Stored(min(_SPARK_DIGITS, max(a.whole, b.whole) + 1 + scale), scale)


def _free_product(a: Stored, b: Stored) -> Stored:
    return Stored((a.digits or 0) + (b.digits or 0), a.scale + b.scale)


def _free_total(a: Stored, b: Stored) -> Stored:
    scale = max(a.scale, b.scale)
    return Stored(max(a.whole, b.whole) + 1 + scale, scale)


def _big_product(a: Stored, b: Stored) -> Stored | None:
    made = _free_product(a, b)
    # BIGNUMERIC has 38 places on either side of the point.
    return made if made.scale <= _SPARK_DIGITS else None


def _spark(name: str) -> Target:
    return Target(
        name=name,
        digits=_SPARK_DIGITS,
        product=_spark_product,
        total=_spark_total,
        quotient="operator",
        # A quotient of decimals keeps six places at least.
        quotient_digits=_SPARK_DIGITS - _SPARK_PLACES,
        # `-x` and `abs(x)` round to the 34 digits of Decimal128; `0 - x` does not.
        negation_digits=34,
    )


TARGETS: Final[Mapping[str, Target]] = {
    target.name: target
    for target in (
        _spark("spark"),
        _spark("databricks"),
        Target(
            name="postgres",
            digits=_POSTGRES_DIGITS,
            product=_free_product,
            total=_free_total,
            quotient="function",
            quotient_digits=_POSTGRES_DIGITS,
            negation_digits=_POSTGRES_DIGITS,
            like_escape="unless",
            collation="C",
            days="operators",
            extracts=True,
            inlines=True,
        ),
        Target(
            name="snowflake",
            digits=_SPARK_DIGITS,
            product=_snowflake_product,
            total=_snowflake_total,
            quotient="multiple",
            quotient_digits=_SPARK_DIGITS - _SPARK_PLACES,
            negation_digits=_SPARK_DIGITS,
            like_escape="never",
            days="units",
        ),
        Target(
            name="bigquery",
            digits=_SPARK_DIGITS,
            product=_big_product,
            total=_free_total,
            quotient="function",
            quotient_digits=_SPARK_DIGITS,
            negation_digits=_SPARK_DIGITS,
            plain_decimals=False,
            names_widths=False,
            extracts=True,
            places_nulls=False,
            days="units",
        ),
    )
}
"""Dialects beside DuckDB's in which every amount is exact."""

DIALECTS: Final = tuple(sorted(("duckdb", *TARGETS)))
"""Dialects in which the query of a ruleset gives every amount to the cent."""

ENGINES: Final = ("duckdb", "spark")
"""What may price a batch; all give the same lines."""
