"""Encoding draws: how much is held in memory at a time, and which draws a commit covers."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from tiny_run import tiny_context

from massivetext.jobs.encode_round import DrawnCrop, EncodeRound, EncodeStage, KeptDocuments
from massivetext.records.tokens import TOKENS
from massivetext.runs.context import Context
from massivetext.runs.work_items import WorkItem

TEXT = "a few words " * 20


def round_of(first: int, end: int, number: int = 0) -> tuple[EncodeRound, list[int]]:
    """Return an encoding round with batches of 1,000 characters, and the characters of each batch it encodes."""
    sizes: list[int] = []

    def encode(_context: Context, _source: str, crops: Sequence[DrawnCrop]) -> pa.Table:
        sizes.append(sum(len(crop.text) for crop in crops))
        rows = [
            {"row": crop.row, "draw": crop.draw, "start": 0, "stop": 1, "count": 1, "tokens": b"\x05\x00"}
            for crop in crops
        ]
        return pa.Table.from_pylist(rows, schema=TOKENS)

    kept = KeptDocuments(documents=1, bytes=1, first=(0,))
    ranges = {"wikipedia": (first, end)}
    return EncodeRound(number, ranges, {"wikipedia": kept}, batch_bytes=1000, encode=encode), sizes


def test_one_document_drawn_many_times_is_encoded_in_batches(tmp_path: Path) -> None:
    # A source of a single document: every draw is of it.
    context = tiny_context(str(tmp_path), {"wikipedia": [[TEXT]]})
    item = WorkItem(context.all_shards()[0], (), 1.0)
    work, batches = round_of(0, 200)
    commit = work(context, item)

    assert commit.counts["draws"] == 200
    assert len(batches) > 10
    assert max(batches) < 1000 + len(TEXT)


def test_a_commit_names_the_draws_that_it_covers(tmp_path: Path) -> None:
    context = tiny_context(str(tmp_path), {"wikipedia": [[TEXT]]})
    item = WorkItem(context.all_shards()[0], (), 1.0)
    work, batches = round_of(30, 50, number=1)
    commit = work(context, item)

    assert commit.task == "tokens/round-1/draws-30-50/wikipedia/part-00000-of-00001"
    assert EncodeStage("records", work).commit_name(item) == commit.task
    assert commit.counts["draws"] == 20
    assert batches
