"""A stream of rows, priced claim by claim in the order in which they come."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rules_engine.expressions.closure import Reject
from rules_engine.pricing.claim_lines import ClaimLines
from rules_engine.pricing.function import Row
from rules_engine.pricing.running import Sums
from rules_engine.pricing.values import LINE_NUMBER_MAX

__all__ = ["price_stream"]

_NO_CLAIM: Final = (None, "")


def price_stream(  # noqa: C901, PLR0912  a line waits for no call that it does not need
    lines: ClaimLines,
    rows: Iterable[Row],
    given: Any,
    complain: Callable[[Sequence[Row]], None],
    sums: Sums | None = None,
) -> Iterator[dict[str, Any]]:
    """Price rows one claim after the other; nothing is kept of a claim once the next one begins.

    Args:
        lines: Prices the lines of a claim, each as a row.
        rows: The lines; those of one claim stand together.
        given: Rows of given tables, indexed.
        complain: Raises what is wrong with rows that lack a column.
        sums: What has run up before the first claim; None where nothing runs.
    """
    price = lines.line
    claim: list[Row] = []
    row: Row = {}
    claim_id: object = None
    # Whether a row of the claim may not tell its claim or its number.
    is_odd = False
    try:
        for row in rows:
            if claim and row["claim_id"] == claim_id:
                claim.append(row)
                is_odd = is_odd or _is_odd(row)
                continue
            if row["claim_id"] in _NO_CLAIM:
                # Of no claim: it ends none, so that the lines around it are still of one.
                if claim:
                    claim.append(row)
                    is_odd = True
                else:
                    yield from lines.unread([row]).values()
                continue
            unread = lines.unread(claim) if is_odd else None
            if unread:
                yield from _others(lines, claim, unread, given, sums)
            elif lines.is_simple and (len(claim) == 1 or not lines.twice(claim)):
                # Lines that know nothing of each other: there is no call in between.
                for one in claim:
                    try:
                        yield price(one, given)
                    except Reject as reject:
                        yield lines.refused(one, reject)
            else:
                yield from lines.priced(claim, given, sums)
            claim = [row]
            claim_id = row["claim_id"]
            is_odd = _is_odd(row)
        yield from _others(lines, claim, lines.unread(claim), given, sums)
    except KeyError:
        complain([*claim, row])
        raise
    except TypeError:
        if isinstance(row, Mapping):
            raise
        msg = f"{row!r} is no row; a mapping with the columns of a claim line may stand there"
        raise TypeError(msg) from None


def _is_odd(row: Row) -> bool:
    number = row["claim_line_number"]
    return number.__class__ is not int or not 0 <= number <= LINE_NUMBER_MAX


def _others(
    lines: ClaimLines,
    claim: Sequence[Row],
    unread: Mapping[int, Any],
    given: Any,
    sums: Sums | None,
) -> list[Any]:
    """Price the rows of a claim that tell their claim and number, as if the others were not."""
    rows = [row for place, row in enumerate(claim) if place not in unread]
    found = iter(lines.priced(rows, given, sums) if rows else ())
    return [unread[place] if place in unread else next(found) for place in range(len(claim))]
