"""ArrayRecord files: written to a local path, verified, the same bytes for the same records.

Only options ``group_size:1`` are used: every record is a chunk of its own, which global shuffling needs. The writer of
the library takes local paths only and reports a missing folder at the first record; a file that breaks off reads as
empty without an error. Hence the checks here.
"""

from collections.abc import Callable, Iterable
from typing import Any

from array_record.python import array_record_module

_OPTIONS = "group_size:1"
# Chunks are looked up on demand; without this a reader starts threads that read ahead.
_ONE_THREAD = "max_parallelism:0"


def write(path: str, records: Iterable[bytes]) -> None:
    """Writes records to a new file at a local path and verifies their number; publish it under its final name after.

    Raises:
        OSError: the file cannot be written, or holds another number of records afterwards.
    """
    writer = array_record_module.ArrayRecordWriter(path, _OPTIONS)
    written = 0
    for record in records:
        _call(path, writer.write, record)
        written += 1
    _call(path, writer.close)
    found = count(path)
    if found != written:
        raise OSError(f"{path}: want the {written} records that were written, got {found}; is the disk full?")


def _call(path: str, function: Callable[..., None], *arguments: bytes) -> None:
    try:
        function(*arguments)
    except RuntimeError as error:
        raise OSError(f"{path}: cannot be written: {error}") from error


def count(path: str) -> int:
    """The number of records of a file.

    Raises:
        OSError: the file is missing or damaged, e.g. it breaks off.
    """
    reader = _open(path)
    try:
        return int(reader.num_records())
    finally:
        reader.close()


def read_all(path: str, called: str | None = None) -> list[bytes]:
    """The records of a file in order.

    Args:
        path: local path of the file.
        called: name of the file in errors, where ``path`` is a copy of it.

    Raises:
        OSError: the file is missing or damaged.
    """
    reader = _open(path, called)
    try:
        records: list[bytes] = reader.read_all()
    except RuntimeError as error:
        raise OSError(f"{called or path}: damaged ArrayRecord file: {error}") from error
    finally:
        reader.close()
    return records


def _open(path: str, called: str | None = None) -> Any:
    reader = array_record_module.ArrayRecordReader(path, _ONE_THREAD)
    if not reader.ok():
        raise OSError(
            f"{called or path}: want an ArrayRecord file, got none or one that is damaged or breaks off; write it again"
        )
    return reader
