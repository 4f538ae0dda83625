"""Deduplication of texts that are too short, too long, or too many of the same."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from earlier_runs import run_of, verdicts_of
from near_runs import deduplicated

from massivetext.dedup.candidates import split_crowds
from massivetext.dedup.row_types import REMOVED_ROW, TEXT_HASH_ROW
from massivetext.jobs.hash_shuffle import resolve
from massivetext.recipe import DedupOptions, NearOptions
from massivetext.runs.context import Context
from massivetext.stages import NEAR_DEDUP

SHORT = ["", "", " ", "word", "word", "word ", "Word", "\u2028", "字", "字", "...", "two words"]


def kept_by_near(context: Context) -> int:
    columns = [context.run.read_table("verdicts/near", shard, ["kept"])["kept"] for shard in context.all_shards()]
    return sum(column.to_numpy().sum() for column in columns)


@pytest.mark.parametrize("against", [False, True])
def test_empty_texts_and_single_words_are_copies_if_they_are_equal(tmp_path: Path, against: bool) -> None:
    run_of(tmp_path / "old", {"news": [["", "word", "..."]]}, NearOptions())
    dedup = DedupOptions(against=("../old",)) if against else None
    found = [
        *verdicts_of(
            run_of(tmp_path / "new", {"books": [SHORT[::2], SHORT[1::2]]}, NearOptions(), dedup), "books"
        ).values()
    ]

    # Equal texts: two empty ones, two of "word", two of "字". Near: "word" and "word " have the same only word.
    exact = len(set(SHORT)) - (3 if against else 0)
    assert sum(each for each, _ in found) == exact
    # What has no word has no signature and is nobody's near-duplicate; with the run before, both forms of "word" go.
    assert sum(each and near for each, near in found) == exact - 1


def test_of_five_thousand_equal_texts_one_stays(tmp_path: Path) -> None:
    text = "the same text of eight words in all"
    exact = run_of(tmp_path / "exact", {"news": [[text] * 2_000, [text] * 3_000]}, NearOptions(ngram=3))
    near = deduplicated(tmp_path / "near", {"news": [[text] * 2_000, [text] * 3_000]}, NearOptions(ngram=3))

    assert sum(each for each, _ in verdicts_of(exact, "news").values()) == 1
    # Without exact-dedup before it, near-dedup finds them as one crowd, and measures each with the kept one.
    assert kept_by_near(near) == 1
    pairs = sum(
        commit.counts.get("candidates", 0)
        for commit in near.run.commits(NEAR_DEDUP.name, near.stage_keys[NEAR_DEDUP.name])
    )
    assert 4_999 <= pairs < 3 * 5_000


def test_a_million_copies_of_one_text_are_one_crowd() -> None:
    rows = np.zeros(1_000_000, TEXT_HASH_ROW)
    rows["hash"], rows["document_ref"] = 7, np.arange(1_000_000)
    rows["rank"] = np.random.default_rng(1).permutation(1_000_000)
    (found,) = [np.frombuffer(each, REMOVED_ROW) for _, each in resolve(b"0", [rows.tobytes()])]
    pairs, _, crowd = split_crowds(rows["hash"][:, 0].copy(), rows["document_ref"].copy(), 64)

    assert len(found) == 999_999
    assert set(found["keeper"].tolist()) == {int(rows["rank"].argmin())}
    assert (len(pairs), len(crowd)) == (0, 1_000_000)


@pytest.mark.slow
def test_texts_of_fifty_megabytes_are_compared(tmp_path: Path) -> None:
    random = Random(1)
    words = [f"{random.randrange(10**9)}" for _ in range(5_200_000)]
    text = " ".join(words)
    assert len(text) > 50_000_000
    words[1000:1005] = ["other"] * 5
    context = run_of(tmp_path, {"news": [[text, "short"], [" ".join(words)]]}, NearOptions())
    found = verdicts_of(context, "news")

    assert sorted(found.values()) == [(True, False), (True, True), (True, True)]
    (row,) = (
        row
        for shard in context.all_shards()
        for row in context.run.read_table("verdicts/near", shard).to_pylist()
        if not row["kept"]
    )
    # Five words changed 17 of the 13-grams; a text has as many 13-grams as words but twelve.
    assert row["similarity"] == pytest.approx((len(words) - 12 - 17) / (len(words) - 12 + 17), abs=1e-9)
