"""Exact deduplication of a run: its two shuffles as functions, and the whole of it on a few texts."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_run import Texts, tiny_context

from massivetext.dedup.keeper import keeper_rank
from massivetext.dedup.row_types import REMOVED_ROW, TEXT_HASH_ROW, split_by_partition
from massivetext.engines.engine import Engine
from massivetext.jobs.exact_dedup import STAGE, hashed_documents, run_exact_dedup
from massivetext.jobs.hash_shuffle import resolve
from massivetext.runs.context import Context
from massivetext.schema import DUPLICATE_VERDICTS, document_id, pack_document_refs, shard_number
from massivetext.stages import EXACT_DEDUP


def hashed(*rows: tuple[int, int, int, int]) -> npt.NDArray[np.void]:
    """Return documents from (two halves of the text hash, rank, document reference)."""
    batch = np.zeros(len(rows), TEXT_HASH_ROW)
    for row, (first, second, rank, address) in enumerate(rows):
        batch[row] = ((first, second), rank, address)
    return batch


def removed(found: Sequence[tuple[bytes, bytes]]) -> dict[int, list[tuple[int, int]]]:
    return {int(key): [(int(a), int(b)) for a, b in np.frombuffer(rows, REMOVED_ROW)] for key, rows in found}


# -- partitions --------------------------------------------------------------------------------------------------------


def test_rows_go_to_the_partition_of_their_key() -> None:
    batch = hashed((0, 0, 0, 10), (1, 0, 0, 11), (4, 0, 0, 12), (6, 0, 0, 13))  # hashes modulo 4: 0, 1, 0, 2
    found = dict(split_by_partition(batch, batch["hash"][:, 0], 4))

    assert list(found) == [b"0", b"1", b"2"]
    assert [np.frombuffer(rows, TEXT_HASH_ROW)["document_ref"].tolist() for rows in found.values()] == [
        [10, 12],
        [11],
        [13],
    ]


def test_no_rows_have_no_partition() -> None:
    batch = hashed()

    assert list(split_by_partition(batch, batch["hash"][:, 0], 64)) == []


@given(st.lists(st.integers(0, 2**64 - 1), max_size=50), st.integers(1, 70))
def test_partitions_hold_every_row_once_in_order(keys: list[int], partitions: int) -> None:
    batch = hashed(*((key, 0, 0, row) for row, key in enumerate(keys)))
    found = {
        int(name): np.frombuffer(rows, TEXT_HASH_ROW)
        for name, rows in split_by_partition(batch, batch["hash"][:, 0], partitions)
    }

    assert sorted(int(row) for rows in found.values() for row in rows["document_ref"]) == list(range(len(keys)))
    for number, rows in found.items():
        assert len(rows)
        assert {int(key) % partitions for key in rows["hash"][:, 0]} == {number}
        assert rows["document_ref"].tolist() == sorted(rows["document_ref"].tolist())


# -- resolving ---------------------------------------------------------------------------------------------------------


def test_of_copies_the_smallest_rank_is_kept_and_the_others_go_back_to_their_shards() -> None:
    a, b = (int(pack_document_refs(0, shard, np.array([5]))[0]) for shard in (0, 1))
    c = int(pack_document_refs(2, 7, np.array([1]))[0])
    batch = hashed((1, 1, 30, a), (1, 1, 10, b), (1, 1, 20, c), (1, 2, 0, a + 1), (2, 1, 0, b + 1))

    # Only the first three share both halves of the hash; b has the smallest rank.
    assert removed(list(resolve(b"0", [batch.tobytes()]))) == {
        shard_number(0, 0): [(a, b)],
        shard_number(2, 7): [(c, b)],
    }


def test_of_equal_ranks_the_smallest_address_is_kept() -> None:
    batch = hashed((1, 1, 9, 3), (1, 1, 9, 2))

    assert removed(list(resolve(b"0", [batch.tobytes()]))) == {0: [(3, 2)]}


def test_without_copies_nothing_is_removed() -> None:
    assert list(resolve(b"0", [hashed((1, 1, 0, 0), (2, 2, 0, 1)).tobytes()])) == []
    assert list(resolve(b"0", [])) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_batches_and_rows_does_not_matter(documents: list[tuple[int, int]], random: Random) -> None:
    rows = [(text, 0, rank, (number % 3 << 32) | number) for number, (text, rank) in enumerate(documents)]
    shuffled = random.sample(rows, len(rows))
    half = len(rows) // 2
    together = removed(list(resolve(b"0", [hashed(*rows).tobytes()])))
    apart = removed(list(resolve(b"0", [hashed(*shuffled[:half]).tobytes(), hashed(*shuffled[half:]).tobytes()])))

    assert together == apart
    # Of every text exactly one document is left.
    assert sum(map(len, together.values())) == len(rows) - len({text for text, _ in documents})


# -- a whole run -------------------------------------------------------------------------------------------------------

TEXTS: Texts = {
    "news": [["same text", "alone in news", "dropped twin"], ["same text", ""], []],
    "web": [["dropped twin", "same text", "same text "], [""]],
    "wikipedia": [["same text", "same text"]],
}


def deduplicated(folder: Path, texts: Texts = TEXTS) -> Context:
    """A run in which the copy of "dropped twin" in news has failed a rule."""
    context = tiny_context(str(folder), texts)
    news = context.all_shards()[0]
    table = context.run.read_table("verdicts/rules", news)
    failed = [text == "dropped twin" for text in texts["news"][0]]
    context.run.write_table(
        "verdicts/rules", news, table.set_column(0, table.schema.field(0), [[not f for f in failed]])
    )
    context.run.begin(EXACT_DEDUP, context.stage_keys[STAGE])
    run_exact_dedup(Engine(), context, ())
    return context


def verdicts(context: Context) -> dict[str, list[dict[str, object]]]:
    return {
        commit.task: context.run.read_table("verdicts/exact", shard).to_pylist()
        for commit in context.run.commits(STAGE, context.stage_keys[STAGE])
        for shard in context.all_shards()
        if shard.name == commit.task
    }


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return deduplicated(tmp_path_factory.mktemp("exact"))


def test_every_shard_that_takes_part_gets_verdicts(context: Context) -> None:
    # All shards of news and web, even one without documents or copies; Wikipedia is not deduplicated.
    found = verdicts(context)

    assert {name: len(rows) for name, rows in found.items()} == {
        "news/part-00000-of-00003": 3,
        "news/part-00001-of-00003": 2,
        "news/part-00002-of-00003": 0,
        "web/part-00000-of-00002": 3,
        "web/part-00001-of-00002": 1,
    }
    for shard in context.shards("news"):
        assert context.run.read_table("verdicts/exact", shard).schema == DUPLICATE_VERDICTS


def test_one_of_equal_texts_is_kept_over_all_sources(context: Context) -> None:
    places = {  # (source, shard, row) of the copies among sources that take part
        "same text": [("news", 0, 0), ("news", 1, 0), ("web", 0, 1)],
        "": [("news", 1, 1), ("web", 1, 0)],
    }
    found = verdicts(context)
    for copies in places.values():
        ids = [document_id(source, f"{shard}.txt", str(row)) for source, shard, row in copies]
        keeper = copies[int(np.argmin(keeper_rank(ids, context.recipe.seed)))]
        address = int(context.document_refs(context.shards(keeper[0])[keeper[1]], np.array([keeper[2]]))[0])
        for place in copies:
            source, shard, row = place
            verdict = found[context.shards(source)[shard].name][row]

            assert verdict == (
                {"kept": True, "cluster": None, "similarity": None}
                if place == keeper
                else {"kept": False, "cluster": address, "similarity": 1.0}
            )


def test_what_has_no_copy_is_kept(context: Context) -> None:
    found = verdicts(context)
    kept = {"kept": True, "cluster": None, "similarity": None}

    assert found["news/part-00000-of-00003"][1] == kept
    assert found["web/part-00000-of-00002"][2] == kept  # "same text " ends in a space


def test_what_failed_a_rule_is_nobodys_copy(context: Context) -> None:
    found = verdicts(context)

    assert found["news/part-00000-of-00003"][2]["kept"]  # this stage does not drop it
    assert found["web/part-00000-of-00002"][0]["kept"]  # its only copy was dropped before
    assert not context.kept(context.all_shards()[0], before="near-dedup")[2]


def test_counts_are_of_what_was_tested(context: Context) -> None:
    counts = {commit.task: commit.counts for commit in context.run.commits(STAGE, context.stage_keys[STAGE])}
    total = {name: sum(each[name] for each in counts.values()) for name in ("tested", "removed", "kept")}

    assert counts["news/part-00000-of-00003"]["tested"] == 2
    # 9 documents take part and one of them has failed a rule; one of three and one of two copies are kept.
    assert total == {"tested": 8, "removed": 3, "kept": 5}


def test_hashes_are_of_what_is_still_there(context: Context) -> None:
    batch = hashed_documents(context, context.all_shards()[0])

    assert batch["document_ref"].tolist() == [0, 1]
    assert hashed_documents(context, context.shards("news")[2]).shape == (0,)


def test_deduplicating_what_is_left_removes_nothing(tmp_path: Path, context: Context) -> None:
    left: dict[str, list[list[str]]] = {}
    for shard in context.all_shards():
        kept = context.kept(shard, before="near-dedup")
        texts = context.run.read_table("documents", shard, ["text"])["text"].to_pylist()
        left.setdefault(shard.source, []).append([text for text, keep in zip(texts, kept, strict=True) if keep])
    again = verdicts(deduplicated(tmp_path, left))

    assert all(row["kept"] for rows in again.values() for row in rows)


def test_a_run_without_sources_to_deduplicate_has_no_verdicts(tmp_path: Path) -> None:
    context = tiny_context(str(tmp_path), {"wikipedia": [["a", "a"]]})
    context.run.begin(EXACT_DEDUP, context.stage_keys[STAGE])
    run_exact_dedup(Engine(), context, ())

    assert verdicts(context) == {}
