"""Folders of data that belong to the engine: its schemas and its reference rulesets."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal


def folder(name: Literal["schemas", "rulesets"]) -> Traversable:
    """Find a folder inside the installed package, else beside it.

    Raises:
        FileNotFoundError: It is in neither place, so the installation is damaged.
    """
    inside = files("rules_engine").joinpath(name)
    if inside.is_dir():
        return inside
    # An editable installation runs from the sources, where the folder stands beside the package.
    beside = Path(__file__).resolve().parent.parent / name
    if beside.is_dir():
        return beside
    message = f"{name} is neither in the package rules_engine nor beside it; install it again"
    raise FileNotFoundError(message)


def read_schema(name: str) -> str:
    """Read the text of a JSON Schema.

    Args:
        name: Its name without the extension, such as `ruleset`.

    Raises:
        FileNotFoundError: There is no such schema.
    """
    return folder("schemas").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
