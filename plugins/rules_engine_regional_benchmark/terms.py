"""The terms of a regional benchmark: base years, rows of each type, blend, trend and caps."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, TermsError, expression_schema

__all__ = ["SCHEMA", "BaseYear", "Group", "Terms"]

_NAME: Final = "^[a-z][a-z0-9_]*$"


def _row(type_: str, title: str) -> dict[str, Any]:
    return expression_schema(type_, rows_of="table", dated=False, title=title)


def _group(title: str, required: list[str], **columns: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "properties": {
            "table": {
                "title": "Table with the rows",
                "type": "string",
                "pattern": _NAME,
                "x-table": True,
            },
            **columns,
        },
        "required": ["table", *required],
        "additionalProperties": False,
    }


_TYPE: Final = _row("code", "Enrolment type of a row")
_YEAR: Final = _row("count", "Calendar year of a row")
_YEARS: Final = _row("number", "Person-years of a row")
_SPENT: Final = _row("money", "Expenditure of a row in currency, not per capita")
_RISK: Final = _row("factor", "Risk score of a row, weighted by its person-years")

SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of regional_benchmark",
    "type": "object",
    "properties": {
        "types": {
            "title": "Enrolment types, each with a benchmark of its own",
            "type": "array",
            "items": {"type": "string", "pattern": _NAME},
            "minItems": 1,
            "uniqueItems": True,
        },
        "base_years": {
            "title": "Base years and what each weighs",
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "years_before": {
                        "title": "Years before the period's",
                        "type": "integer",
                        "minimum": 1,
                    },
                    "weight": {
                        "title": "Weight; weights are divided by their sum",
                        "type": "number",
                        "exclusiveMinimum": 0,
                    },
                    "trend": expression_schema(
                        "factor", title="Factor that brings this year to the last base year's level"
                    ),
                },
                "required": ["years_before", "weight"],
                "additionalProperties": False,
            },
        },
        "history": _group(
            "What the population cost in the base years",
            ["year", "type", "person_years", "expenditure"],
            year=_YEAR,
            type=_TYPE,
            person_years=_YEARS,
            expenditure=_SPENT,
            risk=_RISK,
        ),
        "truncate": {
            "title": "Share of the persons of a year and type whose cost per person-year is kept",
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
        },
        "completion": expression_schema(
            "factor", title="Factor for claims of the base years that are still to come"
        ),
        "performance": _group(
            "The population of the period",
            ["year", "type", "person_years"],
            year=_YEAR,
            type=_TYPE,
            person_years=_YEARS,
            risk=_RISK,
        ),
        "region": _group(
            "What the region cost in the last base year",
            ["year", "type", "person_years", "expenditure"],
            year=_YEAR,
            type=_TYPE,
            person_years=_YEARS,
            expenditure=_SPENT,
            risk=_RISK,
        ),
        "weight": expression_schema(
            "rate", title="Weight of the region against the population's own past, 0 to 1"
        ),
        "adjustment_cap": expression_schema(
            "money", title="Most that the region adds, or takes away, per person-year"
        ),
        "update": expression_schema(
            "factor", title="Factor from the last base year to the period, national and regional"
        ),
        "risk_ratio_cap": expression_schema(
            "factor", title="Most that the risk score may grow, such as 1.03"
        ),
    },
    "required": ["types", "base_years", "history", "performance"],
    "additionalProperties": False,
}


@frozen(kw_only=True)
class BaseYear:
    """One base year.

    Attributes:
        years_before: Years before the period's.
        weight: What it weighs beside the others, in any unit.
        trend: Factor to the last base year's level; None for 1.
    """

    years_before: int
    weight: Fraction
    trend: Formula | None


@frozen(kw_only=True)
class Group:
    """Rows of a population: a table, and what each row says.

    Attributes:
        table: The table.
        said: Formula by what it is: year, type, person_years, expenditure, risk.
    """

    table: str
    said: Mapping[str, Formula]

    @classmethod
    def read(cls, terms: Mapping[str, Any] | None) -> "Group | None":
        """Read a group; None where there is none."""
        if terms is None:
            return None
        said = {name: value for name, value in terms.items() if name != "table"}
        return cls(table=terms["table"], said=said)


@frozen(kw_only=True)
class Terms:
    """The terms of a benchmark.

    Attributes:
        types: Enrolment types.
        base_years: In order, the oldest first.
        history: Rows of the base years.
        performance: Rows of the period.
        region: Rows of the region; None where only the own past counts.
        truncate: Share of the persons whose cost is kept as it is; None for all.
        formulas: Formulas of the rule's own grain, by name.
    """

    types: tuple[str, ...]
    base_years: tuple[BaseYear, ...]
    history: Group
    performance: Group
    region: Group | None
    truncate: Fraction | None
    formulas: Mapping[str, Formula]

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema.

        Raises:
            TermsError: They make no sense together.
        """
        found: list[tuple[tuple[str | int, ...], str, str, str | None]] = []
        years = [int(one["years_before"]) for one in terms["base_years"]]
        if len(set(years)) < len(years):
            message = "one year stands twice among the base years; each stands once"
            found.append((("base_years",), "RB101", message, None))
        needs = (("weight", "region"), ("region", "weight"), ("adjustment_cap", "region"))
        found += [
            (
                (key,),
                "RB102",
                f"{key} is said and {other} is not",
                f"add {other}, or take {key} away",
            )
            for key, other in needs
            if key in terms and other not in terms
        ]
        groups = ("history", "performance") if "risk_ratio_cap" in terms else ()
        lacking = next((group for group in groups if "risk" not in terms[group]), None)
        if lacking is not None:
            message = f"{lacking} has no risk, and its growth is capped"
            found.append((("risk_ratio_cap",), "RB103", message, f"add risk to {lacking}"))
        if found:
            raise TermsError(*found)
        history, performance = Group.read(terms["history"]), Group.read(terms["performance"])
        if history is None or performance is None:  # the schema asks for both
            raise TypeError(terms)
        base = sorted(terms["base_years"], key=lambda one: -int(one["years_before"]))
        names = ("completion", "weight", "adjustment_cap", "update", "risk_ratio_cap")
        truncate = terms.get("truncate")
        return cls(
            types=tuple(terms["types"]),
            base_years=tuple(
                BaseYear(
                    years_before=int(one["years_before"]),
                    weight=Fraction(one["weight"]),
                    trend=one.get("trend"),
                )
                for one in base
            ),
            history=history,
            performance=performance,
            region=Group.read(terms.get("region")),
            truncate=None if truncate is None else Fraction(truncate),
            formulas={name: terms[name] for name in names if name in terms},
        )
