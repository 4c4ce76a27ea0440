"""All pages: links lead somewhere, what ships is described, and no machine's folder is named."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from rules_engine.cli import commands
from rules_engine.methodology import hooks
from tests.docs.pages import ROOT, Block, blocks, pages

PAGES = pages()
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]
README = ROOT / "README.md"
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
# Folders of the machines on which pages are written; `/usr` and `/etc` may stand in an example.
_MACHINE = re.compile(r"(?<![\w.])/(?:work|tmp|root|home|Users|var|mnt|opt)/|[A-Z]:\\\\")


def prose(page: Path) -> str:
    """Give a page without its fenced blocks: what stands in them is no link."""
    return re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )


def anchors(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as web sites of repositories make them."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """A file or folder of the repository, and where one is named, a heading of the page."""
    for target in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.is_relative_to(ROOT), target
        assert path.exists(), target
        if heading:
            assert heading in anchors(path), target


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_page_names_a_folder_of_a_machine(page: Path) -> None:
    """A page is true on every machine."""
    assert _MACHINE.findall(page.read_text(encoding="utf-8")) == []


def test_every_page_can_be_found_from_the_index() -> None:
    """Each page of the documentation, or the folder that it is in, is linked from its index."""
    index = ROOT / "docs" / "README.md"
    linked = {
        (index.parent / target.partition("#")[0]).resolve()
        for target in _LINK.findall(prose(index))
    }
    for page in sorted((ROOT / "docs").rglob("*.md")):
        near = {page, page.parent, page.parent / "README.md"}
        assert page == index or near & linked, page.name


def test_every_command_has_a_section() -> None:
    """A command that exists is described, with each of its options."""
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    everywhere = {"--help", "--format"}
    for name, command in commands.commands.items():
        assert name in parts, name
        options = {o for p in command.params for o in p.opts if o.startswith("--")}
        missing = {o for o in options - everywhere if f"{o}" not in parts[name]}
        assert not missing, (name, missing)


def test_every_hook_is_described() -> None:
    """Whoever writes a plugin finds each hook on the page for plugins."""
    path = ROOT / "docs" / "plugins.md"
    if not path.exists():
        pytest.skip("docs/plugins.md is not written yet")
    page = path.read_text(encoding="utf-8")
    names = [n for n, f in vars(hooks).items() if hasattr(f, f"{hooks.GROUP}_spec")]
    assert names
    assert [name for name in names if f"`{name}" not in page and f"def {name}" not in page] == []


@pytest.mark.parametrize("name", ["README.md", "docs/embedding.md"])
def test_the_programs_of_a_page_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader may copy them."""
    monkeypatch.chdir(ROOT)
    programs = [block for block in blocks(ROOT / name) if block.kind == "python"]
    assert programs
    for block in programs:
        exec(compile(block.text, f"{name}:{block.line}", "exec"), {})  # noqa: S102  the page's own program


def sessions(block: Block) -> Iterator[tuple[str, str]]:
    """Give each command of a console block with what it prints."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


COMMANDS = [
    (command, printed)
    for block in blocks(README)
    if block.kind == "console"
    for command, printed in sessions(block)
    if command.startswith(".venv/bin/rules-engine ")
]


@pytest.mark.parametrize(("command", "printed"), COMMANDS)
def test_the_commands_of_the_readme_print_what_it_says(
    command: str, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Word for word, from the folder of the repository."""
    monkeypatch.chdir(ROOT)
    arguments = shlex.split(command)[1:]
    result = CliRunner().invoke(commands, arguments, catch_exceptions=False)
    assert result.output.rstrip() == printed.rstrip()
    assert result.exit_code == 0


def test_the_readme_shows_the_smallest_contract_as_it_is() -> None:
    """The block under a link to a file is that file."""
    text = README.read_text(encoding="utf-8")
    shown: list[tuple[str, str]] = re.findall(
        r"^\[`([^`]+\.yaml)`\]\(\1\):\n\n```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    )
    assert shown
    for name, block in shown:
        own = (ROOT / name).read_text(encoding="utf-8").splitlines()
        # An editor's line is of no interest to a reader of the page.
        assert [
            line for line in own if not line.startswith("# yaml-language-server")
        ] == block.splitlines()


def test_the_mistake_of_the_readme_is_answered_as_it_says(tmp_path: Path) -> None:
    """The diagnostic is the one that the misspelt contract gets."""
    found = [
        block.text for block in blocks(README) if block.kind == "text" and "error[" in block.text
    ]
    (said,) = found
    place = re.match(r"(\S+\.yaml):(\d+):", said)
    assert place is not None
    lines = (ROOT / "examples" / "clinic" / "ruleset.yaml").read_text(encoding="utf-8")
    wrong = lines.replace("round(allowed * 0.05, 2)", "round(alowed * 0.05, 2)")
    assert wrong != lines
    path = tmp_path / place[1]
    path.write_text(wrong, encoding="utf-8")
    result = CliRunner().invoke(commands, ["validate", str(path)], catch_exceptions=False)
    printed = result.output.replace(f"{tmp_path}/", "")
    assert said.rstrip() in printed
    assert result.exit_code == 1
