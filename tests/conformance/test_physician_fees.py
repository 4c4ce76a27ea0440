"""Medicare's physician fees of 2020: the published fees are met to the cent by a ruleset."""

import csv
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from rules_engine import Engine
from rules_engine.engine.ruleset import Ruleset
from rules_engine.engine.run import Run
from rules_engine.pricing.priced import PricedLine
from tests.conformance.oracles import ROOT, published

SERVICES = "CY2020_Ohio_PFS_levelII.csv"
# Claims of both places are made by the mappings; the file has a fee for each.
PLACES = {"office": "published_nonfacility_fee", "facility": "published_facility_fee"}


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    """The ruleset that is held against the published fees."""
    return Engine().load(ROOT / "rulesets" / "medicare-physician-fees" / "ruleset.yaml")


@pytest.fixture(scope="module")
def services() -> list[dict[str, str]]:
    """The published file."""
    with (published("pfs") / SERVICES).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def priced(ruleset: Ruleset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One claim for each service and place."""
    with ruleset.run(published("pfs"), out=tmp_path_factory.mktemp("pfs")) as made:
        yield made


def fees(made: Run) -> dict[str, Decimal]:
    """Give what is allowed, by claim."""
    found = made.connection.execute("SELECT claim_id, allowed_amount FROM priced_line").fetchall()
    return dict(found)


def test_every_published_fee_is_met_to_the_cent(
    priced: Run, services: list[dict[str, str]]
) -> None:
    """All services of the file, in a facility and elsewhere."""
    expected = {
        f"{place}-{row['hcpcs']}-{row['modifier']}": Decimal(row[column])
        for row in services
        for place, column in PLACES.items()
    }
    assert fees(priced) == expected
    assert len(expected) == len(PLACES) * len(services) > 0
    assert priced.rejects_count == 0


def test_no_published_fee_is_read(
    ruleset: Ruleset, priced: Run, services: list[dict[str, str]], tmp_path: Path
) -> None:
    """With the published columns blank, the output is the same."""
    shutil.copytree(published("pfs"), tmp_path / "data", copy_function=shutil.copyfile)
    # The folder's own mode may forbid to write.
    (tmp_path / "data").chmod(0o755)
    with (tmp_path / "data" / SERVICES).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(services[0]), lineterminator="\n")
        writer.writeheader()
        for row in services:
            blank = {name: "" for name in row if name.startswith("published")}
            assert len(blank) == len(PLACES)
            writer.writerow(row | blank)
    query = "SELECT * FROM priced_line ORDER BY claim_id, claim_line_number"
    with ruleset.run(tmp_path / "data", out=tmp_path / "out") as made:
        assert (
            made.connection.execute(query).fetchall() == priced.connection.execute(query).fetchall()
        )
        assert made.files["rejects.csv"].read_bytes() == priced.files["rejects.csv"].read_bytes()
        assert made.files["pricing.sql"].read_bytes() == priced.files["pricing.sql"].read_bytes()


def test_a_claim_alone_is_paid_as_in_the_batch(ruleset: Ruleset, priced: Run) -> None:
    """Relative values and indices are given beside the claim, as the batch read them."""
    given = priced.given("made-up")
    cursor = priced.connection.execute("SELECT * FROM medical_claim ORDER BY claim_id")
    names = [column[0] for column in cursor.description]
    expected = fees(priced)
    # Every eighth claim, because each price reads all that is given.
    for values in cursor.fetchall()[::8]:
        claim = dict(zip(names, values, strict=True))
        (line,) = ruleset.price(claim, given).lines
        assert isinstance(line, PricedLine)
        assert line.allowed == expected[claim["claim_id"]]
