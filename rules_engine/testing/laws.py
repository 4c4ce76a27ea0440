"""The laws that every run keeps, each as one function that raises where it is broken."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from rules_engine.engine import Ruleset, Run
from rules_engine.ledger import Transfer
from rules_engine.pricing.explain import explain_lines
from rules_engine.pricing.given import Given
from rules_engine.pricing.priced import PricedClaim, PricedLine, RejectedLine
from rules_engine.testing.judge import judge
from rules_engine.testing.months import priced_months_of

__all__ = [
    "alone_as_in_the_batch",
    "amounts_of",
    "claims_of",
    "explanations_give_the_amounts",
    "lines_balance",
    "lines_of",
    "transfers_balance",
]

_AMOUNTS: Final = ("allowed_amount", "member_amount", "withheld_amount", "paid_amount")


def transfers_balance(transfers: Sequence[Transfer], pools: Sequence[str] = ()) -> None:
    """Law 1: what is moved sums to zero, and nothing is left in a pool.

    Args:
        transfers: All transfers of a run.
        pools: Accounts that have to be empty; those whose name ends with `.pool` always.

    Raises:
        AssertionError: The law is broken.
    """
    balances: dict[str, int] = {}
    for one in transfers:
        assert one.amount.cents > 0, f"{one} moves nothing, or backwards"
        balances[one.source] = balances.get(one.source, 0) - one.amount.cents
        balances[one.target] = balances.get(one.target, 0) + one.amount.cents
    assert sum(balances.values()) == 0, f"balances do not sum to zero: {balances}"
    for account, cents in balances.items():
        if account.endswith(".pool") or account in pools:
            assert cents == 0, f"{account} is left with {cents} cents"


def lines_balance(claim: PricedClaim) -> None:
    """Law 3: charge = paid + adjustments, per line and per claim, as an 835 balances.

    Where the claim states no charge, allowed = paid + adjustments.

    Raises:
        AssertionError: The law is broken.
    """
    charged = paid = taken = Fraction(0)
    for line in claim.priced:
        whole = line.allowed if line.charge is None else line.charge
        adjusted = sum((Fraction(a.amount) for a in line.adjustments), Fraction(0))
        assert Fraction(whole) == Fraction(line.paid) + adjusted, f"{line} does not balance"
        assert all(a.amount for a in line.adjustments), f"{line} has an adjustment of nothing"
        shares = {"member_share": line.member_share, "withheld": line.withheld}
        for name, amount in shares.items():
            assert not amount or line.adjustments, f"{name} of {line} stands in no adjustment"
        charged += Fraction(whole)
        paid += Fraction(line.paid)
        taken += adjusted
    assert charged == paid + taken, f"claim {claim.claim_id} does not balance"
    assert Fraction(claim.paid) == paid, f"claim {claim.claim_id} pays {claim.paid}, not {paid}"


def alone_as_in_the_batch(ruleset: Ruleset, run: Run) -> int:
    """Law 4: a claim priced alone, knowing what the batch knew of its member, is the batch's claim.

    Returns:
        How many lines were compared.

    Raises:
        AssertionError: The law is broken.
    """
    batch = lines_of(run)
    sites = list(run.sites)
    later = {
        rule.id: rule.step.sets
        for rule in ruleset.plan.later
        if rule.step.sets in {"adjustment", "member_share", "withheld"}
    }
    compared = 0
    for claim, _, alone in _alone(ruleset, run, batch):
        lines_balance(alone)
        for line in alone.lines:
            found = batch[claim["claim_id"], line.claim_line_number]
            assert _of_line(line, later) == _of_batch(found, sites, later), (
                f"{claim}: {line} is {found}"
            )
            compared += 1
    assert compared == len(batch), f"the batch has {len(batch)} lines, its claims {compared}"
    return compared


def _alone(
    ruleset: Ruleset, run: Run, batch: Mapping[tuple[str, int], Mapping[str, Any]]
) -> Iterator[tuple[dict[str, Any], Given, PricedClaim]]:
    """Price each claim alone, knowing its member and what has run up before it."""
    run_up: dict[Any, Decimal] = {}
    for person, claim in _in_turn(claims_of(run), batch):
        tables = run.given(person).tables if ruleset.needs.given else {}
        given = Given(tables, dict(run_up))
        priced = ruleset.price(claim, given)
        run_up |= priced.given_after
        yield claim, given, priced


def _in_turn(
    claims: Iterator[tuple[str, dict[str, Any]]], batch: Mapping[tuple[str, int], Mapping[str, Any]]
) -> list[tuple[str, dict[str, Any]]]:
    """Order claims as running sums read them: by sequence, first day and id."""

    def turn(found: tuple[str, dict[str, Any]]) -> tuple[Any, ...]:
        claim = found[1]
        sequences = [n for line in claim["lines"] if (n := line.get("sequence")) is not None]
        of_batch = [batch[claim["claim_id"], line["claim_line_number"]] for line in claim["lines"]]
        days = [day for line in of_batch if (day := line["service_date"]) is not None]
        return (
            not sequences,
            min(sequences, default=0),
            min(days, default=date.max),
            claim["claim_id"],
        )

    return sorted(claims, key=turn)


def explanations_give_the_amounts(ruleset: Ruleset, run: Run) -> int:
    """Law 11: the steps of every explanation, computed by another evaluator, give what was posted.

    Returns:
        How many steps were computed again.

    Raises:
        AssertionError: The law is broken.
    """
    unit = ruleset.bound.declaration.rounding.unit
    judged = 0
    for one in run.settlements:
        judged += judge(one.explained, unit)
        said = {abs(Fraction(s.value)) for s in one.explained if isinstance(s.value, Fraction)}
        for moved in one.transfers:
            amount = moved.amount.as_fraction()
            assert amount in said, f"no step of {one.rule} gives the {amount} of {moved}"
    for claim, given, priced in _alone(ruleset, run, lines_of(run)):
        explained = explain_lines(ruleset.plan, ruleset.indexes, claim, priced, given)
        for line in priced.priced:
            steps = explained[line.claim_line_number]
            judged += judge(steps, Fraction(1, 100))
            assert steps[-1].value == Fraction(line.paid), f"{line} is explained as {steps[-1]}"
        tree = ruleset.explain_claim(claim, given)
        # An explanation separates thousands, and a claim without any price is rejected.
        plain = tree.value.replace(",", "")
        expected = str(priced.paid) if any(priced.priced) else "rejected"
        assert plain == expected, f"{claim['claim_id']} pays {priced.paid}, not {tree.value}"
    return judged


def _of_line(line: PricedLine | RejectedLine, later: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(line, RejectedLine):
        return {"reject": (line.code, line.rule, line.reason, line.place)}
    amounts: dict[str, Decimal | None] = dict.fromkeys(later, Decimal(0))
    for one in line.adjustments:
        if one.carc == "45" and one.rule == line.rule:
            continue
        amounts[one.rule] = one.amount
    contractual = None if line.charge is None else Fraction(line.charge) - Fraction(line.allowed)
    return {
        "rule": line.rule,
        "charge_amount": line.charge,
        "allowed_amount": line.allowed,
        "member_amount": line.member_share,
        "withheld_amount": line.withheld,
        "paid_amount": line.paid,
        "contractual_adjustment": contractual,
        "taken": amounts,
    }


def _of_batch(
    found: Mapping[str, Any], sites: Sequence[Any], later: Mapping[str, str]
) -> dict[str, Any]:
    if found["reject"] is not None:
        site = sites[found["reject"]]
        empty = [name for name in ("rule", *_AMOUNTS) if found[name] is not None]
        assert not empty, f"a rejected line has {empty}: {found}"
        return {"reject": (site.code, site.rule, site.message, site.place)}
    names = {"member_share": "member_amount", "withheld": "withheld_amount"}
    taken = {
        rule: found.get(f"{rule}_amount", found.get(names.get(stage, "")))
        for rule, stage in later.items()
    }
    kept = ("rule", "charge_amount", "contractual_adjustment", *_AMOUNTS)
    return {name: found[name] for name in kept} | {"taken": taken}


def lines_of(run: Run) -> dict[tuple[str, int], dict[str, Any]]:
    """Give the priced lines of a run by claim and line."""
    if run.query is None:
        return {}
    cursor = run.connection.execute("SELECT * FROM priced_line ORDER BY ALL")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    found = {(row["claim_id"], row["claim_line_number"]): row for row in rows}
    assert len(found) == len(rows), "a line was priced twice"
    return found


def claims_of(run: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each claim that the batch read, as `price` takes it, with its person."""
    cursor = run.connection.execute(
        "SELECT * FROM medical_claim ORDER BY claim_id, claim_line_number"
    )
    names = [column[0] for column in cursor.description]
    blank = dict.fromkeys(run.ruleset.needs.claim)
    claims: dict[str, list[dict[str, Any]]] = {}
    for values in cursor.fetchall():
        row = {**blank, **dict(zip(names, values, strict=True))}
        claims.setdefault(row["claim_id"], []).append(row)
    for claim_id, lines in claims.items():
        yield lines[0]["person_id"], {"claim_id": claim_id, "lines": lines}


def amounts_of(run: Run) -> dict[str, Any]:
    """Give every amount that a run decides, in an order that no input decides."""
    return {
        "lines": {
            key: {name: value for name, value in row.items() if name != "reject"}
            | {"why": None if row["reject"] is None else _why(run, row["reject"])}
            for key, row in sorted(lines_of(run).items())
        },
        "months": priced_months_of(run),
        "outputs": {
            (one.rule, one.key, one.period.label): dict(one.outputs) for one in run.settlements
        },
        "transfers": sorted(
            (t.rule, t.key, t.period, t.source, t.target, t.amount.cents, t.reason)
            for t in run.ledger.transfers
        ),
    }


def _why(run: Run, number: int) -> tuple[str, str, str]:
    site = list(run.sites)[number]
    return site.code, site.rule, site.message
