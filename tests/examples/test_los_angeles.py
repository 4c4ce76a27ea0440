"""The example program writes files and says what they hold."""

from pathlib import Path

import pytest

from examples.los_angeles import main


def test_the_program_names_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each standard table that was written is told with its path."""
    assert main([str(tmp_path), "--members", "20", "--seed", "1"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("20 members, ")
    for path in tmp_path.iterdir():
        assert str(path) in shown


def test_a_wrong_number_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Misuse ends with exit code 2 and the reason."""
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), "--members", "0"])
    assert ended.value.code == 2
    assert "members is 0; it is 1 at least" in capsys.readouterr().err
