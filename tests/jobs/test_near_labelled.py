"""Near-deduplication of the labelled pairs of ../shared/data: what goes is proven, and nothing more goes afterwards."""

import gzip
import json
from pathlib import Path

import pytest
from earlier_runs import run_of, verdicts_of
from near_runs import deduplicated

from massivetext.dedup.similarity import similarity
from massivetext.recipe import DedupOptions, NearOptions
from massivetext.runs.context import Context
from massivetext.shingles import shingle_hashes

PAIRS = Path(__file__).resolve().parents[2] / "../shared/data/neardup/pairs.jsonl.gz"
LONGEST = 30_000  # characters of a text; a few are books


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, str]]:
    """The texts of each pair; some are equal."""
    if not PAIRS.is_file():
        pytest.skip("the labelled pairs are not here")
    with gzip.open(PAIRS, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found = [(row["a"]["text"], row["b"]["text"]) for row in rows]
    return [pair for pair in found if max(map(len, pair)) <= LONGEST]


def kept_rows(context: Context) -> list[bool]:
    (shard,) = context.all_shards()
    kept: list[bool] = context.run.read_table("verdicts/near", shard, ["kept"])["kept"].to_pylist()
    return kept


def test_of_each_similar_pair_one_goes_for_a_text_that_it_resembles(
    tmp_path: Path, pairs: list[tuple[str, str]]
) -> None:
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    rows, sets = {text: row for row, text in enumerate(texts)}, [shingle_hashes(text) for text in texts]
    ids = [f"{row:032x}" for row in range(len(texts))]
    context = deduplicated(tmp_path / "first", {"news": [texts]}, ids=[ids])
    (shard,) = context.all_shards()
    verdicts = context.run.read_table("verdicts/near", shard).to_pylist()
    kept = kept_rows(context)

    for row, verdict in enumerate(verdicts):
        if not verdict["kept"]:
            keeper = verdict["cluster"] & 0xFFFFFFFF
            measured = similarity(sets[row], sets[keeper]).jaccard
            assert kept[keeper]
            assert measured > 0.8
            assert verdict["similarity"] == measured
    similar = [
        (rows[a], rows[b]) for a, b in pairs if a != b and similarity(sets[rows[a]], sets[rows[b]]).jaccard > 0.8
    ]
    assert len(similar) > 400
    assert not [(a, b) for a, b in similar if kept[a] and kept[b]]

    left = [row for row, stays in enumerate(kept) if stays]
    again = deduplicated(tmp_path / "again", {"news": [[texts[row] for row in left]]}, ids=[[ids[row] for row in left]])
    assert len(texts) - len(left) > 400
    assert all(kept_rows(again))


def test_a_batch_against_an_earlier_run_is_as_both_together(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    old = list(dict.fromkeys(a for a, _ in pairs[::2]))
    new = [[b for _, b in pairs[::2]], [a for a, _ in pairs[1::4]]]
    run_of(tmp_path / "old", {"news": [old]}, NearOptions())
    keep = DedupOptions(keep=("source:news>books",))
    both = run_of(tmp_path / "both", {"news": [old], "books": new}, NearOptions(), keep)
    batch = run_of(tmp_path / "new", {"books": new}, NearOptions(), DedupOptions(against=("../old",)))
    expected = verdicts_of(both, "books")

    assert verdicts_of(batch, "books") == expected
    assert sum(not exact for exact, _ in expected.values()) > 100
    assert sum(exact and not near for exact, near in expected.values()) > 100
