"""Breaks the code on purpose, one patch at a time, and fails where the tests do not notice.

Each `*.patch` beside this file starts with a line that names the tests which must notice it:

    # tests: tests/ledger tests/test_laws.py

The patch is applied to a fresh copy of the sources, and those tests run there. They must pass
without the patch and fail with it; tests that cannot even be collected prove nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HEADER = "# tests:"

NOTICED = 1  # pytest's exit code for failed tests; higher ones say that they did not run


class SabotageError(Exception):
    """A patch proves nothing, for the reason given."""


def main(names: Sequence[str]) -> int:
    """Try the patches of these names, or all; return 0 if the tests notice each of them."""
    patches = [patch for patch in sorted(HERE.glob("*.patch")) if not names or patch.stem in names]
    if not patches:
        _say(f"no patch is called {', '.join(names) or '*.patch'}")
        return 2
    unnoticed = 0
    try:
        _check_unbroken(patches)
    except SabotageError as error:
        _say(f"FAILED  {error}")
        return 1
    for patch in patches:
        try:
            _check_noticed(patch)
        except SabotageError as error:
            unnoticed += 1
            _say(f"FAILED  {patch.stem}: {error}")
        else:
            _say(f"noticed {patch.stem}")
    _say(f"{len(patches) - unnoticed} of {len(patches)} patches noticed")
    return 1 if unnoticed else 0


def _check_unbroken(patches: Sequence[Path]) -> None:
    """Make sure that the tests pass while nothing is broken."""
    tests = sorted({test for patch in patches for test in _tests(patch)})
    with tempfile.TemporaryDirectory() as folder:
        copy = _copy(Path(folder))
        result = _run_tests(copy, tests)
    if result.returncode != 0:
        message = f"the tests fail without any patch:\n{_end(result.stdout)}"
        raise SabotageError(message)


def _check_noticed(patch: Path) -> None:
    """Apply a patch to a fresh copy and make sure that its tests fail there."""
    with tempfile.TemporaryDirectory() as folder:
        copy = _copy(Path(folder))
        applied = subprocess.run(
            ["git", "apply", "--recount", str(patch)],
            cwd=copy,
            # A repository around the folder for temporary files would swallow the patch.
            env=os.environ | {"GIT_CEILING_DIRECTORIES": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        if applied.returncode != 0:
            message = f"the patch does not apply:\n{applied.stderr}"
            raise SabotageError(message)
        result = _run_tests(copy, _tests(patch))
    if result.returncode == 0:
        message = f"no test of {' '.join(_tests(patch))} notices"
        raise SabotageError(message)
    if result.returncode != NOTICED:
        message = f"the tests do not run:\n{_end(result.stdout)}"
        raise SabotageError(message)


def _tests(patch: Path) -> list[str]:
    """Read which tests a patch names."""
    first, _, _ = patch.read_text(encoding="utf-8").partition("\n")
    tests = first.removeprefix(HEADER).split()
    if not first.startswith(HEADER) or not tests:
        message = f"{patch.name} starts with {first!r}; it may start with '{HEADER} PATH ...'"
        raise SabotageError(message)
    return tests


def _copy(folder: Path) -> Path:
    """Copy the files of the repository, as they are now, without what is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    copy = folder / "copy"
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, copy / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return copy


def _run_tests(copy: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run tests on the copy: it comes before the installed sources on the path."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(copy), str(copy / "plugins")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_PROFILE": "sabotage",
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _end(output: str) -> str:
    """Keep what says why a run failed."""
    return "\n".join(output.splitlines()[-25:])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
