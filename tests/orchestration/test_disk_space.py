"""A run that would need more disk than there is says so before it begins."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from jsonl_corpus import write

from massivetext.engines.engine import Engine
from massivetext.errors import UserError
from massivetext.orchestration.disk_space import check_space
from massivetext.orchestration.driver import prepare
from massivetext.orchestration.plan import make_plan
from massivetext.recipe import load_recipe


class Disk(NamedTuple):
    """What the system says of a disk."""

    free: int


def test_a_run_that_needs_more_than_is_free_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, run = load_recipe(str(write(tmp_path / "corpus", shards=1, documents=6))), str(tmp_path / "new/run")
    said: list[str] = []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10**12))
    prepare(recipe, run, Engine(), notify=said.append)
    assert said == []

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10_000_000))
    prepare(recipe, run, Engine(), notify=said.append)
    assert len(said) == 1
    assert said[0].startswith("This run will need about ")
    assert f"and {tmp_path} has 10.0 MB free" in said[0]


def test_a_run_that_needs_many_times_what_is_free_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, run = load_recipe(str(write(tmp_path / "corpus", shards=1, documents=6))), str(tmp_path / "new/run")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(1000))

    with pytest.raises(UserError, match=r"would need about .* has 1\.0 kB free; give a folder on a larger disk"):
        prepare(recipe, run, Engine())


def test_what_a_run_has_already_written_counts_as_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(load_recipe(str(write(tmp_path / "corpus", shards=1, documents=6))))
    run = tmp_path / "run"
    run.mkdir()
    (run / "written").write_bytes(bytes(2 * 10**8))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(1000))

    assert check_space(plan, str(run)) is None


def test_nothing_is_said_of_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(load_recipe(str(write(tmp_path / "corpus", shards=1, documents=6))))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(0))

    assert check_space(plan, "memory://run") is None
