"""The commands on real rulesets: what they print, and how they end."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rules_engine._resources import folder as resource
from rules_engine.cli import commands

Call = Callable[..., Result]
VIVITY = Path(str(resource("rulesets"))) / "vivity" / "ruleset.yaml"


def _json(done: Result) -> Any:
    """Read what stands on stdout; a float in it would be an amount that lost something."""

    def refuse(text: str) -> None:
        message = f"{text} is a number that readers round"
        raise AssertionError(message)

    return json.loads(done.stdout, parse_float=refuse)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Run the demonstration once, on few members."""
    out = tmp_path_factory.mktemp("demo")
    done = CliRunner().invoke(
        commands, ["demo", "--members", "300", "--out", str(out)], catch_exceptions=False
    )
    return out, done


def test_reference_rulesets_are_valid(call: Call) -> None:
    """Each shipped ruleset validates without an error, and the summary says so."""
    for file in VIVITY.parents[1].glob("*/*.yaml"):
        done = call("validate", file)
        assert done.exit_code == 0, done.stdout
        assert "no errors" in done.stdout.splitlines()[-1]


def test_a_folder_stands_for_its_ruleset(call: Call) -> None:
    """`validate rulesets/vivity` is `validate rulesets/vivity/ruleset.yaml`."""
    assert call("validate", VIVITY.parent).stdout == call("validate", VIVITY).stdout


def test_validation_of_several_rulesets_is_one_json_value(call: Call, folder: Path) -> None:
    """Findings of all rulesets stand in one list, and their counts are of all of them."""
    for name in ("a.yaml", "b.yaml"):
        (folder / name).write_text("ruleset: [\n", encoding="utf-8")
    told = _json(call("validate", "a.yaml", "b.yaml", "ruleset.yaml", "--format", "json"))
    assert [found["file"] for found in told["diagnostics"]] == ["a.yaml", "b.yaml"]
    assert told["errors"] == 2


def test_warnings_fail_only_when_asked(call: Call, folder: Path) -> None:
    """A warning does not stop a ruleset; --strict makes it fail."""
    text = (folder / "ruleset.yaml").read_text(encoding="utf-8")
    later = text.replace("value: 0.50", "values: {2015-07-01: 0.50}")
    (folder / "later.yaml").write_text(later, encoding="utf-8")
    done = call("validate", "later.yaml")
    assert (done.exit_code, "warning[RE214]" in done.stdout) == (0, True)
    assert call("validate", "later.yaml", "--strict").exit_code == 1


def test_the_cases_of_vivity_pass(call: Call) -> None:
    """Every worked case passes, with each amount printed twice."""
    done = call("test", VIVITY)
    assert done.exit_code == 0, done.stdout
    assert re.search(r"\d+ passed, 0 failed\n$", done.stdout)
    assert re.search(r"line 1 paid +expected +205\.32 +found +205\.32", done.stdout)


def test_a_failed_case_shows_both_amounts(call: Call, folder: Path) -> None:
    """A case that expects another amount fails with its place, its note, and both amounts."""
    text = (folder / "ruleset.yaml").read_text(encoding="utf-8")
    (folder / "ruleset.yaml").write_text(text.replace("paid: 50.01", "paid: 50.02"), "utf-8")
    done = call("test", "ruleset.yaml", "--quiet")
    assert done.exit_code == 1
    assert "FAILED  half of the charge" in done.stdout
    assert re.search(r"expected +50\.02 +found +50\.01 +<- differs", done.stdout)
    assert re.search(r"^ +ruleset\.yaml:\d+:\d+$", done.stdout, re.MULTILINE)
    assert "half up 50.01" in done.stdout
    told = _json(call("test", "ruleset.yaml", "--format", "json"))
    (case,) = told["rulesets"][0]["cases"]
    assert (told["failed"], case["passed"]) == (1, False)


def test_one_claim_is_priced(call: Call, folder: Path) -> None:
    """A claim from a file and from standard input have the same price, exact in JSON."""
    done = call("price", "ruleset.yaml", "claim.json", "--format", "json")
    assert done.exit_code == 0, done.output
    (line,) = _json(done)["lines"]
    assert (line["paid"], line["status"]) == ("50.01", "priced")
    content = (folder / "claim.json").read_bytes()
    assert (
        call("price", "ruleset.yaml", "-", "--format", "json", stdin=content).stdout == done.stdout
    )
    text = call("price", "ruleset.yaml", "claim.json").stdout
    assert re.search(r"visits +100\.01 +50\.01 +0\.00 +0\.00 +50\.01 +CO-45 50\.00", text)


@pytest.mark.parametrize("cents", [0, 1, 10_001, 123_456_789])
def test_a_priced_claim_balances(call: Call, folder: Path, cents: int) -> None:
    """Charge = paid + adjustments in what is printed."""
    claim = json.loads((folder / "claim.json").read_text(encoding="utf-8"))
    claim["lines"][0]["charge_amount"] = f"{cents // 100}.{cents % 100:02d}"
    done = call("price", "ruleset.yaml", "-", "--format", "json", stdin=json.dumps(claim).encode())
    (line,) = _json(done)["lines"]
    taken = sum(Decimal(one["amount"]) for one in line["adjustments"])
    assert Decimal(line["charge"]) == Decimal(line["paid"]) + taken


def test_a_rejected_line_says_why(call: Call, folder: Path) -> None:
    """A line outside the contract's dates is rejected with its code, and the exit code is 1."""
    text = (folder / "claim.json").read_text(encoding="utf-8").replace("2015-03", "2016-03")
    (folder / "claim.json").write_text(text, encoding="utf-8")
    done = call("price", "ruleset.yaml", "claim.json")
    assert done.exit_code == 1
    assert re.search(r"line 1: rejected\[RE610\] .*dates", done.stdout)


def test_an_absent_column_is_named(call: Call, folder: Path) -> None:
    """A claim without a column that the rules read is misuse that names the column."""
    claim = json.loads((folder / "claim.json").read_text(encoding="utf-8"))
    del claim["lines"][0]["charge_amount"]
    done = call("price", "ruleset.yaml", "-", stdin=json.dumps(claim).encode())
    assert (done.exit_code, done.stdout) == (2, "")
    assert "charge_amount" in done.stderr


@pytest.mark.usefixtures("folder")
def test_a_claim_is_explained(call: Call) -> None:
    """The tree leads from the paid amount to the charge and the rate."""
    done = call("explain", "ruleset.yaml", "--claim", "claim.json")
    assert done.exit_code == 0, done.output
    assert "50.01" in done.stdout
    assert "charge_amount" in done.stdout
    assert _json(call("explain", "ruleset.yaml", "--claim", "claim.json", "--format", "json"))


@pytest.mark.usefixtures("folder")
def test_a_year_is_settled_and_explained_from_its_folder(call: Call) -> None:
    """What `run` wrote is enough to say why a party has its amount."""
    done = call("run", "ruleset.yaml", "--data", "data", "--out", "out")
    assert done.exit_code == 0, done.output
    assert "2 lines priced" in done.stdout
    why = ("explain", "ruleset.yaml", "--result", "out", "--rule", "savings")
    whole = call(*why)
    assert whole.exit_code == 0, whole.output
    # 100.00 of premiums less 50.01 and 10.00 of care.
    assert "39.99" in whole.stdout
    part = _json(call(*why, "--party", "plan", "--period", "2015", "--format", "json"))
    assert part["value"] == "13.33"
    for wrong in (("--party", "nobody"), ("--period", "2016"), ("--key", "x")):
        refused = call(*why, *wrong)
        assert (refused.exit_code, refused.stdout) == (2, "")
    assert call("explain", "ruleset.yaml", "--result", "data", "--rule", "savings").exit_code == 2


def test_a_changed_ruleset_is_said(call: Call, folder: Path) -> None:
    """A result of an earlier text is explained as it was settled, with a note on stderr."""
    assert call("run", "ruleset.yaml", "--data", "data", "--out", "out").exit_code == 0
    text = (folder / "ruleset.yaml").read_text(encoding="utf-8")
    (folder / "ruleset.yaml").write_text(text.replace("0.50}", "0.60}"), encoding="utf-8")
    done = call("explain", "ruleset.yaml", "--result", "out", "--rule", "savings")
    assert "39.99" in done.stdout
    assert "has changed since" in done.stderr
    (folder / "other.yaml").write_text(text.replace("ruleset: small", "ruleset: other"), "utf-8")
    assert call("explain", "other.yaml", "--result", "out", "--rule", "savings").exit_code == 2


def test_rejected_rows_are_a_finding_unless_allowed(call: Call, folder: Path) -> None:
    """A row that does not read stops no other row; the exit code says that it is there."""
    with (folder / "data" / "medical_claim.csv").open("a", encoding="utf-8") as file:
        file.write("c3,1,professional,m1,2015-05-02,ten\n")
    command = ("run", "ruleset.yaml", "--data", "data", "--format", "json")
    done = call(*command)
    assert done.exit_code == 1
    told = _json(done)
    assert (told["rejects"], told["summary"]["lines_priced"]) == (1, 2)
    assert call(*command, "--allow-rejects").exit_code == 0


@pytest.mark.usefixtures("folder")
def test_balances_sum_to_zero(call: Call) -> None:
    """What is printed for programs is a whole ledger."""
    told = _json(call("run", "ruleset.yaml", "--data", "data", "--format", "json"))
    assert told["balances"]
    assert sum(map(Fraction, told["balances"].values())) == 0


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--period", "2016"), "2016"),
        (("--period", "never"), "never"),
        (("--as-year", "2016"), "--year"),
        (("--known-at", "soon"), "soon"),
        (("--mapping", "absent.yaml"), "absent.yaml"),
        (("--out", "claim.json"), "claim.json"),
        (("--memory", "much"), "'much' is no amount of memory; it may be such as 512MB or 8GiB"),
        (("--data", "claim.json"), "no folder and no DuckDB file"),
    ],
)
def test_options_of_a_run_are_checked(call: Call, options: tuple[str, ...], said: str) -> None:
    """What does not fit is misuse, before anything is written."""
    done = call("run", "ruleset.yaml", "--data", "data", *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.usefixtures("folder")
def test_a_compiled_ruleset_prices_alike(call: Call) -> None:
    """Compiled or not, a ruleset prints the same."""
    assert call("compile", "ruleset.yaml", "small.json").exit_code == 0
    for command in (("price", "claim.json"), ("sql",)):
        first = call(command[0], "ruleset.yaml", *command[1:])
        assert call(command[0], "small.json", *command[1:]).stdout == first.stdout
    assert call("price", "claim.json", "claim.json").exit_code == 2


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("dialect", ["duckdb", "spark", "snowflake", "bigquery", "postgres"])
def test_sql_is_printed_in_each_dialect(call: Call, dialect: str) -> None:
    """An auditor gets a query."""
    done = call("sql", "ruleset.yaml", "--dialect", dialect)
    assert done.exit_code == 0, done.output
    assert "SELECT" in done.stdout
    assert _json(call("sql", "ruleset.yaml", "--dialect", dialect, "--format", "json"))["sql"]


def test_a_title_of_several_lines_stays_a_comment(call: Call, folder: Path) -> None:
    """A query says and does what the contract says."""
    text = (folder / "ruleset.yaml").read_text(encoding="utf-8")
    title = "title: |\n  first\n  DROP TABLE medical_claim; --\n"
    lines = [
        title if line.startswith("title:") else line for line in text.splitlines(keepends=True)
    ]
    (folder / "ruleset.yaml").write_text("".join(lines), encoding="utf-8")
    for dialect in ("duckdb", "spark"):
        done = call("sql", "ruleset.yaml", "--dialect", dialect)
        head = done.stdout[: done.stdout.index("WITH")].splitlines()
        assert head[0] == "-- first DROP TABLE medical_claim; --"
        assert all(line.startswith("--") for line in head)


def test_methodologies_say_what_they_ask_for(call: Call) -> None:
    """Every installed methodology is listed, and each says its terms."""
    told = _json(call("methodologies", "--format", "json"))
    names = [one["name"] for one in told["methodologies"]]
    assert {"fee_schedule", "gain_loss_sharing"} <= set(names)
    text = call("methodologies").stdout
    for name in names:
        assert name in text
        assert "terms:" in call("methodologies", name).stdout


def test_the_demonstration_adds_up(shown: tuple[Path, Result]) -> None:
    """Eight parties, one explained amount, and a last line that the cents are all there."""
    out, done = shown
    assert done.exit_code == 0, done.output
    last = done.stdout.splitlines()[-1]
    assert re.search(r"the ledger sums to 0\.00, and the 8 parts add .* to the cent\.$", last)
    for heading in ("population", "Validate", "cases", "settle 2015", "8 parties", "Why"):
        assert re.search(rf"^\d\. .*{heading}", done.stdout, re.MULTILINE), heading
    assert (out / "result" / "settlement.json").is_file()
    assert (out / "data" / "eligibility.csv").is_file()


def test_the_demonstration_is_json_for_programs(tmp_path: Path, call: Call) -> None:
    """The same stages as one JSON value; the parts add to the pooled result."""
    told = _json(call("demo", "--members", "40", "--out", tmp_path, "--format", "json"))
    assert told["checked"] == {"ledger_sum": "0.00", "difference": 0, "is_whole": True}
    pooled = told["run"]["settlements"][0]["outputs"]["result"]
    assert sum(map(Fraction, told["parts"].values())) == Fraction(pooled)
    assert told["cases"]["failed"] == 0


def test_a_check_names_what_the_data_lacks_and_prices_nothing(tmp_path: Path) -> None:
    """`run --check` lists each table with what is missing of it, and writes no result."""
    data = tmp_path / "data"
    data.mkdir()
    rows = "claim_id,claim_line_number,person_id,claim_line_start_date\nc1,1,p1,2026-02-03\n"
    (data / "medical_claim.csv").write_text(rows, encoding="utf-8")
    contract = Path(__file__).parents[2] / "examples" / "clinic"
    out = tmp_path / "out"
    asked = ["run", str(contract), "--data", str(data), "--out", str(out), "--check"]
    done = CliRunner().invoke(commands, asked)
    assert done.exit_code == 1
    assert "missing: charge_amount, service_unit_quantity" in done.stdout
    assert not out.exists()
