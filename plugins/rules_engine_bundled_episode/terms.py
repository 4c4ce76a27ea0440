"""The terms of a bundled episode: what opens one, what belongs to it, and what it is paid."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, TermsError
from rules_engine_bundled_episode.schema import BESIDE, JUDGED, SCHEMA

__all__ = [
    "BUILT_IN",
    "SCHEMA",
    "EpisodeType",
    "Limit",
    "Named",
    "Reconcile",
    "Stays",
    "Terms",
    "Threshold",
    "Thresholds",
]

BUILT_IN: Final = ("enrolment_gap", "no_provider", "no_target", "cost_outlier")
"""Reasons for which an episode is excluded that need no formula."""

_TAKEN: Final = frozenset({*BESIDE, *JUDGED} - {"provider"}) | {
    *("period_start", "period_end", "status", "reason", "risk_factors", "target_amount"),
    *("bundle_amount", "prorated_amount", "spent_amount", "truncated_amount", "actual_amount"),
    *("claim_id", "claim_line_number", "service_day", "amount"),
}
_WEIGHT_PLACES: Final = 4
_CENTS: Final = 2


@frozen(kw_only=True)
class EpisodeType:
    """One type of episode.

    Attributes:
        name: What tables call it.
        trigger: Lines that trigger it.
        begins: The trigger day: `admission`, `discharge` or `procedure`.
        days_before: Days of the window before it.
        ends: Day from which `days_after` counts.
        days_after: Days of the window after it.
        clean_days: Days after the window in which no other episode opens.
    """

    name: str
    trigger: Formula
    begins: str
    days_before: int
    ends: str
    days_after: int
    clean_days: int


@frozen(kw_only=True)
class Stays:
    """Which claims are stays, and which of them are joined.

    Attributes:
        when: Claims that are stays.
        gap_days: Most days from a discharge to the next admission of one stay.
        transferred: Claims after which the patient was transferred; None for all.
        is_last: Whether the last triggering claim is the trigger claim, not the first.
    """

    when: Formula
    gap_days: int
    transferred: Formula | None
    is_last: bool


@frozen(kw_only=True)
class Named:
    """A condition with a name: a reason, or a risk factor.

    Attributes:
        name: What tables call it.
        when: Of which episodes (or lines, of a reason why a line is left out) it holds.
        line: It holds of episodes that have such a line; None where `when` says it.
        weight: Weight of a risk factor.
    """

    name: str
    when: Formula | None = None
    line: Formula | None = None
    weight: Fraction = Fraction(0)


@frozen(kw_only=True)
class Limit:
    """Where costs are cut, in one of three ways.

    Attributes:
        percentile: Share of the episodes.
        deviations: Standard deviations from the mean.
        amount: Amount.
    """

    percentile: Fraction | None = None
    deviations: Fraction | None = None
    amount: Formula | None = None

    @classmethod
    def read(cls, terms: Mapping[str, Any] | None) -> "Limit | None":
        """Read a limit; None where there is none."""
        if terms is None:
            return None
        return cls(
            percentile=Fraction(terms["percentile"]) if "percentile" in terms else None,
            deviations=Fraction(terms["deviations"]) if "deviations" in terms else None,
            amount=terms.get("amount"),
        )


@frozen(kw_only=True)
class Reconcile:
    """What moves by a target price.

    Attributes:
        payer: Party that pays a gain.
        to: Who answers for the episodes.
        target: Target price of an episode before the discount.
        formulas: Formulas of the rule's own grain, by the name of their term.
        minimum_episodes: Fewest episodes of whom something moves.
    """

    payer: str
    to: str
    target: Formula
    formulas: Mapping[str, Formula]
    minimum_episodes: int


@frozen(kw_only=True)
class Threshold:
    """Thresholds of the average episode of one type.

    Attributes:
        type: The type.
        formulas: Formulas of the rule's own grain, by the name of their term.
    """

    type: str
    formulas: Mapping[str, Formula]


@frozen(kw_only=True)
class Thresholds:
    """What moves by thresholds.

    Attributes:
        payer: Party that pays a gain.
        to: Who answers for the episodes.
        types: Thresholds of each type.
        minimum_episodes: Fewest episodes of a type of which something moves.
        loss_cap: Most loss in all; None for no cap.
    """

    payer: str
    to: str
    types: tuple[Threshold, ...]
    minimum_episodes: int
    loss_cap: Formula | None


@frozen(kw_only=True)
class Terms:
    """The terms of a bundled episode.

    Attributes:
        named: Column that names the accountable provider.
        amount: Amount of a line.
        provider: Whom a line speaks for.
        code: What tells triggers of one type apart; None where nobody asks.
        days: Days of a line by their names: `admission`, `discharge` and others.
        stays: Which claims are joined; None for none.
        types: In the order of precedence.
        by_type: Whether the type decides who opens an episode, not the day.
        one_a_type: Whether an episode of each type may be open at once.
        restarts: Whether a trigger in an open episode ends that one.
        after: Service tables of rules that come before this one.
        look_back_days: Days before the trigger day that are looked at.
        includes: Lines in the window that belong to the episode; None for all.
        excludes: Lines that do not, by reason.
        enrolment: Months in which the person is enrolled; None where nobody asks.
        enrolment_days_before: Days before the window that need it too.
        enrolment_through: Day after which nobody asks for it; None for the last day.
        exclusions: Why an episode is not counted.
        plurality: Lines whose largest sum decides who answers; None where it does not.
        stated: Who answers; None where it is not stated.
        factors: Risk factors.
        multiplies: Whether their weights multiply.
        prorates: Whether services that end after the window count by their days.
        above: Where costs are cut from above.
        below: Where costs are raised from below.
        outliers_go: Whether such episodes are excluded, not cut.
        belongs_by: Day by which an episode belongs to a period.
        base_years: Years before each period that count too.
        reconcile: What moves by a target price; None for nothing.
        thresholds: What moves by thresholds; None for nothing.
    """

    named: str
    amount: Formula
    provider: Formula
    code: Formula | None
    days: Mapping[str, Formula]
    stays: Stays | None
    types: tuple[EpisodeType, ...]
    by_type: bool
    one_a_type: bool
    restarts: bool
    after: tuple[str, ...]
    look_back_days: int
    includes: Formula | None
    excludes: tuple[Named, ...]
    enrolment: Formula | None
    enrolment_days_before: int
    enrolment_through: Formula | None
    exclusions: tuple[Named, ...]
    plurality: Formula | None
    stated: Formula | None
    factors: tuple[Named, ...]
    multiplies: bool
    prorates: bool
    above: Limit | None
    below: Limit | None
    outliers_go: bool
    belongs_by: str
    base_years: int
    reconcile: Reconcile | None
    thresholds: Thresholds | None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why an episode may be excluded, in the order in which the reasons are asked."""
        first = ("enrolment_gap",) if self.enrolment is not None else ()
        named = tuple(one.name for one in self.exclusions)
        target = ("no_target",) if self.reconcile is not None else ()
        outlier = ("cost_outlier",) if self.outliers_go else ()
        return (*first, *named, "no_provider", *target, *outlier)

    @property
    def uses_procedure(self) -> bool:
        """Whether a window is counted from a procedure."""
        return any("procedure" in {one.begins, one.ends} for one in self.types)

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema.

        Raises:
            TermsError: They make no sense together.
        """
        findings = [*_names(terms), *_alternatives(terms), *_together(terms), *_scales(terms)]
        if findings:
            raise TermsError(*findings)
        stays, enrolment = terms.get("stays"), terms.get("enrolment", {})
        accountable = terms.get("accountable", "trigger")
        stated = {} if isinstance(accountable, str) else accountable
        risk, truncate = terms.get("risk", {}), terms.get("truncate", {})
        return cls(
            named=terms.get("as", "provider"),
            amount=terms["amount"],
            provider=terms["provider"],
            code=terms.get("code"),
            days=dict(terms["days"]),
            stays=None if stays is None else _stays(stays),
            types=tuple(_type(one) for one in terms["types"]),
            by_type=terms.get("precedence") == "type",
            one_a_type=terms.get("one_open") == "type",
            restarts=terms.get("again") == "restarts",
            after=tuple(terms.get("after", ())),
            look_back_days=int(terms.get("look_back_days", 0)),
            includes=terms.get("includes"),
            excludes=tuple(
                Named(name=one["reason"], line=one["when"]) for one in terms.get("excludes", ())
            ),
            enrolment=enrolment.get("counts"),
            enrolment_days_before=int(enrolment.get("days_before", 0)),
            enrolment_through=enrolment.get("through"),
            exclusions=tuple(
                Named(name=one["reason"], when=one.get("when"), line=one.get("line"))
                for one in terms.get("exclusions", ())
            ),
            plurality=stated.get("plurality"),
            stated=stated.get("stated"),
            factors=tuple(
                Named(
                    name=one["factor"],
                    when=one.get("when"),
                    line=one.get("line"),
                    weight=Fraction(one["weight"]),
                )
                for one in risk.get("factors", ())
            ),
            multiplies=risk.get("combine") != "add",
            prorates=bool(terms.get("prorate", False)),
            above=Limit.read(truncate.get("above")),
            below=Limit.read(truncate.get("below")),
            outliers_go=truncate.get("does") == "exclude",
            belongs_by=terms.get("belongs_by", "last_day"),
            base_years=int(terms.get("base_years", 0)),
            reconcile=_reconcile(terms.get("reconcile")),
            thresholds=_thresholds(terms.get("thresholds")),
        )


def _stays(terms: Mapping[str, Any]) -> Stays:
    return Stays(
        when=terms["when"],
        gap_days=int(terms.get("gap_days", 0)),
        transferred=terms.get("transferred"),
        is_last=terms.get("decided_by") == "last",
    )


def _type(terms: Mapping[str, Any]) -> EpisodeType:
    return EpisodeType(
        name=terms["type"],
        trigger=terms["trigger"],
        begins=terms.get("begins", "admission"),
        days_before=int(terms.get("days_before", 0)),
        ends=terms.get("ends", "discharge"),
        days_after=int(terms["days_after"]),
        clean_days=int(terms.get("clean_days", 0)),
    )


def _reconcile(terms: Mapping[str, Any] | None) -> Reconcile | None:
    if terms is None:
        return None
    others = ("payer", "to", "target", "minimum_episodes")
    return Reconcile(
        payer=terms["payer"],
        to=terms["to"],
        target=terms["target"],
        formulas={name: value for name, value in terms.items() if name not in others},
        minimum_episodes=int(terms.get("minimum_episodes", 1)),
    )


def _thresholds(terms: Mapping[str, Any] | None) -> Thresholds | None:
    if terms is None:
        return None
    return Thresholds(
        payer=terms["payer"],
        to=terms["to"],
        types=tuple(
            Threshold(
                type=one["type"],
                formulas={name: value for name, value in one.items() if name != "type"},
            )
            for one in terms["types"]
        ),
        minimum_episodes=int(terms.get("minimum_episodes", 1)),
        loss_cap=terms.get("loss_cap"),
    )


_Finding = tuple[tuple[str | int, ...], str, str, str | None]


def _names(terms: Mapping[str, Any]) -> Iterator[_Finding]:
    """Names that stand twice, or that something else has."""
    lists: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...] = (
        (("types",), "type", ()),
        (("excludes",), "reason", ("other_bundle", "not_included")),
        (("exclusions",), "reason", BUILT_IN),
        (("risk", "factors"), "factor", ()),
    )
    for path, key, taken in lists:
        entries: Any = terms
        for step in path:
            entries = entries.get(step, {})
        seen: set[str] = set(taken)
        for place, entry in enumerate(entries or ()):
            if entry[key] in seen:
                message = f"{entry[key]} is a name that something else has; another may stand here"
                yield (*path, place, key), "BE101", message, None
            seen.add(entry[key])
    if terms.get("as") in _TAKEN:
        message = f"{terms['as']} is a column of the derived tables; another name may stand here"
        yield ("as",), "BE101", message, "write what it names, such as hospital"


def _alternatives(terms: Mapping[str, Any]) -> Iterator[_Finding]:
    """Conditions that are said in both ways, or in neither."""
    lists = (
        (("exclusions",), "reason", terms.get("exclusions", ())),
        (("risk", "factors"), "factor", terms.get("risk", {}).get("factors", ())),
    )
    for path, key, entries in lists:
        for place, entry in enumerate(entries):
            if ("when" in entry) == ("line" in entry):
                both = "both when and line" if "when" in entry else "neither when nor line"
                message = f"{entry[key]} has {both}; one of the two may stand there"
                help_ = "ask the episode (when: …) or any line beside it (line: …)"
                yield (*path, place), "BE102", message, help_


def _together(terms: Mapping[str, Any]) -> Iterator[_Finding]:
    """Terms that need, or shut out, each other."""
    for place, one in enumerate(terms["types"]):
        for key in ("begins", "ends"):
            if one.get(key) == "procedure" and "procedure" not in terms["days"]:
                message = f"{one['type']} {key} at the procedure, and days has none"
                yield ("types", place, key), "BE103", message, "add days: {procedure: …}"
    if terms.get("again") == "restarts":
        yield from _restarting(terms)
    if "truncate" in terms and not {"above", "below"} & set(terms["truncate"]):
        message = "truncate has neither above nor below; at least one may stand there"
        help_ = "say where costs are cut, such as above: {percentile: 0.99}"
        yield ("truncate",), "BE105", message, help_
    if "reconcile" in terms and "thresholds" in terms:
        message = "both reconcile and thresholds are said; one result moves once"
        yield ("thresholds",), "BE106", message, "write a second rule for the other"
    yield from _thresholds_of_types(terms)


def _restarting(terms: Mapping[str, Any]) -> Iterator[_Finding]:
    if terms.get("precedence") == "type":
        message = "again is restarts, and the type decides; the two do not go together"
        yield ("again",), "BE104", message, "take precedence away"
    for place, one in enumerate(terms["types"]):
        if one.get("clean_days"):
            message = "clean_days means nothing where a trigger restarts the episode"
            yield ("types", place, "clean_days"), "BE104", message, "take it away"


def _thresholds_of_types(terms: Mapping[str, Any]) -> Iterator[_Finding]:
    known = {one["type"] for one in terms["types"]}
    seen: set[str] = set()
    for place, one in enumerate(terms.get("thresholds", {}).get("types", ())):
        if one["type"] not in known or one["type"] in seen:
            what = "stands twice" if one["type"] in seen else "is no type of the rule"
            yield ("thresholds", "types", place, "type"), "BE107", f"{one['type']} {what}", None
        seen.add(one["type"])


def _scales(terms: Mapping[str, Any]) -> Iterator[_Finding]:
    """Amounts that are finer than cents, and weights that are finer than a score."""
    truncate = terms.get("truncate", {})
    amounts: tuple[tuple[tuple[str, ...], Any], ...] = (
        (("amount",), terms["amount"]),
        (("reconcile", "target"), terms.get("reconcile", {}).get("target")),
        (("truncate", "above", "amount"), truncate.get("above", {}).get("amount")),
        (("truncate", "below", "amount"), truncate.get("below", {}).get("amount")),
    )
    for path, formula in amounts:
        if formula is not None and (formula.type.scale is None or formula.type.scale > _CENTS):
            message = (
                f"{path[-1]} may have {formula.type.scale} decimals; two at most may stand here"
            )
            yield path, "BE108", message, "write round(…, 2)"
    for place, one in enumerate(terms.get("risk", {}).get("factors", ())):
        places = -int(Decimal(one["weight"]).normalize().as_tuple().exponent)
        if places > _WEIGHT_PLACES:
            message = f"weight is {one['weight']}; a number of four decimals at most may stand here"
            yield ("risk", "factors", place, "weight"), "BE108", message, None
