"""Where a document with an id or a URL is: one small file per shard, so that nobody has to read the ids of all.

A file holds a 32-bit hash of every id and URL of the shard, of documents and of quarantine, in ascending order. Then it
holds the place of each: the row of the document, or the number of the line in quarantine with the highest bit set. All
are little-endian. Another name may have the same hash, so what is found has to be compared with the name.
"""

import re
from array import array
from collections.abc import Iterable
from typing import NamedTuple

import mmh3
import numpy as np

from massivetext.errors import StageError
from massivetext.runs.store import CommittedFile, Run, Shard
from massivetext.storage import files as fs

LOOKUP = "lookup"  # data set
_SUFFIX = ".u32"
_QUARANTINE = 1 << 31
_SCHEME = re.compile("^[a-zA-Z][a-zA-Z0-9+.-]*://")


class Places(NamedTuple):
    """Rows of documents, and numbers of lines in quarantine, that a name may have; ascending."""

    rows: list[int]
    lines: list[int]


def bare_url(url: str) -> str:
    """Return a URL as it is compared: without its scheme and the slashes at its end."""
    return _SCHEME.sub("", url).rstrip("/")


class LookupWriter:
    """Collects the names of a shard, and writes its file. It holds eight bytes per name."""

    def __init__(self) -> None:
        self._hashes, self._places = array("I"), array("I")
        self._rows = self._lines = 0

    def add_documents(self, ids: Iterable[str], urls: Iterable[str | None]) -> None:
        """Add the next documents of the shard."""
        for document_id, url in zip(ids, urls, strict=True):
            self._add(document_id, self._rows)
            if url is not None:
                self._add(bare_url(url), self._rows)
            self._rows += 1

    def add_quarantined(self, url: str | None) -> None:
        """Add the next line in quarantine."""
        if url is not None:
            self._add(bare_url(url), self._lines | _QUARANTINE)
        self._lines += 1

    def write(self, run: Run, shard: Shard) -> CommittedFile:
        """Write the file of a shard; the same names give the same bytes."""
        hashes, places = (np.frombuffer(each, np.uint32) for each in (self._hashes, self._places))
        order = np.lexsort((places, hashes))
        data = b"".join(values[order].astype("<u4").tobytes() for values in (hashes, places))
        return run.committed(fs.write_bytes(_path(run, shard), data))

    def _add(self, name: str, place: int) -> None:
        self._hashes.append(_hash(name))
        self._places.append(place)


def find_places(run: Run, shard: Shard, text: str) -> Places:
    """Return the places in a shard that may have this id or URL.

    Raises:
        StageError: the file of the shard is missing or damaged.
    """
    path = _path(run, shard)
    try:
        data = fs.read_bytes(path)
    except OSError as error:
        raise StageError(f"{path}: cannot be read ({error}); run `massivetext verify` on the run") from error
    if len(data) % 8:
        raise StageError(f"{path}: want 8 bytes per name, got {len(data)}; run `massivetext verify` on the run")
    hashes, places = np.split(np.frombuffer(data, "<u4"), 2)
    wanted = np.array([_hash(text), _hash(bare_url(text))], np.uint32)
    firsts, ends = np.searchsorted(hashes, wanted), np.searchsorted(hashes, wanted, side="right")
    found = np.unique(np.concatenate([places[first:end] for first, end in zip(firsts, ends, strict=True)]))
    is_line = found >= _QUARANTINE
    return Places(found[~is_line].tolist(), (found[is_line] ^ np.uint32(_QUARANTINE)).tolist())


def has_lookup(files: Iterable[CommittedFile]) -> bool:
    """Return whether ingest, which has committed these files, has written lookups."""
    return any(file.path.startswith(f"{LOOKUP}/") for file in files)


def _hash(name: str) -> int:
    return mmh3.hash(name.encode("utf-8", "surrogatepass"), signed=False)


def _path(run: Run, shard: Shard) -> str:
    return run.shard_file(LOOKUP, shard, _SUFFIX)
