"""The made-up claims of a year: what is billed, by whom and at what charge, as rows of text."""

from collections import Counter

from attrs import Factory, define

from rules_engine.testing._catalogue import (
    DRGS,
    OUTPATIENT,
    OUTSIDE,
    PLACES,
    PROFESSIONAL,
    STAY_REVENUE_CODES,
    SYSTEMS,
    Service,
    System,
)
from rules_engine.testing._dice import Dice
from rules_engine.testing._members import DAYS, Member, day_text, merged

__all__ = ["COLUMNS", "FLAWS", "Biller"]

COLUMNS = (
    "claim_id", "claim_line_number", "claim_type", "person_id", "claim_start_date",
    "claim_end_date", "claim_line_start_date", "claim_line_end_date", "admission_date",
    "discharge_date", "bill_type_code", "place_of_service_code", "revenue_center_code",
    "hcpcs_code", "drg_code", "service_unit_quantity", "charge_amount", "rendering_npi",
    "billing_tin", "facility_ccn",
)  # fmt: skip

FLAWS = (
    "unreadable_charge",
    "missing_code",
    "unknown_code",
    "outside_the_year",
    "duplicate_line",
    "negative_units",
    "impossible_date",
)

# Cells that are no amount of money; the second would run in a spreadsheet.
_NOT_MONEY = ("12,50", "=1+1", "n/a", "1.005", "1e5")

# Charges beside the list price, in thousandths: one in fourteen lies below any fee.
_MARKUP = (820, 1380, 1450, 1600, 1750, 1900, 2050, 2200, 2400, 2600, 2900, 3200, 3600, 4300)

_PROFESSIONAL = tuple(service for service in PROFESSIONAL for _ in range(service.weight))
_OUTPATIENT = tuple(service for service in OUTPATIENT for _ in range(service.weight))
_STAYS = tuple(stay for stay in DRGS for _ in range(stay.weight))

# Claims of a member of average risk in a whole year, in thousandths.
_VISITS = 6_600
_OUTPATIENT_CASES = 1_370
_ADMISSIONS = 64

# Of a hundred: care outside the seven systems, and care in another system than the member's own.
_OUTSIDE_VISITS, _OTHER_SYSTEM_VISITS = 5, 15
_OUTSIDE_CASES, _OTHER_SYSTEM_CASES = 4, 12

_VISIT_DATES = (
    "claim_start_date", "claim_end_date", "claim_line_start_date", "claim_line_end_date",
)  # fmt: skip


@define
class Biller:
    """Bills for the care of one member after the other.

    Attributes:
        dice: The source of every draw.
        rows: Lines billed so far, each one row of a CSV file with its line end.
        claims: How many claims.
        flaws: How many rows are wrong on purpose, by what is wrong with them.
    """

    dice: Dice
    rows: list[str] = Factory(list)
    claims: int = 0
    flaws: Counter[str] = Factory(Counter)

    def year(self, member: Member) -> None:
        """Bill a year of care on the days that a member is enrolled."""
        covered = merged(member.spans)
        days = [day for first, last in covered for day in range(first, last + 1)]
        expected = member.risk * len(days) // DAYS
        for _ in range(self.dice.about(_VISITS * expected // 1000)):
            self.visit(member, self.dice.pick(days))
        for _ in range(self.dice.about(_OUTPATIENT_CASES * expected // 1000)):
            self.outpatient(member, self.dice.pick(days))
        for _ in range(self.dice.about(_ADMISSIONS * expected // 1000)):
            self.stay(member, self.dice.pick(days))

    def visit(self, member: Member, day: int) -> None:
        """Bill what one physician did on one day."""
        dice = self.dice
        date = day_text(day)
        biller = self._physician(member, day)
        place = dice.pick(PLACES)
        claim = self._claim()
        markup = dice.pick(_MARKUP)
        for line in range(1, 2 + dice.pick((0, 0, 1, 1, 1, 2, 2, 3, 4))):
            service = dice.pick(_PROFESSIONAL)
            units = _units(dice, service)
            charge = service.price * units * markup // 1000
            billed = f"{place},,{service.code},,{units},{_money(charge)}"
            self.rows.append(_visit_row(f"{claim},{line}", member.person_id, date, billed, biller))

    def outpatient(self, member: Member, day: int) -> None:
        """Bill one day in a hospital without a stay."""
        dice = self.dice
        date = day_text(day)
        facility = self._hospital(member, day)
        claim = self._claim()
        for line in range(1, dice.between(2, 7) + 1):
            service = dice.pick(_OUTPATIENT)
            units = _units(dice, service)
            charge = service.price * units * dice.skewed() // 1000 + 100
            self.rows.append(
                f"{claim},{line},institutional,{member.person_id},{date},{date},{date},{date},,,131,,"
                f"{service.revenue_code},{service.code},,{units},{_money(charge)},,,{facility}\n"
            )

    def stay(self, member: Member, day: int) -> None:
        """Bill one stay in a hospital, dated by its discharge."""
        dice = self.dice
        stay = dice.pick(_STAYS)
        start = max(0, day - dice.between(1, 2 * stay.days - 1))
        admitted, discharged = day_text(start), day_text(day)
        facility = self._hospital(member, day)
        claim = self._claim()
        total = stay.price * (500 + dice.skewed() // 2) // 1000
        lines = dice.between(4, len(STAY_REVENUE_CODES))
        for line, code in enumerate(STAY_REVENUE_CODES[:lines], start=1):
            charge = total * dice.between(400, 1600) // (1000 * lines) + 1
            units = day - start + 1 if line == 1 else dice.between(1, 9)
            self.rows.append(
                f"{claim},{line},institutional,{member.person_id},{admitted},{discharged},{admitted},"
                f"{discharged},{admitted},{discharged},111,,{code},,{stay.drg_code},{units},"
                f"{_money(charge)},,,{facility}\n"
            )

    def flawed(self, member: Member, flaw: str) -> None:
        """Bill one visit of one line that is wrong in the way that `flaw` names."""
        day = member.spans[-1][1]
        cells = self._single(member, day)
        if flaw == "unreadable_charge":
            cells["charge_amount"] = _NOT_MONEY[self.flaws[flaw] % len(_NOT_MONEY)]
        elif flaw == "missing_code":
            cells["hcpcs_code"] = ""
        elif flaw == "unknown_code":
            cells["hcpcs_code"] = "X9999"
        elif flaw == "outside_the_year":
            cells |= dict.fromkeys(_VISIT_DATES, "2016-01-15")
        elif flaw == "negative_units":
            cells["service_unit_quantity"] = "-1"
        elif flaw == "impossible_date":
            cells |= dict.fromkeys(_VISIT_DATES, "2015-02-30")
        row = ",".join(cells.values()) + "\n"
        copies = 2 if flaw == "duplicate_line" else 1
        self.rows.extend([row] * copies)
        self.flaws[flaw] += copies

    def _single(self, member: Member, day: int) -> dict[str, str]:
        """Give the cells of a right line that a flaw can be put into."""
        biller = self._physician_of(member.home(day))
        date, billed = day_text(day), "11,,X1012,,1,150.00"
        row = _visit_row(f"{self._claim()},1", member.person_id, date, billed, biller)
        return dict(zip(COLUMNS, row.rstrip("\n").split(","), strict=True))

    def _claim(self) -> str:
        self.claims += 1
        return f"C{self.claims:08}"

    def _physician(self, member: Member, day: int) -> str:
        """Draw who bills: mostly the member's own system, sometimes another, rarely an outsider."""
        where = self.dice.below(100)
        if where < _OUTSIDE_VISITS:
            return self._physician_of(OUTSIDE)
        elsewhere = where < _OUTSIDE_VISITS + _OTHER_SYSTEM_VISITS
        return self._physician_of(self.dice.pick(SYSTEMS) if elsewhere else member.home(day))

    def _physician_of(self, system: System) -> str:
        return f"{self.dice.pick(system.npis)},{self.dice.pick(system.tins)}"

    def _hospital(self, member: Member, day: int) -> str:
        where = self.dice.below(100)
        if where < _OUTSIDE_CASES:
            return self.dice.pick(OUTSIDE.ccns)
        elsewhere = where < _OUTSIDE_CASES + _OTHER_SYSTEM_CASES
        return self.dice.pick((self.dice.pick(SYSTEMS) if elsewhere else member.home(day)).ccns)


def _visit_row(line: str, person_id: str, date: str, billed: str, biller: str) -> str:
    """Write one professional line from groups of cells that stand side by side."""
    dates = f"{date},{date},{date},{date}"
    return f"{line},professional,{person_id},{dates},,,,{billed},{biller},\n"


def _units(dice: Dice, service: Service) -> int:
    return dice.between(1, service.units) if service.units > 1 else 1


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
