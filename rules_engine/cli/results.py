"""Results: what a run wrote into a folder, read back to explain it."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from rules_engine.cli.claims import read_object
from rules_engine.cli.misuse import MisuseError, shown_path

if TYPE_CHECKING:
    from rules_engine import Explained, Explanation

_WHOLE = ("result", "total")
_SHARE = "share_"
_EXACT = "_exact"


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
        from rules_engine.engine.explanation import tree_of  # noqa: PLC0415

        one = self._settled(rule, key, period)
        steps = [_step(step) for step in one["explained"]]
        names = [step.name for step in steps]
        name = names[-1] if names else ""
        if party is not None:
            name = _SHARE + party
        else:
            name = next((whole for whole in _WHOLE if whole in names), name)
        label = one["period"]["label"]
        if name not in names:
            known = ", ".join(_parties(names)) or "nobody"
            message = f"{party} has no share in {rule} of {label}; {known} may stand there"
            raise KeyError(message)
        return tree_of(steps, name, f"{rule} {label}: {one['source']}")

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


def _parties(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name.startswith(_SHARE) and not name.endswith(_EXACT):
            yield name.removeprefix(_SHARE)


def _step(step: Mapping[str, Any]) -> "Explained":
    from rules_engine import Explained  # noqa: PLC0415  see above

    return Explained(
        name=step["name"],
        formula=step["formula"],
        value=_value(step["value"]),
        inputs={name: _value(value) for name, value in step["inputs"].items()},
        kind=step["kind"],
        place=step["place"],
        note=step["note"],
    )


def _value(value: Any) -> Any:  # noqa: ANN401  a value of any kind, as JSON has it
    from rules_engine.engine.explanation import number_text  # noqa: PLC0415  see above

    # Numbers are text in a result, so that no reader rounds them.
    if isinstance(value, str):
        try:
            number = Fraction(value)
        except (ValueError, ZeroDivisionError):
            return value
        # A code such as 0450 is written as no number is.
        return number if number_text(number).replace(",", "") == value else value
    return value
