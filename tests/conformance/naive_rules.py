"""What the plain program is told: conditions, windows, and the choices that the page offers."""

from fractions import Fraction
from typing import Final

from attrs import frozen

YEARS: Final = (2008, 2009, 2010)


@frozen
class Condition:
    """A type of episodes: its groups, and days before, after and clean."""

    name: str
    groups: tuple[str, ...]
    before: int
    after: int
    clean: int


CONDITIONS: Final = (
    Condition("bypass", ("231", "232", "233", "234", "235", "236"), 0, 90, 0),
    Condition("joint", ("469", "470"), 0, 90, 0),
    Condition("heart_attack", ("280", "281", "282"), 0, 30, 30),
    Condition("pneumonia", ("193", "194", "195"), 0, 30, 30),
    Condition("heart_failure", ("291", "292", "293"), 3, 90, 0),
)
UNRELATED: Final = frozenset(
    {"001", "002", "005", "006", "007", "008", "010", "652"}
    | {"927", "928", "929", "933", "934", "935"}
    | {"955", "956", "957", "958", "959", "963", "964", "965"}
)
"""Transplants, burns and injuries to several parts of the body."""

RENAL: Final = "5856"
READMITTED: Final = Fraction(125, 100)
SEEN_BEFORE: Final = Fraction(11, 10)


@frozen(kw_only=True)
class Rules:
    """Terms, in the words of the page; what is not said is as in episodes/ruleset.yaml.

    Attributes:
        gap_days: `stays.gap_days`.
        transferred: The second diagnosis after which a patient was transferred, None where
            `stays.transferred` is not said.
        decided_by: `stays.decided_by`.
        begins: `types.begins` of each condition; the procedure is on a line's last day.
        ends: `types.ends` of each condition.
        precedence: The term.
        one_open: The term.
        again: The term.
        look_back_days: The term.
        included: The first diagnosis of lines that belong to an episode, None for all.
        plurality: Whether the largest sum decides who is accountable, and not the trigger.
        combine: `risk.combine`.
        prorate: The term.
        above: Kind and number of `truncate.above`, None without one.
        below: Kind and number of `truncate.below`, None without one.
        does: `truncate.does`.
        belongs_by: The term.
    """

    gap_days: int = 1
    transferred: str | None = None
    decided_by: str = "first"
    begins: str = "admission"
    ends: str = "discharge"
    precedence: str = "earliest"
    one_open: str = "person"
    again: str = "ignored"
    look_back_days: int = 180
    included: str | None = None
    plurality: bool = False
    combine: str = "multiply"
    prorate: bool = True
    above: tuple[str, Fraction] | None = ("percentile", Fraction(99, 100))
    below: tuple[str, Fraction] | None = None
    does: str = "cut"
    belongs_by: str = "last_day"
