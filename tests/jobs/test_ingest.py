"""Ingest reads the inputs as they were planned, or stops."""

import os
import shutil
from pathlib import Path

import pytest
from builders import context_of, recipe_of

from massivetext.errors import StageError
from massivetext.jobs.ingest import ingest_shard
from massivetext.runs.context import Context
from massivetext.runs.store import Shard, json_sha256
from massivetext.runs.work_items import WorkItem
from massivetext.sources.splits import plan_shards
from massivetext.stages import STAGES


@pytest.fixture
def planned(tmp_path: Path) -> tuple[Context, WorkItem, Path]:
    """A run that has not begun, its only work item, and the input of that work item."""
    path = tmp_path / "input/a.jsonl"
    path.parent.mkdir()
    path.write_bytes(b'{"text": "one"}\n{"text": "two"}\n')
    (splits,) = plan_shards(["input/*.jsonl"], str(tmp_path), 2**20, divisible=True)
    context = context_of(
        str(tmp_path / "run"),
        recipe_of(["news"]),
        {stage.name: json_sha256(stage.name) for stage in STAGES},
        shard_counts={"news": 1},
        rules={"news": ()},
        root=str(tmp_path),
    )
    return context, WorkItem(Shard("news", 0, 1), splits, 1.0), path


def ingest(context: Context, item: WorkItem) -> int:
    return ingest_shard(context, item).counts["documents"]


def test_an_input_that_is_as_it_was_planned_is_read(planned: tuple[Context, WorkItem, Path]) -> None:
    context, item, _ = planned

    assert ingest(context, item) == 2


def test_an_input_that_has_gone_stops_the_run(planned: tuple[Context, WorkItem, Path]) -> None:
    context, item, path = planned
    path.unlink()
    with pytest.raises(
        StageError, match=r"a\.jsonl: was removed after the run began; put it back, or run again without it"
    ):
        ingest(context, item)


def test_an_input_that_has_grown_stops_the_run(planned: tuple[Context, WorkItem, Path]) -> None:
    context, item, path = planned
    with path.open("ab") as handle:
        handle.write(b'{"text": "three"}\n')
    with pytest.raises(StageError, match=r"a\.jsonl: was changed after the run began; run again to read it as it is"):
        ingest(context, item)


def test_an_input_written_anew_with_as_many_bytes_stops_the_run(planned: tuple[Context, WorkItem, Path]) -> None:
    context, item, path = planned
    path.write_bytes(path.read_bytes().replace(b"one", b"six"))
    os.utime(path, (1, 1))
    with pytest.raises(StageError, match="was changed"):
        ingest(context, item)


def test_nothing_is_left_of_a_shard_that_was_stopped(planned: tuple[Context, WorkItem, Path], tmp_path: Path) -> None:
    context, item, path = planned
    shutil.move(path, tmp_path / "elsewhere")
    with pytest.raises(StageError):
        ingest(context, item)

    assert [file for file in (tmp_path / "run").rglob("*") if file.is_file()] == []
