"""Medicare's county costs: a benchmark of all counties is what the published rows add up to."""

import csv
import gzip
from fractions import Fraction
from pathlib import Path

import pytest

from rules_engine import Engine
from tests.conformance.oracles import published

FOLDER = Path(__file__).with_name("county")
TYPES = {
    "esrd": "ESRD",
    "disabled": "DISABLED",
    "aged_dual": "AGED/DUAL",
    "aged_non_dual": "AGED/NON-DUAL",
}


def test_the_national_cost_is_the_mean_of_the_counties() -> None:
    """By person-years, for each enrolment type and in total, as an exact fraction."""
    data = published("mssp")
    file = data / "PY2018_county_FFS_benchmark_PUF.csv.gz"
    if not file.is_file():
        pytest.skip(f"{file.name} does not lie among the published results")
    with gzip.open(file, "rt", encoding="utf-8-sig") as rows:
        counties = [{k.strip(): v.strip() for k, v in row.items()} for row in csv.DictReader(rows)]
    spent = dict.fromkeys(TYPES, Fraction(0))
    years = dict.fromkeys(TYPES, Fraction(0))
    for county in counties:
        for name, shown in TYPES.items():
            cost, many = (
                county[f"Per capita {shown} expenditures"],
                county[f"{shown} person-years"],
            )
            if cost.replace(".", "", 1).isdigit() and many.replace(".", "", 1).isdigit():
                spent[name] += Fraction(cost) * Fraction(many)
                years[name] += Fraction(many)
    mappings = [FOLDER / f"{name}.yaml" for name in TYPES]
    with Engine().load(FOLDER / "ruleset.yaml").run(data, mappings=mappings) as run:
        outputs = run.settled("regional").outputs
    for name in TYPES:
        assert outputs[f"benchmark_{name}"] == spent[name] / years[name], name
    assert outputs["person_years"] == sum(years.values())
    assert outputs["per_person_year"] == sum(spent.values()) / sum(years.values())
