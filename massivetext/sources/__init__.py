"""Inputs of every kind -> documents, and what became none.

A reader never raises for what a file holds: each piece of input becomes a :class:`~massivetext.schema.Document`, or a
:class:`~massivetext.schema.Rejected` that says where it lies and why. It does raise for a file that is not there.
"""

from collections.abc import Callable, Iterator, Mapping

from massivetext.recipe import IngestOptions, Kind, SourceOptions
from massivetext.schema import Document, Rejected
from massivetext.sources import books, code, jsonl, web, wikipedia
from massivetext.sources.compressed import open_stream
from massivetext.sources.splits import Split as Split
from massivetext.sources.splits import plan as plan

Reader = Callable[[Split, SourceOptions, IngestOptions], Iterator[Document | Rejected]]

_READERS: Mapping[Kind, Reader] = {
    "web": web.read,
    "books": books.read,
    "news": jsonl.read,
    "code": code.read,
    "wikipedia": wikipedia.read,
    "c4": jsonl.read,
}

# Whether several shards can share a file of this kind, each taking its part of the records.
DIVISIBLE: Mapping[Kind, bool] = dict.fromkeys(_READERS, True)

# CPU microseconds to read a byte of input as it is usually compressed, to balance workers; measured in 2026 on one core
# of a small cloud machine: gzipped WARC, gzipped JSON lines, zip, bz2 dumps. HTML and wikitext are parsed, hence dear.
COST: Mapping[Kind, float] = {"web": 1.6, "books": 0.07, "news": 0.11, "code": 0.05, "wikipedia": 1.5, "c4": 0.11}

# A larger file holds something, whatever its compression.
_EMPTY_BYTES = 1024


def read(kind: Kind, split: Split, options: SourceOptions, limits: IngestOptions) -> Iterator[Document | Rejected]:
    """The documents of one split in the order of the file, and everything in it that is none.

    Equal splits give equal results; the parts of a file together give what the whole file gives.

    Raises:
        FileNotFoundError: the file has gone since it was listed.
    """
    if split.size < _EMPTY_BYTES and _is_empty(split):
        if split.part == 0:
            yield Rejected(split.name, "0", split.size, "empty_file", f"{split.name}: there is nothing in it")
        return
    yield from _READERS[kind](split, options, limits)


def _is_empty(split: Split) -> bool:
    with open_stream(split.path) as stream:
        return not stream.peek(1) and stream.damage is None
