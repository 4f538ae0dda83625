"""Where the tokens of a document are in the records."""

from typing import Any

import msgspec
import pyarrow.compute as pc

from massivetext.records.dataset import FILE_NAME, Dataset
from massivetext.records.sequences import SequenceOrder, lay_out_draws
from massivetext.records.tokens import load_counts, record_spans, round_tokens_path
from massivetext.report.examples import Place
from massivetext.report.reached import reached
from massivetext.runs.context import Context
from massivetext.stages import RECORDS
from massivetext.storage import files as fs
from massivetext.storage import tables


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """A run of tokens of a document within a record.

    Attributes:
        draw: number of the crop that they belong to.
        file: name of the records' file.
        record: index of the record in it, from 0.
        position: of the first token in the record, from 0.
        tokens: how many.
    """

    draw: int
    file: str
    record: int
    position: int
    tokens: int


def destinations(context: Context, where: Place) -> list[Destination]:
    """Where a document's tokens are, by draw; empty where it was dropped, not drawn, or the records are not done."""
    if RECORDS.name not in reached(context):
        return []
    draws = _draws(context, where)
    if not draws:
        return []
    source, length = where.shard.source, context.recipe.records.sequence_length
    dataset = Dataset.from_json(fs.read_bytes(context.run.path(RECORDS.name, FILE_NAME)))
    files = dataset.train.shards
    order = SequenceOrder(dataset.train.sequences, len(files), context.recipe.seed)
    placed = lay_out_draws(load_counts(context.run, source), context.recipe.records.crops_per_group, length)
    quotas = dataset.mixture.quotas
    first_row = sum(quotas[name] for name in quotas if name < source)
    return [
        Destination(
            draw=draw, file=files[span.shard].path, record=span.record, position=span.position, tokens=span.tokens
        )
        for draw, count in draws
        for span in record_spans(
            placed, order, draw, count, sequence_length=length, first_sequence=first_row, quota=quotas[source]
        )
    ]


def _draws(context: Context, where: Place) -> list[tuple[int, int]]:
    """(draw, tokens) of every crop of a document, in order."""
    found: list[dict[str, Any]] = []
    for number in range(_rounds(context, where)):
        table = tables.read_table(round_tokens_path(context.run, number, where.shard), ["row", "draw", "count"])
        found += table.filter(pc.equal(table["row"], where.row)).to_pylist()
    return sorted((item["draw"], item["count"]) for item in found)


def _rounds(context: Context, where: Place) -> int:
    # Each round of encoding has a part of its own, committed as tokens/round-N/draws-I-J/SHARD.
    name = f"/{where.shard.name}"
    tasks = (task.task for task in context.run.need(RECORDS.name).tasks)
    return sum(task.startswith("tokens/round-") and task.endswith(name) for task in tasks)
