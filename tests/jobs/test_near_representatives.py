"""Removal by representative as a stage: chains, stars and floods, and a twin that compares all with all."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pytest
from near_runs import deduplicated, items_of
from tiny_run import Texts

from massivetext.dedup.keeper import keeper_rank
from massivetext.dedup.similarity import similarity
from massivetext.engines.engine import Engine
from massivetext.jobs.near_candidates import STAGE
from massivetext.jobs.near_clusters import CLUSTERS
from massivetext.jobs.near_dedup import run_near_dedup
from massivetext.jobs.near_representatives import LARGEST_COMPONENTS
from massivetext.jobs.near_sizes import NearDedupSizes
from massivetext.jobs.near_verification import PAIR_EVIDENCE, PairPart
from massivetext.recipe import NearOptions
from massivetext.runs.context import Context
from massivetext.schema import U64, document_id
from massivetext.shingles import shingle_hashes
from massivetext.storage import files as fs
from massivetext.storage import tables

CLUSTER = Engine(beam_args=("--runner=FnApiRunner",))
SURE = NearOptions(ngram=2, threshold=0.5, bands=64, rows=2)  # finds practically every pair above 0.5


def counts(context: Context, name: str = "clusters") -> Mapping[str, int]:
    commit = context.run.shard_commit(STAGE, context.stage_keys[STAGE], name)
    assert commit is not None
    return commit.counts


def names_of(context: Context) -> dict[int, tuple[str, int, int]]:
    """(source, shard, row) of every document reference."""
    return {
        int(context.document_refs(shard, np.array([row]))[0]): (shard.source, shard.index, row)
        for shard in context.all_shards()
        for row in range(context.run.read_table("documents", shard, ["id"]).num_rows)
    }


def verdicts(context: Context) -> dict[tuple[str, int, int], tuple[bool, tuple[str, int, int] | None, float | None]]:
    """(kept, keeper, similarity) of every document of the sources that are deduplicated."""
    names = names_of(context)
    return {
        (shard.source, shard.index, row): (each["kept"], names.get(each["cluster"]), each["similarity"])
        for shard in context.all_shards()
        for row, each in enumerate(context.run.read_table("verdicts/near", shard).to_pylist())
    }


def evidence(context: Context) -> dict[tuple[int, int], float]:
    found: dict[tuple[int, int], float] = {}
    for info in fs.find(context.run.path(PAIR_EVIDENCE)):
        table = tables.read_table(info.path)
        for a, b, jaccard in zip(*(table[name].to_pylist() for name in ("a", "b", "jaccard")), strict=True):
            assert (a, b) not in found  # nothing is measured twice
            found[a, b] = jaccard
    return found


def require_proven(context: Context, texts: Texts) -> None:
    """Every removed document resembles its keeper, by its own words; no two kept documents of a measured pair do."""
    near, found = context.recipe.near, verdicts(context)
    sets = {
        (source, index, row): shingle_hashes(text, near.ngram)
        for source, shards in texts.items()
        for index, shard in enumerate(shards)
        for row, text in enumerate(shard)
    }
    for name, (kept, keeper, jaccard) in found.items():
        if not kept:
            assert keeper is not None
            assert found[keeper][0]
            assert jaccard == similarity(sets[name], sets[keeper]).jaccard > near.threshold
    names = names_of(context)
    for (a, b), jaccard in evidence(context).items():
        assert jaccard <= near.threshold or not (found[names[a]][0] and found[names[b]][0])


def by_definition(texts: Texts, near: NearOptions, seed: int) -> set[tuple[str, int, int]]:
    """The documents that are kept, by comparing all with all in the order of their ranks."""
    documents = [
        (source, index, row, text)
        for source, shards in texts.items()
        for index, shard in enumerate(shards)
        for row, text in enumerate(shard)
    ]
    ranks = keeper_rank([document_id(source, f"{index}.txt", str(row)) for source, index, row, _ in documents], seed)
    kept: dict[tuple[str, int, int], U64] = {}
    for _, (source, index, row, text) in sorted(zip(ranks.tolist(), documents, strict=True)):
        shingles = shingle_hashes(text, near.ngram)
        if not any(similarity(shingles, other).jaccard > near.threshold for other in kept.values()):
            kept[source, index, row] = shingles
    return set(kept)


def kept_in(context: Context) -> set[tuple[str, int, int]]:
    return {name for name, (kept, _, _) in verdicts(context).items() if kept}


# -- chains, stars, floods ---------------------------------------------------------------------------------------------


def windows(chain: int, count: int, *, size: int = 100, step: int = 5) -> list[str]:
    """Sliding windows over distinct words: neighbours share (88 - 5) / (88 + 5) = 0.89 of their 13-grams."""
    return [" ".join(f"w{chain}x{at}" for at in range(step * k, step * k + size)) for k in range(count)]


@pytest.fixture(scope="module")
def chains() -> Texts:
    texts = [text for chain in range(3) for text in windows(chain, 40)]
    Random(5).shuffle(texts)
    return {"news": [texts[:50], texts[50:]], "web": [[], ["alone " * 3]]}


@pytest.fixture(scope="module")
def of_chains(tmp_path_factory: pytest.TempPathFactory, chains: Texts) -> Context:
    return deduplicated(tmp_path_factory.mktemp("chains"), chains)


def test_of_a_chain_goes_only_what_resembles_a_kept_window(of_chains: Context, chains: Texts) -> None:
    require_proven(of_chains, chains)
    # One step apart 83 of 93 are shared (0.89), two steps 78 of 98 (0.796): at least every third window stays.
    kept = len(kept_in(of_chains)) - 1

    assert 3 * 40 / 3 <= kept <= 3 * 40 / 2
    assert counts(of_chains)["components"] == 3
    assert counts(of_chains)["largest_component"] == 40
    assert counts(of_chains)["kept_apart"] == kept - 3
    assert counts(of_chains)["clustered"] == 120


def test_the_largest_components_are_described(of_chains: Context) -> None:
    rows = tables.read_table(of_chains.run.path(LARGEST_COMPONENTS)).to_pylist()

    assert [(row["documents"], row["diameter"]) for row in rows] == [(40, 39)] * 3
    assert sum(row["kept"] for row in rows) == len(kept_in(of_chains)) - 1


def test_transitive_clusters_keep_one_window_of_a_chain(tmp_path: Path, chains: Texts, of_chains: Context) -> None:
    context = deduplicated(tmp_path, chains, NearOptions(clusters="transitive"))

    assert len(kept_in(context)) == 3 + 1
    assert kept_in(context) < kept_in(of_chains)
    assert counts(context) == {"clusters": 3, "clustered": 120, "largest_cluster": 40}


@pytest.mark.parametrize(
    ("engine", "sizes"),
    [
        (CLUSTER, NearDedupSizes(driver_pairs=0)),
        (Engine(), NearDedupSizes(lsh_partition_bytes=256, pair_partition_documents=10, window_pairs=20)),
        (Engine(), NearDedupSizes(driver_edges=0, pair_partition_documents=30, group_bytes=1)),
    ],
    ids=["cluster", "partitions", "rounds"],
)
def test_neither_engine_nor_sizes_decide_anything(
    tmp_path: Path, chains: Texts, of_chains: Context, engine: Engine, sizes: NearDedupSizes
) -> None:
    context = deduplicated(tmp_path, chains, engine=engine, sizes=sizes)

    assert verdicts(context) == verdicts(of_chains)
    assert evidence(context) == evidence(of_chains)
    assert counts(context) == counts(of_chains)
    for path in (CLUSTERS, LARGEST_COMPONENTS):
        assert fs.read_bytes(context.run.path(path)) == fs.read_bytes(of_chains.run.path(path))


def test_an_interrupted_choice_measures_nothing_again(tmp_path: Path) -> None:
    sizes = NearDedupSizes(pair_partition_documents=30)
    context = deduplicated(tmp_path, {"news": [flood(100)]}, NearOptions(max_bucket=10), sizes=sizes)
    before = evidence(context), verdicts(context)
    times = {info.path: info.version for info in fs.find(context.run.path(PAIR_EVIDENCE))}
    lost = PairPart(1, 1)
    fs.remove(context.run._commit_path(STAGE, context.stage_keys[STAGE], "clusters"))
    fs.remove(context.run._commit_path(STAGE, context.stage_keys[STAGE], lost.name))
    run_near_dedup(Engine(), context, items_of(context), sizes)
    again = {info.path: info.version for info in fs.find(context.run.path(PAIR_EVIDENCE))}

    assert (evidence(context), verdicts(context)) == before
    assert [path for path in times if again[path] != times[path]] == [context.run.path(lost.evidence)]


def star(center: int, leaves: int) -> list[str]:
    """A centre and variants that each resemble it (352 of 424 shingles) but not one another (316 of 460)."""
    words = [f"c{center}x{at}" for at in range(400)]
    made = [" ".join(words)]
    for leaf in range(leaves):
        own = list(words)
        own[40 * leaf : 40 * leaf + 24] = [f"l{leaf}y{at}" for at in range(24)]
        made.append(" ".join(own))
    return made


def test_of_a_star_every_removed_leaf_resembles_a_kept_document(tmp_path: Path) -> None:
    texts: Texts = {"news": [[text for center in range(10) for text in star(center, 8)]]}
    context = deduplicated(tmp_path, texts)

    require_proven(context, texts)
    assert counts(context)["components"] == 10
    assert len(kept_in(context)) > 10
    assert kept_in(context) == by_definition(texts, NearOptions(), context.recipe.seed)


def flood(count: int) -> list[str]:
    """Variants of one text of 300 words: each has another word at one place and another end."""
    words = [f"f{at}" for at in range(300)]
    return [" ".join([*words[: n % 290], f"v{n}", *words[n % 290 + 1 :], f"end{n}"]) for n in range(count)]


def test_of_a_flood_one_is_left(tmp_path: Path) -> None:
    # Several times more than the largest bucket of which all pairs are measured, 64.
    variants, sources = flood(300), ["books", "news", "web"]
    texts: Texts = {name: [variants[start :: len(sources)]] for start, name in enumerate(sources)}
    context = deduplicated(tmp_path, texts)

    assert counts(context)["largest_cluster"] == 300
    assert len(kept_in(context)) == 1
    require_proven(context, texts)
    assert 299 <= len(evidence(context)) < 300 * 20


def templated(count: int) -> list[str]:
    """Pairs of texts that share more than 0.8 of their 13-grams with each other, and some 0.7 with all others."""
    template, texts = " ".join(f"t{at}" for at in range(160)), []
    for number in range(count):
        own = " ".join(f"o{number}x{at}" for at in range(30))
        texts += [f"{template} {own} {end}{number}" for end in ("first", "second")]
    return texts


@pytest.mark.parametrize("sizes", [NearDedupSizes(), NearDedupSizes(driver_edges=0, pair_partition_documents=40)])
def test_in_oversized_buckets_no_near_duplicate_is_missed(tmp_path: Path, sizes: NearDedupSizes) -> None:
    texts: Texts = {"news": [templated(60)[start::3] for start in range(3)]}
    near = NearOptions(max_bucket=5)
    context = deduplicated(tmp_path, texts, near, sizes=sizes)
    crowded = sum(
        commit.counts["crowd_rows"]
        for commit in context.run.commits(STAGE, context.stage_keys[STAGE])
        if commit.task.startswith("candidates/cell-")
    )

    assert crowded > 5 * 120
    assert kept_in(context) == by_definition(texts, near, context.recipe.seed)
    assert len(kept_in(context)) == 60
    assert counts(context)["uncompared_documents"] == 0
    require_proven(context, texts)


# -- random texts ------------------------------------------------------------------------------------------------------


def random_texts(seed: int) -> list[str]:
    """Texts of a few letters, many of them similar, in a random order."""
    random = Random(seed)
    bases = ["".join(random.choices("abcdef", k=12)) for _ in range(6)]
    texts = set()
    for _ in range(90):
        letters = list(random.choice(bases))
        for _ in range(random.randrange(4)):
            letters[random.randrange(12)] = random.choice("abcdef")
        texts.add(" ".join(letters))
    return sorted(texts)


@pytest.mark.parametrize(("seed", "max_bucket"), [(0, 64), (2, 3)])
def test_the_run_equals_comparing_all_with_all(tmp_path: Path, seed: int, max_bucket: int) -> None:
    texts: Texts = {"news": [random_texts(seed)]}
    near = msgspec.structs.replace(SURE, max_bucket=max_bucket)
    context = deduplicated(tmp_path, texts, near)
    require_proven(context, texts)

    if max_bucket == 64:
        assert kept_in(context) == by_definition(texts, SURE, context.recipe.seed)
    assert counts(context)["unmeasured_pairs"] == 0


@pytest.mark.parametrize("keep", [(), ("longest", "seed")])
def test_a_choice_in_rounds_equals_that_of_the_driver(tmp_path: Path, keep: tuple[str, ...]) -> None:
    texts: Texts = {"news": [random_texts(3), random_texts(4)], "web": [flood(40), windows(0, 30), star(0, 8)]}
    near = msgspec.structs.replace(SURE, max_bucket=3)
    one = deduplicated(tmp_path / "driver", texts, near, keep=keep)
    sizes = NearDedupSizes(driver_edges=0, pair_partition_documents=25, group_bytes=1, cluster_rows=7, driver_pairs=0)
    other = deduplicated(tmp_path / "rounds", texts, near, sizes=sizes, keep=keep)

    assert counts(one)["rounds"] > 1
    assert verdicts(other) == verdicts(one)
    assert evidence(other) == evidence(one)
    assert counts(other) == counts(one)
    assert tables.read_table(other.run.path(CLUSTERS)) == tables.read_table(one.run.path(CLUSTERS))
    assert fs.read_bytes(other.run.path(LARGEST_COMPONENTS)) == fs.read_bytes(one.run.path(LARGEST_COMPONENTS))


def test_an_interrupted_choice_in_rounds_goes_on(tmp_path: Path) -> None:
    sizes = NearDedupSizes(driver_edges=0, pair_partition_documents=25)
    context = deduplicated(tmp_path, {"news": [flood(100)]}, NearOptions(max_bucket=10), sizes=sizes)
    before = evidence(context), verdicts(context), counts(context)
    key, commits = context.stage_keys[STAGE], context.run.commits(STAGE, context.stage_keys[STAGE])
    for task in ("clusters", *(commit.task for commit in commits if commit.task.startswith("choice/choose-02"))):
        fs.remove(context.run._commit_path(STAGE, key, task))
    run_near_dedup(Engine(), context, items_of(context), sizes)

    assert (evidence(context), verdicts(context), counts(context)) == before


def test_what_is_kept_is_kept_again(tmp_path: Path) -> None:
    texts = random_texts(7)
    near = msgspec.structs.replace(SURE, max_bucket=4)
    first = deduplicated(tmp_path / "first", {"news": [texts]}, near)
    kept = kept_in(first)
    # The same rows, so that ids and ranks are the same; what was removed has no words any more.
    left = [text if ("news", 0, row) in kept else "" for row, text in enumerate(texts)]
    second = deduplicated(tmp_path / "second", {"news": [left]}, near)
    removed = Counter(kept for kept, _, _ in verdicts(second).values())

    assert 0 < len(kept) < len(texts)
    assert kept <= kept_in(second)
    assert removed[False] == 0


def test_shards_decide_nothing(tmp_path: Path) -> None:
    # Ids are given, so that a document has the same rank wherever it is.
    texts = {f"{number:03d}": text for number, text in enumerate([*flood(100), *windows(0, 30)])}
    found = []
    for folder, shards in (("one", 1), ("seven", 7)):
        names = Random(shards).sample(sorted(texts), len(texts))
        parts = [names[start::shards] for start in range(shards)]
        context = deduplicated(tmp_path / folder, {"news": [[texts[n] for n in part] for part in parts]}, ids=parts)
        by_name = {("news", shard, row): name for shard, part in enumerate(parts) for row, name in enumerate(part)}
        found.append(
            {
                by_name[name]: (kept, keeper and by_name[keeper], jaccard)
                for name, (kept, keeper, jaccard) in verdicts(context).items()
            }
        )

    assert found[0] == found[1]
    assert {True, False} == {kept for kept, _, _ in found[0].values()}
