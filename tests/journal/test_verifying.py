"""Verifying: any byte that is not as it was written is found, and so is an end that was cut off."""

import shutil
import sqlite3
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules_engine.ledger.journal import JournalError, open_journal, verify
from rules_engine.ledger.journal.store import COLUMNS
from tests.journal.books import Paid, post

ENTRIES: Final = 5
_STATES: Final[tuple[Paid, ...]] = (
    {("m1", 1): 3800, ("m2", 1): 1900},
    {("m1", 1): 3800, ("m3", 1): 1},
    {},
)
in_a_fixture: Final = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of five entries: two first versions, a reversal and a first, another reversal."""
    path = tmp_path_factory.mktemp("journal") / "whole.journal"
    with open_journal(path) as journal:
        for number, state in enumerate(_STATES):
            post(journal, state, [1], date(2026, 4, 1 + number))
        assert journal.head()[0] == ENTRIES + 1
    return path


def _faults(path: Path, expect: str | None = None) -> list[str]:
    try:
        with open_journal(path, create=False) as journal:
            return [fault.message for fault in verify(journal, expect).faults]
    except JournalError as error:
        return [str(error)]


def _contents(path: Path) -> list[object]:
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT * FROM entry ORDER BY number").fetchall()
    connection.close()
    return rows


def test_an_untouched_journal_has_no_fault(written: Path) -> None:
    """What was written verifies, against its own head too."""
    with open_journal(written, create=False) as journal:
        head = journal.head()[1]
    assert _faults(written) == _faults(written, head) == []


@given(
    entry=st.integers(1, ENTRIES + 1),
    column=st.sampled_from(COLUMNS),
    place=st.integers(0, 10_000),
    mask=st.integers(1, 255),
)
@in_a_fixture
def test_a_changed_byte_of_any_entry_is_found(
    written: Path, tmp_path: Path, entry: int, column: str, place: int, mask: int
) -> None:
    """Whichever byte of whichever column of whichever entry is another, some fault is named."""
    path = tmp_path / "changed.journal"
    shutil.copy(written, path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TRIGGER entry_is_never_changed")
    where = f"WHERE number = {entry}"
    (held,) = connection.execute(f"SELECT {column} FROM entry {where}").fetchone()  # noqa: S608  names of columns of the code
    if isinstance(held, int):
        changed: object = held ^ (mask << (place % 6 * 8))
    else:
        data = bytearray((held if isinstance(held, bytes) else held.encode()) or b"\0")
        data[place % len(data)] ^= mask
        changed = bytes(data)
    # Cast by SQLite, which writes text that no decoder would accept.
    kind = "BLOB" if isinstance(held, bytes) else "INTEGER" if isinstance(held, int) else "TEXT"
    try:
        connection.execute(f"UPDATE entry SET {column} = CAST(? AS {kind}) {where}", [changed])  # noqa: S608  names of columns of the code
    except sqlite3.IntegrityError:
        return  # The number of another entry: the database itself refuses it.
    finally:
        connection.close()
    assert _faults(path)


@given(data=st.data())
@in_a_fixture
def test_a_changed_byte_of_the_file_is_found_or_changes_no_entry(
    written: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """What a byte of the file breaks is said; if nothing is said, every entry is as it was."""
    whole = bytearray(written.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "file.journal"
    path.write_bytes(whole)
    assert _faults(path) or _contents(path) == _contents(written)


@pytest.mark.parametrize("cut", range(1, ENTRIES + 1))
def test_entries_cut_off_the_end_are_noticed_by_a_noted_hash(
    written: Path, tmp_path: Path, cut: int
) -> None:
    """A chain that ends early is a whole chain; only a hash that somebody noted tells."""
    path = tmp_path / "cut.journal"
    shutil.copy(written, path)
    with open_journal(written, create=False) as journal:
        head = journal.head()[1]
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER entry_is_never_removed")
    connection.execute("DELETE FROM entry WHERE number > ?", [ENTRIES + 1 - cut])
    connection.commit()
    connection.close()
    assert _faults(path) == []
    assert "may have been cut off" in _faults(path, head)[0]


@pytest.mark.parametrize("gone", range(1, ENTRIES + 1))
def test_an_entry_that_is_gone_is_noticed(written: Path, tmp_path: Path, gone: int) -> None:
    """The entry behind the hole does not follow the one in front of it."""
    path = tmp_path / "hole.journal"
    shutil.copy(written, path)
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER entry_is_never_removed")
    connection.execute("DELETE FROM entry WHERE number = ?", [gone])
    connection.commit()
    connection.close()
    assert any("it follows" in fault for fault in _faults(path))


@pytest.mark.parametrize(
    "statement", ["UPDATE entry SET rule = 'other'", "DELETE FROM entry WHERE number = 1"]
)
def test_the_database_refuses_to_change_an_entry(
    written: Path, tmp_path: Path, statement: str
) -> None:
    """Who opens the file with SQLite cannot edit it by accident."""
    path = tmp_path / "edited.journal"
    shutil.copy(written, path)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="of the journal is never"):
        connection.execute(statement)
    connection.close()


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    """A text file, another database and an absent file each say what they are."""
    text, other = tmp_path / "text", tmp_path / "other.db"
    text.write_text("balances\n" * 200, encoding="utf-8")
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE entry (number INTEGER)")
    connection.close()
    with pytest.raises(JournalError, match="cannot be opened as a journal"):
        open_journal(text)
    with pytest.raises(JournalError, match="is no journal"):
        open_journal(other)
    with pytest.raises(JournalError, match="does not exist"):
        open_journal(tmp_path / "absent", create=False)
    assert not (tmp_path / "absent").exists()
