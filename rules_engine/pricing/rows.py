"""A stream of rows, priced claim by claim in the order in which they come."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rules_engine.expressions.closure import Reject
from rules_engine.pricing.claim_lines import ClaimLines
from rules_engine.pricing.function import Row
from rules_engine.pricing.running import Sums

__all__ = ["price_stream"]


def price_stream(
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
    try:
        for row in rows:
            if claim and row["claim_id"] == claim_id:
                claim.append(row)
                continue
            if lines.is_simple and (len(claim) == 1 or not lines.twice(claim)):
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
        yield from lines.priced(claim, given, sums)
    except KeyError:
        complain([*claim, row])
        raise
