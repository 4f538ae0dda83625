"""Near-deduplication as a stage: partitions, waves and chunks change nothing, and every planted copy is found."""

import dataclasses
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_run import Texts, tiny_context

from massivetext.dedup import pair_files
from massivetext.dedup.keeper import keeper_rank
from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.minhash import MinHash, bucket_hashes
from massivetext.dedup.row_types import BUCKET_ROW
from massivetext.engines.engine import Engine
from massivetext.errors import StageError, UserError
from massivetext.jobs.exact_dedup import run_exact_dedup
from massivetext.jobs.near_candidates import (
    STAGE,
    CrowdRows,
    count_candidate_pairs,
    find_candidates,
    lsh_partition_path,
    plan_lsh_partitions,
    read_bands,
    write_lsh_partition,
)
from massivetext.jobs.near_dedup import require_memory, run_near_dedup, sign_shard
from massivetext.jobs.near_shingles import group_shards
from massivetext.jobs.near_sizes import NearDedupSizes
from massivetext.jobs.near_verification import (
    PAIR_EVIDENCE,
    PairPart,
    verify_candidates,
)
from massivetext.recipe import NearOptions
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.store import Run, Shard
from massivetext.runs.work_items import WorkItem
from massivetext.schema import document_id
from massivetext.shingles import shingle_hashes
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP
from massivetext.storage import files as fs

I64 = npt.NDArray[np.int64]
CLUSTER = Engine(beam_args=("--runner=FnApiRunner",))


def story(number: int, *, words: int = 120, changed: int = 0) -> str:
    """Return a text of distinct words; texts with the same number share all but their last ``changed`` words."""
    own = [f"w{number}x{at}" for at in range(words - changed)]
    return " ".join([*own, *(f"c{number}y{at}" for at in range(changed))])


# Of 120 words, a change of the last one leaves 107 of 108 shingles: 107 of 109 distinct shingles are shared.
TEXTS: Texts = {
    "books": [[story(0), story(1)], [story(2)]],
    "news": [[story(0, changed=1), story(3), story(0, changed=2)], [story(4), "short"], []],
    "web": [[story(4, changed=1), story(5), ""], [story(3, changed=1), story(4, changed=40)]],
    "wikipedia": [[story(0, changed=1)]],
}
# (source, shard, row) of the documents of each cluster; Wikipedia takes no part.
CLUSTERS = [
    [("books", 0, 0), ("news", 0, 0), ("news", 0, 2)],
    [("news", 0, 1), ("web", 1, 0)],
    [("news", 1, 0), ("web", 0, 0)],
]


def prepared(folder: Path, texts: Texts = TEXTS) -> tuple[Context, list[WorkItem]]:
    context = tiny_context(str(folder), texts)
    context.run.begin(EXACT_DEDUP, context.stage_keys["exact-dedup"])
    run_exact_dedup(Engine(), context, ())
    context.run.begin(NEAR_DEDUP, context.stage_keys[STAGE])
    return context, [WorkItem(shard, (), 1.0) for shard in context.all_shards()]


def transitive(context: Context) -> Context:
    near = msgspec.structs.replace(context.recipe.near, clusters="transitive")
    return dataclasses.replace(context, recipe=msgspec.structs.replace(context.recipe, near=near))


def deduplicated(
    folder: Path, texts: Texts = TEXTS, engine: Engine | None = None, sizes: NearDedupSizes | None = None
) -> Context:
    context, items = prepared(folder, texts)
    run_near_dedup(engine or Engine(), context, items, sizes or NearDedupSizes())
    return context


def hashes(context: Context, *data_sets: str) -> dict[str, str]:
    """Return the SHA-256 of every file of some data sets, by path."""
    found = itertools.chain.from_iterable(fs.find(context.run.path(name)) for name in data_sets)
    return {
        fs.relative(info.path, context.run.folder): hashlib.sha256(fs.read_bytes(info.path)).hexdigest()
        for info in found
    }


def counts(context: Context, prefix: str) -> dict[str, int]:
    """Return the sums of the counts of work items with names that begin with the prefix."""
    total: dict[str, int] = {}
    for commit in context.run.commits(STAGE, context.stage_keys[STAGE]):
        if commit.task.startswith(prefix):
            for name, count in commit.counts.items():
                total[name] = total.get(name, 0) + count
    return total


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return deduplicated(tmp_path_factory.mktemp("near"))


# -- what is found -----------------------------------------------------------------------------------------------------


class Verdict(NamedTuple):
    """A row of verdicts/near."""

    kept: bool
    cluster: int | None
    similarity: float | None


def verdict(context: Context, source: str, shard: int, row: int) -> Verdict:
    rows = context.run.read_table("verdicts/near", context.shards(source)[shard]).to_pylist()
    return Verdict(**rows[row])


def test_of_each_cluster_the_copy_of_smallest_rank_is_kept(context: Context) -> None:
    for cluster in CLUSTERS:
        ids = [document_id(source, f"{shard}.txt", str(row)) for source, shard, row in cluster]
        keeper = cluster[int(np.argmin(keeper_rank(ids, context.recipe.seed)))]
        source, shard, row = keeper
        reference = int(context.document_refs(context.shards(source)[shard], np.array([row]))[0])
        for location in cluster:
            found = verdict(context, *location)

            assert found.kept == (location == keeper)
            assert found.cluster == reference
            assert 0.9 < (found.similarity or 0.0) < 1.0


def test_what_has_no_copy_is_kept(context: Context) -> None:
    alone = Verdict(kept=True, cluster=None, similarity=None)

    for location in (("books", 0, 1), ("books", 1, 0), ("news", 1, 1), ("web", 0, 1), ("web", 0, 2)):
        assert verdict(context, *location) == alone
    # 68 of 148 shingles are shared: a third of its words differ.
    assert verdict(context, "web", 1, 1) == alone
    assert not fs.exists(context.run.shard_file("verdicts/near", context.shards("wikipedia")[0]))


def test_evidence_is_the_exact_similarity_of_every_candidate(context: Context) -> None:
    documents = {
        int(context.document_refs(shard, np.array([row]))[0]): text
        for shard in context.all_shards()
        for row, text in enumerate(TEXTS[shard.source][shard.index])
    }
    measured = 0
    for info in fs.find(context.run.path(PAIR_EVIDENCE)):
        for a, b, jaccard in zip(*_columns(info.path, "a", "b", "jaccard"), strict=True):
            one, two = (set(shingle_hashes(documents[each], 13, lowercase=False).tolist()) for each in (a, b))
            assert jaccard == len(one & two) / len(one | two)
            measured += 1

    assert measured == counts(context, "pairs/")["candidates"] >= 5
    assert counts(context, "pairs/")["pairs"] == 5  # three pairs in the first cluster, one in each other cluster


def _columns(path: str, *names: str) -> Iterator[list[float]]:
    with fs.open_read(path) as handle:
        table = pq.read_table(handle)
    return (table[name].to_pylist() for name in names)


def test_a_column_of_signatures_is_a_band(context: Context) -> None:
    options, shard = context.recipe.near, context.all_shards()[0]
    minhash = MinHash(options.bands * options.rows, context.recipe.seed)
    texts = TEXTS[shard.source][shard.index]
    signatures = minhash.signatures([shingle_hashes(text, options.ngram, lowercase=False) for text in texts])
    keys = bucket_hashes(signatures, options.bands, options.rows)
    partitions = LshPartitions(0, options.bands, 1, 1)
    found = {
        number: np.frombuffer(rows, BUCKET_ROW)
        for number, rows in read_bands(context, partitions, range(partitions.lsh_partition_count), shard)
    }

    assert len(found) == options.bands
    for band in range(options.bands):
        assert found[b"%d" % band]["bucket"].tolist() == keys[:, band].tolist()
        assert found[b"%d" % band]["document_ref"].tolist() == [0, 1]


def test_a_wave_reads_nothing_of_other_partitions(context: Context) -> None:
    partitions = LshPartitions(0, context.recipe.near.bands, 4, 1)
    shard = context.all_shards()[0]
    everything = dict(read_bands(context, partitions, range(partitions.lsh_partition_count), shard))
    wave = [int(number) for number in sorted(everything)][::3]

    assert 0 < len(wave) < len(everything)
    assert dict(read_bands(context, partitions, wave, shard)) == {
        b"%d" % number: everything[b"%d" % number] for number in wave
    }


def test_a_document_without_words_has_no_signature(context: Context) -> None:
    table = context.run.read_table("signatures", context.shards("web")[0])

    assert {table[name].null_count for name in table.column_names} == {1}
    assert table.num_columns == context.recipe.near.bands


# -- how the work is divided -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("engine", "sizes"),
    [
        (CLUSTER, {}),
        (Engine(), {"wave_bytes": 1}),  # one job per LSH partition
        (Engine(), {"wave_bytes": 1 << 10}),
    ],
    ids=["cluster", "one LSH partition per wave", "a few bands per wave"],
)
def test_neither_the_engine_nor_waves_change_a_byte(
    tmp_path: Path, context: Context, engine: Engine, sizes: dict[str, int]
) -> None:
    other = deduplicated(tmp_path, engine=engine, sizes=NearDedupSizes(**sizes))

    assert hashes(other, "signatures", "duplicates", "verdicts/near") == hashes(
        context, "signatures", "duplicates", "verdicts/near"
    )


@pytest.mark.parametrize(
    "sizes",
    [
        NearDedupSizes(lsh_partition_bytes=32),
        NearDedupSizes(pair_partition_documents=2),
        NearDedupSizes(group_bytes=1, pair_partition_documents=3),
        NearDedupSizes(spill_bytes=1, block_bytes=1),
        NearDedupSizes(cluster_rows=2),
    ],
    ids=["LSH partitions", "pair partitions", "groups of shards", "spills", "row groups"],
)
def test_the_division_of_the_work_decides_nothing(tmp_path: Path, context: Context, sizes: NearDedupSizes) -> None:
    other = deduplicated(tmp_path, sizes=sizes)

    assert hashes(other, "verdicts/near") == hashes(context, "verdicts/near")
    assert counts(other, "pairs/") == counts(context, "pairs/")


def test_partitions_grow_with_the_documents() -> None:
    # 2**20 documents have 16 MiB of rows per band: one LSH partition; and four pair partitions of 2**18 documents.
    assert LshPartitions.for_documents(0, 32) == LshPartitions(0, 32, 1, 1)
    assert LshPartitions.for_documents(2**20, 32) == LshPartitions(2**20, 32, 1, 4)
    assert LshPartitions.for_documents(2**20 + 1, 32) == LshPartitions(2**20 + 1, 32, 2, 5)
    assert LshPartitions.for_documents(10_000_000, 32) == LshPartitions(10_000_000, 32, 10, 39)
    assert LshPartitions.for_documents(10**10, 32).pair_partitions == 1024


@given(documents=st.integers(0, 10**9), bands=st.integers(1, 64), most=st.integers(1, 2**30))
def test_waves_hold_every_partition_once_and_keep_to_their_bytes(documents: int, bands: int, most: int) -> None:
    partitions = LshPartitions.for_documents(documents, bands)
    waves = list(partitions.waves(range(partitions.lsh_partition_count), most))

    assert [number for wave in waves for number in wave] == list(range(partitions.lsh_partition_count))
    # On average: the rows of a band are divided among its LSH partitions by hash.
    rows = 16 * documents / partitions.partitions_per_band
    assert all(len(wave) == 1 or len(wave) * rows <= most for wave in waves)
    assert rows <= 16 * 2**20


def test_ten_million_documents_keep_to_the_budget_of_the_embedded_runner() -> None:
    partitions = LshPartitions.for_documents(10_000_000, 32)
    waves = list(partitions.waves(range(partitions.lsh_partition_count), NearDedupSizes().wave_bytes))

    # 5.1 GB of rows in 40 waves of 128 MB.
    assert len(waves) == 40
    assert {len(wave) for wave in waves} == {8}


@given(st.lists(st.integers(0, 100), max_size=30), st.integers(1, 200))
def test_groups_hold_every_shard_in_order_and_about_as_much_text_as_they_may(sizes: Sequence[int], most: int) -> None:
    groups = group_shards(list(enumerate(sizes)), most)

    assert [number for group in groups for number in group] == list(range(len(sizes)))
    for group, following in itertools.pairwise([*groups, []]):
        assert len(group) == 1 or sum(sizes[number] for number in group) <= most
        assert not following or sum(sizes[number] for number in [*group, following[0]]) > most


# -- retries, late attempts, and the files of an earlier attempt -------------------------------------------------------


@settings(deadline=None, max_examples=25)  # each writes to the disk
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=25), st.randoms(use_true_random=False))
def test_a_partition_has_the_same_bytes_whatever_arrives_first(
    tmp_path_factory: pytest.TempPathFactory, documents: list[tuple[int, int]], random: Random
) -> None:
    context = _bare(tmp_path_factory)
    rows = np.array(documents, BUCKET_ROW)
    shuffled = np.array(random.sample(documents, len(documents)), BUCKET_ROW)
    half = len(documents) // 2
    partitions = LshPartitions(len(documents), 32, 1, 3)
    one = write_lsh_partition(context, partitions, 0, [rows.tobytes()]), fs.read_bytes(lsh_partition_path(context, 0))
    batches = [b"", shuffled[half:].tobytes(), shuffled[:half].tobytes()]
    two = write_lsh_partition(context, partitions, 0, batches), fs.read_bytes(lsh_partition_path(context, 0))

    assert one == two


_contexts: dict[str, Context] = {}


def _bare(factory: pytest.TempPathFactory) -> Context:
    if "bare" not in _contexts:
        _contexts["bare"] = tiny_context(str(factory.mktemp("bare")), {"news": [[]]})
    return _contexts["bare"]


def test_oversized_buckets_are_counted(tmp_path: Path) -> None:
    context = tiny_context(str(tmp_path), {"news": [[]]})
    limit = context.recipe.near.max_bucket
    # Buckets 1 and 3 have one document more than the limit, bucket 2 has exactly the limit.
    rows = [(key, row) for key, size in ((1, limit + 1), (2, limit), (3, limit + 1)) for row in range(size)]
    commit = write_lsh_partition(context, LshPartitions(0, 32, 1, 1), 5, [np.array(rows, BUCKET_ROW).tobytes()])

    assert commit.counts["oversized_buckets"] == 2
    assert commit.counts["band_pairs"] == limit * (limit - 1) // 2  # all pairs of bucket 2
    assert commit.counts["crowd_rows"] == 2 * (limit + 1)
    assert commit.files == ()


def test_rows_of_oversized_buckets_follow_after_the_pairs(tmp_path: Path) -> None:
    context = tiny_context(str(tmp_path), {"news": [[]]})
    layout = LshPartitions(0, 1, 2, 3)
    crowd = [(1, row) for row in range(context.recipe.near.max_bucket + 1)]
    for number, rows in enumerate(([(2, 0), (2, 1)], [*crowd, (3, 0), (3, 1)])):
        commit = write_lsh_partition(context, layout, number, [np.array(rows, BUCKET_ROW).tobytes()])
        context.run.commit_shard(STAGE, context.stage_keys[STAGE], commit)
    (found,) = CrowdRows(context, layout)

    assert found.tolist() == crowd
    assert count_candidate_pairs(context, layout) == [1, 1]


def test_transitive_clusters_pair_each_document_of_an_oversized_bucket_with_two(tmp_path: Path) -> None:
    context = transitive(tiny_context(str(tmp_path), {"news": [[]]}))
    limit = context.recipe.near.max_bucket
    rows = [(1, row) for row in range(limit + 1)]
    commit = write_lsh_partition(context, LshPartitions(0, 32, 1, 1), 5, [np.array(rows, BUCKET_ROW).tobytes()])

    # The first with every other one, and every one with the next; the pair of the first two is both.
    assert commit.counts == {"oversized_buckets": 1, "band_pairs": limit + limit - 1, "crowd_rows": 0}


def test_the_whole_stage_counts_oversized_buckets(tmp_path: Path) -> None:
    texts: Texts = {"news": [[story(0, changed=n % 2) + f" end{n}" for n in range(70)]]}
    context = deduplicated(tmp_path, texts)

    assert NearOptions().max_bucket < 70
    assert counts(context, "candidates/cell-")["oversized_buckets"] > 0
    # Any two of the 70 texts share more than 0.8 of their shingles, so one is kept.
    assert counts(context, "news/")["removed"] == 69


def test_what_an_earlier_attempt_measured_is_not_measured_again(tmp_path: Path) -> None:
    sizes = NearDedupSizes(pair_partition_documents=2, group_bytes=1)
    context = deduplicated(tmp_path, sizes=sizes)
    before = hashes(context, "duplicates")
    key = context.stage_keys[STAGE]
    times = {info.path: info.version for info in fs.find(context.run.path(PAIR_EVIDENCE))}
    parts = [info.path for info in fs.find(context.run.path(PAIR_EVIDENCE)) if pq.read_metadata(info.path).num_rows]
    lost = PairPart(int(parts[0].rpartition("-")[2].removesuffix(".parquet")))
    shingles = next(info for info in fs.find(context.run.path("duplicates/candidates")) if "shingles-" in info.path)
    fs.remove(context.run._commit_path(STAGE, key, "clusters"))
    fs.remove(context.run._commit_path(STAGE, key, lost.name))
    fs.remove(lsh_partition_path(context, 3))  # lost, although its commit exists
    fs.remove(shingles.path)
    run_near_dedup(Engine(), context, [WorkItem(shard, (), 1.0) for shard in context.all_shards()], sizes)

    assert hashes(context, "duplicates") == before
    again = {info.path: info.version for info in fs.find(context.run.path(PAIR_EVIDENCE))}
    assert [path for path in times if again[path] != times[path]] == [context.run.path(lost.evidence)]


class IdleEngine(Engine):
    """An engine whose workers do nothing."""

    def run(self, build: object, *, lanes: int) -> None:
        """Run nothing."""


def test_a_part_that_was_not_measured_is_an_error(tmp_path: Path) -> None:
    context, items = prepared(tmp_path)
    judged = [item for item in items if context.judged_by(STAGE, item.shard.source)]
    for item in judged:
        commit = sign_shard(context, item)
        context.run.commit_shard(STAGE, context.stage_keys[STAGE], commit)
    partitions = plan_lsh_partitions(context)
    find_candidates(Engine(), context, partitions, [item.shard for item in judged])
    with pytest.raises(StageError, match="pairs/part-00000 was not measured; run again to go on"):
        verify_candidates(IdleEngine(), context, partitions)


def test_each_text_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: Texts = {"news": [[story(n, changed=shard) for n in range(12)] for shard in range(6)]}
    read: list[tuple[str, int]] = []
    read_tables = documents.read_tables

    def counted(run: Run, shard: Shard, columns: list[str], wanted: I64) -> Iterator[tuple[I64, pa.Table]]:
        read.extend((shard.name, row) for row in wanted.tolist())
        return read_tables(run, shard, columns, wanted)

    monkeypatch.setattr("massivetext.jobs.near_shingles.documents.read_tables", counted)
    sizes = NearDedupSizes(pair_partition_documents=9, group_bytes=1)
    context = deduplicated(tmp_path, texts, sizes=sizes)

    assert counts(context, "pairs/")["candidates"] == 12 * 15
    assert counts(context, "clusters")["rounds"] == 0
    once = [each for each in read if each[1] < 12]
    assert sorted(once) == sorted(
        2 * [(f"news/part-{shard:05d}-of-00006", row) for shard in range(6) for row in range(12)]
    )
    assert len(list(fs.find(context.run.path(PAIR_EVIDENCE)))) == plan_lsh_partitions(context, sizes).pair_partitions


@pytest.mark.parametrize("sizes", [NearDedupSizes(), NearDedupSizes(driver_edges=0, pair_partition_documents=50)])
def test_of_equal_documents_one_is_left_and_each_is_measured_once(tmp_path: Path, sizes: NearDedupSizes) -> None:
    # Punctuation makes them different for exact deduplication.
    texts: Texts = {
        "news": [[story(0).replace(" ", "," * n + " ", 1) for n in range(start, 200, 3)] for start in range(3)]
    }
    context = deduplicated(tmp_path, texts, sizes=sizes)

    assert counts(context, "news/")["removed"] == 199
    assert counts(context, "pairs/")["candidates"] == 199
    assert counts(context, "clusters")["largest_cluster"] == 200


def test_signatures_of_no_documents_give_no_pairs(tmp_path: Path) -> None:
    context = deduplicated(tmp_path, {"news": [[], [""]]})

    assert counts(context, "pairs/") == {"candidates": 0, "pairs": 0}
    assert set(counts(context, "clusters").values()) == {0}
    assert verdict(context, "news", 1, 0).kept


def test_the_pairs_of_every_band_are_brought_together(context: Context) -> None:
    partitions = plan_lsh_partitions(context)
    pairs = []
    for number in range(partitions.lsh_partition_count):
        with fs.open_read(lsh_partition_path(context, number)) as handle:
            pairs.append(pair_files.read_pair_partition(handle, 0, 1))
    found = counts(context, "candidates/cell-")

    assert found["band_pairs"] == sum(map(len, pairs))
    assert len(pair_files.merge_pairs(pairs)) == counts(context, "candidates/part-")["distinct"]
    assert found["oversized_buckets"] == 0


def test_connected_components_that_no_driver_holds_are_refused() -> None:
    require_memory(1_000_000, 120_000_000)
    with pytest.raises(UserError, match=r'transitive": 1,000,001 near-duplicate pairs need 120\.0 MB in the driver'):
        require_memory(1_000_001, 120_000_000)
