"""A run of millions of documents for benchmarks of what reads runs, with the values of a finished run drawn again.

Documents are rows of the finished run, drawn with replacement: signals that are numbers are changed by up to one
percent, so that their columns are no repetitions, and the rules judge them anew; ids, origins, URLs and document
references are the new run's own. Every data set is written with the code, or in the form, of the stage that writes it.
Texts are cut to their beginning, but those of one source are whole.
"""

import dataclasses
import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from massivetext.jobs.ingest import open_writer
from massivetext.jobs.judge import judge_shard
from massivetext.runs.context import Context
from massivetext.runs.document_lookup import LookupWriter
from massivetext.runs.stage import Stage
from massivetext.runs.store import CommittedFile, Manifest, Run, Shard, ShardCommit, StageState
from massivetext.runs.work_items import WorkItem
from massivetext.schema import CONTAMINATION_HITS, DOCUMENTS, DUPLICATE_VERDICTS, PAIRS, document_id, text_hash
from massivetext.signals.registry import ALL
from massivetext.sources.splits import Split
from massivetext.stages import DECONTAMINATE, EXACT_DEDUP, INGEST, JUDGE, MEASURE, NEAR_DEDUP, STAGES
from massivetext.stages.finished import open_context
from massivetext.storage import files as fs
from massivetext.storage import local_disk

SHARD_DOCUMENTS = 10_000
WHOLE_TEXTS = "wikipedia"  # the source whose texts are whole; its share is small, so that the run fits on a disk
_SHARES = {"web": 55, "news": 35, "code": 6, "books": 2, WHOLE_TEXTS: 2}
_BEGINNING = 160  # characters
_OVERLAPPING = 0.01  # share of the documents that overlap a test item; the demo corpus is planted with more
_PAIR_FILES = 16
_GROUP = 1024  # documents in a row group, as ingest writes them
_JUDGING = (EXACT_DEDUP, NEAR_DEDUP)

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Documents of a source of the finished run, whose rows are drawn; every table has one row per document."""

    documents: pa.Table
    signals: pa.Table
    verdicts: Mapping[str, pa.Table]
    hits: pa.Table
    quarantine: list[bytes]

    @property
    def overlapping(self) -> npt.NDArray[np.bool_]:
        """Whether each document overlaps a test item."""
        found = np.zeros(self.documents.num_rows, np.bool_)
        found[self.hits["row"].to_numpy()] = True
        return found


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of a shard: its commits by stage, and the measured pairs of documents."""

    commits: dict[str, ShardCommit]
    pairs: pa.Table


_STATE: dict[str, Drawn] = {}  # by source


def write_large_run(base: Context, folder: Path, documents: int, workers: int) -> Context:
    """Write a run of so many documents with the values of a finished run, up to the stage decontaminate.

    Args:
        base: the finished run; of the sources of :data:`_SHARES` those that it has are drawn.
        folder: folder of the new run.
        documents: their number, rounded to whole shards of :data:`SHARD_DOCUMENTS`.
        workers: processes to write with.
    """
    shares = {name: _SHARES[name] for name in base.shard_counts}
    total = max(documents // SHARD_DOCUMENTS, len(shares))
    counts = {name: max(round(total * share / sum(shares.values())), 1) for name, share in shares.items()}
    names = [stage.name for stage in STAGES if stage.name in base.stage_keys]
    done = names[: names.index(DECONTAMINATE.name) + 1]
    context = dataclasses.replace(
        base,
        run=Run(str(folder)),
        shard_counts=counts,
        stage_keys={name: base.stage_keys[name] for name in done},
        session="",
    )
    drawn = {name: _read_source(base, name) for name in counts}
    _STATE.update(drawn)  # inherited by the workers, which are forked
    with ProcessPoolExecutor(workers, initializer=_do_not_wait_for_the_disk) as pool:
        written = list(pool.map(functools.partial(_write_shard, context), context.all_shards(), chunksize=4))
    _finish(base, context, written)
    return open_context(context.run)


def _ignore(path: Path) -> None:
    pass


def _do_not_wait_for_the_disk() -> None:
    local_disk.sync = _ignore  # a run of a benchmark need not survive a loss of power


def _read_source(base: Context, source: str) -> Drawn:
    tables: dict[str, list[pa.Table]] = {}
    hits, lines, first = [], [], 0
    judging = [each for each in base.verdicts if source in each.sources]
    for shard in base.shards(source):
        for name in ("documents", "signals", *(each.data_set for each in judging)):
            tables.setdefault(name, []).append(base.run.read_table(name, shard))
        if base.judged_by(DECONTAMINATE.name, source):
            found = base.run.read_table("contamination", shard)
            hits.append(found.set_column(0, "row", pc.add(found["row"], pa.scalar(first, pa.uint32()))))
        lines += fs.read_bytes(base.run.shard_file("quarantine", shard, ".jsonl")).splitlines()
        first += tables["documents"][-1].num_rows
    if source != WHOLE_TEXTS:
        tables["documents"] = [_cut(table) for table in tables["documents"]]
    joined = {name: pa.concat_tables(each).combine_chunks() for name, each in tables.items()}
    overlaps = pa.concat_tables(hits) if hits else CONTAMINATION_HITS.empty_table()
    return Drawn(
        joined["documents"],
        joined["signals"],
        {each.stage: joined[each.data_set] for each in judging},
        overlaps.sort_by("row").combine_chunks(),
        lines,
    )


def _cut(documents: pa.Table) -> pa.Table:
    at = documents.schema.get_field_index("text")
    beginnings = pc.utf8_slice_codeunits(documents["text"], 0, _BEGINNING)
    return documents.set_column(at, documents.schema.field(at), beginnings)


# -- one shard ---------------------------------------------------------------------------------------------------------


def _write_shard(context: Context, shard: Shard) -> Written:
    run, source = context.run, _STATE[shard.source]
    chance = np.random.default_rng([context.number_of_shard(shard), SHARD_DOCUMENTS])
    rows: Rows = chance.integers(0, source.documents.num_rows, SHARD_DOCUMENTS)
    commits = {INGEST.name: _write_documents(context, source, shard, rows, chance)}
    signals = _changed_signals(source.signals, rows, chance)
    file = run.write_table("signals", shard, signals)
    words = int(pc.sum(signals["word_count"]).as_py())
    commits[MEASURE.name] = ShardCommit(shard.name, (file,), {"documents": len(rows), "words": words})
    commits[JUDGE.name] = judge_shard(context, WorkItem(shard, (), 1.0))
    alive = context.kept(shard, before=EXACT_DEDUP.name)
    pairs = [PAIRS.empty_table()]
    for stage in _JUDGING:
        if stage.name in source.verdicts:
            table = _copies(context, source.verdicts[stage.name], shard, rows, chance)
            file = run.write_table(context.verdicts_of(stage.name), shard, table)
            tested, alive = int(alive.sum()), alive & table["kept"].to_numpy()
            counts = {"tested": tested, "removed": tested - int(alive.sum())}
            commits[stage.name] = ShardCommit(shard.name, (file,), counts | context.count_kept(shard, alive, signals))
            if stage is NEAR_DEDUP:
                pairs.append(_pairs(context, shard, table))
    if DECONTAMINATE.name in source.verdicts:
        commits[DECONTAMINATE.name] = _write_overlaps(context, source, shard, rows, alive, signals, chance)
    return Written(commits, pa.concat_tables(pairs))


def _write_documents(
    context: Context, source: Drawn, shard: Shard, rows: Rows, chance: np.random.Generator
) -> ShardCommit:
    run, table, origin = context.run, source.documents.take(pa.array(rows)), f"crawl-{shard.index:05d}.warc.gz"
    keys = [str(1117 * row) for row in range(len(rows))]
    # Hosts occur as often as their rank says: few have many pages, and most have one.
    hosts = np.minimum(chance.zipf(1.3, len(rows)), 1_000_000).tolist()
    urls = [
        None if url is None else f"https://h{host}.{url.split('//')[-1].rstrip('/')}/{shard.index}-{row}"
        for row, (url, host) in enumerate(zip(table["url"].to_pylist(), hosts, strict=True))
    ]
    texts = [f"{text} {shard.index} {row}" for row, text in enumerate(table["text"].to_pylist())]
    ids = [document_id(shard.source, origin, key) for key in keys]
    columns = {
        "id": ids,
        "text": texts,
        "text_hash": [text_hash(text) for text in texts],
        "origin": [origin] * len(rows),
        "key": keys,
        "url": urls,
    }
    table = pa.table(
        {
            field.name: pa.array(columns[field.name], field.type) if field.name in columns else table[field.name]
            for field in DOCUMENTS
        },
        schema=DOCUMENTS,
    )
    with (
        fs.publish(run.shard_file("documents", shard)) as new,
        open_writer(new) as writer,
    ):
        for first in range(0, len(rows), _GROUP):
            writer.write_table(table.slice(first, _GROUP))
    lost = len(source.quarantine) * len(rows) // source.documents.num_rows
    lines = [source.quarantine[at] for at in chance.integers(0, len(source.quarantine), lost)] if lost else []
    quarantine = fs.write_bytes(run.shard_file("quarantine", shard, ".jsonl"), b"".join(line + b"\n" for line in lines))
    found = [msgspec.json.decode(line) for line in lines]
    counts = Counter("skipped" if each.get("skipped") else "rejected" for each in found)
    counts |= {"documents": len(rows), "bytes": sum(map(len, texts))}
    lookup = LookupWriter()
    lookup.add_documents(ids, urls)
    for each in found:
        lookup.add_quarantined(each.get("url"))
    files = (run.committed(new, len(rows)), run.committed(quarantine), lookup.write(run, shard))
    return ShardCommit(shard.name, files, {"rejected": 0, "skipped": 0} | counts)


def _changed_signals(table: pa.Table, rows: Rows, chance: np.random.Generator) -> pa.Table:
    taken = table.take(pa.array(rows))
    columns = {}
    for field in taken.schema:
        values, signal = taken[field.name], ALL[field.name]
        if signal.high is None:
            columns[field.name] = values
            continue
        numbers = values.to_numpy()
        changed = numbers * chance.uniform(0.99, 1.01, len(rows))
        if np.issubdtype(numbers.dtype, np.integer):
            changed = np.rint(changed)
        columns[field.name] = pa.array(np.clip(changed, signal.low, signal.high).astype(numbers.dtype), field.type)
    return pa.table(columns, schema=taken.schema)


def _copies(context: Context, table: pa.Table, shard: Shard, rows: Rows, chance: np.random.Generator) -> pa.Table:
    """Return verdicts that name, for each removed document, a kept one of the shard."""
    taken = table.take(pa.array(rows))
    kept = taken["kept"].to_numpy()
    keepers = context.document_refs(shard, chance.choice(np.flatnonzero(kept), len(rows)))
    columns = {"kept": kept, "cluster": pa.array(keepers, mask=kept), "similarity": taken["similarity"]}
    return pa.table(columns, schema=DUPLICATE_VERDICTS)


def _pairs(context: Context, shard: Shard, table: pa.Table) -> pa.Table:
    removed = np.flatnonzero(~table["kept"].to_numpy())
    refs = context.document_refs(shard, removed)
    keepers, similarity = (table[name].take(pa.array(removed)).to_numpy() for name in ("cluster", "similarity"))
    ends = [np.minimum(refs, keepers), np.maximum(refs, keepers)]
    return pa.table([*ends, similarity, np.minimum(similarity * 1.05, 1)], schema=PAIRS)


def _write_overlaps(
    context: Context,
    source: Drawn,
    shard: Shard,
    rows: Rows,
    alive: npt.NDArray[np.bool_],
    signals: pa.Table,
    chance: np.random.Generator,
) -> ShardCommit:
    run, verdicts = context.run, source.verdicts[DECONTAMINATE.name].take(pa.array(rows))
    overlapping = source.overlapping[rows]
    share = min(_OVERLAPPING / max(overlapping.mean(), 1e-9), 1.0)
    stays = overlapping & (chance.random(len(rows)) < share)
    cleared = pa.array(overlapping & ~stays)
    columns = {
        "kept": pc.if_else(cleared, pa.scalar(True), verdicts["kept"]),
        **{name: pc.if_else(cleared, 0.0, verdicts[name]) for name in ("jaccard", "containment")},
    }
    file = run.write_table(context.verdicts_of(DECONTAMINATE.name), shard, pa.table(columns, schema=verdicts.schema))
    chosen = np.flatnonzero(stays)
    stored = source.hits["row"].to_numpy()
    firsts, ends = (np.searchsorted(stored, rows[chosen], side=side) for side in ("left", "right"))
    taken = np.concatenate(
        [np.arange(first, end) for first, end in zip(firsts, ends, strict=True)] or [np.zeros(0, np.int64)]
    )
    hits = source.hits.take(pa.array(taken, pa.int64()))
    hits = hits.set_column(0, CONTAMINATION_HITS.field("row"), pa.array(np.repeat(chosen, ends - firsts), pa.uint32()))
    found = run.write_table("contamination", shard, hits)
    left = alive & pa.table(columns)["kept"].to_numpy()
    counts = {"tested": int(alive.sum()), "removed": int(alive.sum() - left.sum()), "overlapping": len(chosen)}
    return ShardCommit(shard.name, (file, found), counts | context.count_kept(shard, left, signals))


# -- the whole run -----------------------------------------------------------------------------------------------------


def _finish(base: Context, context: Context, written: Sequence[Written]) -> None:
    """Write what stages write once, their manifests, and the state of the run."""
    run, state = context.run, base.run.state()
    assert state is not None
    of_stage = {name: [each.commits[name] for each in written if name in each.commits] for name in context.stage_keys}
    of_stage[NEAR_DEDUP.name] += _write_pairs(base, context, pa.concat_tables([each.pairs for each in written]))
    decontaminated = base.run.need(DECONTAMINATE.name)
    of_stage[DECONTAMINATE.name] += [
        msgspec.structs.replace(each, files=()) for each in decontaminated.tasks if each.task == "index"
    ]
    states: list[StageState] = []
    for stage in (stage for stage in STAGES if stage.name in context.stage_keys):
        commits = tuple(sorted(of_stage[stage.name], key=lambda commit: commit.task))
        states.append(_complete(base, context, stage, commits, states))
    run.write_state(msgspec.structs.replace(state, complete=False, until=DECONTAMINATE.name, stages=tuple(states)))


def _complete(
    base: Context, context: Context, stage: Stage, commits: tuple[ShardCommit, ...], before: Sequence[StageState]
) -> StageState:
    facts = dict(base.run.need(stage.name).facts)
    if stage is INGEST:
        split = Split(name="crawl.warc.gz", path="crawl.warc.gz", size=1)
        facts["shards"] = {shard.name: [msgspec.to_builtins(split)] for shard in context.all_shards()}
    key = context.stage_keys[stage.name]
    digest = context.run.commit(
        stage, Manifest(stage.name, key, {each.name: each.key for each in before}, commits, facts)
    )
    return StageState(stage.name, key, digest, 1.0)


def _write_pairs(base: Context, context: Context, pairs: pa.Table) -> list[ShardCommit]:
    """Write the evidence of near-dedup, and return its commits; the components are those of the finished run."""
    run, commits = context.run, []
    for number in range(_PAIR_FILES):
        size = -(-pairs.num_rows // _PAIR_FILES)
        file = _write(run, f"duplicates/near/part-{number:05d}.parquet", pairs.slice(number * size, size))
        count = file.rows or 0
        commits.append(ShardCommit(f"pairs/{number:05d}", (file,), {"candidates": count, "pairs": count}))
    names = {"address": pairs["b"], "keeper": pairs["a"], "similarity": pairs["jaccard"], "component": pairs["a"]}
    keepers = pc.unique(pairs["a"])
    ones = pa.array(np.ones(len(keepers)))
    kept = {"address": keepers, "keeper": keepers, "similarity": ones, "component": keepers}
    clusters = pa.concat_tables([pa.table(names), pa.table(kept)]).sort_by("address")
    components = pq.read_table(base.run.path("duplicates/components.parquet"))
    files = (
        _write(run, "duplicates/clusters.parquet", clusters),
        _write(run, "duplicates/components.parquet", components),
    )
    counts = base.run.need(NEAR_DEDUP.name).totals("clusters")
    return [*commits, ShardCommit("clusters", files, counts)]


def _write(run: Run, name: str, table: pa.Table) -> CommittedFile:
    with fs.publish(run.path(name)) as new:
        pq.write_table(table, new, compression="zstd")
    return run.committed(new, table.num_rows)
