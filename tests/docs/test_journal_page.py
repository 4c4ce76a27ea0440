"""The page of the journal: a reader who types its commands sees what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT, blocks
from tests.docs.test_pages import sessions

PAGE: Final = ROOT / "docs/journal.md"
# The hash covers the time of posting, which is another whenever the commands are run.
_CLOCK: Final = re.compile(r"\b[0-9a-f]{64}\b|posted \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")


def test_the_commands_print_what_the_page_says(tmp_path: Path) -> None:
    """In their order, in a folder that has the examples; hashes and times of posting apart."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shown = [
        session for block in blocks(PAGE) if block.kind == "console" for session in sessions(block)
    ]
    assert len(shown) == 11
    for command, printed in shown:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert _CLOCK.sub("…", done.stdout).strip() == _CLOCK.sub("…", printed).strip()


def test_every_test_that_the_page_names_exists() -> None:
    """A promise is shown by a test of that name."""
    written = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests/journal").glob("*.py")
    )
    named = re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) >= 7
    assert [name for name in named if f"def {name}(" not in written] == []
