"""Live progress: workers append counts to files in the run folder; the driver sums them.

Beam's embedded runner gives no metrics before a job ends, so the run has a channel of its own. Progress decides
nothing: without it, or with a damaged line in it, a run writes the same bytes.
"""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from massivetext.runs.run_log import count_work

FOLDER = "progress"
_FLUSH_SECONDS = 0.5


class ProgressCounts(NamedTuple):
    """Work that a stage has done so far: documents, bytes of input or text, and shards."""

    documents: int = 0
    bytes: int = 0
    shards: int = 0


def make_progress_folder(folder: str) -> None:
    """Make the folder in a run folder that workers write progress to; without it they write none."""
    Path(folder, FOLDER).mkdir(parents=True, exist_ok=True)


class ProgressWriter:
    """Counts the work of one process for a stage and appends the counts to a file about twice per second.

    Args:
        folder: local run folder; None: count nothing.
        stage: name of the stage.
    """

    def __init__(self, folder: str | None, stage: str) -> None:
        self._path = None if folder is None else Path(folder) / FOLDER / f"{stage}.{os.getpid()}.jsonl"
        self._documents = self._bytes = self._shards = 0
        self._next = 0.0

    def add(self, documents: int = 0, size: int = 0, shards: int = 0) -> None:
        """Add to the counts; cheap enough to call for every document."""
        count_work(documents, size)
        self._documents += documents
        self._bytes += size
        self._shards += shards
        if self._path is not None and (shards or time.monotonic() >= self._next):
            self.flush()

    def flush(self) -> None:
        """Append the counts since the last flush; ignore a full disk, which the writers of data will report."""
        if self._path is None or not (self._documents or self._bytes or self._shards):
            return
        line = json.dumps([self._documents, self._bytes, self._shards]) + "\n"
        with contextlib.suppress(OSError):
            with self._path.open("a") as handle:
                handle.write(line)
            self._documents = self._bytes = self._shards = 0
        self._next = time.monotonic() + _FLUSH_SECONDS


def read_progress(folder: str, stage: str) -> ProgressCounts:
    """Return the sum of the counts that all workers have written for a stage; damaged lines count nothing."""
    documents = size = shards = 0
    for path in Path(folder, FOLDER).glob(f"{stage}.*.jsonl"):
        with contextlib.suppress(OSError):
            for line in path.read_bytes().splitlines():
                with contextlib.suppress(msgspec.DecodeError):
                    d, b, s = msgspec.json.decode(line, type=tuple[int, int, int])
                    documents, size, shards = documents + d, size + b, shards + s
    return ProgressCounts(documents, size, shards)
