"""The page on data: its tables are the engine's, and its example runs."""

import contextlib
import csv
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema.validators import Draft202012Validator

from rules_engine import Engine
from rules_engine.language import load_schema, read_file, validate
from rules_engine.tables.codes import CODES
from rules_engine.tables.standard import STANDARD, StandardTable
from tests.docs.pages import ROOT, blocks, table

PAGE = ROOT / "docs" / "data.md"


def rendered(standard: StandardTable) -> list[tuple[str, str, str]]:
    """Give what the page has to say of a table: column, type, and whether it is needed."""
    return [
        (name, str(type_.kind), "yes" if name in standard.required else "no")
        for name, type_ in standard.columns.items()
    ]


@pytest.mark.parametrize("name", STANDARD)
def test_the_page_has_every_column_of_a_standard_table(name: str) -> None:
    """Columns, types, keys and period dates are those that the engine reads."""
    rows = table(PAGE, f"### {name}")
    assert [row[:3] for row in rows] == rendered(STANDARD[name])
    assert all(row[3] for row in rows)
    text = PAGE.read_text(encoding="utf-8")
    section = text.split(f"\n### {name}\n")[1].split("\n### ")[0]
    key = ", ".join(f"`{column}`" for column in STANDARD[name].key)
    assert f"* Key: {key}.\n" in section
    assert f"* Period date: `{STANDARD[name].period_date}`.\n" in section


def test_the_page_has_every_code_that_rejects_a_row() -> None:
    """A code in a rejects file can be looked up on the page."""
    assert {row[0]: row[1] for row in table(PAGE, "## Rows that do not read")} == {
        code: why for code, why in CODES.items() if code <= "RE509"
    }


def test_the_page_has_every_key_of_a_mapping() -> None:
    """Keys of the schema, those of `from` and `unpivot` by their full name."""
    schema = load_schema("mapping")["properties"]
    wanted = set(schema) - {"from", "unpivot"}
    wanted |= {
        f"{part}.{key}" for part in ("from", "unpivot") for key in schema[part]["properties"]
    }
    keys = {key for row in table(PAGE, "## Mappings") for key in row[0].split(", ")}
    assert keys == wanted


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the files of the page."""
    for block in blocks(PAGE):
        if block.title:
            path = tmp_path / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_programs_of_the_page_print_what_it_says() -> None:
    """Each Python block runs after those before it, and prints the text below it."""
    known: dict[str, Any] = {}
    found = blocks(PAGE)
    ran = 0
    for block, after in pairwise(found):
        if block.kind == "python":
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                exec(compile(block.text, f"{PAGE.name}:{block.line}", "exec"), known)  # noqa: S102  the page's own program
            assert after.kind == "text"
            assert said.getvalue().strip() == after.text.strip()
            ran += 1
    assert ran


def test_the_mappings_of_the_page_fit_their_schema(folder: Path) -> None:
    """Every key of a mapping that the page shows is one that the schema knows."""
    files = sorted((folder / "mappings").glob("*.yaml"))
    assert files
    for path in files:
        assert validate(read_file(path), load_schema("mapping")) == []


def test_a_result_folder_is_what_the_page_says(folder: Path) -> None:
    """Files, columns and keys are those of the page, and settlement.json fits its schema."""
    with Engine().load("ruleset.yaml").run("data", out="results") as run:
        names = {name.split("/")[0] for name in run.files}
        rows = table(PAGE, "## The result folder")
        assert {row[0].rstrip("/") for row in rows} == names
        columns = run.connection.read_parquet(str(folder / "results" / "lines.parquet")).columns
    assert [row[0] for row in table(PAGE, "### lines.parquet")] == columns
    with (folder / "results" / "transfers.csv").open(encoding="utf-8", newline="") as file:
        head = next(csv.reader(file))
    assert [row[0] for row in table(PAGE, "### transfers.csv")] == head
    content = json.loads((folder / "results" / "settlement.json").read_text(encoding="utf-8"))
    assert [row[0] for row in table(PAGE, "### settlement.json")] == list(content)
    schema = json.loads((ROOT / "schemas" / "settlement.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    jsonschema.validate(content, schema, cls=Draft202012Validator)
    assert list(schema["properties"]) == list(content)
    assert content["balances"]["savings.pool"] == "0.00"
