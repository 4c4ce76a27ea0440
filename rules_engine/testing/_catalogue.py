"""What the made-up population can be billed for, by whom and how often.

Codes are HCPCS Level II, MS-DRG, revenue and place-of-service codes, and invented local codes that
begin with X. Amounts are whole cents and invented: they are what a price list would say, around
which charges are drawn.
"""

from collections.abc import Mapping

from attrs import frozen

__all__ = [
    "DRGS",
    "OUTPATIENT",
    "OUTSIDE",
    "PLACES",
    "PRODUCTS",
    "PROFESSIONAL",
    "REGIONS",
    "STAY_REVENUE_CODES",
    "SYSTEMS",
    "Service",
    "Stay",
    "System",
]


@frozen
class Service:
    """Something billed on a line.

    Attributes:
        code: Its HCPCS code, or a revenue code where no HCPCS code is billed.
        price: List price of one unit, in cents.
        weight: How often it is drawn, beside the others.
        units: Most units of it on one line.
        revenue_code: Revenue code of a hospital line; empty for a professional one.
    """

    code: str
    price: int
    weight: int
    units: int = 1
    revenue_code: str = ""


@frozen
class Stay:
    """A kind of hospital stay.

    Attributes:
        drg_code: Its MS-DRG, three digits.
        price: What hospitals charge for it on average, in cents.
        days: How long it takes on average.
        weight: How often it is drawn, beside the others.
    """

    drg_code: str
    price: int
    days: int
    weight: int


@frozen
class System:
    """A health system, with identifiers that belong to nobody.

    Attributes:
        party: Its id in the ruleset.
        tins: Tax ids that its physicians bill under; the prefix 00 is never assigned.
        ccns: Certification numbers of its hospitals; no state has the prefix 00.
        npis: Identifiers of its physicians, whose check digit is wrong, so that none is anyone's.
        weight: How many members it attracts, beside the others.
    """

    party: str
    tins: tuple[str, ...]
    ccns: tuple[str, ...]
    npis: tuple[str, ...]
    weight: int


PROFESSIONAL = (
    Service("X1011", 4800, 30), Service("X1012", 8100, 85), Service("X1013", 11900, 90),
    Service("X1014", 17200, 26), Service("X1021", 12400, 12), Service("X1022", 18600, 12),
    Service("X1031", 7900, 14, 3), Service("X1032", 11200, 14, 3), Service("X1033", 20900, 8),
    Service("X1041", 6800, 6), Service("X1042", 12900, 9), Service("X1043", 18300, 8),
    Service("X2010", 3100, 24), Service("X2020", 9700, 14), Service("X2030", 22900, 8),
    Service("X2040", 36100, 6), Service("X3001", 850, 40), Service("X3002", 1250, 42),
    Service("X3003", 1420, 40), Service("X3004", 1960, 26), Service("X3005", 2590, 18),
    Service("X3006", 4710, 10), Service("X4001", 3350, 26, 4), Service("X4002", 3110, 20, 4),
    Service("X5001", 8900, 14), Service("X5002", 21400, 8), Service("X5003", 65200, 5),
    Service("X5004", 148500, 3), Service("X5005", 291000, 1), Service("X6001", 31400, 5),
    Service("X7001", 10200, 16), Service("X7002", 13800, 12), Service("G0101", 3910, 6),
    Service("G0103", 2510, 6), Service("G0105", 37400, 1), Service("G0108", 5420, 3, 4),
    Service("G0121", 37100, 3), Service("G0202", 13600, 8), Service("G0204", 16500, 2),
    Service("G0270", 3390, 2, 4), Service("G0283", 1410, 10), Service("G0328", 2190, 4),
    Service("G0402", 16900, 1), Service("G0438", 17400, 6), Service("G0439", 11800, 10),
    Service("G0442", 1870, 3), Service("G0444", 1870, 5), Service("G0447", 2610, 3),
    Service("G0463", 8800, 6, 2), Service("J0696", 150, 5, 8), Service("J0897", 1510, 2, 60),
    Service("J1030", 510, 4, 2), Service("J1100", 20, 5, 10), Service("J1745", 7520, 2, 50),
    Service("J1885", 120, 8, 4), Service("J2405", 35, 4, 8), Service("J2505", 391000, 1),
    Service("J3301", 190, 8, 8), Service("J3420", 260, 5), Service("J7030", 110, 5, 2),
    Service("J9035", 6610, 1, 60), Service("J9310", 73100, 1, 8), Service("Q0091", 4420, 5),
    Service("Q2037", 1610, 10), Service("G0008", 2540, 10), Service("P9612", 300, 4),
    Service("A9500", 8950, 2, 2), Service("A9579", 190, 3, 20), Service("E0431", 3100, 2),
    Service("E0601", 6040, 3), Service("L1832", 62400, 1), Service("S9083", 14100, 6),
)  # fmt: skip

OUTPATIENT = (
    Service("X8001", 9800, 36, 1, "0300"), Service("X8002", 15400, 34, 1, "0301"),
    Service("X8003", 18900, 22, 1, "0305"), Service("X8011", 42000, 16, 1, "0320"),
    Service("X8012", 168000, 8, 1, "0350"), Service("X8013", 61000, 9, 1, "0402"),
    Service("X8014", 242000, 5, 1, "0610"), Service("X8021", 98000, 13, 1, "0450"),
    Service("X8022", 172000, 8, 1, "0450"), Service("X8031", 29000, 12, 3, "0420"),
    Service("X8041", 390000, 3, 1, "0360"), Service("X8042", 720000, 2, 1, "0360"),
    Service("X8051", 88000, 4, 1, "0710"), Service("G0463", 26000, 14, 1, "0510"),
    Service("J1885", 2600, 10, 4, "0636"), Service("J2405", 1900, 9, 8, "0636"),
    Service("J1745", 17500, 1, 50, "0636"), Service("J9035", 15500, 1, 60, "0636"),
    Service("", 4100, 26, 4, "0250"), Service("", 8800, 18, 3, "0258"),
    Service("", 11200, 16, 3, "0270"), Service("", 46000, 5, 1, "0272"),
)  # fmt: skip

DRGS = (
    Stay("065", 3_900_000, 4, 4), Stay("101", 3_200_000, 3, 2), Stay("190", 4_300_000, 5, 3),
    Stay("193", 5_300_000, 5, 4), Stay("194", 3_500_000, 4, 4), Stay("247", 8_000_000, 3, 5),
    Stay("291", 5_500_000, 5, 4), Stay("292", 3_700_000, 4, 3), Stay("310", 2_200_000, 2, 3),
    Stay("313", 2_500_000, 2, 4), Stay("329", 18_500_000, 12, 1), Stay("330", 9_800_000, 7, 2),
    Stay("343", 4_300_000, 2, 4), Stay("378", 3_700_000, 4, 3), Stay("392", 2_900_000, 3, 6),
    Stay("419", 5_200_000, 3, 4), Stay("460", 15_800_000, 4, 3), Stay("470", 8_200_000, 3, 7),
    Stay("603", 3_100_000, 4, 4), Stay("683", 3_800_000, 4, 3), Stay("743", 4_600_000, 2, 4),
    Stay("765", 4_600_000, 4, 7), Stay("766", 3_300_000, 3, 8), Stay("775", 2_300_000, 2, 20),
    Stay("795", 700_000, 2, 18), Stay("853", 22_400_000, 12, 1), Stay("871", 7_300_000, 6, 6),
    Stay("872", 4_200_000, 4, 4), Stay("885", 3_900_000, 7, 6), Stay("945", 5_200_000, 11, 2),
)  # fmt: skip

STAY_REVENUE_CODES = ("0120", "0250", "0270", "0300", "0320", "0360", "0370", "0450", "0710")

# Monthly premium of one member, in cents.
PRODUCTS: Mapping[str, int] = {"hmo_select": 38_900, "hmo_standard": 41_800, "hmo_plus": 46_500}

PLACES = ("11",) * 15 + ("22",) * 3 + ("23",) + ("81",)
REGIONS = ("la_north", "la_east", "la_south", "la_west", "la_central", "orange")


def _npi(base: int) -> str:
    """Give ten digits whose last is not the check digit that the first nine ask for."""
    # The check digit is Luhn's, over the nine digits after 80840, which alone add 24.
    digits = [int(digit) for digit in str(base)]
    doubled = [digit * 2 // 10 + digit * 2 % 10 for digit in digits[0::2]]
    check = -(24 + sum(doubled) + sum(digits[1::2])) % 10
    return f"{base}{(check + 5) % 10}"


def _system(number: int, party: str, weight: int) -> System:
    return System(
        party,
        tins=tuple(f"00{number}0{group:05}" for group in range(1, 5)),
        ccns=tuple(f"00{number}{hospital:03}" for hospital in range(1, 3)),
        npis=tuple(_npi(100_000_000 + number * 1_000 + doctor) for doctor in range(60)),
        weight=weight,
    )


SYSTEMS = (
    _system(1, "cedars_sinai", 20),
    _system(2, "good_samaritan", 8),
    _system(3, "huntington", 12),
    _system(4, "memorialcare", 18),
    _system(5, "pih_health", 12),
    _system(6, "torrance_memorial", 11),
    _system(7, "ucla_health", 19),
)

# Physicians and hospitals that belong to none of the seven.
OUTSIDE = _system(9, "", 0)
