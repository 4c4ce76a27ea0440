"""What a claim and what is known beside it may hold: read as a run reads it, or refused by name."""

from typing import Any

import pytest

from rules_engine import Engine, RejectedLine
from tests.laws.contracts import claim_lines, contract

ENGINE = Engine()
BLANK = dict.fromkeys(claim_lines(0, 1)[0])
PLAIN = contract(
    [{"id": "visit", "methodology": "fee_schedule", "source": "s", "terms": {"allowed": "base"}}]
).load(ENGINE)


def line(number: Any = 1, claim_id: Any = "c", **others: Any) -> dict[str, Any]:
    """Give a line that has a price."""
    head = {"claim_id": claim_id, "claim_line_number": number, "charge_amount": "10.00"}
    return BLANK | head | {"claim_line_start_date": "2015-03-02"} | others


@pytest.mark.parametrize("text", ["20150302", "2015-W10-1", "2015W101", " 2015-03-02", "2015-3-2"])
def test_a_day_is_written_in_one_way(text: str) -> None:
    """Python reads several others, and a run does not."""
    written = line(claim_line_start_date=text)
    with PLAIN.run({"medical_claim": [written]}, mappings=()) as run:
        assert run.rejects_count == 1
    (alone,) = PLAIN.price(written).lines
    (found,) = PLAIN.price_rows([written])
    assert isinstance(alone, RejectedLine)
    assert (alone.code, found["reject"]) == ("RE608", "RE608")
    assert alone.detail == found["reject_detail"] == f"claim_line_start_date = {text}"
