"""Results: what a run wrote into a folder, read back to explain it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from rules_engine.cli.claims import read_object
from rules_engine.cli.misuse import MisuseError, shown_path
from rules_engine.diagnostics import suggest

if TYPE_CHECKING:
    from rules_engine import Explanation

_LISTED: Final = 10
"""Settlements that a message lists at most."""


@frozen(kw_only=True)
class Result:
    """The settlements of a result folder.

    Attributes:
        ruleset: Id of the ruleset.
        digest: Its digest when the result was made.
        settlements: As `settlement.json` has them.
    """

    ruleset: str
    digest: str
    settlements: Sequence[Mapping[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> "Result":
        """Read a folder that `run` wrote.

        Raises:
            MisuseError: It holds no result.
        """
        file = folder / "settlement.json" if folder.is_dir() else folder
        found = read_object(file, "result")
        try:
            settlements = [dict(one) for one in found["settlements"]]
            ruleset, digest = found["ruleset"]["id"], found["ruleset"]["sha256"]
        except (KeyError, TypeError, ValueError):
            message = f"{shown_path(file)} is no result of `rules-engine run`"
            raise MisuseError(message) from None
        return cls(ruleset=str(ruleset), digest=str(digest), settlements=settlements)

    def explain(
        self, rule: str, *, party: str | None, key: Sequence[str], period: str | None
    ) -> "Explanation":
        """Say how a rule's result, or a party's part of it, came about.

        Raises:
            KeyError: There is no such settlement or party, or there are several periods.
        """
        # Here, because help and misuse need no engine.
        from rules_engine.engine.explanation import (  # noqa: PLC0415
            explained_settlement,
            step_from_json,
        )

        one = self._settled(rule, key, period)
        steps = [step_from_json(step) for step in one["explained"]]
        return explained_settlement(steps, rule, one["period"]["label"], one["source"], party)

    def _settled(self, rule: str, key: Sequence[str], period: str | None) -> Mapping[str, Any]:
        of_rule = [one for one in self.settlements if one["rule"] == rule]
        if not of_rule:
            rules = list(dict.fromkeys(one["rule"] for one in self.settlements))
            message = f"{rule} settled nothing here; of the rules, {', '.join(rules) or 'none'} did"
            raise KeyError(_with_help(message, rule, rules))
        keys = list(dict.fromkeys(tuple(one["key"]) for one in of_rule))
        # The only entity is meant where none is named.
        wanted = keys[0] if not key and len(keys) == 1 else tuple(key)
        of_key = [one for one in of_rule if tuple(one["key"]) == wanted]
        found = [one for one in of_key if period in {None, one["period"]["label"]}]
        if len(found) == 1:
            return found[0]
        if found:
            labels = _some([one["period"]["label"] for one in found])
            message = f"{rule} settled several periods ({labels}); --period names one"
        else:
            known = list(dict.fromkeys(_about(one) for one in of_key or of_rule))
            asked = " ".join(["/".join(key), *([period] if period else [])]).strip()
            message = f"{rule} settled {_some(known)} and not {asked or 'the contract as a whole'}"
            message = _with_help(message, "/".join(key), ["/".join(one) for one in keys])
        raise KeyError(message)


def _some(names: Sequence[str]) -> str:
    """List the first of many names, and say how many there are beyond them."""
    listed = ", ".join(names[:_LISTED])
    left = len(names) - _LISTED
    return f"{listed} and {left:,} more" if left > 0 else listed


def _with_help(message: str, asked: str, known: Sequence[str]) -> str:
    """Add the name that was meant, as far as one is near or ends with what was asked."""
    ends = [name for name in known if asked and name.endswith(f"/{asked}")]
    meant = f"did you mean {ends[0]}?" if ends else suggest(asked, known)
    return f"{message}; {meant}" if asked and meant and asked not in known else message


def _about(settled: Mapping[str, Any]) -> str:
    """Name a settlement as the options do: its key, its parts joined, and its period."""
    parts = ("/".join(settled["key"]), settled["period"]["label"])
    return " ".join(part for part in parts if part)
