"""The law kit: one line that holds a methodology, anybody's, to every common law."""

import locale
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import ROUND_UP, Context, Decimal, localcontext
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from rules_engine.engine import Engine, Run
from rules_engine.engine.results import settlement_json
from rules_engine.expressions import Kind, Type
from rules_engine.language.schema import expression_schema
from rules_engine.methodology import Formula, Methodology, Output, Step
from rules_engine.testing.contracts import Contract, engine_of
from rules_engine.testing.laws import (
    alone_as_in_the_batch,
    amounts_of,
    claims_of,
    explanations_give_the_amounts,
    transfers_balance,
)
from rules_engine.testing.months import months_alone_as_in_the_batch
from rules_engine.testing.strategies import PARTIES, YEAR, experiences

__all__ = ["CHARGED", "RULE", "hold_to_every_law", "holds_to_every_law", "hostile_host"]

RULE: Final = "under_test"
"""Id of the rule with the terms under test, in the contracts of the law kit."""

_MONEY: Final = Type.of(Kind.MONEY)
_ZONES: Final = ("Pacific/Kiritimati", "America/Los_Angeles")
_LOCALES: Final = ("de_DE.UTF-8", "tr_TR.UTF-8", "C.UTF-8", "C")


def _charged_outputs(_: Formula) -> Mapping[str, Output]:
    return {
        name: Output(type=_MONEY, grain="line", meaning=f"{name} of a line")
        for name in ("allowed", "member_share", "withheld", "paid")
    }


CHARGED: Final = Methodology[Formula](
    name="law_kit_charged",
    summary="Allows what a formula says; gives the rule under test lines to work on.",
    terms_schema={
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"allowed": expression_schema("money", "line", title="Allowed", posted=True)},
        "required": ["allowed"],
        "additionalProperties": False,
    },
    read_terms=lambda terms: terms["allowed"],
    outputs=_charged_outputs,
    price=lambda formula: [Step(id="allowed", sets="allowed", expression=formula.expression)],
)
"""Prices the lines that no rule under test prices; the rule is called `care`."""


def holds_to_every_law(
    methodology: Methodology[Any],
    terms: SearchStrategy[Mapping[str, Any]],
    *,
    facts: SearchStrategy[Mapping[str, Sequence[Mapping[str, Any]]]] | None = None,
    beside: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
) -> Callable[[], None]:
    """Give a test that holds a methodology to every common law, for a name like `test_law`.

    The terms stand in the rule `under_test` of a contract whose parties are `payer` (group
    `insurer`) and `PARTIES` (group `providers`). Beside it the rule `care` allows the charge of
    every line that no other rule prices, so that terms may say `sum(care.paid)`. The data has the
    tables `medical_claim`, `member_month`, `premium` and `roster`.

    Args:
        methodology: The record that the plugin offers; it need not be installed.
        terms: Terms as YAML would hold them: texts, int, Decimal, lists and mappings.
        facts: Rows by table; None for `experiences()`.
        beside: More keys of the ruleset, such as `parameters`, `tables` or `entities`.
        files: Text of the files that `tables` names, by path.

    Returns:
        A Hypothesis test without arguments.
    """
    engine = engine_of(methodology, CHARGED)
    # A line's amount is rounded by its formula, and terms are written for one unit; what a
    # methodology pays for member-months is rounded by the core.
    rounds = methodology.price is not None and methodology.price_months is None
    units = [Decimal("0.01")] if rounds else [Decimal("0.01"), Decimal(1)]

    @settings(
        max_examples=max(5, settings().max_examples // 2),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(
        terms=terms,
        facts=experiences() if facts is None else facts,
        unit=st.sampled_from(units),
        mode=st.sampled_from(("half_up", "half_even", "down")),
        seed=st.integers(0, 2**32),
    )
    def test_law(
        terms: Mapping[str, Any],
        facts: Mapping[str, Sequence[Mapping[str, Any]]],
        unit: Decimal,
        mode: str,
        seed: int,
    ) -> None:
        """Transfers sum to zero, lines balance, order and host do not matter, reasons add up."""
        rule = {"id": RULE, "methodology": methodology.name, "source": "law kit", "terms": terms}
        contract = _contract(rule, unit, mode, beside or {}, files or {})
        hold_to_every_law(engine, contract, facts, seed)

    test_law.__name__ = test_law.__qualname__ = f"test_{methodology.name}_keeps_every_law"
    found: Callable[[], None] = test_law
    return found


def _contract(
    rule: Mapping[str, Any],
    unit: Decimal,
    mode: str,
    beside: Mapping[str, Any],
    files: Mapping[str, str],
) -> Contract:
    allowed = (
        "round(coalesce(charge_amount, 12.35), 0)"
        if unit == 1
        else "coalesce(charge_amount, 12.35)"
    )
    care = {"id": "care", "methodology": CHARGED.name, "source": "law kit", "otherwise": True,
            "terms": {"allowed": allowed}}  # fmt: skip
    document = {
        "ruleset": "law_kit", "title": "A contract of the law kit", "version": "1",
        "effective": {"from": YEAR[0], "through": YEAR[1]}, "currency": "USD",
        "rounding": {"to": unit, "mode": mode}, "period": {"length": "year"},
        "parties": {"insurer": ["payer"], "providers": list(PARTIES)},
        **beside,
        "rules": [care, rule, *beside.get("rules", ())],
    }  # fmt: skip
    return Contract(document=document, files=files)


def hold_to_every_law(
    engine: Engine,
    contract: Contract,
    facts: Mapping[str, Sequence[Mapping[str, Any]]],
    seed: int = 0,
) -> None:
    """Hold one contract on given facts to every law.

    Args:
        engine: Knows the methodologies that the contract names.
        contract: The contract.
        facts: Rows by table.
        seed: Decides the order of rows and parties, and which host is tried.

    Raises:
        AssertionError: A law is broken.
    """
    dice = Random(seed)  # noqa: S311  an order, not a secret
    ruleset = contract.load(engine)
    with ruleset.run(_copy(facts), mappings=()) as run:
        transfers_balance(run.ledger.transfers)
        alone_as_in_the_batch(ruleset, run)
        months_alone_as_in_the_batch(ruleset, run)
        explanations_give_the_amounts(ruleset, run)
        amounts = amounts_of(run)
        report = _report(run)
        claims = [(c, run.given(p) if ruleset.needs.given else None) for p, c in claims_of(run)]
    alone = [ruleset.price(claim, given) for claim, given in claims]
    # Loading and running take a moment, so that each example tries one of the two.
    is_again = dice.random() < 0.5  # noqa: PLR2004  half of them
    with hostile_host(dice), ThreadPoolExecutor(4) as threads:
        fresh = contract.load(engine) if is_again else ruleset
        together = list(threads.map(lambda one: fresh.price(*one), [*claims, *claims]))
    assert together == [*alone, *alone], "threads, or the host's settings, change a price"
    if is_again:
        with hostile_host(dice), fresh.run(_copy(facts), mappings=()) as again:
            assert _report(again) == report, "a second run, on another host, differs"
            assert amounts_of(again) == amounts, "a second run, on another host, differs"
        return
    shuffled = {name: dice.sample(list(rows), len(rows)) for name, rows in facts.items()}
    with _shuffled(contract, dice).load(engine).run(shuffled, mappings=()) as other:
        assert amounts_of(other) == amounts, "the order of rows or of parties changes an amount"


def _copy(
    facts: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, list[dict[str, Any]]]:
    return {name: [dict(row) for row in rows] for name, rows in facts.items()}


def _report(run: Run) -> dict[str, Any]:
    """Give the settlement as it is written, without digests of what lies outside of it."""
    return settlement_json(run, {})


def _shuffled(contract: Contract, dice: Random) -> Contract:
    document = dict(contract.document)
    groups = list(document["parties"].items())
    dice.shuffle(groups)
    document["parties"] = {
        name: dice.sample(found, len(found)) if isinstance(found, list) else found
        for name, found in groups
    }
    return Contract(document=document, files=contract.files)


@contextmanager
def hostile_host(dice: Random) -> Iterator[None]:
    """Set what a host may have set: decimals of three digits, another zone, another locale."""
    zone, spoken = os.environ.get("TZ"), locale.setlocale(locale.LC_ALL)
    try:
        os.environ["TZ"] = dice.choice(_ZONES)
        _tell_zone()
        for name in _LOCALES:
            try:
                locale.setlocale(locale.LC_ALL, name)
            except locale.Error:  # this host does not speak it
                continue
            break
        with localcontext(Context(prec=3, rounding=ROUND_UP)):
            yield
    finally:
        locale.setlocale(locale.LC_ALL, spoken)
        if zone is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = zone
        _tell_zone()


def _tell_zone() -> None:
    if hasattr(time, "tzset"):  # Windows has none
        time.tzset()
