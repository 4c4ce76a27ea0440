"""What the names of the vectors' expressions stand for."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from rules_engine.engine.certifying.judging import Shelf
from rules_engine.expressions import Kind, Parameter, TableType, Type
from rules_engine.testing.vectors import Setting

D = Decimal
FIRST: Final = date(2015, 1, 1)
TURN: Final = date(2015, 7, 1)


def _number(kind: Kind, low: str, high: str, scale: int, *, nullable: bool = False) -> Type:
    return Type(kind, nullable=nullable, scale=scale, low=D(low), high=D(high))


COLUMNS: Final = {
    "charge": Type.of(Kind.MONEY),
    "paid": Type.of(Kind.MONEY, nullable=True),
    "copay": _number(Kind.MONEY, "-9.99", "9.99", 2),
    "fee": _number(Kind.MONEY, "0", "99.9999", 4, nullable=True),
    "total": _number(Kind.MONEY, f"-{'9' * 28}.99", f"{'9' * 28}.99", 2),
    "rate": _number(Kind.RATE, "0", "1", 4),
    "share": Type.of(Kind.RATE, nullable=True),
    "trend": _number(Kind.RATIO, "-1.5", "1.5", 1),
    "weight": _number(Kind.FACTOR, "0", "99.999", 3, nullable=True),
    "score": _number(Kind.NUMBER, "-99999.999999999", "99999.999999999", 9),
    "index": _number(Kind.NUMBER, f"-{'9' * 14}.{'9' * 22}", f"{'9' * 14}.{'9' * 22}", 22),
    "units": Type.of(Kind.COUNT),
    "lines": _number(Kind.COUNT, "0", "9", 0, nullable=True),
    "grade": _number(Kind.NUMBER, "0", "20", 1, nullable=True),
    "stay": _number(Kind.DAYS, "-3", "400", 0),
    "gap": _number(Kind.DAYS, "-999999", "999999", 0, nullable=True),
    "code": Type(Kind.CODE, codes=frozenset({"A", "B", "C"})),
    "drg": Type(Kind.CODE, nullable=True),
    "note": Type(Kind.TEXT, nullable=True),
    "admitted": Type(Kind.DATE),
    "discharged": Type(Kind.DATE, nullable=True),
    "urgent": Type(Kind.BOOLEAN),
    "member": Type(Kind.BOOLEAN, nullable=True),
}

_DRGS: Final = TableType(
    name="drgs",
    key=("drg",),
    columns={
        "drg": Type(Kind.CODE),
        "drg_weight": _number(Kind.FACTOR, "0", "9.9999", 4),
        "base": _number(Kind.MONEY, "0.01", "999.99", 2, nullable=True),
        "since": Type(Kind.DATE, nullable=True),
        "label": Type(Kind.TEXT, nullable=True),
        "is_surgical": Type(Kind.BOOLEAN),
    },
)
_FEES: Final = TableType(
    name="fees",
    key=("code", "lines"),
    columns={
        "code": Type(Kind.CODE),
        "lines": _number(Kind.COUNT, "0", "9", 0),
        "from": Type(Kind.DATE, nullable=True),
        "through": Type(Kind.DATE, nullable=True),
        "amount": _number(Kind.MONEY, "-0.5", "50.125", 3),
        "discount": _number(Kind.RATE, "0", "1", 6, nullable=True),
    },
    effective=("from", "through"),
)
_CURVE: Final = TableType(
    name="curve",
    key=("at",),
    columns={
        "at": _number(Kind.NUMBER, "0", "20", 1),
        "points": _number(Kind.RATE, "0", "1", 3),
        "payment": _number(Kind.MONEY, "-10", "100", 2),
    },
)


def _shelf(type_: TableType, *rows: tuple[Any, ...]) -> Shelf:
    return Shelf.of(type_, [dict(zip(type_.columns, row, strict=True)) for row in rows])


TABLES: Final = {
    "drgs": _shelf(
        _DRGS,
        ("065", D("1.0050"), D("999.99"), TURN, "A", True),
        ("A", D("9.9999"), None, None, None, False),
        ("B", D("0.0000"), D("0.01"), FIRST, "é", True),
    ),
    "fees": _shelf(
        _FEES,
        ("A", 0, None, date(2015, 6, 30), D("50.125"), D("0.5")),
        ("A", 0, TURN, None, D("-0.500"), None),
        ("A", 1, None, None, D("0.005"), D("1")),
        ("B", 1, FIRST, date(2015, 12, 31), D("12.345"), D("0.000001")),
    ),
    "curve": _shelf(
        _CURVE,
        (D("0.0"), D("0.000"), D("-10.00")),
        (D("10.0"), D("0.050"), D("0.00")),
        (D("20.0"), D("0.200"), D("100.00")),
    ),
}

PARAMETERS: Final = {
    "conversion_factor": Parameter(
        type=Type.of(Kind.FACTOR), values=((FIRST, D("1.18")), (TURN, D("1.2005")))
    ),
    "base_rate": Parameter(type=Type.of(Kind.MONEY), values=((None, D("11200.00")),)),
    "cap": Parameter(type=Type.of(Kind.MONEY), values=((FIRST, D("5")), (TURN, D("0.5")))),
    "cutoff": Parameter(type=Type(Kind.DATE), values=((None, TURN),)),
    "kind": Parameter(type=Type(Kind.CODE), values=((None, "A"),)),
}

ROW: Final = Setting(profile="row", columns=COLUMNS, parameters=PARAMETERS, tables=TABLES)
SETTLEMENT: Final = Setting(
    profile="settlement", columns=COLUMNS, parameters=PARAMETERS, tables=TABLES
)
CLAIM: Final = Setting(
    profile="claim",
    columns={
        "claim_line_number": _number(Kind.COUNT, "0", "999999", 0),
        "claim_line_start_date": Type(Kind.DATE, nullable=True),
        "charge_amount": _number(Kind.MONEY, "-9999999.99", "9999999.99", 2, nullable=True),
        "hcpcs": Type(Kind.CODE, nullable=True),
        "units": _number(Kind.COUNT, "-999", "999", 0, nullable=True),
        "urgent": Type(Kind.BOOLEAN, nullable=True),
        "person": Type(Kind.CODE, nullable=True),
    },
)
MAPPING: Final = Setting(
    profile="mapping",
    columns=dict.fromkeys(
        ("amount", "percent", "day", "name", "year", "month"), Type(Kind.TEXT, nullable=True)
    ),
)
