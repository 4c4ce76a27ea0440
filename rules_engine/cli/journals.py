"""`rules-engine journal`: what was posted, what each account holds, and why it was changed."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rules_engine.cli.misuse import MisuseError, shown_path
from rules_engine.cli.output import aligned, amount, counted, format_option, write, write_json
from rules_engine.ledger import Money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules_engine.ledger.journal import Entry, Journal, Posted, Reason, Verified

_HASH = 64


@click.command()
@click.argument("place", metavar="FILE")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Only what was known by this day.",
)
@click.option("--verify", "only_verify", is_flag=True, help="Check every byte of it instead.")
@click.option(
    "--expect",
    metavar="HASH",
    help="With --verify: a hash that was once its last; entries cut off after it are noticed.",
)
@format_option
@click.pass_context
def journal(
    ctx: click.Context,
    *,
    place: str,
    as_of: datetime | None,
    only_verify: bool,
    expect: str | None,
    form: str,
) -> None:
    """Show a journal: balances, and every entry with its difference and reasons.

    FILE is what `run --journal` wrote, or the URL of a PostgreSQL database. The exit code is 1
    when --verify finds a fault.
    """
    if expect is not None and not only_verify:
        message = "--expect asks for --verify, which looks for the hash"
        raise MisuseError(message)
    if expect is not None and (len(expect) != _HASH or set(expect) - set("0123456789abcdef")):
        message = f"--expect is {expect}; the {_HASH} digits of a hash may stand there"
        raise MisuseError(message)
    from rules_engine.ledger.journal import verify  # noqa: PLC0415  it loads SQLite

    with opened_journal(place, create=False) as found:
        if only_verify:
            verified = verify(found, expect)
            if form == "json":
                write_json(_verified_json(verified))
            else:
                write(_verified_text(place, verified))
            ctx.exit(1 if verified.faults else 0)
        day = None if as_of is None else as_of.date()
        number, head = found.head()
        entries = list(found.entries(day))
        balances = found.balances(day)
    if form == "json":
        write_json(
            {
                "as_of": day,
                "last": number,
                "head": head,
                "balances": balances,
                "entries": [entry.as_json() for entry in entries],
            }
        )
        return
    known = "" if day is None else f" known by {day}"
    write(f"{counted(len(entries), 'entry', 'entries')}{known}; {_head_text(number, head)}")
    rows = [(account, amount(balance)) for account, balance in balances.items()]
    if rows:
        write("balances")
        write(aligned(rows, right={1}))
    for entry in entries:
        write("\n".join(_entry_lines(entry)))


def opened_journal(place: str, *, create: bool) -> "Journal":
    """Open a journal that a user named.

    Raises:
        MisuseError: There is none, or it cannot be opened.
    """
    from rules_engine.ledger.journal import JournalError, open_journal  # noqa: PLC0415  it loads SQLite

    try:
        return open_journal(place, create=create)
    except JournalError as error:
        raise MisuseError(str(error)) from error


def posted_text(done: "Posted", place: str) -> str:
    """Write what became of a run's postings."""
    where = place if "://" in place else shown_path(Path(place))
    parts = [
        f"{counted(done.written, 'entry', 'entries')} written",
        f"{done.corrected:,} corrected",
        f"{done.reversed:,} reversed",
        f"{done.unchanged:,} unchanged",
    ]
    lines = [f"journal {_public(where)}", f"  {', '.join(parts)}"]
    net = [(account, _cents(cents, done.currency)) for account, cents in done.net.items()]
    if net:
        lines.append(aligned(net, right={1}))
    return "\n".join([*lines, f"  {_head_text(done.last, done.head)}"])


def posted_json(done: "Posted", place: str) -> dict[str, Any]:
    """Give what became of a run's postings as a JSON object."""
    return {
        "journal": _public(place),
        "written": done.written,
        "corrected": done.corrected,
        "reversed": done.reversed,
        "unchanged": done.unchanged,
        "net": {a: Money(cents, done.currency) for a, cents in done.net.items()},
        "last": done.last,
        "head": done.head,
    }


def _public(place: str) -> str:
    """Leave the password of a URL out of what is printed."""
    scheme, split, rest = place.partition("://")
    if not split:
        return place
    user, at, host = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}{at}{host}"


def _head_text(number: int, head: str) -> str:
    return f"last entry {number:,}, hash {head}" if number else "no entry yet"


def _cents(cents: int, currency: str) -> str:
    return amount(Money(cents, currency))


def _moves(moves: "Mapping[str, int]", currency: str) -> str:
    shown = (f"{account} {_cents(cents, currency)}" for account, cents in sorted(moves.items()))
    return ", ".join(shown) or "no money"


def _entry_lines(entry: "Entry") -> Iterator[str]:
    key = entry.key
    name = " ".join([key.rule, *key.grain, key.service.label])
    yield (
        f"{entry.number} {name} version {entry.version}, known {entry.known_at},"
        f" posted {entry.posted_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    if entry.version > 1:
        what = "reverses and replaces" if entry.transfers else "reverses"
        yield f"  {what} version {entry.version - 1}"
    yield f"  {_moves(entry.moves, entry.currency)}"
    for reason in entry.reasons:
        yield f"    {_reason_text(reason)}: {_moves(reason.moves, entry.currency)}"


def _reason_text(reason: "Reason") -> str:
    """Write a row that made a difference, and what of it is another than before."""
    if not reason.row:
        return f"{reason.change}: {reason.table}" if reason.change == "other" else reason.table
    named = " ".join(f"{name}={value}" for name, value in reason.row.items())
    parts = [f"{reason.table} row {named} {reason.change}"]
    if reason.change == "changed":
        names = [n for n in reason.after if reason.after[n] != reason.before.get(n)]
        names += [n for n in reason.before if n not in reason.after]
        said = (
            f"{n} {reason.before.get(n, 'absent')} to {reason.after.get(n, 'absent')}"
            for n in names
        )
        parts.append(f"({', '.join(said)})")
    return " ".join(parts)


def _verified_text(place: str, found: "Verified") -> str:
    if not found.faults:
        return (
            f"{_public(place)} is as it was written: "
            f"{counted(found.entries, 'entry', 'entries')}; {_head_text(found.entries, found.head)}"
        )
    lines = [
        f"entry {fault.number}: {fault.message}" if fault.number else fault.message
        for fault in found.faults
    ]
    return "\n".join([f"{_public(place)}: {counted(len(found.faults), 'fault')}", *lines])


def _verified_json(found: "Verified") -> dict[str, Any]:
    return {
        "entries": found.entries,
        "head": found.head,
        "faults": [fault.as_json() for fault in found.faults],
    }
