"""Results: what a run wrote into a folder, read back to explain it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from rules_engine.cli.claims import read_object
from rules_engine.cli.misuse import MisuseError, shown_path

if TYPE_CHECKING:
    from rules_engine import Explanation


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
        found = [
            one
            for one in of_rule
            if tuple(one["key"]) == tuple(key) and period in {None, one["period"]["label"]}
        ]
        if len(found) == 1:
            return found[0]
        if not of_rule:
            rules = ", ".join(dict.fromkeys(one["rule"] for one in self.settlements)) or "none"
            message = f"{rule} settled nothing here; of the rules, {rules} did"
        elif found:
            labels = ", ".join(one["period"]["label"] for one in found)
            message = f"{rule} settled several periods ({labels}); --period names one"
        else:
            known = ", ".join(dict.fromkeys(_about(one) for one in of_rule))
            asked = " ".join([*key, *([period] if period else [])]) or "the contract as a whole"
            message = f"{rule} settled {known} and not {asked}"
        raise KeyError(message)


def _about(settled: Mapping[str, Any]) -> str:
    return " ".join([*settled["key"], settled["period"]["label"]])
