"""The standard tables: the names and types of claims, enrolment, providers and premiums."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Final

from attrs import evolve, frozen

from rules_engine.expressions.types import Kind, TableType, Type

__all__ = ["STANDARD", "StandardTable"]

CLAIM_TYPES: Final = frozenset(
    {"professional", "institutional", "pharmacy", "dental", "vision", "undetermined"}
)


@frozen(kw_only=True)
class StandardTable:
    """A table that every ruleset may read without declaring it.

    Attributes:
        name: What expressions and files call it.
        key: Columns that tell its rows apart.
        columns: Type of every column; those that are not required are nullable.
        required: Columns without which the table cannot be read, never null.
        period_date: The row's date as a SQL scalar expression over the columns: its period, and
            the date at which dated values are read.
        interval: Columns of the first and last day that a row covers, inclusive, or None.
        is_unique: Whether two rows of one key are both refused.
        excludes_overlap: Whether two rows of one key may not cover the same day.
        months: Columns that name a month by its first day.
        dated_by: The column whose presence alone dates a row; a row of such a table that has no
            period date is refused.
        derived_from: The table it is derived from where it is not given.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Type]
    required: frozenset[str]
    period_date: str
    interval: tuple[str, str] | None = None
    is_unique: bool = True
    excludes_overlap: bool = False
    months: frozenset[str] = frozenset()
    dated_by: str | None = None
    derived_from: str | None = None

    @cached_property
    def type(self) -> TableType:
        """The shape that expressions see."""
        # Without the overlap check a date may find two rows, so that it names none of them.
        effective = self.interval if self.excludes_overlap else None
        return TableType(
            name=self.name, key=self.key, columns=self.columns, effective=effective, given=True
        )


def _table(
    name: str, key: str, columns: Mapping[str, Type], period_date: str, **more: object
) -> StandardTable:
    required = more.pop("required", None)
    names = frozenset(str(required).split()) if required is not None else frozenset(key.split())
    typed = {column: given.with_null(column not in names) for column, given in columns.items()}
    made = StandardTable(
        name=name,
        key=tuple(key.split()),
        columns=MappingProxyType(typed),
        required=names,
        period_date=period_date,
    )
    return evolve(made, **more)  # type: ignore[arg-type]  # attrs checks the names


def _each(kind: Type, names: str) -> dict[str, Type]:
    return dict.fromkeys(names.split(), kind)


def _numbered(kind: Type, stem: str, count: int) -> dict[str, Type]:
    return {f"{stem}_{place}": kind for place in range(1, count + 1)}


_CODE: Final = Type.of(Kind.CODE)
_DATE: Final = Type.of(Kind.DATE)
# Twelve digits: a line's amount times a factor still fits 64 bits.
_MONEY: Final = Type.of(Kind.MONEY)
# Totals of a payer's year are wider than any line of it.
_TOTAL: Final = Type(
    Kind.MONEY, scale=2, low=Decimal("-999999999999.99"), high=Decimal("999999999999.99")
)
_UNITS: Final = Type(Kind.COUNT, scale=0, low=Decimal(-999_999), high=Decimal(999_999))
_AGE: Final = Type(Kind.COUNT, scale=0, low=Decimal(0), high=Decimal(150))
_DAYS: Final = Type(Kind.DAYS, scale=0, low=Decimal(0), high=Decimal(31))
_LINE_NUMBER: Final = Type(Kind.COUNT, scale=0, low=Decimal(0), high=Decimal(999_999))

_MEDICAL_CLAIM: Final = (
    _each(_CODE, "claim_id")
    | {"claim_line_number": _LINE_NUMBER, "claim_type": evolve(_CODE, codes=CLAIM_TYPES)}
    | _each(_CODE, "person_id party network_tier product")
    | _each(_DATE, "claim_start_date claim_end_date claim_line_start_date claim_line_end_date")
    | _each(_DATE, "admission_date discharge_date")
    | _each(_CODE, "hcpcs_code")
    | _numbered(_CODE, "hcpcs_modifier", 5)
    | _each(_CODE, "drg_code revenue_center_code bill_type_code place_of_service_code")
    | _numbered(_CODE, "diagnosis_code", 10)
    | _numbered(_CODE, "procedure_code", 6)
    | {"service_unit_quantity": _UNITS}
    | _each(_MONEY, "charge_amount allowed_amount paid_amount")
    | _each(_MONEY, "coinsurance_amount copayment_amount deductible_amount")
    | _each(_CODE, "rendering_npi billing_npi billing_tin facility_npi facility_ccn")
    | _each(_CODE, "admit_type_code discharge_disposition_code")
    | {"sequence": Type.of(Kind.COUNT)}
    | _each(_CODE, "frequency_code replaces_claim_id data_source")
    | _each(_DATE, "known_date")
)

_PERSON_MONTH: Final = _each(_CODE, "party product sex region") | {
    "age": _AGE,
    "risk_score": Type.of(Kind.FACTOR),
}

STANDARD: Final[Mapping[str, StandardTable]] = MappingProxyType(
    {
        table.name: table
        for table in (
            _table(
                "medical_claim",
                "claim_id claim_line_number",
                _MEDICAL_CLAIM,
                "CASE WHEN claim_type = 'institutional'"
                " THEN COALESCE(discharge_date, claim_end_date, claim_line_start_date)"
                " ELSE COALESCE(claim_line_start_date, claim_start_date) END",
                required="claim_id claim_line_number person_id",
                dated_by="claim_line_start_date",
            ),
            _table(
                "eligibility",
                "person_id enrollment_start_date",
                _each(_CODE, "person_id")
                | _each(_DATE, "enrollment_start_date enrollment_end_date")
                | _each(_CODE, "party product")
                | {"birth_date": _DATE}
                | _each(_CODE, "sex region")
                | {"risk_score": Type.of(Kind.FACTOR)},
                "enrollment_start_date",
                interval=("enrollment_start_date", "enrollment_end_date"),
                is_unique=False,
            ),
            _table(
                "provider",
                "party",
                _each(_CODE, "npi tin ccn party tier") | _each(_DATE, "from through"),
                '"from"',
                interval=("from", "through"),
                is_unique=False,
            ),
            _table(
                "member_month",
                "person_id month",
                _each(_CODE, "person_id")
                | {"month": _DATE, "days_enrolled": _DAYS, "days_in_month": _DAYS}
                | {"fraction": Type.of(Kind.RATE)}
                | _PERSON_MONTH
                | {"enrolled_on_15": Type.of(Kind.BOOLEAN), "party_on_15": _CODE},
                "month",
                required="person_id month fraction",
                months=frozenset({"month"}),
                derived_from="eligibility",
            ),
            _table(
                "roster",
                "person_id",
                _each(_CODE, "person_id party") | _each(_DATE, "from through"),
                '"from"',
                required="person_id party",
                interval=("from", "through"),
                is_unique=False,
                excludes_overlap=True,
            ),
            _table(
                "quality_result",
                "entity measure_id from",
                _each(_CODE, "entity measure_id")
                | _each(_DATE, "from through")
                | _each(Type.of(Kind.NUMBER), "numerator denominator rate baseline expected")
                | _each(_CODE, "status"),
                '"from"',
                required="entity measure_id",
                interval=("from", "through"),
            ),
            _table(
                "premium",
                "person_id party product month",
                _each(_CODE, "person_id party product")
                | {"month": _DATE, "premium_amount": _MONEY},
                "month",
                required="month premium_amount",
                months=frozenset({"month"}),
            ),
            _table(
                "market",
                "market party from",
                _each(_CODE, "market party")
                | _each(_DATE, "from through")
                | {"population": Type.of(Kind.COUNT), "volume": Type.of(Kind.NUMBER)}
                | {"revenue_amount": _TOTAL},
                '"from"',
                required="market",
                interval=("from", "through"),
            ),
            _table(
                "opening_balance",
                "account as_of",
                _each(_CODE, "account") | {"as_of": _DATE, "balance_amount": _TOTAL},
                "as_of",
                required="account balance_amount",
            ),
            _table(
                "paid",
                "payment_id",
                _each(_CODE, "payment_id payer party person_id rule")
                | {"month": _DATE, "paid_date": _DATE, "paid_amount": _TOTAL},
                "month",
                required="payment_id party month paid_amount",
                months=frozenset({"month"}),
            ),
        )
    }
)
