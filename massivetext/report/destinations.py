"""The positions of a document's tokens in the records."""

import msgspec
import pyarrow.compute as pc

from massivetext.records.dataset import FILE_NAME, Dataset
from massivetext.records.sequences import SequenceOrder, lay_out_draws
from massivetext.records.tokens import counts_path, load_counts, record_spans, round_tokens_path
from massivetext.report.completed import completed_stages
from massivetext.report.examples import DocumentLocation
from massivetext.runs.context import Context
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
    draws = _draws(context, location)
    if not draws:
        return []
    source, length = location.shard.source, context.recipe.records.sequence_length
    # Nothing in these files shows that a bit of them has changed, and the place would be wrong.
    relied = (context.run.path(RECORDS.name, FILE_NAME), counts_path(context.run, source))
    require_unchanged(context.run, RECORDS.name, [fs.relative(path, context.run.folder) for path in relied])
    dataset = Dataset.from_json(fs.read_bytes(context.run.path(RECORDS.name, FILE_NAME)))
    files = dataset.train.shards
    order = SequenceOrder(dataset.train.sequences, len(files), context.recipe.seed)
    draw_layout = lay_out_draws(load_counts(context.run, source), context.recipe.records.crops_per_group, length)
    quotas = dataset.mixture.quotas
    first_row = sum(quotas[name] for name in quotas if name < source)
    return [
        Destination(
            draw=draw, file=files[span.shard].path, record=span.record, position=span.position, tokens=span.tokens
        )
        for draw, count in draws
        for span in record_spans(
            draw_layout, order, draw, count, sequence_length=length, first_sequence=first_row, quota=quotas[source]
        )
    ]


def _draws(context: Context, location: DocumentLocation) -> list[tuple[int, int]]:
    """Return (draw, number of tokens) of every draw of a document, in order."""
    found: list[tuple[int, int]] = []
    for number in range(_rounds(context, location)):
        table = tables.read_table(round_tokens_path(context.run, number, location.shard), ["row", "draw", "count"])
        drawn = table.filter(pc.equal(table["row"], location.row))
        found += zip(drawn["draw"].to_pylist(), drawn["count"].to_pylist(), strict=True)
    return sorted(found)


def _rounds(context: Context, location: DocumentLocation) -> int:
    # Each encoding round has its own data set; a shard of it is committed as tokens/round-N/draws-I-J/SHARD.
    name = f"/{location.shard.name}"
    tasks = (task.task for task in context.run.need(RECORDS.name).tasks)
    return sum(task.startswith("tokens/round-") and task.endswith(name) for task in tasks)
