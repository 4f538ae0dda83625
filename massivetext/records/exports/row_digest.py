"""Hashes of rows that do not depend on the format in which the rows are stored."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from massivetext.records.record_format import SequenceRecord


class RowDigest:
    """Counts and hashes rows as they pass.

    Two hashes are kept. That of the tokens covers the tokens of every row as little-endian uint32 and nothing else.
    That of the rows covers, for each row, the columns that a format stores, in this order: the number of tokens and the
    tokens; the number of document starts and the starts, all as little-endian uint32; source and seq_id as
    little-endian int64; and of rows that have them, the doc_ids as little-endian int64.

    Attributes:
        records: number of rows so far.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        """Hash these columns."""
        self.records = 0
        self._columns = frozenset(columns)
        self._tokens, self._rows = hashlib.sha256(), hashlib.sha256()

    @property
    def tokens_sha256(self) -> str:
        """Return the hash of the tokens of all rows so far, as hex."""
        return self._tokens.hexdigest()

    @property
    def rows_sha256(self) -> str:
        """Return the hash of all rows so far, as hex."""
        return self._rows.hexdigest()

    def add(self, record: SequenceRecord) -> None:
        """Add one row."""
        self.records += 1
        tokens = record.tokens.astype("<u4").tobytes()
        self._tokens.update(tokens)
        self._rows.update(len(record.tokens).to_bytes(4, "little") + tokens)
        if "doc_starts" in self._columns:
            self._rows.update(len(record.doc_starts).to_bytes(4, "little") + record.doc_starts.astype("<u4").tobytes())
        if "source" in self._columns:
            self._rows.update(np.int64(record.source).astype("<i8").tobytes())
        if "seq_id" in self._columns:
            self._rows.update(np.int64(record.seq_id).astype("<i8").tobytes())
        if "doc_ids" in self._columns and record.doc_ids is not None:
            self._rows.update(record.doc_ids.astype("<i8").tobytes())

    def watch(self, records: Iterable[SequenceRecord]) -> Iterator[SequenceRecord]:
        """Yield rows unchanged, and add each before it is yielded."""
        for record in records:
            self.add(record)
            yield record

    def of(self, records: Iterable[SequenceRecord]) -> "RowDigest":
        """Add all rows, and return this digest."""
        for record in records:
            self.add(record)
        return self
