"""The documents of a source in two runs, side by side: matched by id, in bounded memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.corpus.fates import removal_codes, stored_failures
from massivetext.report.hosts import url_hosts
from massivetext.runs.context import COUNTED_SIGNALS, CUTTING, Context, with_cut_sizes
from massivetext.runs.stage import VerdictSet
from massivetext.runs.store import Shard
from massivetext.schema import text_hash
from massivetext.stages import INGEST
from massivetext.storage import files as fs

AT_ONCE = 1 << 20  # documents of a run that are held in memory where its shards are not those of the other
_PREFIXES = [f"{number:02x}" for number in range(256)]  # an id is a hash: its first byte shares documents out evenly


@dataclass(frozen=True, slots=True)
class RunSide:
    """One of two runs: the run, and the verdicts that decide what it keeps."""

    context: Context
    deciding: tuple[VerdictSet, ...]

    def shards(self, source: str) -> list[Shard]:
        """Return the shards of a source, none for a source that the run has not."""
        return self.context.shards(source) if source in self.context.shard_counts else []


@dataclass(frozen=True, slots=True)
class Matched:
    """Documents in rows of equal number; a side is None where the documents are missing in that run.

    The columns of a side are ``id``, ``text_hash``, ``host``, ``language``, ``words``, ``bytes``, ``code`` (see
    :func:`massivetext.corpus.fates.removal_codes`), ``failed`` (rules as bits), ``shard`` (index) and ``row``. Hash and
    sizes of a document of which test items are cut are those of what is left, if the stage that cuts decides too.
    """

    before: pa.Table | None
    after: pa.Table | None


def match_documents(before: RunSide, after: RunSide, source: str, *, at_once: int = AT_ONCE) -> Iterator[Matched]:
    """Yield the documents of a source that are in both runs, and those that are in one of them alone.

    Shards that hold the same documents in the same order in both runs are read once, one pair at a time. All others are
    read several times, each time for documents whose ids begin alike.

    Args:
        before: the one run.
        after: the other run.
        source: name of a source; it may be missing in one of them.
        at_once: about how many documents of a run may be held in memory.

    Raises:
        StageError: a file is missing or damaged.
    """
    old, new = before.shards(source), after.shards(source)
    left = [shard for shard in old if shard not in new]
    right = [shard for shard in new if shard not in old]
    for shard in (shard for shard in old if shard in new):
        ids, others = (side.context.run.read_table("documents", shard, ["id"]) for side in (before, after))
        if ids.equals(others):
            yield Matched(_read(before, shard), _read(after, shard))
        else:
            left.append(shard)
            right.append(shard)
    count = max(_documents(before, left), _documents(after, right))
    passes = min(-(-count // at_once), len(_PREFIXES))
    for prefixes in np.array_split(np.array(_PREFIXES), passes) if passes else ():
        wanted = pa.array(prefixes.tolist(), pa.string())
        yield from _match(_read_some(before, left, wanted), _read_some(after, right, wanted))


def _documents(side: RunSide, shards: Sequence[Shard]) -> int:
    """Return the number of documents of some shards, from the commits."""
    names = {shard.name for shard in shards}
    commits = side.context.run.need(INGEST.name).tasks if names else ()
    return sum(commit.counts.get("documents", 0) for commit in commits if commit.task in names)


def _read(side: RunSide, shard: Shard) -> pa.Table:
    run = side.context.run
    documents = run.read_table("documents", shard, ["id", "text_hash", "url"])
    signals, hashes = run.read_table("signals", shard, ["language", *COUNTED_SIGNALS]), documents["text_hash"]
    sizes = signals.select(COUNTED_SIGNALS)
    if any(each.data_set == CUTTING for each in side.deciding) and side.context.has_cut_texts(shard):
        cuts = side.context.read_cuts(shard, ["row", "text", "words", "bytes"])
        sizes, hashes = with_cut_sizes(sizes, cuts), _with_hashes_of(cuts, hashes)
    return pa.table(
        {
            "id": documents["id"],
            "text_hash": hashes,
            "host": url_hosts(documents["url"]),
            "language": signals["language"],
            "words": sizes["word_count"].cast(pa.int64()),
            "bytes": sizes["byte_count"].cast(pa.int64()),
            "code": removal_codes(side.context, shard, side.deciding),
            "failed": stored_failures(side.context, shard),
            "shard": np.full(documents.num_rows, shard.index, np.int32),
            "row": np.arange(documents.num_rows),
        }
    )


def _with_hashes_of(cuts: pa.Table, hashes: pa.ChunkedArray) -> pa.Array:
    """Return the hashes of texts with those of what is left of cut documents in their rows."""
    replaced = hashes.to_pylist()
    for row, text in zip(cuts["row"].to_pylist(), cuts["text"].to_pylist(), strict=True):
        replaced[row] = text_hash(text)
    return pa.array(replaced, hashes.type)


def _read_some(side: RunSide, shards: Sequence[Shard], prefixes: pa.Array) -> pa.Table | None:
    """Return the documents of some shards whose ids begin in one of several ways; None if there are none."""

    def read(shard: Shard) -> pa.Table:
        table = _read(side, shard)
        return table.filter(pc.is_in(pc.utf8_slice_codeunits(table["id"], 0, 2), value_set=prefixes))

    tables = list(fs.concurrently(side.context.run.folder, read, shards))
    joined = pa.concat_tables(tables) if tables else None
    return joined if joined is not None and joined.num_rows else None


def _match(before: pa.Table | None, after: pa.Table | None) -> Iterator[Matched]:
    if before is None or after is None:
        if before is not None or after is not None:
            yield Matched(before, after)
        return
    found = pc.index_in(before["id"], value_set=after["id"].combine_chunks())
    common = pc.is_valid(found)
    if (both := before.filter(common)).num_rows:
        yield Matched(both, after.take(found.drop_null()))
    if (only := before.filter(pc.invert(common))).num_rows:
        yield Matched(only, None)
    if (only := after.filter(pc.invert(pc.is_in(after["id"], value_set=before["id"].combine_chunks())))).num_rows:
        yield Matched(None, only)
