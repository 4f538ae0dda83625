"""Parquet files of a run, read in the calling thread.

Arrow would read in threads of its own. One of them may still hold the file when the process ends, which aborts the
process. Nor are threads needed: worker processes keep all cores of a machine busy.
"""

import contextlib
from collections.abc import Generator, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from massivetext.storage import files as fs


@contextlib.contextmanager
def open_parquet(path: str) -> Iterator[pq.ParquetFile]:
    """Give an open file. Raises FileNotFoundError, pyarrow.ArrowInvalid."""
    with fs.open_read(path) as handle:
        yield pq.ParquetFile(handle, pre_buffer=False)


def read_table(path: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Return a whole file, or some of its columns in the given order. Raises as :func:`open_parquet` does."""
    with open_parquet(path) as file:
        table = file.read(columns, use_threads=False)
    return table if columns is None else table.select(columns)


def read_row_group(file: pq.ParquetFile, group: int, columns: Sequence[str] | None = None) -> pa.Table:
    """Return a row group of an open file; columns as in :func:`read_table`."""
    table = file.read_row_group(group, columns, use_threads=False)
    return table if columns is None else table.select(columns)


def read_batches(
    path: str, columns: Sequence[str] | None = None, *, rows: int
) -> Generator[pa.RecordBatch, None, None]:
    """Yield the rows of a file in order, at most ``rows`` at a time. Raises as :func:`open_parquet` does."""
    with open_parquet(path) as file:
        for batch in file.iter_batches(rows, columns=columns, use_threads=False):
            yield batch if columns is None else batch.select(columns)


def read_value_range(path: str, column: str, first: int, last: int) -> pa.Table:
    """Return the rows whose value in a column is from first to last, both included.

    The file must be sorted by this column. Row groups that hold none of these rows, by their statistics, are not read.
    Raises as :func:`open_parquet` does.
    """
    with open_parquet(path) as file:
        schema = file.schema_arrow
        index = schema.names.index(column)
        groups = [
            group
            for group in range(file.num_row_groups)
            if (held := file.metadata.row_group(group).column(index).statistics) is None
            or (held.min <= last and first <= held.max)
        ]
        table = file.read_row_groups(groups, use_threads=False) if groups else schema.empty_table()
    low, high = (pa.scalar(end, schema.field(column).type) for end in (first, last))
    return table.filter(pc.and_(pc.greater_equal(table[column], low), pc.less_equal(table[column], high)))
