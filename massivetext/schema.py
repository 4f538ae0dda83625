"""Documents, rejected input, document references, and the Arrow schemas of a run's data sets."""

from collections.abc import Mapping
from typing import NamedTuple

import mmh3
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

U64 = npt.NDArray[np.uint64]

# A document reference is (source, shard, row) in 64 bits: 8 bits of source, 24 of shard, 32 of row.
_SOURCE_SHIFT, _SHARD_SHIFT = 56, 32
MAX_SOURCES, MAX_SHARDS, MAX_ROWS = 1 << 8, 1 << 24, 1 << 32
# Shards of canaries have numbers from here on, within the numbers of their source.
FIRST_CANARY_SHARD = MAX_SHARDS >> 1
EARLIER = MAX_SOURCES - 1  # number of a source of its own: the shards of all earlier corpora. A recipe has at most 255.


class EditCount(NamedTuple):
    """Counts of what a rule of a line edit took from one text.

    Attributes:
        rule: qualified name of the rule ("c4/policy").
        lines: number of lines that the rule dropped or shortened.
        characters: number of characters that it took, without white space at the ends of lines.
        words: number of words that it took.
    """

    rule: str
    lines: int
    characters: int
    words: int


class Document(NamedTuple):
    """One text with its origin.

    Attributes:
        text: the cleaned text. It may be empty (a page without main text, or after an edit dropped all lines), and is
            then judged like any other.
        origin: name of the input file, relative to the fixed part of its pattern.
        key: document key: position in that file, as byte offset, line number or archive member; unique within the file.
        url: URL of the page, or None.
        title: title, or None.
        metadata: other facts of the source as short strings (date, licence, path, ...).
        html_bytes: bytes of the HTML page; None if the text is not from HTML.
        link_text_frac: share of that page's characters that are in links, 0 to 1; None if the text is not from HTML.
        edits: counts of each line-edit rule that took something; None if the source has no line edits.
        encoding: name of the encoding from which the text was decoded, where the file does not fix it; stored with the
            metadata.
        replaced: number of U+FFFD in the text that stand for bytes which could not be decoded; stored with the metadata
            if it is not 0.
    """

    text: str
    origin: str
    key: str
    url: str | None = None
    title: str | None = None
    metadata: Mapping[str, str] = {}
    html_bytes: int | None = None
    link_text_frac: float | None = None
    edits: tuple[EditCount, ...] | None = None
    encoding: str | None = None
    replaced: int = 0

    @property
    def stored_metadata(self) -> dict[str, str]:
        """The metadata as it is stored: with the encoding, and the number of replaced characters, if there are any."""
        found = dict(self.metadata)
        if self.encoding is not None:
            found["encoding"] = self.encoding
        if self.replaced:
            found["replaced_characters"] = str(self.replaced)
        return found


class Rejected(NamedTuple):
    """A piece of input that became no document, and why.

    Attributes:
        origin: name of the input file.
        offset: byte offset, line number or archive member where it begins, as text.
        length: number of bytes that are lost, or None if unknown.
        reason: short machine-readable reason, e.g. "bad_json"; counted under this name.
        detail: reason in a sentence, with the error.
        url: URL of the page, or None.
        skipped: whether the input is sound but not wanted (an image, a redirect, a licence outside the list).
    """

    origin: str
    offset: str
    length: int | None
    reason: str
    detail: str
    url: str | None = None
    skipped: bool = False


def document_id(source: str, origin: str, key: str) -> str:
    """Return the id of a document: 128-bit hash of source name, origin and document key, as 32 hex digits."""
    return mmh3.hash_bytes("\x00".join((source, origin, key)).encode("utf-8", "surrogatepass")).hex()


def text_hash(text: str) -> bytes:
    """Return the 128-bit hash of a text as 16 bytes; texts are compared by it."""
    return mmh3.hash_bytes(text.encode("utf-8"))


def pack_document_refs(source: int, shard: int, rows: npt.NDArray[np.integer]) -> U64:
    """Return the document references of ``rows`` of one shard, as uint64 that sort by (source, shard, row).

    Raises:
        ValueError: source, shard or a row is out of range: the reference would be another document's.
    """
    if not (0 <= source < MAX_SOURCES and 0 <= shard < MAX_SHARDS):
        raise ValueError(
            f"document reference: want source < {MAX_SOURCES} and shard < {MAX_SHARDS}, got {source} and {shard}"
        )
    if len(rows) and not (rows.min() >= 0 and rows.max() < MAX_ROWS):
        raise ValueError(f"document reference: want rows below {MAX_ROWS}, got {rows.min()} to {rows.max()}")
    return np.uint64((source << _SOURCE_SHIFT) | (shard << _SHARD_SHIFT)) | rows.astype(np.uint64)


def is_earlier(document_refs: U64) -> npt.NDArray[np.bool_]:
    """Return whether each document reference is of a document of an earlier corpus: of source :data:`EARLIER`."""
    found: npt.NDArray[np.bool_] = document_refs >> np.uint64(_SOURCE_SHIFT) == np.uint64(EARLIER)
    return found


def is_canary(document_refs: U64) -> npt.NDArray[np.bool_]:
    """Return whether each document reference is of a canary."""
    within = shard_numbers(document_refs) & np.uint64(MAX_SHARDS - 1)
    found: npt.NDArray[np.bool_] = (within >= np.uint64(FIRST_CANARY_SHARD)) & ~is_earlier(document_refs)
    return found


def shard_numbers(document_refs: U64) -> U64:
    """Return the shard number (source and shard) of each document reference."""
    return document_refs >> np.uint64(_SHARD_SHIFT)


def row_numbers(document_refs: U64) -> npt.NDArray[np.int64]:
    """Return the row of each document reference within its shard."""
    return (document_refs & np.uint64(MAX_ROWS - 1)).astype(np.int64)


def shard_number(source: int, shard: int) -> int:
    """Return the shard number of one shard, as :func:`shard_numbers` returns it for its documents."""
    return (source << (_SOURCE_SHIFT - _SHARD_SHIFT)) | shard


EDIT_COUNT = pa.struct(
    [
        pa.field("rule", pa.string(), nullable=False),
        pa.field("lines", pa.uint32(), nullable=False),
        pa.field("characters", pa.uint32(), nullable=False),
        pa.field("words", pa.uint32(), nullable=False),
    ]
)
DOCUMENTS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("text_hash", pa.binary(16), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("title", pa.string()),
        pa.field("metadata", pa.string(), nullable=False),  # JSON object of strings
        # of the HTML page; null if the text is not from HTML
        pa.field("html_bytes", pa.int64()),
        pa.field("link_text_frac", pa.float64()),
        pa.field("edits", pa.list_(EDIT_COUNT)),  # counts of line edits by rule; null: the source has no line edits
    ]
)

# One row per document, aligned with documents/; `kept` is the verdict of this stage alone.
RULE_VERDICTS = pa.schema(
    [
        pa.field("kept", pa.bool_(), nullable=False),
        # bit i: the document fails rule i of its source's rules, in the order of the judge manifest
        pa.field("failed", pa.uint64(), nullable=False),
    ]
)
URL_VERDICTS = pa.schema(
    [
        pa.field("kept", pa.bool_(), nullable=False),
        pa.field("cluster", pa.uint64()),  # document reference of the kept document of its URL; null: it is not removed
        pa.field("canonical_url", pa.string()),  # of a removed document and of its kept one
    ]
)
DUPLICATE_VERDICTS = pa.schema(
    [
        pa.field("kept", pa.bool_(), nullable=False),
        pa.field("cluster", pa.uint64()),  # document reference of the keeper; null: not a duplicate
        # of a removed document with its keeper (1.0 for an exact copy), of a keeper the highest with one of its copies;
        # with transitive clusters, the highest with any document of the cluster
        pa.field("similarity", pa.float64()),
    ]
)
CONTAMINATION_VERDICTS = pa.schema(
    [
        pa.field("kept", pa.bool_(), nullable=False),
        pa.field("jaccard", pa.float64()),  # highest over the items found; 0.0: none was found; null: not tested
        pa.field("containment", pa.float64()),  # highest share of the words of a part of an item; null: not tested
    ]
)
CONTAMINATION_HITS = pa.schema(
    [
        pa.field("row", pa.uint32(), nullable=False),
        pa.field("test_set", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("part", pa.string(), nullable=False),  # "question", "question+answer", "full", "title"
        pa.field("method", pa.string(), nullable=False),  # "title", "jaccard", "containment", "phrase" or "run"
        pa.field("removes", pa.bool_(), nullable=False),  # whether the document is dropped for it
        pa.field("words", pa.uint32(), nullable=False),  # of the part, found in the document; 0: only the title matches
        pa.field("jaccard", pa.float64(), nullable=False),
        pa.field("containment", pa.float64(), nullable=False),
        pa.field("start", pa.uint64(), nullable=False),  # characters of the document: the matched passage
        pa.field("end", pa.uint64(), nullable=False),
        pa.field("item_start", pa.uint64(), nullable=False),  # characters of the item's text
        pa.field("item_end", pa.uint64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),  # the matched passage, the beginning of a long one
        pa.field("item_text", pa.string(), nullable=False),
        pa.field("cuts", pa.bool_(), nullable=False),  # whether the passage is cut out of the document for it
    ]
)
# The documents of which test-set filtering has cut passages out: what tokenizer and records read instead.
CUT_TEXTS = pa.schema(
    [
        pa.field("row", pa.uint32(), nullable=False),  # of documents/; ascending
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("words", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        # what is left of the stored text: first character and the one after the last of each piece
        pa.field("starts", pa.list_(pa.uint64()), nullable=False),
        pa.field("ends", pa.list_(pa.uint64()), nullable=False),
    ]
)
# The documents of earlier corpora that a stage's evidence names.
EARLIER_NAMES = pa.schema(
    [
        pa.field("document", pa.uint64(), nullable=False),  # document reference; ascending
        pa.field("corpus", pa.string(), nullable=False),  # as `dedup.against` names it
        pa.field("source", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("url", pa.string()),
    ]
)
# The largest connected components of the near-duplicate pairs.
COMPONENTS = pa.schema(
    [
        pa.field("component", pa.uint64(), nullable=False),  # document reference of its first document by rank
        pa.field("documents", pa.uint64(), nullable=False),
        pa.field("kept", pa.uint64(), nullable=False),
        pa.field("diameter", pa.uint64()),  # longest shortest path, found by searches; null: too many pairs
    ]
)
PAIRS = pa.schema(
    [
        pa.field("a", pa.uint64(), nullable=False),  # document references, a < b
        pa.field("b", pa.uint64(), nullable=False),
        pa.field("jaccard", pa.float64(), nullable=False),
        pa.field(
            "containment", pa.float64(), nullable=False
        ),  # share of the smaller document's shingles that are shared
    ]
)


def documents_table(source: str, documents: list[Document]) -> pa.Table:
    """Return the documents of one source as a table of :data:`DOCUMENTS`."""
    return pa.Table.from_pydict(
        {
            "id": [document_id(source, d.origin, d.key) for d in documents],
            "text": [d.text for d in documents],
            "text_hash": [text_hash(d.text) for d in documents],
            "origin": [d.origin for d in documents],
            "key": [d.key for d in documents],
            "url": [d.url for d in documents],
            "title": [d.title for d in documents],
            "metadata": [msgspec.json.encode(d.stored_metadata, order="deterministic").decode() for d in documents],
            "html_bytes": [d.html_bytes for d in documents],
            "link_text_frac": [d.link_text_frac for d in documents],
            "edits": [None if d.edits is None else [taken._asdict() for taken in d.edits] for d in documents],
        },
        schema=DOCUMENTS,
    )
