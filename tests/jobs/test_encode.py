"""Encoding draws: what is held at a time, and what a commit is of."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tiny_run import tiny_context

from massivetext.jobs import encode_draws
from massivetext.jobs.encode_draws import EncodeRound, EncodeStage, Survivors
from massivetext.records.tokens import TOKENS
from massivetext.runs.context import Context
from massivetext.runs.progress import Reporter
from massivetext.runs.work_items import WorkItem

TEXT = "a few words " * 20


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Characters of each batch of crops that is encoded."""
    sizes: list[int] = []

    def encoded(_context: Context, crops: list[dict[str, Any]]) -> pa.Table:
        sizes.append(sum(len(crop["text"]) for crop in crops))
        rows = [{"row": crop["row"], "draw": crop["draw"], "count": 1, "tokens": b"\x05\x00"} for crop in crops]
        return pa.Table.from_pylist(rows, schema=TOKENS)

    monkeypatch.setattr(encode_draws, "_encoded", encoded)
    monkeypatch.setattr(encode_draws, "_BATCH_BYTES", 1000)
    return sizes


def round_of(first: int, end: int, number: int = 0) -> EncodeRound:
    survivors = Survivors(documents=1, crop_bytes=float(len(TEXT)), first=(0,))
    return EncodeRound(number, {"wikipedia": (first, end)}, {"wikipedia": survivors})


def test_one_document_drawn_many_times_is_encoded_in_batches(tmp_path: Path, batches: list[int]) -> None:
    # A source of a single document: every draw is of it.
    context = tiny_context(str(tmp_path), {"wikipedia": [[TEXT]]})
    task = WorkItem(context.all_shards()[0], (), 1.0)
    commit = round_of(0, 200)(context, task, Reporter(None, "records"))

    assert commit.counts["draws"] == 200
    assert len(batches) > 10
    assert max(batches) < 1000 + len(TEXT)


def test_a_commit_names_the_draws_that_it_covers(tmp_path: Path, batches: list[int]) -> None:
    context = tiny_context(str(tmp_path), {"wikipedia": [[TEXT]]})
    task = WorkItem(context.all_shards()[0], (), 1.0)
    work = round_of(30, 50, number=1)
    commit = work(context, task, Reporter(None, "records"))

    assert commit.task == "tokens/round-1/draws-30-50/wikipedia/part-00000-of-00001"
    assert EncodeStage("records", work).commit_name(task) == commit.task
    assert commit.counts["draws"] == 20
    assert batches
