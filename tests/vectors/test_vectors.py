"""Published vectors: they are what the generator writes, and every engine gives them."""

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve
from click.testing import CliRunner

from rules_engine.expressions import Kind, Type, check, tree
from rules_engine.expressions.tree import walk
from rules_engine.testing.vectors import (
    ENGINES,
    Answer,
    Vector,
    VectorEngine,
    VectorFile,
    command,
    read_folder,
    run,
)
from rules_engine.testing.vectors.__main__ import vectors
from rules_engine.testing.vectors.on_spark import SPARK
from rules_engine.testing.vectors.vector import CLAIM_COLUMNS
from tests.vectors.formulas import CONSTRUCTS
from tests.vectors.generate import files

FOLDER: Final = Path(__file__).parent
FILES: Final = read_folder(FOLDER)
ALL: Final = [vector for file in FILES for vector in file.vectors]

# What a vector of one row cannot show, and where it is shown.
ELSEWHERE: Final = {
    "Aggregate": "ranges over the rows of a run: tests/settlement",
    "Point": "is made by the compilations alone, of an Interpolate",
}


def test_the_files_are_what_the_generator_writes() -> None:
    """`python -m tests.vectors.generate` changes nothing, and leaves no file behind."""
    made = {f"{file.construct}.json": file.text() for file in files()}
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert sorted(found) == sorted(made)
    differing = [name for name, text in made.items() if found[name] != text]
    assert differing == [], "run python -m tests.vectors.generate"


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_every_engine_gives_every_vector(engine: VectorEngine) -> None:
    """The value, or the first reason of a rejection in its words."""
    report = run(FILES, engine)
    assert [str(miss) for miss in report.misses] == []
    offered = [f for f in FILES if f.setting.profile in engine.profiles]
    assert report.agreed == sum(len(file.vectors) for file in offered)


_EIGHTH: Final = 8


@pytest.mark.usefixtures("spark")
def test_spark_gives_the_vectors_over_a_row() -> None:
    """The same answers; what it skips, it skips for a reason that is said.

    Every eighth vector of each file: `nox -s vectors` asks for all of them, which takes minutes.
    """
    some = [evolve(file, vectors=file.vectors[::_EIGHTH]) for file in FILES]
    report = run(some, SPARK)
    assert [str(miss) for miss in report.misses] == []
    offered = sum(len(f.vectors) for f in some if f.setting.profile == "row")
    assert report.agreed + report.skipped == sum(len(f.vectors) for f in some)
    other = {"profile claim", "profile mapping", "profile settlement"}
    inexact = {why: n for why, n in report.reasons.items() if why.partition(";")[0] not in other}
    assert report.agreed == offered - sum(inexact.values())
    assert report.agreed > offered * 9 // 10, inexact
    assert all(f"\n  {n:,} skipped: {why}" in str(report) for why, n in report.reasons.items())


@pytest.mark.parametrize("text", ["nosuchcmd --fast", "", "'"])
def test_a_command_that_is_none_is_misuse(text: str) -> None:
    """No traceback; the command is named."""
    done = CliRunner().invoke(vectors, [str(FOLDER / "rounding.json"), "--command", text])
    assert done.exit_code == 2
    assert f"the command {text!r}" in done.output


def test_without_java_the_run_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As misuse, and where it was looked for."""
    pyspark = pytest.importorskip("pyspark.sql", reason="pyspark is an extra")
    monkeypatch.setattr(pyspark.SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "none"))
    asked = [str(FOLDER / "rounding.json"), "--engine", "spark"]
    done = CliRunner().invoke(vectors, asked)
    assert done.exit_code == 2
    assert "asks for Java" in done.output
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    done = CliRunner().invoke(vectors, asked)
    assert done.exit_code == 2
    assert "asks for pyspark" in done.output


def test_every_construct_is_in_a_vector() -> None:
    """Each kind of node of the language's trees, by its class."""
    seen: set[str] = set()
    for file in FILES:
        for vector in file.vectors:
            if vector.answer.kind != "refused":
                expression = _checked(file, vector)
                seen |= {type(node).__name__ for node in walk(expression)}
    classes = {
        name
        for name in tree.__all__
        if isinstance(getattr(tree, name), type)
        and issubclass(getattr(tree, name), tree.Expression)
    }
    assert classes - seen - {"Expression"} == set(ELSEWHERE)


def test_there_are_enough_of_each_kind() -> None:
    """Five hundred and more, sixty of them by hand, with every kind of answer; a megabyte at most."""
    assert len(ALL) >= 500
    assert sum(vector.by_hand for vector in ALL) >= 60
    assert {vector.answer.kind for vector in ALL} == {"value", "rejected", "refused"}
    assert sum(path.stat().st_size for path in FOLDER.glob("*.json")) < 1_000_000
    assert {file.construct for file in FILES} == {one.name for one in CONSTRUCTS}


def test_ids_are_unique_and_rows_hold_what_is_read() -> None:
    """A vector is found by its id, and says no more and no less than its expression reads."""
    ids = [vector.id for vector in ALL]
    assert len(set(ids)) == len(ids)
    for file in FILES:
        for vector in file.vectors:
            if vector.answer.kind == "refused":
                continue
            expression = _checked(file, vector)
            refs = [n for n in walk(expression) if isinstance(n, tree.Ref)]
            read = {n.name for n in refs if n.space == "column"}
            always = CLAIM_COLUMNS if file.setting.profile == "claim" else frozenset()
            assert set(vector.row) == read | always, vector.id
            assert vector.type is not None
            said = (vector.type.kind, vector.type.nullable, vector.type.scale)
            own = expression.type
            scale = own.scale if own.is_numeric else 0
            assert said == (own.kind, own.nullable, scale), vector.id


def _checked(file: VectorFile, vector: Vector) -> tree.Expression:
    """Check an expression as its file's profile does."""
    wanted = Type.of(Kind.MONEY) if file.setting.profile == "claim" else None
    return check(vector.expression, file.setting.scope(), wanted)


def test_an_engine_of_another_language_is_asked_line_by_line(tmp_path: Path) -> None:
    """A command that answers JSON lines by the exact evaluator agrees; a silent one does not."""
    (file,) = [one for one in FILES if one.construct == "running"]
    own = f"{sys.executable} -m rules_engine.testing.vectors --answer"
    report = run([file], command(own))
    assert [str(miss) for miss in report.misses] == []
    assert report.agreed == len(file.vectors)
    silent = tmp_path / "silent.py"
    silent.write_text("raise SystemExit('out of order')", encoding="utf-8")
    report = run([file], command(f"{sys.executable} {silent}"))
    assert len(report.misses) == len(file.vectors)
    assert "out of order" in str(report.misses[0])


def test_a_wrong_answer_of_a_command_is_shown(tmp_path: Path) -> None:
    """A number that was rounded to a binary float is no answer, and one cent is a difference."""
    program = tmp_path / "wrong.py"
    program.write_text(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    print(json.dumps({'id': asked['id'], 'value': 0.5 if 'copay' in line else '1.00'}))\n",
        encoding="utf-8",
    )
    (file,) = [one for one in FILES if one.construct == "rounding"]
    report = run([file], command(f"{sys.executable} {program}"))
    assert any("unreadable answer" in str(miss) for miss in report.misses)
    assert any(" is found" in str(miss) and '"1.00"' not in str(miss) for miss in report.misses)


def test_an_engine_that_differs_fails_the_run(tmp_path: Path) -> None:
    """The exit code is 1, and the vector is printed with both answers."""
    (file,) = [one for one in FILES if one.construct == "rounding"]
    wrong = evolve(file.vectors[0], answer=Answer(kind="value", value=None))
    path = tmp_path / "rounding.json"
    path.write_text(evolve(file, vectors=(wrong,)).text(), encoding="utf-8")
    done = CliRunner().invoke(vectors, [str(path), "--engine", "exact"])
    assert done.exit_code == 1
    assert f"{wrong.id}: round(copay, 1)" in done.output
    assert 'null may stand there; "0.1" is found' in done.output
    assert "exact: 0 agree, 1 differ, 0 skipped" in done.output
    right = CliRunner().invoke(vectors, [str(FOLDER / "rounding.json"), "--engine", "exact"])
    assert (right.exit_code, right.output.count("\n")) == (0, 1)


@pytest.mark.parametrize("content", ["[]", "{}", "no json"])
def test_a_file_without_vectors_is_misuse(tmp_path: Path, content: str) -> None:
    """It is named, and the exit code is 2."""
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")
    done = CliRunner().invoke(vectors, [str(path)])
    assert done.exit_code == 2
    assert "other.json" in done.output
    assert CliRunner().invoke(vectors, []).exit_code == 2
    assert CliRunner().invoke(vectors, [str(tmp_path / "none.json")]).exit_code == 2


def test_a_truth_is_no_number() -> None:
    """Python takes true for 1, and readers of JSON do not."""
    assert not Answer(kind="value", value=True).agrees(Answer(kind="value", value=Fraction(1)))
    assert Answer(kind="value", value=Fraction(1)).agrees(Answer(kind="value", value=Fraction(1)))


def test_skipping_is_no_difference() -> None:
    """An engine may say that it does not offer something."""
    (file,) = [one for one in FILES if one.construct == "powers"]
    lazy = VectorEngine(
        name="lazy",
        profiles=frozenset({"row"}),
        answers=lambda f: [Answer(kind="skipped", code="no powers")] * len(f.vectors),
    )
    report = run([file], lazy)
    assert (report.agreed, report.skipped, report.misses) == (0, len(file.vectors), ())


def test_readers_of_the_format_need_no_float() -> None:
    """Every number of a file is text or whole, so that no reader rounds it."""

    def refuse(text: str) -> None:
        raise AssertionError(text)

    for path in FOLDER.glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"), parse_float=refuse)
