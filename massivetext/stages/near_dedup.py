"""Near deduplication: signatures -> candidate pairs -> verified pairs -> clusters -> verdicts.

Only band keys and addresses cross a shuffle. A candidate pair is verified where its two documents lie, by reading both
texts again and comparing their shingles exactly; every measured pair is kept as evidence in ``duplicates/near``.
"""

from collections.abc import Iterable, Iterator

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext import documents
from massivetext import filesystem as fs
from massivetext.context import Context
from massivetext.dedup.candidates import bucket_pairs
from massivetext.dedup.clusters import connected_components, keepers
from massivetext.dedup.keeper import keeper_rank
from massivetext.dedup.minhash import MinHash, band_keys
from massivetext.dedup.verify import similarity
from massivetext.progress import Reporter
from massivetext.recipe import NearOptions
from massivetext.schema import DUPLICATE_VERDICTS, PAIRS, U64, row_of, shard_number, shard_of
from massivetext.shingles import shingle_hashes
from massivetext.stages.engine import DealOut, Engine, balance
from massivetext.stages.exact_dedup import partitioned
from massivetext.stages.shards import ShardStage, Task, priced, run_shards, telling
from massivetext.store import Shard, ShardCommit

STAGE = "near-dedup"
SIGNATURES, CANDIDATES, EVIDENCE, VERDICTS = "signatures", "duplicates/candidates", "duplicates/near", "verdicts/near"
CLUSTERS = "duplicates/clusters.parquet"

KEYED = np.dtype([("key", "<u8"), ("address", "<u8")])  # 16 bytes a document and band
PAIR = np.dtype([("a", "<u8"), ("b", "<u8")])

# Seconds a byte of text, measured: shingling and 256 hashes.
SIGNATURE_COST = 1 / 4e6
_VERIFY_COST = 1 / 1e3  # seconds a pair
_PARTITIONS = 4  # of each band


def run_near_dedup(engine: Engine, context: Context, tasks: list[Task]) -> None:
    """Writes signatures, evidence and verdicts/near for every source that takes part."""
    tasks = [task for task in tasks if context.judged_by(STAGE, task.shard.source)]
    if not tasks:
        return
    run_shards(engine, context, [ShardStage(STAGE, sign_shard, "signatures/")], priced(tasks, SIGNATURE_COST))
    if context.run.shard_commit(STAGE, context.keys[STAGE], "clusters") is None:
        _find_candidates(engine, context, [task.shard for task in tasks])
        _cluster(context, _verify(engine, context))
    light = [Task(task.shard, (), 0.0) for task in tasks]
    run_shards(engine, context, [ShardStage(STAGE, write_verdicts)], light)


# -- signatures --------------------------------------------------------------------------------------------------------


def _minhash(options: NearOptions, seed: int) -> MinHash:
    return MinHash(permutations=options.bands * options.rows, seed=seed)


def sign_shard(context: Context, task: Task, reporter: Reporter) -> ShardCommit:
    """Writes the MinHash signatures of a shard's documents; null for those that are gone already or have no words."""
    shard, options = task.shard, context.recipe.near
    minhash = _minhash(options, context.recipe.seed)
    alive = np.flatnonzero(context.kept(shard, before=STAGE))
    total = len(context.run.read_table("documents", shard, ["id"]))
    signatures: list[bytes | None] = [None] * total
    for row, document in documents.rows(context.run, shard, ["text"], alive):
        text = str(document["text"])
        shingles = shingle_hashes(text, options.ngram, lowercase=options.lowercase)
        if len(shingles):
            signatures[row] = minhash.signature(shingles).astype("<u4").tobytes()
        reporter.add(1, len(text))
    width = pa.binary(4 * options.bands * options.rows)
    file = context.run.write_table(SIGNATURES, shard, pa.table({"signature": pa.array(signatures, type=width)}))
    return ShardCommit(f"signatures/{shard.name}", (file,), {"signed": len(alive)})


def _read_signatures(context: Context, shard: Shard) -> tuple[npt.NDArray[np.uint32], U64]:
    column = context.run.read_table(SIGNATURES, shard)["signature"]
    rows = np.flatnonzero(column.is_valid().to_numpy())
    packed = b"".join(column.drop_null().to_pylist())
    options = context.recipe.near
    signatures = np.frombuffer(packed, "<u4").reshape(len(rows), options.bands * options.rows)
    return signatures, context.addresses(shard, rows)


# -- candidates --------------------------------------------------------------------------------------------------------


def _find_candidates(engine: Engine, context: Context, shards: list[Shard]) -> None:
    lanes = [shards] if engine.embedded else [[shard] for shard in shards]

    def build(pipeline: beam.Pipeline) -> None:
        (
            pipeline
            | "DealOut" >> DealOut(lanes)
            | "ReadBands" >> beam.FlatMap(read_bands, context).with_output_types(tuple[bytes, bytes])
            | "GroupByBand" >> beam.GroupByKey()
            | "PairUp" >> beam.FlatMap(pair_up, context.recipe.near.max_bucket).with_output_types(tuple[bytes, bytes])
            | "GroupByPair" >> beam.GroupByKey()
            | "WriteCandidates" >> beam.ParDo(_WriteCandidates(context))
        )

    engine.run(build, lanes=1)


def read_bands(lane: list[Shard], context: Context) -> Iterator[tuple[bytes, bytes]]:
    """(band and partition, rows of :data:`KEYED`) of every signature."""
    options = context.recipe.near
    for shard in lane:
        with telling(f"{STAGE}: {shard.name}"):
            signatures, addresses = _read_signatures(context, shard)
        keys = band_keys(signatures, options.bands, options.rows)
        for band in range(options.bands):
            batch = np.zeros(len(addresses), KEYED)
            batch["key"], batch["address"] = keys[:, band], addresses
            for partition, rows in partitioned(batch, batch["key"], _PARTITIONS):
                yield b"%d/%s" % (band, partition), rows


def pair_up(group: tuple[bytes, Iterable[bytes]], max_bucket: int) -> Iterator[tuple[bytes, bytes]]:
    """(partition, rows of :data:`PAIR`) of the documents that share a bucket."""
    rows = np.frombuffer(b"".join(group[1]), KEYED)
    pairs, _oversized = bucket_pairs(rows["key"], rows["address"], max_bucket)
    batch = np.zeros(len(pairs), PAIR)
    batch["a"], batch["b"] = pairs[:, 0], pairs[:, 1]
    yield from partitioned(batch, batch["a"], _PARTITIONS)


class _WriteCandidates(beam.DoFn):
    def __init__(self, context: Context) -> None:
        self._context = context

    def process(self, element: tuple[bytes, Iterable[bytes]]) -> None:
        key, batches = element
        path = self._context.run.path(CANDIDATES, f"part-{int(key):05d}.npy")
        with telling(f"{STAGE}: candidates"):
            fs.write_bytes(path, np.unique(np.frombuffer(b"".join(batches), PAIR)).tobytes())


# -- verification ------------------------------------------------------------------------------------------------------


def _verify(engine: Engine, context: Context) -> list[str]:
    parts = [
        fs.read_bytes(info.path) for info in fs.find(context.run.path(CANDIDATES)) if fs.TEMPORARY not in info.path
    ]
    pairs = np.sort(np.frombuffer(b"".join(parts), PAIR), order=["a", "b"])
    # Pairs are verified in groups of two shards, and groups in as many files as there are shards.
    groups = _by_shards(pairs)
    count = max(1, min(len(groups), len(context.all_shards())))
    files = balance([(group, float(len(group))) for group in groups], count)
    work = [
        (f"pairs/part-{number:05d}-of-{count:05d}", np.sort(np.concatenate(file), order=["a", "b"]).tobytes())
        for number, file in enumerate(files)
    ]
    names = [name for name, _ in work]
    todo = [
        (name, packed) for name, packed in work if context.run.shard_commit(STAGE, context.keys[STAGE], name) is None
    ]
    if not todo:
        return names
    costs = [_VERIFY_COST * len(packed) / PAIR.itemsize for _, packed in todo]
    lanes = balance(zip(todo, costs, strict=True), engine.lanes(len(todo), sum(costs)))

    def build(pipeline: beam.Pipeline) -> None:
        pipeline | "DealOut" >> DealOut(lanes) | "Verify" >> beam.ParDo(_Verify(context))

    engine.run(build, lanes=len(lanes))
    return names


def _by_shards(pairs: npt.NDArray[np.void]) -> list[npt.NDArray[np.void]]:
    if not len(pairs):
        return []
    shards = np.stack([shard_of(pairs["a"]), shard_of(pairs["b"])], axis=1)
    order = np.lexsort((shards[:, 1], shards[:, 0]))
    changes = np.flatnonzero((np.diff(shards[order], axis=0) != 0).any(axis=1)) + 1
    return np.split(pairs[order], changes)


class _Verify(beam.DoFn):
    def __init__(self, context: Context) -> None:
        self._context = context

    def process(self, lane: list[tuple[str, bytes]]) -> None:
        for name, packed in lane:
            with telling(f"{STAGE}: {name}"):
                commit = verify_pairs(self._context, name, np.frombuffer(packed, PAIR))
                self._context.run.commit_shard(STAGE, self._context.keys[STAGE], commit)


def verify_pairs(context: Context, name: str, pairs: npt.NDArray[np.void]) -> ShardCommit:
    """Measures candidate pairs exactly and writes them as evidence."""
    measured: list[tuple[int, int, float, float]] = []
    for group in _by_shards(pairs):
        shingles = _shingles(context, np.unique(np.concatenate([group["a"], group["b"]])))
        for a, b in zip(group["a"].tolist(), group["b"].tolist(), strict=True):
            result = similarity(shingles[a], shingles[b])
            measured.append((a, b, result.jaccard, result.containment_of_smaller))
    measured.sort()
    columns = list(zip(*measured, strict=True)) or [(), (), (), ()]
    table = pa.table([pa.array(column, field.type) for column, field in zip(columns, PAIRS, strict=True)], schema=PAIRS)
    path = _evidence(context, name)
    with fs.publish(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    above = sum(jaccard > context.recipe.near.threshold for _, _, jaccard, _ in measured)
    return ShardCommit(
        name, (context.run.committed(path, len(measured)),), {"candidates": len(measured), "pairs": above}
    )


def _evidence(context: Context, name: str) -> str:
    return context.run.path(EVIDENCE, f"{name.removeprefix('pairs/')}.parquet")


def _shingles(context: Context, addresses: U64) -> dict[int, U64]:
    options = context.recipe.near
    shards = {shard_number(context.source_number(shard.source), shard.index): shard for shard in context.all_shards()}
    found: dict[int, U64] = {}
    numbers = shard_of(addresses)
    for number in np.unique(numbers):
        wanted = addresses[numbers == number]
        texts = documents.rows(context.run, shards[int(number)], ["text"], row_of(wanted))
        for address, (_, document) in zip(wanted.tolist(), texts, strict=True):
            found[address] = shingle_hashes(str(document["text"]), options.ngram, lowercase=options.lowercase)
    return found


# -- clusters and verdicts ---------------------------------------------------------------------------------------------


def _cluster(context: Context, names: list[str]) -> None:
    run, key = context.run, context.keys[STAGE]
    tables = [_read_evidence(context, name) for name in names]
    pairs = pa.concat_tables(tables) if tables else PAIRS.empty_table()
    jaccard = pairs["jaccard"].to_numpy()
    edges = np.stack([pairs["a"].to_numpy(), pairs["b"].to_numpy()], axis=1)[jaccard > context.recipe.near.threshold]
    nodes, labels = connected_components(edges)
    keeper = keepers(nodes, labels, _ranks(context, nodes))
    closest = np.zeros(len(nodes))
    for side in (0, 1):
        np.maximum.at(closest, np.searchsorted(nodes, edges[:, side]), jaccard[jaccard > context.recipe.near.threshold])
    path = run.path(CLUSTERS)
    with fs.publish(path) as temporary:
        pq.write_table(pa.table({"address": nodes, "keeper": keeper, "similarity": closest}), temporary)
    sizes = np.unique(keeper, return_counts=True)[1]
    counts = {"clusters": len(sizes), "clustered": len(nodes), "largest_cluster": int(sizes.max(initial=0))}
    run.commit_shard(STAGE, key, ShardCommit("clusters", (run.committed(path, len(nodes)),), counts))


def _read_evidence(context: Context, name: str) -> pa.Table:
    with fs.open_read(_evidence(context, name)) as handle:
        return pq.read_table(handle)


def _ranks(context: Context, nodes: U64) -> U64:
    ranks = np.zeros(len(nodes), np.uint64)
    numbers = shard_of(nodes)
    for shard in context.all_shards():
        here = np.flatnonzero(numbers == np.uint64(shard_number(context.source_number(shard.source), shard.index)))
        if len(here):
            ids = context.run.read_table("documents", shard, ["id"])["id"].take(pa.array(row_of(nodes[here])))
            ranks[here] = keeper_rank(ids.to_pylist(), context.recipe.seed)
    return ranks


def write_verdicts(context: Context, task: Task, _reporter: Reporter) -> ShardCommit:
    """Writes verdicts/near of one shard from the clusters."""
    shard, run = task.shard, context.run
    alive = context.kept(shard, before=STAGE)
    with fs.open_read(run.path(CLUSTERS)) as handle:
        clusters = pq.read_table(handle)
    addresses = clusters["address"].to_numpy()
    number = shard_number(context.source_number(shard.source), shard.index)
    here = slice(*np.searchsorted(shard_of(addresses), [number, number + 1]))
    rows, keeper = row_of(addresses[here]), clusters["keeper"].to_numpy()[here]
    cluster = np.zeros(len(alive), np.uint64)
    closest = np.zeros(len(alive))
    single, kept = np.ones(len(alive), np.bool_), np.ones(len(alive), np.bool_)
    single[rows], cluster[rows], closest[rows] = False, keeper, clusters["similarity"].to_numpy()[here]
    kept[rows] = keeper == addresses[here]
    table = pa.table(
        {"kept": kept, "cluster": pa.array(cluster, mask=single), "similarity": pa.array(closest, mask=single)},
        schema=DUPLICATE_VERDICTS,
    )
    file = run.write_table(VERDICTS, shard, table)
    counts = {"tested": int(alive.sum()), "removed": int((~kept).sum()), **context.tally(shard, alive & kept)}
    return ShardCommit(shard.name, (file,), counts)
