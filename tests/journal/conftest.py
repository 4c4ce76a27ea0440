"""Places for journals: a SQLite file, and a PostgreSQL server that is started for the tests."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest

Places = Callable[[], str]
"""Gives the place of a journal that does not exist yet."""

_NUMBERS: Final = count(1)


def _binaries() -> Path | None:
    """Give the folder of a PostgreSQL server's programs."""
    folders = [Path(found).resolve().parent for found in [shutil.which("pg_ctl")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").is_file()), None)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Start a PostgreSQL server of its own, on a socket in a folder of its own."""
    pytest.importorskip("pg8000", reason="the driver is not installed: rules-engine[postgres]")
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed (initdb and pg_ctl)")
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    if user is not None and user not in {one.pw_name for one in pwd.getpwall()}:
        pytest.skip("a PostgreSQL server does not run as root, and there is no user postgres")
    folder = Path(tempfile.mkdtemp(prefix="journal-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"

        def run(*command: str) -> None:
            subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

        run(str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "tester", "-E", "UTF8")
        # Nothing here has to outlive the machine, and the tests wait for the disk less.
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        control = str(binaries / "pg_ctl")
        run(control, "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            run(control, "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _schema(server: str) -> str:
    """Make an empty schema, and give the URL of the database that takes it for its own."""
    from pg8000 import dbapi  # noqa: PLC0415  it may be absent

    name = f"journal_{next(_NUMBERS)}"
    socket = f"{server.partition('host=')[2]}/.s.PGSQL.5432"
    connection = dbapi.connect(user="tester", unix_sock=socket, database="postgres")
    connection.autocommit = True
    connection.cursor().execute(f"CREATE SCHEMA {name}")
    connection.close()
    return f"{server}&options=-csearch_path%3D{name}"


@pytest.fixture(params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """Give new places, each test for every kind of journal."""
    if request.param == "sqlite":
        return lambda: str(tmp_path / f"{next(_NUMBERS)}.journal")
    server = request.getfixturevalue("server")
    return lambda: _schema(server)
