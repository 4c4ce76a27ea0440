"""Threads and engines share nothing that changes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rules_engine import Engine

VIVITY = Path(__file__).resolve().parents[2] / "rulesets" / "vivity" / "ruleset.yaml"


def test_threads_that_share_a_ruleset_get_the_same_prices() -> None:
    """The function that prices is made once, whoever asks first."""
    ruleset = Engine().load(VIVITY)
    absent = dict.fromkeys(ruleset.needs.claim)

    def paid(number: int) -> str:
        line = {
            **absent,
            "claim_id": f"c{number}",
            "claim_line_number": 1,
            "claim_type": "professional",
            "party": "pih_health",
            "claim_line_start_date": "2015-03-02",
            "hcpcs_code": "G0463",
            "service_unit_quantity": number,
            "charge_amount": "10000.00",
        }
        return str(ruleset.price({**line, "lines": [line]}).paid)

    numbers = [1 + place % 7 for place in range(200)]
    expected = {number: paid(number) for number in range(1, 8)}
    fresh = Engine().load(VIVITY)
    ruleset = fresh
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(paid, numbers))
    assert found == [expected[number] for number in numbers]
    assert len(set(expected.values())) == 7
