"""Published results: where they lie, and a reason to skip where they do not."""

import os
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
ORACLES: Final = Path(os.environ.get("RULES_ENGINE_ORACLES", ROOT.parent / "shared" / "oracles"))


whole: Final = pytest.mark.skipif(
    os.environ.get("RULES_ENGINE_CONFORMANCE") != "whole",
    reason="a second run of every file takes minutes: nox -s conformance does it",
)
"""What the session of conformance runs, and the tests of every day do not."""


def published(name: str) -> Path:
    """Give a folder of published results, or skip the test and say why."""
    folder = ORACLES / name
    if not folder.is_dir():
        pytest.skip(
            f"no folder oracles/{name} lies beside the repository,"
            " and RULES_ENGINE_ORACLES names none"
        )
    return folder
