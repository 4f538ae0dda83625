"""ArrayRecord files, one ``tf.train.Example`` per record. The same records always give the same bytes.

The only option is ``group_size:1``: every record is a chunk of its own, which global shuffling needs. The library's
writer takes local paths only and reports a missing folder only at the first record. Its reader treats a truncated file
as an empty one, without an error. Hence the checks here.
"""

import bisect
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from array_record.python import array_record_module

from massivetext.records.example import decode_record, encode_record
from massivetext.records.record_format import RecordFormat, SequenceRecord

_OPTIONS = "group_size:1"
# Chunks are looked up on demand. Without this option a reader starts threads that read ahead.
_ONE_THREAD = "max_parallelism:0"


def write_records(path: str, records: Iterable[bytes]) -> None:
    """Write records to a new file at a local path. Raises OSError if the file cannot be written."""
    writer = array_record_module.ArrayRecordWriter(path, _OPTIONS)
    for record in records:
        _translate_errors(path, writer.write, record)
    _translate_errors(path, writer.close)


def _translate_errors(path: str, function: Callable[..., None], *arguments: bytes) -> None:
    """Call a function of the library. Raises OSError for its RuntimeError."""
    try:
        function(*arguments)
    except RuntimeError as error:
        raise OSError(f"{path}: cannot be written: {error}") from error


def count_records(path: str) -> int:
    """Return the number of records of a file. Raises OSError if the file is missing, damaged or truncated."""
    reader = _open(path, path)
    try:
        return int(reader.num_records())
    finally:
        reader.close()


def read_records(path: str, name: str | None = None) -> list[bytes]:
    """Return the records of a file in order.

    Args:
        path: local path of the file.
        name: name of the file in errors, if ``path`` is a copy of it.

    Raises:
        OSError: the file is missing, damaged or truncated.
    """
    name = name or path
    reader = _open(path, name)
    try:
        records: list[bytes] = reader.read_all()
    except RuntimeError as error:
        raise OSError(f"{name}: damaged ArrayRecord file: {error}") from error
    finally:
        reader.close()
    return records


def _open(path: str, name: str) -> array_record_module.ArrayRecordReader:
    reader = array_record_module.ArrayRecordReader(path, _ONE_THREAD)
    if not reader.ok():
        raise OSError(
            f"{name}: want an ArrayRecord file, got none or one that is damaged or breaks off; write it again"
        )
    return reader


def iterate_records(path: str, name: str) -> Iterator[bytes]:
    """Yield the records of a file in order, one at a time; arguments and errors as in :func:`read_records`."""
    reader = _open(path, name)
    try:
        for _ in range(reader.num_records()):
            try:
                record: bytes = reader.read()
            except (RuntimeError, IndexError) as error:
                raise OSError(f"{name}: damaged ArrayRecord file: {error}") from error
            yield record
    finally:
        reader.close()


def _write_sequences(path: str, records: Iterable[SequenceRecord]) -> None:
    write_records(path, map(encode_record, records))


def _read_sequences(path: str, name: str) -> Iterator[SequenceRecord | ValueError]:
    for data in iterate_records(path, name):
        try:
            yield decode_record(data)
        except ValueError as error:
            yield error


class ArrayRecordSource:
    """The sequences of ArrayRecord files. Several threads may read them."""

    def __init__(self, paths: Sequence[str]) -> None:
        """Open every file. Raises OSError if one is missing, damaged or truncated."""
        self._readers = [_open(path, path) for path in paths]
        self._ends = list(itertools.accumulate(int(reader.num_records()) for reader in self._readers))
        self._seeking = threading.Lock()

    def __len__(self) -> int:
        """Return the number of records."""
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int, /) -> SequenceRecord:
        """Return one record. Raises ValueError for a damaged record."""
        if not 0 <= index < len(self):
            raise IndexError(f"records: want an index below {len(self)}, got {index}")
        file = bisect.bisect_right(self._ends, index)
        within = index - self._ends[file - 1] if file else index
        try:
            # In the library's own data source a read takes time in proportion to the number of records in the file.
            with self._seeking:
                self._readers[file].seek(within)
                data: bytes = self._readers[file].read()
        except (RuntimeError, IndexError) as error:
            raise ValueError(f"damaged ArrayRecord file: {error}") from error
        return decode_record(data)


ARRAY_RECORD = RecordFormat(
    name="array_record",
    suffix=".array_record",
    write_file=_write_sequences,
    count=count_records,
    read=_read_sequences,
    open=ArrayRecordSource,
)
