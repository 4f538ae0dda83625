"""The notebook in examples/: a whole notebook file, whose cells run on the quickstart and answer what they say."""

import json
from pathlib import Path
from typing import Any

import pytest
from command import ROOT
from notebook_cells import execute

import massivetext

NOTEBOOK = ROOT / "examples" / "ask_a_run.ipynb"


def test_the_notebook_is_one_and_holds_no_output() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    ids = [cell["id"] for cell in notebook["cells"]]

    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len(set(ids)) == len(ids) > 10
    for cell in notebook["cells"]:
        keys = {"cell_type", "id", "metadata", "source"}
        assert set(cell) == keys | ({"execution_count", "outputs"} if cell["cell_type"] == "code" else set())
        assert not cell.get("outputs")


def test_its_cells_run_in_order(quickstart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/quickstart").symlink_to(quickstart / "run")
    namespace: dict[str, Any] = {}
    printed = execute(NOTEBOOK, namespace)
    run = massivetext.open(quickstart / "run")
    effect = run.whatif({"gopher/word_count.min": 100}).sources["web"]

    assert printed[0][0].startswith("<run 'quickstart' in ")
    counts = f"{effect.before.documents:,} -> {effect.after.documents:,} documents"
    assert any(counts in lines for lines in printed)
    assert ["True"] in printed  # the difference of the run and itself
    assert all(printed)
    assert (tmp_path / "kept/export.json").is_file()
