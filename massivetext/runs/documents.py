"""Read the documents of a shard in row groups, all or some, without holding the shard in memory."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.errors import StageError
from massivetext.runs.store import Run, Shard
from massivetext.storage import tables


def read_row_groups(run: Run, shard: Shard, columns: list[str]) -> Iterator[pa.Table]:
    """Yield the documents of a shard in order, one row group at a time."""
    for _, table in _row_groups(run, shard, columns, None):
        yield table


def read_rows(
    run: Run, shard: Shard, columns: list[str], wanted: npt.NDArray[np.int64]
) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield (row, document) for the wanted rows, which must be sorted; row groups without wanted rows are not read."""
    for rows, table in read_tables(run, shard, columns, wanted):
        yield from zip(rows.tolist(), table.to_pylist(), strict=True)


def read_tables(
    run: Run, shard: Shard, columns: list[str], wanted: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], pa.Table]]:
    """Yield (rows, documents) for the wanted rows, as :func:`read_rows` does, one row group at a time."""
    for first, table in _row_groups(run, shard, columns, wanted):
        low, high = np.searchsorted(wanted, [first, first + table.num_rows])
        yield wanted[low:high], table.take(pa.array(wanted[low:high] - first))


def _row_groups(
    run: Run, shard: Shard, columns: Sequence[str], wanted: npt.NDArray[np.int64] | None
) -> Iterator[tuple[int, pa.Table]]:
    path = run.shard_file("documents", shard)
    try:
        with tables.open_parquet(path) as file:
            first = 0
            for group in range(file.metadata.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                if wanted is None or np.searchsorted(wanted, first) < np.searchsorted(wanted, first + count):
                    yield first, tables.read_row_group(file, group, columns)
                first += count
    except (OSError, pa.ArrowInvalid) as error:
        raise StageError(f"{path}: cannot be read ({error}); run `massivetext verify` on the run") from error
