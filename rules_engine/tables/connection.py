"""Connections: DuckDB with bounded memory, and a folder of its own for what does not fit."""

import math
import re
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

__all__ = ["MEMORY", "arrow_stream", "connect", "folder_of", "register"]

MEMORY: Final = "2GiB"
"""How much memory a run's tables take at most where nobody says otherwise."""

# Nothing is fetched from the network, and dates do not depend on where the host stands.
_SETTINGS: Final = {"autoinstall_known_extensions": "false", "TimeZone": "UTC"}
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT]i?)?B", re.IGNORECASE)
_POWERS: Final = " KMGT"


def connect(memory: str | None = None) -> "DuckDBPyConnection":
    """Open a database in memory that puts what does not fit into a folder of the host's.

    The folder can be read by nobody else and goes away with the connection.

    Args:
        memory: How much memory it takes at most, such as `512MB` or `8GiB`; None takes 2 GiB, or
            less where the host has less.

    Raises:
        ValueError: It is no amount of memory.
    """
    import duckdb  # noqa: PLC0415  embedding a price must not load it

    if memory is not None:
        _bytes_of(memory)
    connection = duckdb.connect(config=dict(_SETTINGS))
    folder = tempfile.mkdtemp(prefix="rules_engine-")
    weakref.finalize(connection, shutil.rmtree, folder, ignore_errors=True)
    connection.execute("SET temp_directory = ?", [str(Path(folder) / "spilled")])
    if memory is None:
        ((most,),) = connection.execute("SELECT current_setting('memory_limit')").fetchall()
        memory = MEMORY if _bytes_of(str(most)) > _bytes_of(MEMORY) else None
    if memory is not None:
        connection.execute("SET memory_limit = ?", [memory])
    return connection


def folder_of(connection: "DuckDBPyConnection") -> Path:
    """Give the folder that goes away with a connection."""
    ((spilled,),) = connection.execute("SELECT current_setting('temp_directory')").fetchall()
    return Path(str(spilled)).parent


def register(connection: "DuckDBPyConnection", name: str, rows: Any) -> None:
    """Make rows that the host has readable by a name."""
    # Refused while a result is not fetched to its end, as one is of which a row was enough.
    connection.execute("SELECT NULL").fetchall()
    connection.register(name, rows)


def arrow_stream(connection: "DuckDBPyConnection", query: str) -> "pa.RecordBatchReader":
    """Give what a query finds batch by batch, while it is found; nothing is held or copied.

    The connection is busy with it until it ends, so that others take a cursor of their own.
    """
    import pyarrow as pa  # noqa: PLC0415  only Arrow files and rows in memory need it

    return pa.RecordBatchReader.from_stream(connection.sql(query))


def _bytes_of(memory: str) -> float:
    found = _AMOUNT.fullmatch(memory.replace("bytes", "B"))
    if found is None:
        msg = f"{memory!r} is no amount of memory; it may be such as 512MB or 8GiB"
        raise ValueError(msg)
    number, unit = found.groups(default=" ")
    step = 1024.0 if "i" in unit.lower() else 1000.0
    return float(number) * math.pow(step, _POWERS.index(unit[0].upper()))
