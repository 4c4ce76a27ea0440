"""Declarations: what a ruleset says, as values, before its expressions are read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from attrs import Factory, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules_engine.diagnostics import Diagnostic
    from rules_engine.expressions.types import Type
    from rules_engine.language.document import Document, Path
    from rules_engine.language.monotone import Promise

RoundingMode = Literal["half_up", "half_even", "down"]
PeriodLength = Literal["year", "half_year", "quarter", "month"]
Constant = str | int | Decimal | bool | date


@frozen
class DateRange:
    """Days from the first through the last, both inside."""

    first: date
    through: date

    def __contains__(self, day: date) -> bool:
        """Say whether a day lies in the range."""
        return self.first <= day <= self.through


@frozen
class Rounding:
    """How each posted amount is rounded.

    Attributes:
        to: Unit in the ruleset's currency: 0.01 posts cents.
        mode: What happens to an amount between two units.
    """

    to: Decimal
    mode: RoundingMode

    @property
    def unit(self) -> Fraction:
        """The unit as an exact fraction, in the ruleset's currency."""
        return Fraction(self.to)


@frozen(kw_only=True)
class Period:
    """How long a period of settlement is.

    Attributes:
        length: Its length.
        starts: Month and day on which a year's first period starts.
        run_out_months: Months after its end in which claims still count.
        run_out_days: Days after its end in which claims still count.
    """

    length: PeriodLength
    starts: tuple[int, int] = (1, 1)
    run_out_months: int = 0
    run_out_days: int = 0


@frozen(kw_only=True)
class Party:
    """Somebody who pays or is paid.

    Attributes:
        id: What accounts and rules call it.
        role: Its role, where it is declared by itself.
        group: The group that it is a member of, otherwise.
        path: Where the document declares it.
    """

    id: str
    role: str | None = None
    group: str | None = None
    path: Path


@frozen(kw_only=True)
class Entity:
    """A table each of whose rows is a party.

    Attributes:
        name: What `for_each:` calls it.
        table: The table.
        key: Columns that name one entity.
        role: Role of each.
        period: Column of the period that a row belongs to; None where rows belong to every one.
        path: Where the document declares it.
        members: Derived table that says which person belongs to which of them, and when; None
            where rows say it themselves.
    """

    name: str
    table: str
    key: tuple[str, ...]
    role: str
    period: str | None = None
    path: Path
    members: str | None = None


@frozen(kw_only=True)
class DeclaredTable:
    """A table that the ruleset declares.

    Attributes:
        name: What expressions call it.
        file: Its file, relative to `folder`; None where its rows come with the data.
        folder: Folder of the file that declares it, as the caller named it.
        key: Columns that name a row, in the order in which `lookup` takes them.
        effective: Columns of the first and last day of a row, inclusive; None for undated.
        columns: Type of each declared column; key columns need none and are codes then.
        source: Where the rows come from, or None.
        is_unconfirmed: Whether nobody has confirmed the rows, or some of them.
        path: Where the document declares it.
    """

    name: str
    file: str | None
    folder: str
    key: tuple[str, ...]
    effective: tuple[str, str] | None
    columns: Mapping[str, Type]
    source: str | None = None
    is_unconfirmed: bool = False
    path: Path


@frozen(kw_only=True)
class Parameter:
    """A number, code, date or truth value that the contract names.

    Attributes:
        name: What expressions call it.
        type: Its declared type.
        values: Pairs of the first day on which a value holds and the value, in order of date; one
            pair without a day where the value holds always.
        unit: Its unit, for people.
        source: Where the contract says it.
        is_unconfirmed: Whether nobody has confirmed it.
        path: Where the document declares it.
    """

    name: str
    type: Type
    values: tuple[tuple[date | None, Constant], ...]
    unit: str | None = None
    source: str | None = None
    is_unconfirmed: bool = False
    path: Path

    def at(self, day: date) -> Constant:
        """Give the value that holds on a day.

        Raises:
            LookupError: The day is before the first value; there is no default.
        """
        holding = [value for since, value in self.values if since is None or since <= day]
        if not holding:
            message = f"{self.name} has no value on {day}; its first is from {self.values[0][0]} on"
            raise LookupError(message)
        return holding[-1]

    def value_path(self, since: date | None) -> Path:
        """Give the path of one of its values."""
        return (*self.path, "value") if since is None else (*self.path, "values", str(since))


@frozen(kw_only=True)
class Rule:
    """One clause of the contract.

    Attributes:
        id: What other rules and results call it.
        methodology: The way of paying.
        source: Where the contract says it.
        sources: Path of a term, its parts joined by dots → where the contract says that term.
        when: Text of the condition, or a truth value; None where the rule has none.
        for_each: Entity for which the rule runs once each; None for once for the contract.
        replaces: Rules whose place it takes where both match.
        otherwise: Whether it pays what no other rule matches.
        period: Its own period, or None for the ruleset's.
        note: Remark for readers.
        terms: What the methodology asks for, as it was read.
        path: Where the document declares it.
    """

    id: str
    methodology: str
    source: str
    when: str | bool | None = None
    for_each: str | None = None
    replaces: tuple[str, ...] = ()
    otherwise: bool = False
    period: Period | None = None
    note: str | None = None
    sources: Mapping[str, str] = Factory(dict)
    terms: Mapping[str, Any]
    path: Path

    @property
    def terms_path(self) -> Path:
        """Where the document has its terms."""
        return (*self.path, "terms")


@frozen(kw_only=True)
class Declaration:
    """What a ruleset says.

    Attributes:
        id: Its id.
        title: One line for people, or None.
        version: Its version, as text.
        lan_category: HCP-LAN category, or None.
        effective: First and last day of the contract.
        currency: Currency of every amount.
        rounding: How posted amounts are rounded.
        period: Period of settlement; None where no rule settles.
        parties: Every party by its id, in the order of the document.
        groups: Ids of the members of each group.
        entities: By name.
        tables: By name.
        parameters: By name.
        rules: By id, in the order of the document.
        mappings: Folders of mappings; `mappings` where the document names none.
        cases: Worked cases, as they were read.
        sources: Sources, as they were read.
        promises: What it says of payments that never move the wrong way, by name.
        document: The document, for the places of everything above.
        warnings: Findings that do not stop the ruleset from being used.
    """

    id: str
    title: str | None
    version: str
    lan_category: str | None
    effective: DateRange
    currency: str
    rounding: Rounding
    period: Period | None
    parties: Mapping[str, Party]
    groups: Mapping[str, tuple[str, ...]]
    entities: Mapping[str, Entity]
    tables: Mapping[str, DeclaredTable]
    parameters: Mapping[str, Parameter]
    rules: Mapping[str, Rule]
    mappings: tuple[str, ...]
    cases: tuple[Any, ...]
    sources: tuple[Any, ...]
    promises: Mapping[str, Promise]
    document: Document = field(repr=False, eq=False)
    warnings: tuple[Diagnostic, ...] = ()
