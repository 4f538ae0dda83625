"""What a record is, and what a format must provide to store records in files and to read them back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt


class SequenceRecord(NamedTuple):
    """One training sequence as stored.

    Attributes:
        tokens: token ids, unshifted and unpadded.
        doc_starts: positions at which a crop of a document begins; the first is 0.
        source: number of the source in the data set's list.
        seq_id: slot of the sequence in the order of all sources.
        doc_ids: for each of ``doc_starts``, a number of its document; None: not stored.
    """

    tokens: npt.NDArray[np.integer]
    doc_starts: npt.NDArray[np.integer]
    source: int
    seq_id: int
    doc_ids: npt.NDArray[np.integer] | None = None


class RecordSource(Protocol):
    """The records of some shards, one shard after the other, with random access."""

    def __len__(self) -> int:
        """Return the number of records."""

    def __getitem__(self, index: int, /) -> SequenceRecord:
        """Return one record. Raises ValueError for a damaged record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFormat:
    """How the records of a shard are stored in one local file.

    Equal records must give equal files. A new format is one module with such a value, and one entry in
    :data:`massivetext.records.formats.FORMATS`.

    Attributes:
        name: name of the format, by which it is chosen.
        suffix: end of the names of its files, such as ".array_record"; readers recognise the format by it.
        write_file: writes records to a new file at a local path. Raises OSError.
        count: returns the number of records of a file, if possible without reading them. Raises OSError if the file is
            missing or damaged.
        read: yields every record of a file in order, or the ValueError that explains why it cannot be decoded. The
            second argument is the name of the file for errors. Raises OSError if the file is missing or damaged.
        open: opens files for random access; their paths are in the order of the shards.
    """

    name: str
    suffix: str
    write_file: Callable[[str, Iterable[SequenceRecord]], None]
    count: Callable[[str], int]
    read: Callable[[str, str], Iterator[SequenceRecord | ValueError]]
    open: Callable[[Sequence[str]], RecordSource]

    def __post_init__(self) -> None:
        if not self.suffix.startswith("."):
            raise ValueError(f"RecordFormat {self.name}: want a suffix that begins with '.', got {self.suffix!r}")

    def write(self, path: str, records: Iterable[SequenceRecord]) -> None:
        """Write records to a new file at a local path and verify their number. The caller publishes the file.

        Raises:
            OSError: the file cannot be written, or has another number of records afterwards.
        """
        written = 0

        def counted() -> Iterator[SequenceRecord]:
            nonlocal written
            for record in records:
                yield record
                written += 1

        self.write_file(path, counted())
        found = self.count(path)
        if found != written:
            raise OSError(f"{path}: want the {written} records that were written, got {found}; is the disk full?")

    def shard_path(self, shard: int, shards: int, split: str = "train") -> str:
        """Return the name of a record shard's file, such as ``train-00000-of-00128.array_record``."""
        return f"{split}-{shard:05d}-of-{shards:05d}{self.suffix}"
