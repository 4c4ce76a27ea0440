"""Summaries: what many settlements come to, where a list of them would be read by nobody."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from rules_engine.cli.output import aligned, amount, counted
from rules_engine.expressions import Kind

if TYPE_CHECKING:
    from rules_engine.engine.run import Run
    from rules_engine.ledger import Money
    from rules_engine.settlement.books import Settled

__all__ = ["moved_text", "settled_text"]

_FEW: Final = 12
"""Settlements of one rule that are listed one by one."""

_OUTPUTS: Final = 20
"""Outputs of a rule that a summary shows; those of money first."""

_ACCOUNTS: Final = 24
"""Accounts that are listed one by one."""

_LARGEST: Final = 5
"""Accounts that a summary names at each end."""


def settled_text(done: "Run") -> str:
    """Write the outputs of a run's settlements: each of a few, and what many come to."""
    by_rule: dict[str, list[Settled]] = {}
    for one in done.settlements:
        by_rule.setdefault(one.rule, []).append(one)
    rows = [row for found in by_rule.values() if len(found) <= _FEW for row in _each(found)]
    parts = [aligned(rows, right={2})] if rows else []
    kinds = {
        rule.id: {name: output.type.kind for name, output in rule.outputs.items()}
        for rule in done.ruleset.rules
    }
    for rule, found in by_rule.items():
        if len(found) > _FEW:
            parts += _summary(rule, found, kinds[rule])
    return "\n".join(parts)


def moved_text(moved: "Mapping[str, Money]") -> str:
    """Write amounts of accounts, above zero what they got: all of a few, else the largest."""
    if len(moved) <= _ACCOUNTS:
        rows = [(account, amount(balance)) for account, balance in moved.items()]
        return aligned(rows, right={1})
    order = sorted(moved, key=lambda account: (moved[account].cents, account))
    chosen = [*reversed(order[-_LARGEST:]), *reversed(order[:_LARGEST])]
    rows = [(account, amount(moved[account])) for account in chosen]
    rows.insert(_LARGEST, ("…", ""))
    return f"{_ends(list(moved.values()))}\n{aligned(rows, right={1})}"


def _ends(moved: "Sequence[Money]") -> str:
    got = [one for one in moved if one.cents > 0]
    paid = [one for one in moved if one.cents < 0]
    return (
        f"  {counted(len(moved), 'account')}: {len(got):,} above zero ({_total(got)} in all),"
        f" {len(paid):,} below ({_total(paid)}); the largest are"
    )


def _total(amounts: "Sequence[Money]") -> str:
    return amount(abs(sum((one.as_fraction() for one in amounts), Fraction(0))))


def _each(found: "Sequence[Settled]") -> Iterator[tuple[str, str, str]]:
    for one in found:
        about = " ".join([one.rule, *one.key, one.period.label])
        for name, value in one.outputs.items():
            if not isinstance(value, Mapping):
                yield about, name, amount(value)


def _summary(rule: str, found: "Sequence[Settled]", kinds: Mapping[str, Kind]) -> Iterator[str]:
    labels = list(dict.fromkeys(one.period.label for one in found))
    when = labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"
    yield f"  {rule} {when}: {counted(len(found), 'settlement')}"
    names = list(dict.fromkeys(name for one in found for name in one.outputs))
    names.sort(key=lambda name: kinds.get(name) is not Kind.MONEY)
    rows = [("output", "have it", "in all", "least", "of", "most", "of")]
    left = 0
    for name in names:
        values = [(value, about) for one in found for value, about in _numbers(one, name)]
        if not values:
            continue
        if len(rows) > _OUTPUTS:
            left += 1
            continue
        is_money = kinds.get(name) is Kind.MONEY
        total = amount(sum((value for value, _ in values), Fraction(0))) if is_money else ""
        least, most = min(values), max(values, key=lambda pair: pair[0])
        ends = (amount(least[0]), least[1], amount(most[0]), most[1])
        rows.append((name, f"{len(values):,}", total, *ends))
    yield aligned(rows, right={1, 2, 3, 5}, indent=4)
    if left:
        yield f"    and {counted(left, 'output')} more"


def _numbers(one: "Settled", name: str) -> Iterator[tuple[Fraction, str]]:
    """Give the numbers of an output, of each party where it has one for each, and whose it is."""
    about = "/".join(one.key) or one.period.label
    value: Any = one.outputs.get(name)
    for party, each in value.items() if isinstance(value, Mapping) else [("", value)]:
        if isinstance(each, Fraction | Decimal | int) and not isinstance(each, bool):
            yield Fraction(each), about if party in {"", about} else f"{about} {party}"
