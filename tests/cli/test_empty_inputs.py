"""Sources whose input files hold nothing: `check` says so, `plan` and `run` end in our words."""

from pathlib import Path

import pytest
from builders import write_recipe, write_texts

from massivetext.cli.main import run_command_line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Working folder with an empty input file and one with a text."""
    (tmp_path / "empty.jsonl").write_text("")
    write_texts(tmp_path / "full.jsonl", ["The river rises in the hills and runs to the sea. " * 20])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("others", [{}, {"b": {"kind": "news", "inputs": ["full.jsonl"], "weight": 0.5}}])
def test_an_empty_source_is_told_and_ends_no_command_in_a_fault(
    folder: Path, others: dict[str, dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    empty = {"kind": "news", "inputs": ["empty.jsonl"], "weight": 1 - 0.5 * len(others)}
    path = str(write_recipe(folder, {"a": empty, **others}))
    assert run_command_line(["check", path]) == 0
    assert "sources.a: its input files hold 0 bytes" in capsys.readouterr().out

    assert run_command_line(["plan", path]) == (0 if others else 2)
    assert ("got 0 bytes in all" in capsys.readouterr().err) == (not others)

    assert run_command_line(["run", path, "--output", "run", "--workers", "1"]) == 2
    assert "sources.a: no document could be read" in capsys.readouterr().err
