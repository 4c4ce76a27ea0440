"""The host: what installed distributions offer, and what becomes of offers that cannot be used."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve
from rules_engine_fee_schedule import FEE_SCHEDULE

from rules_engine import Engine, Methodology, hookimpl
from rules_engine.methodology import Host

RULESET = """\
ruleset: acme
version: "1"
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
parties: {plan: payer}
rules:
  - id: office
    methodology: METHODOLOGY
    source: exhibit A
    terms: {allowed: charge_amount}
"""


class Point:
    """An entry point of a distribution that is not installed."""

    def __init__(self, name: str, distribution: str, offered: Any) -> None:
        """Keep what it would load; an exception is raised."""
        self.name = name
        self.value = f"{distribution}.plugin"
        self.dist = SimpleNamespace(name=distribution)
        self.offered = offered

    def load(self) -> Any:
        """Give it, as importing it would."""
        if isinstance(self.offered, Exception):
            raise self.offered
        return self.offered


def plugin(methodology: Any) -> Any:
    """Make a module that offers a methodology."""

    def provide_methodology() -> Any:
        return methodology

    return SimpleNamespace(provide_methodology=hookimpl(provide_methodology), __name__="plugin")


def named(name: str) -> Methodology[Any]:
    """Give a methodology of another name."""
    return evolve(FEE_SCHEDULE, name=name)


def host(*points: Point, block: tuple[str, ...] = ()) -> Host:
    """Discover made-up distributions."""
    return Host.discover(block, points)  # type: ignore[arg-type]  # like entry points in all that is read


def validated(host: Host, methodology: str, folder: Path) -> list[str]:
    """Give the findings of a ruleset that names one methodology."""
    path = folder / "ruleset.yaml"
    path.write_text(RULESET.replace("METHODOLOGY", methodology), encoding="utf-8")
    return [f"{f.code} {f.message}" for f in Engine(host=host).validate(path)]


def test_a_name_that_two_distributions_offer_is_refused_naming_both(tmp_path: Path) -> None:
    """Nobody is first: which one would pay must not depend on the order of installation."""
    found = host(
        Point("fees", "north-fees", plugin(named("fees"))),
        Point("fees", "south-fees", plugin(named("fees"))),
    )
    assert not found.offers
    assert found.problems["fees"].distributions == ("north-fees", "south-fees")
    (only,) = validated(found, "fees", tmp_path)
    assert only.startswith("RE302")
    assert "north-fees and south-fees" in only


def test_a_distribution_that_stands_on_the_path_twice_does_not_clash() -> None:
    """It is still one."""
    point = Point("fees", "north-fees", plugin(named("fees")))
    assert list(host(point, point).offers) == ["fees"]


@pytest.mark.parametrize("error", [ImportError("no module north"), ValueError("broken")])
def test_a_plugin_that_does_not_load_stops_only_what_names_it(
    error: Exception, tmp_path: Path
) -> None:
    """Other rulesets never hear of it."""
    found = host(
        Point("broken", "north-fees", error), Point("fees", "south-fees", plugin(named("fees")))
    )
    assert validated(found, "fees", tmp_path) == []
    (only,) = validated(found, "broken", tmp_path)
    assert only.startswith("RE302")
    assert "north-fees" in only
    assert str(error) in only


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        (plugin("a text"), "offers no methodology"),
        (plugin(None), "offers no methodology"),
        (SimpleNamespace(__name__="empty"), "offers no methodology"),
        (plugin(named("other")), "declares fees but offers other"),
    ],
    ids=["text", "nothing", "no_hook", "other_name"],
)
def test_an_offer_that_is_no_methodology_of_its_name_is_refused(offered: Any, why: str) -> None:
    """The entry point's name is the methodology's."""
    assert why in host(Point("fees", "north-fees", offered)).problems["fees"].why


def test_a_hook_with_arguments_that_do_not_exist_is_named(tmp_path: Path) -> None:
    """A plugin written for other hooks is a problem of that plugin, not of the engine."""

    def provide_methodology(year: int) -> Any:
        return year

    wrong = SimpleNamespace(provide_methodology=hookimpl(provide_methodology), __name__="wrong")
    (only,) = validated(host(Point("fees", "north-fees", wrong)), "fees", tmp_path)
    assert only.startswith("RE302")


def test_a_blocked_name_is_left_out_and_said_so(tmp_path: Path) -> None:
    """It is not loaded at all."""
    found = host(Point("fees", "north-fees", RuntimeError("loaded")), block=("fees",))
    assert not found.problems
    (only,) = validated(found, "fees", tmp_path)
    assert only == "RE302 methodology fees is blocked by the program that runs the engine"


def test_engines_side_by_side_do_not_share_plugins(tmp_path: Path) -> None:
    """Blocking in one changes nothing in another."""
    path = tmp_path / "ruleset.yaml"
    path.write_text(RULESET.replace("METHODOLOGY", "fee_schedule"), encoding="utf-8")
    without, whole = Engine(block=["fee_schedule"]), Engine()
    assert [f.code for f in without.validate(path)] == ["RE302"]
    assert whole.validate(path) == []


def test_first_party_methodologies_come_by_entry_point() -> None:
    """They have no privilege that a third party's lack."""
    offers = Host.discover().offers
    assert {"fee_schedule", "gain_loss_sharing"} <= offers.keys()
    assert isinstance(next(iter(offers.values())).distribution, str)


@pytest.mark.parametrize("failing", ["read_terms", "outputs", "price"])
def test_a_plugin_that_fails_on_terms_is_a_finding(failing: str, tmp_path: Path) -> None:
    """Its error is named with its distribution, and nothing else stops."""

    def fail(_: Any) -> Any:
        message = "no such key"
        raise KeyError(message)

    changes: dict[str, Any] = {failing: fail}
    broken = evolve(named("fees"), **changes)
    (only,) = validated(host(Point("fees", "north-fees", plugin(broken))), "fees", tmp_path)
    assert only.startswith("RE325")
    assert "north-fees" in only


@pytest.mark.parametrize(
    "change",
    [{"sets": "bonus"}, {"per": "week"}, {"sets": "withheld"}, {"sets": "limit", "per": "claim"}],
)
def test_steps_that_the_waterfall_does_not_know_are_findings(
    change: dict[str, Any], tmp_path: Path
) -> None:
    """A plugin cannot pay past the waterfall."""

    def price(terms: Any) -> Any:
        return [evolve(step, **change) for step in FEE_SCHEDULE.price(terms)]  # type: ignore[misc]

    broken = evolve(named("fees"), price=price)
    found = validated(host(Point("fees", "north-fees", plugin(broken))), "fees", tmp_path)
    assert [one[:5] for one in found] == ["RE321"]
