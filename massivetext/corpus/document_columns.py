"""Columns of documents from several data sets of a run, side by side: texts, signals and verdicts."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.corpus.fates import KEPT, removal_codes, removing_stages, rule_names, stored_failures
from massivetext.errors import StageError, UserError
from massivetext.runs.context import CUTTING, Context
from massivetext.runs.cut_texts import CutText, read_cut_texts
from massivetext.runs.documents import read_row_groups
from massivetext.runs.stage import VerdictSet
from massivetext.runs.store import Shard
from massivetext.schema import DOCUMENTS
from massivetext.signals import registry
from massivetext.storage import tables
from massivetext.toml_tables import suggestion

# Columns that are computed from verdicts, and the source, beside those of the data sets.
COMPUTED: Mapping[str, pa.DataType] = {
    "source": pa.string(),
    "kept": pa.bool_(),
    "removed_by": pa.string(),
    "failed_rules": pa.list_(pa.string()),
}
_OF_FATE = ("kept", "removed_by")


class ColumnChoice:
    """Chosen columns of the documents of a run, and where each of them is stored.

    Attributes:
        schema: names and types, in the chosen order: the same for every source.
        texts: chosen columns of ``documents/``.
        signals: chosen columns of ``signals/``.
        needs_fate: whether one of them says what became of a document.
    """

    def __init__(self, measured: Sequence[str], columns: Sequence[str], *, signals_first: bool = False) -> None:
        """Look up the columns.

        Args:
            measured: signals that the run has measured for at least one source.
            columns: names of columns of documents, of signals, or of :data:`COMPUTED`.
            signals_first: whether a name that documents and signals share means the signal.

        Raises:
            UserError: there is no such column, a name occurs twice, or none is given.
        """
        texts = not isinstance(columns, str) and all(isinstance(name, str) for name in columns)
        if not columns or not texts or len(set(columns)) != len(columns):
            raise UserError(f"columns: want a list of different names, got {columns!r}")
        of_documents = {field.name: field.type for field in DOCUMENTS}
        if signals_first:
            of_documents = {name: kind for name, kind in of_documents.items() if name not in registry.types()}
        known = {**registry.types(), **of_documents, **COMPUTED}
        for name in columns:
            if name not in known:
                raise UserError(
                    f"columns: want columns of documents ({', '.join([*DOCUMENTS.names, *COMPUTED])}) or signals, got "
                    f"{name!r}{suggestion(name, known)}"
                )
        self.schema = pa.schema([pa.field(name, known[name]) for name in columns])
        self.texts = [name for name in columns if name in of_documents]
        self.signals = [name for name in columns if name not in of_documents and name not in COMPUTED]
        for name in self.signals:
            if name not in measured:
                raise UserError(
                    f"columns: the run has not measured the signal {name!r}; run again with a rule set that names it"
                )
        self.needs_fate = any(name in _OF_FATE for name in columns)


def measured_signals(context: Context, source: str) -> list[str]:
    """Return the names of the signals that the run has measured for a source, as the file of its first shard has them.

    Raises:
        StageError: the file is missing or damaged.
    """
    path = context.run.shard_file("signals", context.shards(source)[0])
    try:
        with tables.open_parquet(path) as file:
            names: list[str] = file.schema_arrow.names
            return names
    except (OSError, pa.ArrowInvalid) as error:
        raise StageError(f"{path}: cannot be read ({error}); run `massivetext verify` on the run") from error


def read_documents(
    context: Context,
    shard: Shard,
    choice: ColumnChoice,
    deciding: Sequence[VerdictSet],
    *,
    kept: bool | None,
) -> Iterator[pa.RecordBatch]:
    """Yield the chosen columns of the documents of a shard, in the order of its rows.

    Args:
        context: the run.
        shard: the shard.
        choice: the columns.
        deciding: verdicts that decide what is kept; may be empty if neither ``kept`` nor a column asks for it.
        kept: True: documents that no stage removed, with the texts that the records hold; False: those that one has
            removed; None: all.

    Raises:
        StageError: a file of the shard is missing or damaged.
    """
    codes = removal_codes(context, shard, deciding) if choice.needs_fate or kept is not None else None
    beside = _beside(context, shard, choice, codes, deciding)
    mask = None if kept is None or codes is None else (codes == KEPT) == kept
    if mask is not None and not mask.any():
        return
    first = 0
    decides = any(each.data_set == CUTTING for each in deciding)
    cut = read_cut_texts(context, shard) if kept and decides and "text" in choice.texts else {}
    for stored in read_row_groups(context.run, shard, choice.texts or ["id"]):
        rows = slice(first, first + stored.num_rows)
        texts = _with_cut_texts(stored, cut, first) if cut else stored
        first = rows.stop
        yield from _side_by_side(shard, texts, beside, choice, rows, None if mask is None else mask[rows])


def _with_cut_texts(texts: pa.Table, cut: Mapping[int, CutText], first: int) -> pa.Table:
    """Return documents, the first of which has this row, with what is left of those of which something is cut."""
    column = texts.schema.get_field_index("text")
    values = texts["text"].to_pylist()
    left = [cut[first + at].text if first + at in cut else value for at, value in enumerate(values)]
    return texts.set_column(column, texts.schema.field(column), pa.array(left, texts.schema.field(column).type))


def _beside(
    context: Context,
    shard: Shard,
    choice: ColumnChoice,
    codes: npt.NDArray[np.int8] | None,
    deciding: Sequence[VerdictSet],
) -> dict[str, pa.Array | pa.ChunkedArray]:
    """Return the chosen columns of a whole shard that are not those of documents, by name."""
    found: dict[str, pa.Array | pa.ChunkedArray] = {}
    measured = set(measured_signals(context, shard.source)) if choice.signals else set()
    if wanted := [name for name in choice.signals if name in measured]:
        signals = context.run.read_table("signals", shard, wanted)
        found |= {name: signals[name] for name in wanted}
    if "failed_rules" in choice.schema.names:
        found["failed_rules"] = rule_names(stored_failures(context, shard), context.rules[shard.source])
    if codes is not None:
        found["kept"] = pa.array(codes == KEPT)
        found["removed_by"] = removing_stages(codes, deciding)
    return found


def _side_by_side(
    shard: Shard,
    texts: pa.Table,
    beside: Mapping[str, pa.Array | pa.ChunkedArray],
    choice: ColumnChoice,
    rows: slice,
    mask: npt.NDArray[np.bool_] | None,
) -> Iterator[pa.RecordBatch]:
    count = texts.num_rows
    columns: dict[str, object] = {}
    for field in choice.schema:
        if field.name in choice.texts:
            columns[field.name] = texts[field.name]
        elif field.name in beside:
            columns[field.name] = beside[field.name].slice(rows.start, count)
        elif field.name == "source":
            columns[field.name] = pa.repeat(pa.scalar(shard.source, field.type), count)
        else:  # a signal that is measured for other sources only
            columns[field.name] = pa.nulls(count, field.type)
    table = pa.table(columns).cast(choice.schema)
    if mask is not None:
        table = table.filter(pa.array(mask))
    yield from (batch for batch in table.combine_chunks().to_batches() if batch.num_rows)
