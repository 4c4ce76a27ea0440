"""The folder of results: what a payer keeps, sends out and audits."""

import csv
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rules_engine.engine.contract import beside
from rules_engine.engine.explanation import explained_settlement, json_value, step_json
from rules_engine.engine.months import UNFINISHED_MONTHS, months_from
from rules_engine.engine.refusals import PRICED, reject_reasons
from rules_engine.expressions.sql import quote, text
from rules_engine.ledger import Money, Transfer
from rules_engine.tables.dataset import inputs_json
from rules_engine.tables.rejects import write_rejects

if TYPE_CHECKING:
    from rules_engine.engine.run import Run
    from rules_engine.settlement.books import Settled

__all__ = ["UNFINISHED", "lines_from", "settlement_json", "write_results"]

UNFINISHED: Final = ".lines.parquet.unfinished"
"""What the priced lines are called in the folder of results until the run has settled."""


def lines_from(path: Path) -> str:
    """Write the statement that makes a file the priced lines of a run."""
    return f"CREATE OR REPLACE VIEW {PRICED} AS FROM read_parquet([{text(str(path))}])"


def write_results(run: "Run", out: Path, *, derived: bool = False) -> dict[str, Path]:
    """Write every result file into a folder.

    Args:
        run: What to write.
        out: The folder.
        derived: Whether to write the derived tables, which name persons, beside the others.

    Returns:
        Path of each file by its name.

    Raises:
        OSError: The folder cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    if run.query is not None:
        files["lines.parquet"] = out / "lines.parquet"
        # A name of its own until now, because a run that fails must not leave half a result.
        (out / UNFINISHED).replace(files["lines.parquet"])
        run.connection.execute(lines_from(files["lines.parquet"]))
    if run.months is not None:
        files["member_months.parquet"] = out / "member_months.parquet"
        (out / UNFINISHED_MONTHS).replace(files["member_months.parquet"])
        run.connection.execute(months_from(files["member_months.parquet"]))
    files["rejects.csv"] = out / "rejects.csv"
    write_rejects(files["rejects.csv"], run.each_reject())
    files["transfers.csv"] = out / "transfers.csv"
    _write_transfers(run, files["transfers.csv"])
    folder = out / "statements"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    moved, shared = _by_party(run)
    for party, balance in run.ledger.balances().items():
        if not _is_party(party):
            continue
        path = folder / f"{_file_name(party)}.md"
        written = statement(run, party, balance, moved[party], shared.get(party, ()))
        path.write_text(written, encoding="utf-8")
        files[f"statements/{path.name}"] = path
    files["pricing.sql"] = out / "pricing.sql"
    queries = [run.query.sql] if run.query is not None else []
    queries += run.months.queries if run.months is not None else ()
    files["pricing.sql"].write_text(
        ";\n\n".join([*queries, *run.books.queries]) + ";\n", encoding="utf-8"
    )
    if derived:
        files |= _write_derived(run, out / "derived")
    files["settlement.json"] = out / "settlement.json"
    content = settlement_json(
        run, {name: _sha256(path) for name, path in files.items() if path.exists()}
    )
    files["settlement.json"].write_text(_laid_out(content), encoding="utf-8")
    return files


def _write_derived(run: "Run", folder: Path) -> dict[str, Path]:
    """Write each derived table as Parquet, in an order that is the same in every run."""
    folder.mkdir(exist_ok=True)
    files: dict[str, Path] = {}
    for rule in run.ruleset.rules:
        for query in rule.derived:
            path = folder / f"{query.table}.parquet"
            run.connection.execute(
                f"COPY (FROM {quote(query.table)} ORDER BY ALL) TO {text(str(path))}"
                " (FORMAT parquet)"
            )
            files[f"derived/{path.name}"] = path
    return files


def _laid_out(content: Mapping[str, Any]) -> str:
    """Write JSON with a line for each settlement, and everything else indented."""
    parts = []
    for name, value in content.items():
        if name == "settlements" and value:
            # Whatever is indented is not written by compiled code, and these are thousands.
            lines = ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in value)
            shown = f"[\n  {lines}\n ]"
        else:
            shown = json.dumps(value, ensure_ascii=False, indent=1).replace("\n", "\n ")
        parts.append(f" {json.dumps(name)}: {shown}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _file_name(party: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in party) or "party"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_party(account: str) -> bool:
    """Whether an account stands for somebody: neither a pool nor the outside."""
    return not account.endswith(".pool") and not account.startswith("outside.")


def _by_party(
    run: "Run",
) -> tuple[Mapping[str, Sequence[Transfer]], Mapping[str, Sequence["Settled"]]]:
    """Give the transfers of each account, and the settlements that explain a share of each."""
    moved: dict[str, list[Transfer]] = {}
    for t in _transfers(run):
        for account in {t.source, t.target}:
            moved.setdefault(account, []).append(t)
    shared: dict[str, list[Settled]] = {}
    for one in run.settlements:
        names = dict.fromkeys(step.name for step in one.explained)
        for name in names:
            if name.startswith("share_"):
                shared.setdefault(name.removeprefix("share_"), []).append(one)
    return moved, shared


def _transfers(run: "Run") -> tuple[Transfer, ...]:
    return run.ledger.transfers


def _write_transfers(run: "Run", path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(
            ["rule", "key", "period", "source", "target", "amount", "currency", "reason"]
        )
        for t in _transfers(run):
            amount = f"{t.amount.as_decimal():f}"
            writer.writerow(
                [
                    t.rule,
                    "/".join(t.key),
                    t.period,
                    t.source,
                    t.target,
                    amount,
                    t.amount.currency,
                    t.reason,
                ]
            )


def statement(
    run: "Run",
    party: str,
    balance: Money,
    moved: Sequence[Transfer],
    shared: Sequence["Settled"],
) -> str:
    """Write what a party gets and pays, and why, in Markdown."""
    ruleset = run.ruleset
    word = "receives" if balance.cents >= 0 else "pays"
    size = Money(abs(balance.cents), balance.currency)
    lines = [
        f"# {party}",
        "",
        f"{ruleset.title} ({ruleset.id}, version {ruleset.version})",
        "",
        f"**{party} {word} {money_text(size)} in total.**",
        "",
        "| rule | period | from | to | amount | reason |",
        "|---|---|---|---|---:|---|",
    ]
    for t in moved:
        sign = "" if t.target == party else "-"
        lines.append(
            f"| {t.rule} | {t.period} | {t.source} | {t.target} "
            f"| {sign}{money_text(t.amount)} | {t.reason} |"
        )
    for one in shared:
        tree = explained_settlement(one.explained, one.rule, one.period.label, one.source, party)
        lines += [
            "",
            f"## Why: {one.rule}, {one.period.label}",
            "",
            f"Source: {one.source}",
            "",
            "```text",
            tree.render(),
            "```",
        ]
    return "\n".join(lines) + "\n"


def money_text(money: Money) -> str:
    """Write an amount with thousands separated and its currency."""
    return f"{money.as_decimal():,.2f} {money.currency}"


def settlement_json(run: "Run", digests: Mapping[str, str]) -> dict[str, Any]:
    """Give the whole settlement as a JSON object; amounts are decimal text, never binary floats."""
    from rules_engine import __version__  # noqa: PLC0415  reading metadata takes milliseconds

    ruleset = run.ruleset
    summary = run.summary
    # Thousands of settlements name the same few places.
    places = lru_cache(maxsize=4096)(partial(beside, folder=ruleset.path.parent))
    return {
        "engine": {"name": "rules-engine", "version": __version__},
        "ruleset": {
            "id": ruleset.id,
            "title": ruleset.title,
            "version": ruleset.version,
            "lan_category": ruleset.lan_category,
            "sha256": ruleset.digest,
            "methodologies": sorted(
                {f"{r.methodology.name} ({r.distribution})" for r in ruleset.rules}
            ),
        },
        "tables": [
            {"name": name, "file": table.path, "rows": len(table), "sha256": table.digest}
            for name, table in sorted(ruleset.bound.tables.items())
        ],
        "inputs": inputs_json(run.inputs),
        "options": dict(run.options),
        "lines": {
            "read": summary.lines,
            "priced": summary.lines_priced,
            "rejected": summary.lines_rejected,
            "of_other_years": summary.lines_of_other_years,
            "charge": _text(summary.charge),
            "allowed": _text(summary.allowed),
            "member": _text(summary.member),
            "withheld": _text(summary.withheld),
            "paid": _text(summary.paid),
        },
        "member_months": _months(run),
        "reject_reasons": reject_reasons(run.sites),
        "settlements": [_settled(one, places) for one in run.settlements],
        "balances": {a: _text(m.as_decimal()) for a, m in run.ledger.balances().items()},
        "held": {a: _text(m.as_decimal()) for a, m in run.books.held.items()},
        "warnings": list(run.warnings),
        "files": dict(digests),
    }


def _months(run: "Run") -> dict[str, Any] | None:
    """Give counts and totals of the member-months; None where no rule pays for any."""
    if run.months is None:
        return None
    found = run.months.summary
    amounts = ("allowed", "adjusted", "withheld", "paid")
    return {
        "priced": found.priced,
        "rejected": found.rejected,
        **{name: _text(getattr(found, name)) for name in amounts},
    }


def _settled(one: "Settled", places: Callable[[str], str]) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "source": one.source,
        "key": list(one.key),
        "period": {
            "label": one.period.label,
            "from": one.period.first.isoformat(),
            "through": one.period.last.isoformat(),
        },
        "outputs": {name: json_value(value) for name, value in one.outputs.items()},
        "transfers": [
            {
                "from": t.source,
                "to": t.target,
                "amount": _text(t.amount.as_decimal()),
                "currency": t.amount.currency,
                "reason": t.reason,
            }
            for t in one.transfers
        ],
        "explained": [{**step_json(step), "place": places(step.place)} for step in one.explained],
    }


def _text(value: Decimal) -> str:
    return f"{value:f}"
