"""Live progress: workers append lines to files in the run folder, the driver sums and draws them.

Beam's embedded runner gives no metrics before a job ends, so this is a channel of our own. It decides nothing: a run
without it, or with a damaged line in it, gives the same bytes.
"""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

FOLDER = "progress"
_FLUSH_SECONDS = 0.5


class Tally(NamedTuple):
    """Work done by a stage so far: documents, bytes of input or text, and shards."""

    documents: int = 0
    bytes: int = 0
    shards: int = 0


def begin(folder: str) -> None:
    """Makes the place in a run folder where workers report; without it they do not."""
    Path(folder, FOLDER).mkdir(parents=True, exist_ok=True)


class Reporter:
    """Counts one process's work for a stage and appends it to a file about twice a second."""

    def __init__(self, folder: str | None, stage: str) -> None:
        self._path = None if folder is None else Path(folder) / FOLDER / f"{stage}.{os.getpid()}.jsonl"
        self._documents = self._bytes = self._shards = 0
        self._next = 0.0

    def add(self, documents: int = 0, size: int = 0, shards: int = 0) -> None:
        """Adds to the counts; cheap enough for every document."""
        self._documents += documents
        self._bytes += size
        self._shards += shards
        if self._path is not None and (shards or time.monotonic() >= self._next):
            self.flush()

    def flush(self) -> None:
        """Appends what has been counted since the last time; a full disk is ignored here and met where it matters."""
        if self._path is None or not (self._documents or self._bytes or self._shards):
            return
        line = json.dumps([self._documents, self._bytes, self._shards]) + "\n"
        with contextlib.suppress(OSError):
            with self._path.open("a") as handle:
                handle.write(line)
            self._documents = self._bytes = self._shards = 0
        self._next = time.monotonic() + _FLUSH_SECONDS


def read(folder: str, stage: str) -> Tally:
    """The sum over all workers of what they have reported for a stage."""
    documents = size = shards = 0
    for path in Path(folder, FOLDER).glob(f"{stage}.*.jsonl"):
        with contextlib.suppress(OSError):
            for line in path.read_bytes().splitlines():
                with contextlib.suppress(msgspec.DecodeError):
                    d, b, s = msgspec.json.decode(line, type=tuple[int, int, int])
                    documents, size, shards = documents + d, size + b, shards + s
    return Tally(documents, size, shards)
