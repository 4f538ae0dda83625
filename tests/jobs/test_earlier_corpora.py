"""A batch is deduplicated against earlier corpora: runs, and indexes of runs."""

import shutil
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from builders import recipe_of, recipe_text
from earlier_runs import run_of, verdicts_of

from massivetext.earlier.dedup_index import DedupIndex, pack_shingles, unpack_shingles, upper_bits, write_dedup_index
from massivetext.earlier.earlier_corpora import earlier_corpora, unnamed_corpora, validate_earlier
from massivetext.earlier.earlier_run import EarlierRun
from massivetext.errors import MassivetextError, StageError, UserError
from massivetext.jobs.near_sizes import DEFAULT_SIZES, NearDedupSizes
from massivetext.recipe import DedupOptions, LoadedRecipe, NearOptions
from massivetext.recipe.loading import parse_recipe
from massivetext.report.duplicates import near_duplicates, pair_examples, stored_clusters
from massivetext.report.earlier_evidence import read_earlier_documents
from massivetext.report.examples import DocumentLocation, ExampleReader
from massivetext.runs.context import Context
from massivetext.schema import EARLIER, is_earlier
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP
from massivetext.storage import tables

# Small buckets, so that there are crowds; and many bands, so that hardly a pair above the threshold is not proposed.
NEAR = NearOptions(ngram=2, threshold=0.6, bands=32, rows=2, max_bucket=3)
SMALL = NearDedupSizes(lsh_partition_bytes=400, driver_pairs=0, spill_bytes=1, wave_bytes=20_000)


def families(random: Random, count: int) -> list[str]:
    """Return texts: variants of a few originals, some of them equal, some far apart, and some of their own."""
    originals = [[f"w{random.randrange(400)}" for _ in range(24)] for _ in range(4)]
    texts = []
    for _ in range(count):
        words = list(random.choice(originals))
        if random.random() < 0.15:
            words = [f"x{random.randrange(10**6)}" for _ in range(random.choice([0, 1, 20]))]
        for _ in range(random.choice([0, 0, 1, 2, 4]) if words else 0):
            words[random.randrange(len(words))] = f"y{random.randrange(6)}"
        texts.append(" ".join(words) or ".")
    return texts


def divided(texts: list[str], shards: int) -> list[list[str]]:
    return [texts[shard::shards] for shard in range(shards)]


def indexed(context: Context, folder: Path) -> Path:
    write_dedup_index(EarlierRun(context.run.folder), str(folder))
    return folder


def loaded(context: Context) -> LoadedRecipe:
    return LoadedRecipe(recipe=context.recipe, path="recipe.toml", root=context.root)


@pytest.mark.parametrize("seed", range(3))
def test_a_batch_against_an_earlier_run_is_as_both_together(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    texts = families(random, 60)
    old, new = divided(texts[:30], 2), divided(texts[30:], random.choice([1, 3]))
    earlier = run_of(tmp_path / "old", {"news": old}, NEAR)
    both = run_of(tmp_path / "both", {"news": old, "books": new}, NEAR, DedupOptions(keep=("source:news>books",)))
    expected = verdicts_of(both, "books")

    assert verdicts_of(both, "news") == verdicts_of(earlier, "news")
    assert set(expected.values()) == {(False, True), (True, False), (True, True)}
    folder = tmp_path / "old" if seed % 2 else indexed(earlier, tmp_path / "index")
    sizes = SMALL if seed == 0 else DEFAULT_SIZES
    options = DedupOptions(against=(str(folder),))
    batch = run_of(tmp_path / "batch", {"books": new}, NEAR, options, sizes=sizes)
    validate_earlier(loaded(batch))

    assert verdicts_of(batch, "books") == expected
    assert require_proofs(batch, folder) > 0


def require_proofs(context: Context, folder: Path) -> int:
    """Compare each removal with the texts, require that evidence names its document; return how many are earlier."""
    corpora = earlier_corpora(context)
    assert corpora is not None
    by_earlier = 0
    evidence = {EXACT_DEDUP.name: "exact-dedup/earlier.parquet", NEAR_DEDUP.name: "duplicates/earlier.parquet"}
    for stage, name in evidence.items():
        names = {row["document"]: row for row in tables.read_table(context.run.path(name)).to_pylist()}
        for shard in context.all_shards():
            rows = context.run.read_table(context.verdicts_of(stage), shard).to_pylist()
            for row in rows:
                if not row["kept"]:
                    assert row["similarity"] > NEAR.threshold
                    if row["cluster"] >> 56 == EARLIER:
                        by_earlier += 1
                        assert names[row["cluster"]]["corpus"] == str(folder)
                        assert names[row["cluster"]]["source"] == "news"
    counts = context.run.need(NEAR_DEDUP.name).totals("clusters")
    assert counts["copies_of_earlier"] > 0
    return by_earlier


# The earlier run holds an original and a variant that it removed; the batch an exact copy of the variant, another
# variant, and a text of its own. The evidence names the original for the near one and the variant for the exact one.
def test_evidence_names_the_earlier_document(tmp_path: Path) -> None:
    words = [f"w{i}" for i in range(30)]
    variant = " ".join([*words[:29], "other"])
    near = NearOptions(ngram=2, threshold=0.6)
    earlier = run_of(tmp_path / "old", {"news": [[" ".join(words), variant]]}, near, DedupOptions(keep=("longest",)))
    batch = run_of(
        tmp_path / "new",
        {"news": [[variant, " ".join([*words[:28], "more", "other"]), "a text of its own"]]},
        near,
        DedupOptions(against=("../old",)),
    )
    exact = tables.read_table(batch.run.path("exact-dedup/earlier.parquet")).to_pylist()
    kept = list(verdicts_of(batch, "news").values())
    old_ids = earlier.run.read_table("documents", earlier.all_shards()[0], ["id"])["id"].to_pylist()

    shard = batch.all_shards()[0]
    for stage, row, name in ((EXACT_DEDUP.name, 0, old_ids[1]), (NEAR_DEDUP.name, 1, None)):
        keeper = batch.run.read_table(batch.verdicts_of(stage), shard)["cluster"][row].as_py()
        named = read_earlier_documents(batch, stage, [keeper, 5])

        assert list(named) == [keeper]
        assert named[keeper].id == name or (name is None and named[keeper].id in old_ids)
    examples = ExampleReader(batch)
    for clusters in (stored_clusters(batch, examples, EXACT_DEDUP.name), near_duplicates(batch, examples).clusters):
        assert (clusters.earlier, clusters.removed, clusters.count, clusters.largest) == (1, 0, 0, ())
    assert pair_examples(batch, examples, [DocumentLocation(shard, 1)]) == ()
    assert kept == [(False, True), (True, False), (True, True)]
    assert [(row["corpus"], row["source"], row["id"]) for row in exact] == [("../old", "news", old_ids[1])]


def test_the_earlier_run_is_not_written_to_and_an_index_has_no_texts(tmp_path: Path) -> None:
    texts = families(Random(1), 30)
    earlier = run_of(tmp_path / "old", {"news": [texts]}, NEAR)
    before = {path: path.read_bytes() for path in (tmp_path / "old").rglob("*") if path.is_file()}
    index = indexed(earlier, tmp_path / "index")
    run_of(tmp_path / "new", {"news": [texts]}, NEAR, DedupOptions(against=("../old", "../index")))

    assert before == {path: path.read_bytes() for path in (tmp_path / "old").rglob("*") if path.is_file()}
    columns = tables.read_table(str(next(index.rglob("*.parquet")))).column_names
    assert columns == ["row", "id", "text_hash", "keeper", "is_compared", "origin", "url", "buckets", "shingles"]


# The same documents in two earlier runs: the first that the recipe names is the evidence, in either form.
def test_of_two_earlier_runs_with_the_same_document_the_first_is_named(tmp_path: Path) -> None:
    text = " ".join(f"w{i}" for i in range(30))
    one = run_of(tmp_path / "one", {"news": [["x", text, text]]}, NEAR)
    indexed(one, tmp_path / "two-index")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    for against in (("../one", "../two"), ("../two-index", "../one")):
        folder = tmp_path / f"against-{'-'.join(each[3:] for each in against)}"
        batch = run_of(folder, {"books": [[text, text + " more"]]}, NEAR, DedupOptions(against=against))
        names = [
            row["corpus"]
            for name in ("exact-dedup/earlier.parquet", "duplicates/earlier.parquet")
            for row in tables.read_table(batch.run.path(name)).to_pylist()
        ]

        assert list(verdicts_of(batch, "books").values()) == [(False, True), (True, False)]
        assert names[0] == against[0]
        keepers = batch.run.read_table("verdicts/near", batch.all_shards()[0])["cluster"].drop_null().to_numpy()
        assert is_earlier(keepers).all()


def test_a_corpus_that_was_made_against_another_one_does_not_stand_for_it(tmp_path: Path) -> None:
    text = " ".join(f"w{i}" for i in range(30))
    first = run_of(tmp_path / "first", {"news": [[text]]}, NEAR)
    second = run_of(tmp_path / "second", {"news": [[text, "x"]]}, NEAR, DedupOptions(against=("../first",)))
    indexed(first, tmp_path / "first-index")
    indexed(second, tmp_path / "second-index")
    third = run_of(tmp_path / "third", {"news": [[text]]}, NEAR, DedupOptions(against=("../second",)))
    sentence = "dedup.against: {}: was itself made against ../first, which does not count here: copies of what it lost"

    assert list(verdicts_of(second, "news").values()) == [(False, True), (True, True)]
    assert list(verdicts_of(third, "news").values()) == [(True, True)]
    for name in ("second", "second-index"):
        for named in ((), ("first",), ("first-index",)):
            recipe = msgspec.structs.replace(third.recipe, dedup=DedupOptions(against=(name, *named)))
            found = unnamed_corpora(LoadedRecipe(recipe=recipe, path="recipe.toml", root=str(tmp_path)))
            assert [each.startswith(sentence.format(name)) for each in found] == ([] if named else [True])


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("earlier")
    indexed(run_of(folder / "old", {"news": [families(Random(2), 20)]}, NEAR), folder / "index")
    return folder


def recipe_against(folder: Path, near: NearOptions, seed: int = 7) -> LoadedRecipe:

    recipe = recipe_of(["news"])
    options = DedupOptions(against=(folder.name,))
    recipe = msgspec.structs.replace(recipe, near=near, seed=seed, dedup=options)
    return LoadedRecipe(recipe=recipe, path="recipe.toml", root=str(folder.parent))


@pytest.mark.parametrize("form", ["old", "index"])
@pytest.mark.parametrize(
    ("near", "seed", "message"),
    [
        ({"ngram": 3}, 7, "near.ngram is 3 here and 2 there"),
        ({"lowercase": True}, 7, "near.lowercase is True here and False there"),
        ({"rows": 4, "bands": 16}, 7, "near.bands is 16 here and 32 there; near.rows is 4 here and 2 there"),
        ({"threshold": 0.7}, 7, "near.threshold is 0.7 here and 0.6 there"),
        ({}, 8, "seed is 8 here and 7 there"),
    ],
)
def test_other_parameters_are_refused_with_both_values(
    earlier: Path, form: str, near: dict[str, object], seed: int, message: str
) -> None:

    with pytest.raises(UserError, match=f"dedup.against: {form}: was made with other parameters.*{message}"):
        validate_earlier(recipe_against(earlier / form, msgspec.structs.replace(NEAR, **near), seed))


@pytest.mark.parametrize(
    ("form", "lost"),
    [
        ("old", "near-dedup/manifest.json"),
        ("old", "run.json"),
        ("old", "signatures"),
        ("old", "documents"),
        ("old", "verdicts/exact"),
        ("old", "verdicts/rules"),
        ("old", "signals"),
        ("index", "news"),
        ("index", "dedup-index.json"),
    ],
)
def test_a_half_deleted_corpus_is_refused(earlier: Path, tmp_path: Path, form: str, lost: str) -> None:
    folder = tmp_path / form
    shutil.copytree(earlier / form, folder)
    validate_earlier(recipe_against(folder, NEAR))
    shutil.rmtree(folder / lost) if (folder / lost).is_dir() else (folder / lost).unlink()

    with pytest.raises(MassivetextError, match=form):
        validate_earlier(recipe_against(folder, NEAR))


def test_a_damaged_index_is_refused(earlier: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    shutil.copytree(earlier / "index", folder)
    shard = DedupIndex(str(folder)).shards[0]
    path = folder / f"{shard.name}.parquet"
    path.write_bytes(b"x" * path.stat().st_size)

    with pytest.raises(StageError, match="cannot be read"):
        DedupIndex(str(folder)).documents(shard)
    (folder / "dedup-index.json").write_text('{"format": 2}')
    with pytest.raises(UserError, match="is damaged, or of another version"):
        DedupIndex(str(folder))


def test_a_run_is_no_earlier_corpus_of_itself(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is the run itself; give another output folder"):
        run_of(tmp_path / "old", {"news": [["a b c"]]}, NEAR, DedupOptions(against=("../old/",)))


def test_a_corpus_is_named_once_and_needs_removal_by_representative(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='against: want every folder once, got "a/" again'):
        DedupOptions(against=("a", "b", "a/"))
    text = recipe_text({"news": {}}, '[dedup]\nagainst = ["old"]\n[near]\nclusters = "transitive"')
    with pytest.raises(UserError, match=r'dedup\.against: want near\.clusters = "representative"'):
        parse_recipe(text, "recipe.toml")


def test_an_index_is_not_written_over(earlier: Path) -> None:
    with pytest.raises(UserError, match="holds an index already"):
        write_dedup_index(EarlierRun(str(earlier / "old")), str(earlier / "index"))


def test_packed_shingles_keep_their_upper_bits() -> None:
    shingles = np.array([0, 2**24 - 1, 2**24, 2**63 + 5, 2**64 - 1], np.uint64)

    assert len(pack_shingles(shingles)) == 4 * 5  # the first two are equal in their upper 40 bits
    assert unpack_shingles(pack_shingles(shingles)).tolist() == [0, 1, 2**39, 2**40 - 1]
    assert upper_bits(shingles).tolist() == [0, 1, 2**39, 2**40 - 1]
    assert unpack_shingles(b"").tolist() == []


@pytest.mark.parametrize("form", ["old", "index"])
def test_both_forms_say_the_same_of_a_shard(earlier: Path, form: str) -> None:
    run = EarlierRun(str(earlier / "old"))
    corpus = run if form == "old" else DedupIndex(str(earlier / "index"))
    shard = run.shards[0]
    found, wanted = corpus.documents(shard), run.documents(shard)
    rows = wanted.rows[wanted.is_compared]

    assert corpus.shards == run.shards
    assert corpus.document_count == run.document_count
    assert (found.ids, found.rows.tolist()) == (wanted.ids, wanted.rows.tolist())
    assert np.array_equal(found.text_hashes, wanted.text_hashes)
    assert found.keepers.tolist() == wanted.keepers.tolist()
    assert corpus.names(shard, rows) == run.names(shard, rows)
    for band, (hashes, at) in corpus.buckets(shard, [0, 31]).items():
        assert np.array_equal(hashes, run.buckets(shard, [band])[band][0])
        assert at.tolist() == rows.tolist()
    for one, other in zip(corpus.shingles(shard, rows), run.shingles(shard, rows), strict=True):
        assert np.array_equal(one, other if form == "old" else upper_bits(other))
    assert (corpus.sizes(shard, rows) > 0).all()
    assert pa.array(found.ids).type == pa.string()
