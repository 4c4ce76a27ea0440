"""Contracts: rulesets that a program writes, read through the engine as any author's."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from attrs import Factory, frozen

from rules_engine.engine import Engine, Ruleset
from rules_engine.methodology import Host, Methodology
from rules_engine.methodology.host import Offer

__all__ = ["Contract", "engine_of", "yaml_of"]

_OUR_OWN: Final = "law kit"


@frozen(kw_only=True)
class Contract:
    """A ruleset as a document and the files beside it.

    Attributes:
        document: What `ruleset.yaml` says; numbers are int or Decimal, days are dates.
        files: Text of each file beside it, by its path.
    """

    document: Mapping[str, Any]
    files: Mapping[str, str] = Factory(dict)

    def write(self, folder: Path) -> Path:
        """Write it into a folder; give the path of the ruleset."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        path = folder / "ruleset.yaml"
        path.write_text(yaml_of(self.document) + "\n", encoding="utf-8")
        return path

    def load(self, engine: Engine) -> Ruleset:
        """Read it with an engine, as `Engine.load` reads a file.

        Raises:
            RulesetError: It is wrong.
        """
        with tempfile.TemporaryDirectory() as folder:
            return engine.load(self.write(Path(folder)))


def engine_of(*methodologies: Methodology[Any]) -> Engine:
    """Make an engine that knows these methodologies and no others, installed or not."""
    offers = {one.name: Offer(one, _OUR_OWN) for one in methodologies}
    return Engine(host=Host(offers, {}, frozenset()))


def yaml_of(value: Any) -> str:
    """Write a value as YAML in flow style; exact numbers stay exact.

    Raises:
        TypeError: A binary float, or a value that YAML has no word for.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Fraction):
        return yaml_of(_decimal(value))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)}: {yaml_of(one)}" for key, one in value.items())
        return f"{{{inner}}}"
    if isinstance(value, Sequence):
        return f"[{', '.join(yaml_of(one) for one in value)}]"
    msg = f"{value!r} cannot stand in a ruleset"
    raise TypeError(msg)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else yaml_of(key)


def _decimal(value: Fraction) -> Decimal:
    rest, places = value.denominator, 0
    while rest != 1:
        places += 1
        rest = (value * 10**places).denominator
        if places > 30:  # noqa: PLR2004  more places than any column has
            msg = f"{value} does not end as a decimal"
            raise TypeError(msg)
    return Decimal(int(value * 10**places)).scaleb(-places)
