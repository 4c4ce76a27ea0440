"""A wheel that is installed elsewhere holds all that a user needs."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# What the installed distribution says of itself, seen from a folder that is not the sources.
PROBE = """
import importlib, importlib.metadata, json
from rules_engine import _resources

def names(folder, prefix=""):
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from names(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name

plugins = importlib.metadata.entry_points(group="rules_engine")
print(json.dumps({
    "core": importlib.import_module("rules_engine").__file__,
    "plugins": {
        plugin.name: type(plugin.load().provide_methodology()).__name__ for plugin in plugins
    },
    "names": {plugin.name: plugin.load().provide_methodology().name for plugin in plugins},
    "homes": [importlib.import_module(plugin.module).__file__ for plugin in plugins],
    "schemas": sorted(names(_resources.folder("schemas"))),
    "rulesets": sorted(names(_resources.folder("rulesets"))),
    "found": str(_resources.folder("schemas")),
}))
"""


def _run(*command: str | Path, cwd: Path) -> str:
    # Whoever set PYTHONPATH meant these tests, not the installation that they look at.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, with the build backend that is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an empty virtual environment that borrows its dependencies."""
    folder = tmp_path_factory.mktemp("elsewhere") / "env"
    venv.create(folder)
    interpreter = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", interpreter)
    _run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    # A path file adds the folder but reads no path files there, so that the dependencies come
    # along without the editable installation of these sources.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return interpreter


@pytest.fixture(scope="module")
def installed(python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Ask the installed distribution about itself."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    found: dict[str, Any] = json.loads(_run(python, "-c", PROBE, cwd=elsewhere))
    return found


def test_the_installed_wheel_is_what_is_imported(installed: dict[str, Any], python: Path) -> None:
    """Neither the core, nor a plugin, nor a schema comes from the sources."""
    home = str(python.parents[1])
    for place in [installed["core"], *installed["homes"], installed["found"]]:
        assert place.startswith(home), place


def test_every_plugin_is_offered_and_loads(installed: dict[str, Any]) -> None:
    """Each entry point of the project gives a methodology of its own name."""
    declared = PROJECT["project"]["entry-points"]["rules_engine"]
    assert set(installed["plugins"]) == set(declared)
    assert set(installed["plugins"].values()) == {"Methodology"}
    assert all(entry == name for entry, name in installed["names"].items())


def test_schemas_ship(installed: dict[str, Any]) -> None:
    """Every schema of the project is inside."""
    assert installed["schemas"] == _files("schemas")
    assert "ruleset.schema.json" in installed["schemas"]


def test_reference_rulesets_ship(installed: dict[str, Any]) -> None:
    """Every file of a reference ruleset is inside: rules, tables, mappings and README."""
    assert installed["rulesets"] == _files("rulesets")
    assert "vivity/ruleset.yaml" in installed["rulesets"]


def test_types_ship(installed: dict[str, Any]) -> None:
    """A type checker of a dependent project reads the annotations."""
    assert Path(installed["core"]).with_name("py.typed").is_file()


def test_the_command_line_runs_elsewhere(python: Path, tmp_path: Path) -> None:
    """The installed command validates a reference ruleset."""
    command = python.with_name("rules-engine")
    ruleset = _run(
        python,
        "-c",
        "from rules_engine import _resources\n"
        "print(_resources.folder('rulesets') / 'vivity' / 'ruleset.yaml')",
        cwd=tmp_path,
    ).strip()
    _run(command, "validate", ruleset, cwd=tmp_path)


def test_every_plugin_folder_is_declared() -> None:
    """A plugin that ships has an entry point, and the import contracts watch over it."""
    folders = {path.parent.name for path in ROOT.glob("plugins/*/__init__.py")}
    entry_points = PROJECT["project"]["entry-points"]["rules_engine"].values()
    assert {entry.partition(":")[0].partition(".")[0] for entry in entry_points} == folders
    linter = PROJECT["tool"]["importlinter"]
    assert set(linter["root_packages"]) == {"rules_engine", *folders}
    down, core, face, independent = linter["contracts"]
    assert down["type"] == "layers"
    for watched in (core["forbidden_modules"], face["source_modules"], independent["modules"]):
        assert set(watched) == folders


def _files(folder: str) -> list[str]:
    """List what the repository holds of a folder, by name within it."""
    git = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = filter(None, _run(*git, folder, cwd=ROOT).split("\0"))
    return sorted(name.removeprefix(f"{folder}/") for name in names)
