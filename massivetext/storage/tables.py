"""Parquet files of a run, read in the thread that asks.

Arrow would read in threads of its own. One of them may still hold the file when the process has nothing left to do and
ends, which aborts it. Besides, workers and not threads are what keeps all cores of a machine busy.
"""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from massivetext.storage import files as fs


@contextlib.contextmanager
def opened(path: str) -> Iterator[Any]:
    """An open file, a :class:`pyarrow.parquet.ParquetFile`. Raises FileNotFoundError, pyarrow.ArrowInvalid."""
    with fs.open_read(path) as handle:
        yield pq.ParquetFile(handle, pre_buffer=False)


def read(path: str, columns: Sequence[str] | None = None) -> pa.Table:
    """The whole of a file, or some of its columns in the order in which they are named. Raises as :func:`opened`."""
    with opened(path) as file:
        table = file.read(columns, use_threads=False)
    return table if columns is None else table.select(columns)


def read_group(file: Any, group: int, columns: Sequence[str] | None = None) -> pa.Table:
    """A row group of an open file; columns as in :func:`read`."""
    table = file.read_row_group(group, columns, use_threads=False)
    return table if columns is None else table.select(columns)


def batches(path: str, columns: Sequence[str] | None = None, *, rows: int) -> Generator[pa.RecordBatch, None, None]:
    """The rows of a file in order, so many at a time. Raises as :func:`opened`."""
    with opened(path) as file:
        for batch in file.iter_batches(rows, columns=columns, use_threads=False):
            yield batch if columns is None else batch.select(columns)


def read_range(path: str, column: str, first: int, last: int) -> pa.Table:
    """The rows whose number in a column, by which the file is sorted, is from first to last.

    Row groups that by their statistics hold none of them are not read. Raises as :func:`opened`.
    """
    with opened(path) as file:
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
