"""Starting: the import, and a compiled ruleset opened to its first price."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.claim import CLAIM
from bench.job import Job
from bench.measure import Measure

__all__ = ["startup"]

_IMPORTED: Final = 0.120
"""Seconds that the import may take."""

_HEAVY: Final = ("duckdb", "sqlglot", "jsonschema", "pyarrow", "rich", "click")
_IMPORT: Final = """
from time import perf_counter
begin = perf_counter()
import rules_engine
print(perf_counter() - begin)
"""
_OPEN: Final = """
import json, sys
from datetime import date
from decimal import Decimal
from time import perf_counter
begin = perf_counter()
from rules_engine import Engine
ruleset = Engine().open(sys.argv[1])
claim = json.loads(sys.argv[2])
ruleset.price(claim)
seconds = perf_counter() - begin
print(json.dumps([seconds, [name for name in sys.argv[3].split() if name in sys.modules]]))
"""


def startup(job: Job, folder: Path, rounds: int) -> list[Measure]:
    """Time both in processes of their own, with bytecode written before."""
    compiled = folder / "compiled.json"
    job.ruleset.save(compiled)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")

    def ask(script: str, *arguments: str) -> Any:
        done = subprocess.run(  # noqa: S603  our own text
            [sys.executable, "-c", script, *arguments],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    ask(_IMPORT)
    imported = [ask(_IMPORT) for _ in range(rounds)]
    claim = json.dumps(CLAIM, default=str)
    opened = [ask(_OPEN, str(compiled), claim, " ".join(_HEAVY)) for _ in range(rounds + 1)][1:]
    loaded = sorted({name for _, names in opened for name in names})
    seconds = median(found for found, _ in opened)
    return [
        Measure(
            what="`import rules_engine`",
            measured=f"{median(imported) * 1e3:.0f} ms, least {min(imported) * 1e3:.0f} ms",
            bar=f"<= {_IMPORTED * 1e3:.0f} ms",
            is_met=median(imported) <= _IMPORTED,
        ),
        Measure(
            what="import, open a compiled ruleset, price one claim",
            measured=f"{seconds * 1e3:.0f} ms",
        ),
        Measure(
            what=f"of {', '.join(_HEAVY)}, loaded by that",
            measured=", ".join(loaded) or "none",
            bar="none",
            is_met=not loaded,
        ),
    ]
