"""Laws 4 and 11 for traces and streams: they change no price, and say what the others say."""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_UP, Context, Decimal, Inexact, Rounded, getcontext, localcontext
from itertools import count
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules_engine import Engine, PricedLine, RejectedLine, Ruleset
from rules_engine.pricing.explain import explain_lines
from rules_engine.pricing.given import Given
from rules_engine.testing import Contract
from rules_engine.testing.laws import claims_of, lines_of
from tests.laws.contracts import FIRST, ROSTER, D, claim_lines, claims, contract, contracts

ENGINE = Engine()
KNOWN = Given({"roster": ROSTER}, accumulators={})


def _claims(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["claim_id"], []).append(row)
    for claim_id, lines in found.items():
        yield {"claim_id": claim_id, "lines": lines}


STAY = {"id": "stay", "methodology": "fee_schedule", "source": "exhibit stay"}
KEPT = {"id": "kept", "methodology": "fee_schedule", "source": "exhibit kept"}
FACTOR = "round(remaining * lookup(sites.factor, place_of_service_code), 2)"
REFUSED_LATER = contract(
    [
        {**STAY, "terms": {"per": "claim", "allowed": "charge_amount"}},
        {**KEPT, "terms": {"withheld": {"amount": FACTOR}}},
    ]
)
BLANK = dict.fromkeys(claim_lines(0, 1)[0]) | {"claim_id": "c", "claim_line_start_date": FIRST}


@settings(max_examples=settings().max_examples // 2)
@given(contracts() | contracts(joint=True), claims())
@example(  # the first line, by which the claim is paid, has no price itself
    REFUSED_LATER,
    [
        {**BLANK, "claim_line_number": number, "charge_amount": D("10.01"),
         "place_of_service_code": place}
        for number, place in enumerate(("99", "11", "21"), 1)
    ],
)  # fmt: skip
def test_a_trace_changes_no_price_and_says_what_the_exact_evaluator_says(
    found: Contract, rows: list[dict[str, Any]]
) -> None:
    """Every step has the amount and the inputs that exact rationals give, computed on their own."""
    ruleset = found.load(ENGINE)
    for claim in _claims(rows):
        priced = ruleset.price(claim, KNOWN)
        traced = ruleset.price(claim, KNOWN, trace=True)
        assert traced == priced
        assert [trace.line for trace in traced.traces] == list(priced.lines)
        tree = ruleset.explain_claim(claim, KNOWN)
        explained = explain_lines(ruleset.plan, ruleset.indexes, claim, priced, KNOWN)
        for trace, child in zip(traced.traces, tree.children, strict=True):
            if isinstance(trace.line, PricedLine):
                assert trace.steps == explained[trace.line.claim_line_number]
            assert trace.render() == child.render()
            assert trace.as_json() == child.as_json()


def _texts(row: Mapping[str, Any]) -> dict[str, Any]:
    """Write every value as text, as a reader of CSV files gives it."""
    return {name: None if value is None else _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


@settings(max_examples=settings().max_examples // 2)
@given(contracts(), claims(), st.sampled_from((dict, _texts)))
def test_a_stream_of_rows_is_the_batch_and_the_claims(
    contract: Contract,
    lines: list[dict[str, Any]],
    written: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> None:
    """Each row has the columns and values of the batch's line, and the reason of the claim's."""
    ruleset = contract.load(ENGINE)
    with ruleset.run({"medical_claim": lines, "roster": list(ROSTER)}, mappings=()) as run:
        batch, sites = lines_of(run), list(run.sites)
        claims = [claim for _, claim in claims_of(run)]
    alone = {
        (claim["claim_id"], line.claim_line_number): line
        for claim in claims
        for line in ruleset.price(claim, KNOWN).lines
    }
    rows = [written(row) for claim in claims for row in claim["lines"]]
    found = list(ruleset.price_rows(iter(rows), KNOWN))
    keys = [(row["claim_id"], row["claim_line_number"]) for row in found]
    assert keys == [(row["claim_id"], int(row["claim_line_number"])) for row in rows]
    assert len(found) == len(batch) == len(alone)
    for key, row in zip(keys, found, strict=True):
        expected = batch[key]
        number = expected.pop("reject")
        site = None if number is None else sites[number]
        assert row["reject"] == (site and site.code)
        assert row["reject_rule"] == (site and site.rule)
        assert row["reject_reason"] == (site and site.message)
        assert {name: row[name] for name in expected} == expected
        line = alone[key]
        assert row["reject_detail"] == (line.detail if isinstance(line, RejectedLine) else None)


@settings(max_examples=settings().max_examples // 2)
@given(contracts(joint=True), st.integers(0, 2**32))
def test_a_stream_of_rows_is_one_claim_after_the_other(contract: Contract, seed: int) -> None:
    """What has run up goes from claim to claim, and lines know of the others of their claim."""
    ruleset = contract.load(ENGINE)
    rows = claim_lines(seed, 12)
    found = list(ruleset.price_rows(rows, KNOWN))
    run_up: dict[Any, Decimal] = {}
    expected = []
    for claim in _claims(rows):
        priced = ruleset.price(claim, Given({"roster": ROSTER}, accumulators=dict(run_up)))
        run_up |= priced.given_after
        expected += [_told(line) for line in priced.lines]
    assert [_told_by_row(row) for row in found] == expected


def _told(line: PricedLine | RejectedLine) -> tuple[object, ...]:
    if isinstance(line, RejectedLine):
        reason = (line.code, line.rule, line.reason, line.detail, line.place)
        return line.claim_line_number, *reason
    amounts = (line.charge, line.allowed, line.member_share, line.withheld, line.paid)
    return line.claim_line_number, line.rule, *amounts


def _told_by_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    reasons = ("reject", "reject_rule", "reject_reason", "reject_detail", "reject_place")
    amounts = ("allowed_amount", "member_amount", "withheld_amount", "paid_amount")
    names = ("rule", "charge_amount", *amounts) if row["reject"] is None else reasons
    return row["claim_line_number"], *(row[name] for name in names)


def test_a_stream_reads_one_row_ahead() -> None:
    """A stream without end gives the first claim as soon as the second one begins."""
    ruleset = REFUSED_LATER.load(ENGINE)
    read = count()
    rows = ({**BLANK, "claim_id": f"c{number}", "claim_line_number": 1} for number in read)
    found = ruleset.price_rows(rows)
    assert [next(found)["claim_id"] for _ in range(3)] == ["c0", "c1", "c2"]
    assert next(read) == len(["c0", "c1", "c2", "c3"])


@given(contracts(), st.integers(0, 2**32), st.data())
def test_lines_that_share_a_number_are_refused_in_a_stream_as_in_a_claim(
    contract: Contract, seed: int, data: st.DataObject
) -> None:
    """A stream gives what `price` gives for the same lines, whichever of them come twice."""
    ruleset = contract.load(ENGINE)
    rows = claim_lines(seed, 6)
    for claim in _claims(rows):
        again = data.draw(st.lists(st.sampled_from(claim["lines"]), max_size=2))
        claim["lines"] = [*claim["lines"], *again]
        priced = ruleset.price(claim, KNOWN)
        found = list(ruleset.price_rows(claim["lines"], KNOWN))
        assert len(found) == len(priced.lines)
        for row, line in zip(found, priced.lines, strict=True):
            assert _told_by_row(row) == _told(line)


@settings(max_examples=settings().max_examples // 4)
@given(contracts(), st.integers(0, 2**32))
def test_neither_the_decimal_context_of_the_host_nor_its_threads_matter(
    contract: Contract, seed: int
) -> None:
    """A host may compute with three digits, round up and trap everything, in several threads."""
    rows = claim_lines(seed, 6)
    texts = [_texts(row) for row in rows]
    host = Context(prec=3, rounding=ROUND_UP, traps=[Inexact, Rounded])
    plain, strange = contract.load(ENGINE), contract.load(ENGINE)

    def everything(ruleset: Ruleset) -> tuple[object, ...]:
        traced = [ruleset.price(claim, KNOWN, trace=True) for claim in _claims(rows)]
        told = [trace.render() for one in traced for trace in one.traces]
        return (
            traced,
            told,
            list(ruleset.price_rows(rows, KNOWN)),
            [*ruleset.price_rows(texts, KNOWN)],
        )

    def hosted(_: int) -> tuple[object, ...]:
        with localcontext(host) as own:
            found = everything(strange)
            assert getcontext() is own
            assert not any(own.flags.values())
        return found

    expected = everything(plain)
    with ThreadPoolExecutor(3) as pool:
        assert all(
            _placeless(found) == _placeless(expected) for found in pool.map(hosted, range(3))
        )
    assert list(plain.pricer.sites) == list(strange.pricer.sites)


def _placeless(found: object) -> str:
    """Write what was found without the folder that its contract was written into."""
    return re.sub(r"/[^ ]*ruleset.yaml", "ruleset.yaml", repr(found))
