"""The positions of a document's tokens in the records."""

import msgspec
import numpy as np
import pyarrow.compute as pc

from massivetext.records.dataset import FILE_NAME, Dataset
from massivetext.records.sequences import SequenceOrder
from massivetext.records.tokens import (
    counts_path,
    draws_of_rows,
    lay_out_source,
    record_spans,
    round_tokens_path,
    tokens_folder,
)
from massivetext.report.completed import completed_stages
from massivetext.report.examples import DocumentLocation
from massivetext.runs.context import Context
from massivetext.runs.record_splits import TRAIN
from massivetext.runs.verify import require_unchanged
from massivetext.stages import RECORDS
from massivetext.storage import files as fs
from massivetext.storage import tables


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive tokens of a document within one record.

    Attributes:
        draw: number of the draw that the tokens belong to.
        file: name of the record shard.
        record: index of the record in that file, from 0.
        position: position of the first token in the record, from 0.
        tokens: number of tokens.
    """

    draw: int
    file: str
    record: int
    position: int
    tokens: int


def destinations(context: Context, location: DocumentLocation) -> list[Destination]:
    """Return where the tokens of a document are, by draw; empty if it was not drawn or records is not complete.

    Raises:
        StageError: a file that tells the places is not as it was written.
    """
    if RECORDS.name not in completed_stages(context):
        return []
    described = context.run.path(RECORDS.name, FILE_NAME)
    _require_unchanged(context, described)
    dataset = Dataset.from_json(fs.read_bytes(described))
    splits = [context.for_split(name) for name in dataset.splits]
    context = next((each for each in splits if each.in_split(location.shard)[location.row]), context)
    draws = _draws(context, location)
    if not draws:
        return []
    source, split = location.shard.source, dataset.splits[context.split]
    _require_unchanged(context, counts_path(context.run, source, context.split))
    files = split.shards
    order = SequenceOrder(split.sequences, len(files), context.recipe.seed)
    if context.split == TRAIN:
        found = next(each for each in dataset.sources if each.name == source)
        documents, drawn, quotas = found.documents, found.draws, dataset.mixture.quotas
    else:
        documents = drawn = split.sources[source].documents
        quotas = {name: each.sequences for name, each in split.sources.items()}
    layout = lay_out_source(context.run, context.recipe, source, documents, drawn, context.split)
    first_row = sum(quotas[name] for name in quotas if name < source)
    return [
        Destination(
            draw=draw, file=files[span.shard].path, record=span.record, position=span.position, tokens=span.tokens
        )
        for first_draw, count in draws
        for (draw,) in draws_of_rows(context.recipe, source, np.array([first_draw]), documents, drawn).tolist()
        for span in record_spans(layout, order, draw, count, first_sequence=first_row, quota=quotas[source])
    ]


def _require_unchanged(context: Context, path: str) -> None:
    # Nothing in these files shows that a bit of them has changed, and the place would be wrong.
    require_unchanged(context.run, RECORDS.name, [fs.relative(path, context.run.folder)])


def _draws(context: Context, location: DocumentLocation) -> list[tuple[int, int]]:
    """Return (draw, number of tokens) of every draw of a document, in order."""
    found: list[tuple[int, int]] = []
    for number in range(_rounds(context, location)):
        path = round_tokens_path(context.run, number, location.shard, context.split)
        table = tables.read_table(path, ["row", "draw", "count"])
        drawn = table.filter(pc.equal(table["row"], location.row))
        found += zip(drawn["draw"].to_pylist(), drawn["count"].to_pylist(), strict=True)
    return sorted(found)


def _rounds(context: Context, location: DocumentLocation) -> int:
    # Each encoding round has its own data set; a shard of it is committed as tokens/round-N/draws-I-J/SHARD.
    name = f"/{location.shard.name}"
    tasks = (task.task for task in context.run.need(RECORDS.name).tasks)
    folder = tokens_folder(context.split)
    return sum(task.startswith(f"{folder}/round-") and task.endswith(name) for task in tasks)
