"""Test-set filtering: find documents that overlap an item of a test set, shard by shard, with one index."""

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.decontaminate.cutting import Ranges, join_pieces
from massivetext.decontaminate.index import ItemIndex, sizes_of_test_sets
from massivetext.decontaminate.removal_lists import list_names, read_lists
from massivetext.decontaminate.screen import ContaminationVerdict, EvaluationScreen, ItemHit
from massivetext.decontaminate.test_set_files import build_index, evaluation_files
from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.jobs.canary_shards import run_for_canaries
from massivetext.jobs.listed_documents import COLUMNS, ListedDocuments
from massivetext.recipe import KINDS, DecontaminateOptions
from massivetext.runs import documents
from massivetext.runs.context import COUNTED_SIGNALS, CUTS, Context, with_cut_sizes
from massivetext.runs.run_log import count_work
from massivetext.runs.store import CommittedFile, Shard, ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.schema import CONTAMINATION_HITS, CONTAMINATION_VERDICTS, CUT_TEXTS
from massivetext.stages import DECONTAMINATE
from massivetext.storage import files as fs
from massivetext.storage.paths import is_local
from massivetext.text import words

STAGE = DECONTAMINATE.name
INDEX = "contamination/index"
_COUNTS, _QUOTED = "contamination/counts", "contamination/quoted.json"
_COUNT_SCHEMA = pa.schema([("test_set", pa.string()), ("item", pa.string()), ("documents", pa.uint64())])
SCREEN_COST = 1 / 6e7  # seconds per byte of text


def run_decontaminate(engine: Engine, context: Context, items: Sequence[WorkItem]) -> None:
    """Write the index, the evidence and verdicts/contamination for every source that the stage judges."""
    items = [item for item in items if context.judged_by(STAGE, item.shard.source)]
    if not items:
        return
    if context.run.shard_commit(STAGE, context.stage_keys[STAGE], "index") is None:
        _build_index(context)
    if context.recipe.decontaminate.quoted_by and context.recipe.decontaminate.test_sets:
        _count_documents(engine, context, items)
    run_shards(engine, context, [ShardStage(STAGE, screen_shard)], scale_costs(items, SCREEN_COST))
    run_for_canaries(engine, context, STAGE, screen_shard, STAGE)


def _build_index(context: Context) -> None:
    options, run = context.recipe.decontaminate, context.run
    listed = list_names(read_lists(options, context.root))
    counts, files = {"items": sum(listed.values())}, []
    if options.test_sets:
        index = build_index(evaluation_files(options.test_sets, context.root), options)
        files.append(run.committed(fs.write_bytes(run.path(INDEX), index.to_bytes())))
        counts["items"] += len(index)
        for name, size in sizes_of_test_sets(index).items():
            counts |= {f"items:{name}": size.items, f"short:{name}": size.short, f"common:{name}": size.common}
    for name, entries in listed.items():
        counts[f"items:{name}"] = counts.get(f"items:{name}", 0) + entries
    commit = ShardCommit("index", tuple(files), counts)
    run.commit_shard(STAGE, context.stage_keys[STAGE], commit)


def _count_documents(engine: Engine, context: Context, items: Sequence[WorkItem]) -> None:
    """Write which items more documents hold than `quoted_by` in the recipe: a sum, so shards do not matter."""
    run, key = context.run, context.stage_keys[STAGE]
    run_shards(engine, context, [ShardStage(STAGE, count_shard, "counts/")], scale_costs(items, SCREEN_COST))
    if run.shard_commit(STAGE, key, "quoted") is not None:
        return
    totals: Counter[tuple[str, str]] = Counter()
    shards = [item.shard for item in items]
    for table in fs.concurrently(run.folder, lambda shard: run.read_table(_COUNTS, shard), shards):
        for row in table.to_pylist():
            totals[row["test_set"], row["item"]] += row["documents"]
    limit = context.recipe.decontaminate.quoted_by or 0
    quoted = sorted(name for name, count in totals.items() if count > limit)
    counts = Counter(f"quoted:{test_set}" for test_set, _ in quoted)
    file = run.committed(fs.write_bytes(run.path(_QUOTED), msgspec.json.encode(quoted)))
    run.commit_shard(STAGE, key, ShardCommit("quoted", (file,), dict(counts)))


def count_shard(context: Context, item: WorkItem) -> ShardCommit:
    """Write how many documents of a shard each item would remove, and return the commit."""
    counts: Counter[tuple[str, str]] = Counter()
    alive = context.kept(item.shard, before=STAGE)
    for _, _, verdict in _screened(context, item.shard, alive, with_quoted=False):
        counts.update({(hit.test_set, hit.item) for hit in verdict.hits if hit.removes or hit.cuts})
    rows = [
        {"test_set": test_set, "item": item, "documents": count} for (test_set, item), count in sorted(counts.items())
    ]
    table = pa.Table.from_pylist(rows, schema=_COUNT_SCHEMA)
    return ShardCommit(f"counts/{item.shard.name}", (context.run.write_table(_COUNTS, item.shard, table),), {})


def _screened(
    context: Context, shard: Shard, alive: npt.NDArray[np.bool_], *, with_quoted: bool
) -> Iterator[tuple[int, pa.Scalar, ContaminationVerdict]]:
    """Yield (row, text, verdict) of the documents of a shard that earlier stages keep and that overlap an item."""
    run, options, key = context.run, context.recipe.decontaminate, context.stage_keys[STAGE]
    if not options.test_sets:
        return
    by_title = KINDS[context.source(shard).kind].screens_titles
    quoted = run.path(_QUOTED) if with_quoted and options.quoted_by else ""
    screen = _cached_screen(run.path(INDEX), key, msgspec.json.encode(options), by_title, quoted)
    first = 0
    for table in documents.read_row_groups(run, shard, ["text", "title"]):
        asked = alive[first : first + table.num_rows]
        for row, verdict in _verdicts(screen, table, asked):
            yield first + row, table["text"][row], verdict
        if with_quoted:  # the pass that counts is not reported
            size = pc.sum(pc.binary_length(table["text"].filter(pa.array(asked)))).as_py()
            count_work(int(asked.sum()), int(size or 0))
        first += table.num_rows


@functools.lru_cache(maxsize=1)
def _cached_index(path: str, stage_key: str) -> ItemIndex:  # another stage key means another index at the path
    data = np.memmap(path, np.uint8, "r") if is_local(path) else fs.read_bytes(path)
    return ItemIndex.from_bytes(data)


@functools.lru_cache(maxsize=2)
def _cached_screen(path: str, stage_key: str, options: bytes, by_title: bool, quoted: str) -> EvaluationScreen:
    decoded = msgspec.json.decode(options, type=DecontaminateOptions)
    names = msgspec.json.decode(fs.read_bytes(quoted), type=frozenset[tuple[str, str]]) if quoted else frozenset()
    return EvaluationScreen.for_index(_cached_index(path, stage_key), decoded, by_title=by_title, quoted=names)


@functools.lru_cache(maxsize=1)
def _cached_lists(root: str, stage_key: str, options: bytes) -> ListedDocuments:
    return ListedDocuments.of(read_lists(msgspec.json.decode(options, type=DecontaminateOptions), root))


def screen_shard(context: Context, item: WorkItem) -> ShardCommit:
    """Write verdicts/contamination of one shard and the overlaps of its documents, and return the commit."""
    shard, run, options = item.shard, context.run, context.recipe.decontaminate
    alive = context.kept(shard, before=STAGE)
    leaked = np.zeros(len(alive), np.bool_)
    jaccard, containment = np.zeros(len(alive)), np.zeros(len(alive))
    hits: list[dict[str, object]] = []
    cuts: list[dict[str, object]] = []

    def add(row: int, found: Iterable[ItemHit]) -> None:
        hits.extend(dict(zip(CONTAMINATION_HITS.names, (row, *hit), strict=True)) for hit in found)

    if options.removal_lists:
        lists = _cached_lists(context.root, context.stage_keys[STAGE], msgspec.json.encode(options))
        for row, hit in lists.find(run.read_table("documents", shard, list(COLUMNS)), alive):
            leaked[row] = True
            add(row, [hit])
    for row, text, verdict in _screened(context, shard, alive, with_quoted=True):
        leaked[row] |= verdict.leaked
        jaccard[row], containment[row] = verdict.jaccard, verdict.containment
        if verdict.left is not None and not leaked[row]:
            cuts.append({"row": row, **_cut_text(text.as_py(), verdict.left)})
        add(row, verdict.hits)
    hits.sort(key=itemgetter("row"))
    verdicts = pa.table(
        {"kept": ~leaked, "jaccard": pa.array(jaccard, mask=~alive), "containment": pa.array(containment, mask=~alive)},
        schema=CONTAMINATION_VERDICTS,
    )
    files: tuple[CommittedFile, ...] = (
        run.write_table(context.verdicts_of(STAGE), shard, verdicts),
        run.write_table("contamination", shard, pa.Table.from_pylist(hits, schema=CONTAMINATION_HITS)),
    )
    sizes = run.read_table("signals", shard, list(COUNTED_SIGNALS))
    if options.cuts:
        left_over = pa.Table.from_pylist(cuts, schema=CUT_TEXTS)
        files += (run.write_table(CUTS, shard, left_over),)
        sizes = with_cut_sizes(sizes, left_over)
    counts = {
        "tested": int(alive.sum()),
        "removed": int(leaked.sum()),
        "overlapping": len({hit["row"] for hit in hits}),
    }
    counts |= {"cut": len(cuts)} if options.cuts else {}
    counts |= context.count_kept(shard, alive & ~leaked, sizes)
    return ShardCommit(shard.name, files, counts)


def _cut_text(text: str, left: Ranges) -> dict[str, object]:
    """Return a row of :data:`CUT_TEXTS` but for its number."""
    pieces = join_pieces(text, left)
    starts, ends = zip(*left, strict=True)
    return {
        "text": pieces,
        "words": len(words(pieces)),
        "bytes": len(pieces.encode()),
        "starts": list(starts),
        "ends": list(ends),
    }


def _verdicts(
    screen: EvaluationScreen, table: pa.Table, asked: npt.NDArray[np.bool_]
) -> Iterator[tuple[int, ContaminationVerdict]]:
    """Yield (row, verdict) of the documents of a row group that overlap an item."""
    texts = table["text"].combine_chunks().cast(pa.large_string())
    if not len(texts):
        return
    _, offset_buffer, text_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(text_buffer, np.uint8) if text_buffer else np.empty(0, np.uint8)
    candidates = screen.candidates(data, offsets, asked)
    titles = table["title"]
    if screen.titles:
        candidates |= asked & np.array([screen.has_title(title) for title in titles.to_pylist()], np.bool_)
    for row in np.flatnonzero(candidates).tolist():
        verdict = screen.screen(texts[row].as_py(), titles[row].as_py())
        if verdict.hits:
            yield row, verdict
