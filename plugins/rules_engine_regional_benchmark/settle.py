"""The benchmark per person-year of each type, and in total, written as formulas that explain it."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from rules_engine import Kind, Occasion, Output, Settlement, SettlementError, Type
from rules_engine_regional_benchmark.terms import Terms

__all__ = ["outputs", "settle"]

_MONEY: Final = Type(Kind.MONEY, scale=None)
_TOTAL: Final = Type(Kind.MONEY, scale=2)


def outputs(terms: Terms) -> Mapping[str, Output]:
    """The benchmark of each type, of a person-year, and in total."""
    found = {
        f"benchmark_{name}": Output(type=_MONEY, meaning=f"benchmark of a person-year of {name}")
        for name in terms.types
    }
    return found | {
        "person_years": Output(
            type=Type(Kind.NUMBER, scale=None), meaning="person-years of the period, of all types"
        ),
        "per_person_year": Output(type=_MONEY, meaning="benchmark of a person-year, of all types"),
        "total": Output(type=_TOTAL, meaning="benchmark of the population, rounded as posted"),
    }


def settle(terms: Terms, occasion: Occasion) -> Settlement:
    """Compute the benchmark; nothing moves."""
    sheet = occasion.worksheet
    for name, formula in terms.formulas.items():
        occasion.take(name, formula)
    for place, base in enumerate(terms.base_years, 1):
        if base.trend is not None:
            occasion.take(f"trend_{place}", base.trend)
    sums = _Sums(occasion, terms.truncate)
    year = occasion.period.last.year
    present = []
    for name in terms.types:
        sums.take("performance", year, name, f"years_{name}", "person_years", "number")
        if sheet[f"years_{name}"]:
            present.append(name)
            _of_type(terms, occasion, sums, year, name)
        else:
            # Of a type that nobody has now, the past says nothing.
            sheet.let(f"benchmark_{name}", "0.00 * 1")
    if not present:
        msg = f"{occasion.rule} in {occasion.period.label} has no person-years of {terms.types}"
        raise SettlementError(msg)
    sheet.let("person_years", " + ".join(f"years_{name}" for name in present))
    whole = " + ".join(f"benchmark_{name} * years_{name}" for name in present)
    sheet.let("total_exact", whole)
    sheet.let("per_person_year", "total_exact / person_years")
    sheet.let("total", occasion.rounding("total_exact"), kind="posted")
    return Settlement(outputs={name: sheet[name] for name in outputs(terms)}, explained=sheet.steps)


def _of_type(terms: Terms, occasion: Occasion, sums: "_Sums", year: int, name: str) -> None:
    """Lead one type from its base years to its benchmark."""
    sheet = occasion.worksheet
    parts = []
    weights = sum((base.weight for base in terms.base_years), Fraction(0))
    last_year = year - terms.base_years[-1].years_before
    if "risk" in terms.history.said:
        sums.take_risk("history", last_year, name, f"risk_base_{name}")
    for place, base in enumerate(terms.base_years, 1):
        of = f"{name}_{place}"
        base_year = year - base.years_before
        sums.take_spent("history", base_year, name, f"spent_{of}")
        sums.take("history", base_year, name, f"base_years_{of}", "person_years", "number")
        if not sheet[f"base_years_{of}"]:
            msg = f"{occasion.rule} has no person-years of {name} in the base year {base_year}"
            raise SettlementError(msg)
        formula = f"spent_{of} / base_years_{of}"
        if "completion" in terms.formulas:
            formula += " * completion"
        if base.trend is not None:
            formula += f" * trend_{place}"
        if "risk" in terms.history.said:
            sums.take_risk("history", base_year, name, f"risk_{of}")
            formula += f" * risk_base_{name} / risk_{of}"
        sheet.let(f"cost_{of}", formula, note=f"cost of a person-year of {name} in {base_year}")
        parts.append(f"cost_{of} * {base.weight.numerator} / {base.weight.denominator}")
    total = f"({' + '.join(parts)}) * {weights.denominator} / {weights.numerator}"
    sheet.let(f"historical_{name}", total)
    sheet.let(f"benchmark_{name}", _brought_to_now(terms, occasion, sums, year, name))


def _brought_to_now(terms: Terms, occasion: Occasion, sums: "_Sums", year: int, name: str) -> str:
    """Blend a type's past with its region, and bring it to the period's level and risk."""
    sheet = occasion.worksheet
    last_year = year - terms.base_years[-1].years_before
    formula = f"historical_{name}"
    if terms.region is not None:
        formula += f" + {_regional(terms, occasion, sums, last_year, name)}"
        formula = f"({formula})"
    if "update" in terms.formulas:
        formula += " * update"
    if {"risk"} <= set(terms.history.said) & set(terms.performance.said):
        sums.take_risk("performance", year, name, f"risk_now_{name}")
        ratio = f"risk_now_{name} / risk_base_{name}"
        if "risk_ratio_cap" in terms.formulas:
            ratio = f"least({ratio}, risk_ratio_cap)"
        sheet.let(f"risk_ratio_{name}", ratio)
        formula += f" * risk_ratio_{name}"
    return formula


def _regional(terms: Terms, occasion: Occasion, sums: "_Sums", year: int, name: str) -> str:
    """Say what the region adds to, or takes from, a person-year of a type; give its name."""
    sheet = occasion.worksheet
    sums.take_spent("region", year, name, f"region_spent_{name}")
    sums.take("region", year, name, f"region_years_{name}", "person_years", "number")
    if not sheet[f"region_years_{name}"]:
        msg = f"{occasion.rule} has no person-years of {name} in the region of {year}"
        raise SettlementError(msg)
    formula = f"region_spent_{name} / region_years_{name}"
    if terms.region is not None and "risk" in terms.region.said and "risk" in terms.history.said:
        sums.take_risk("region", year, name, f"region_risk_{name}")
        formula += f" * risk_base_{name} / region_risk_{name}"
    sheet.let(f"regional_{name}", formula)
    difference = f"weight * (regional_{name} - historical_{name})"
    if "adjustment_cap" in terms.formulas:
        difference = f"greatest(least({difference}, adjustment_cap), -adjustment_cap)"
    sheet.let(f"adjustment_{name}", difference)
    return f"adjustment_{name}"


class _Sums:
    """The sums that the rows gave, recorded on the worksheet when somebody reads them."""

    def __init__(self, occasion: Occasion, truncate: Fraction | None) -> None:
        self.occasion = occasion
        self.truncate = truncate

    def take(self, group: str, year: int, name: str, called: str, what: str, unit: str) -> None:
        """Record the sum of a column over the rows of a year and type."""
        found = self.found(group, year, name, what)
        formula = f"sum({what}) FILTER (WHERE year = {year} AND type = '{name}')"
        self.occasion.worksheet.take(
            called, found, formula=formula, unit=unit, note=f"of the rows of {group}"
        )

    def take_spent(self, group: str, year: int, name: str, called: str) -> None:
        """Record the expenditure of a year and type, and what truncation takes off it."""
        if self.truncate is None:
            self.take(group, year, name, called, "expenditure", "money")
            return
        sheet = self.occasion.worksheet
        paid = self.found(group, year, name, "uncut")
        above = paid - self.found(group, year, name, "expenditure")
        limit = next((row["limit_cents"] for row in self.rows(group, year, name)), 0)
        inputs = {"above_limit": above, "limit_per_person_year": Fraction(limit, 100)}
        rows = f"year = {year} AND type = '{name}' AND person_years > 0"
        sheet.take(
            f"{called}_paid",
            paid,
            formula=f"sum(expenditure) FILTER (WHERE {rows})",
            unit="money",
            note=f"of the rows of {group}",
        )
        sheet.take(
            f"{called}_above",
            above,
            formula="above_limit",
            unit="money",
            inputs=inputs,
            units=dict.fromkeys(inputs, "money"),
            note=f"what {group} of {year} has above the cost of a person-year within which"
            f" {self.truncate} of its {name} lie",
        )
        sheet.let(called, f"{called}_paid - {called}_above")

    def take_risk(self, group: str, year: int, name: str, called: str) -> None:
        """Record the risk score of a year and type: the mean of its rows by person-years."""
        years = self.found(group, year, name, "person_years")
        risk = self.found(group, year, name, "risk")
        if not years or not risk:
            msg = f"{self.occasion.rule} has no risk score of {name} in {group} of {year}"
            raise SettlementError(msg)
        formula = f"mean(risk) FILTER (WHERE year = {year} AND type = '{name}')"
        note = f"of the rows of {group}, by person-years"
        self.occasion.worksheet.take(
            called, risk / years, formula=formula, unit="factor", note=note
        )

    def found(self, group: str, year: int, name: str, what: str) -> Fraction:
        """Sum a column of the rows; those of the entity, and those that are nobody's."""
        values = (Fraction(row[what]) for row in self.rows(group, year, name))
        return sum(values, Fraction(0))

    def rows(self, group: str, year: int, name: str) -> Iterator[Mapping[str, Any]]:
        """Give the rows of a year and type."""
        rows: tuple[Mapping[str, Any], ...] = self.occasion.experience[group]
        return (row for row in rows if row["year"] == year and row["type"] == name)
