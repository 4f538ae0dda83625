import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from massivetext.records.sequences import (
    DrawPosition,
    SequenceOrder,
    assemble_sequence,
    first_draws,
    lay_out_draws,
    next_draws,
    sequence_spans,
    shard_count,
    shard_sizes,
)


def test_groups_are_cut_into_sequences_and_lose_their_tails() -> None:
    # Groups of 2, sequences of 4 tokens: 3 + 6 = 9 tokens give 2, 1 + 2 = 3 give none, 4 + 4 = 8 give 2; draw 6 is
    # alone.
    layout = lay_out_draws(np.array([3, 6, 1, 2, 4, 4, 100]), 2, 4)

    assert layout.sequences == 4
    assert [layout.locate(draw) for draw in range(7)] == [
        DrawPosition(0, 2, 0),
        DrawPosition(0, 2, 3),
        DrawPosition(2, 0, 0),
        DrawPosition(2, 0, 1),
        DrawPosition(2, 2, 0),
        DrawPosition(2, 2, 4),
        DrawPosition(4, 0, 0),
    ]


@pytest.mark.parametrize("counts", [[], [5], [100]])
def test_fewer_draws_than_a_group_give_no_sequences(counts: list[int]) -> None:
    assert lay_out_draws(np.array(counts, np.int64), 2, 4).sequences == 0


@given(counts=st.lists(st.integers(0, 30), max_size=40), more=st.lists(st.integers(0, 30), max_size=9))
def test_more_draws_do_not_move_complete_groups(counts: list[int], more: list[int]) -> None:
    before, after = (
        lay_out_draws(np.array(counts, np.int64), 3, 8),
        lay_out_draws(np.array(counts + more, np.int64), 3, 8),
    )

    assert all(before.locate(draw) == after.locate(draw) for draw in range(len(counts) - len(counts) % 3))


def test_tokens_are_cut_at_borders_without_the_tail_and_unused_sequences() -> None:
    # Second draw of the group above: tokens 3..8 of it. Token 3 ends sequence 0, 4..7 are the next, 8 is the tail.
    tokens = np.array([10, 11, 12, 13, 14, 15])

    def pieces(position: DrawPosition, count: int, quota: int) -> list[tuple[int, int, list[int]]]:
        found = sequence_spans(position, count, 4, quota)
        return [(span.sequence, span.position, tokens[span.start : span.stop].tolist()) for span in found]

    assert pieces(DrawPosition(5, 2, 3), 6, quota=7) == [(5, 3, [10]), (6, 0, [11, 12, 13, 14])]
    assert pieces(DrawPosition(5, 2, 3), 6, quota=6) == [(5, 3, [10])]
    assert pieces(DrawPosition(5, 2, 3), 6, quota=5) == []
    assert pieces(DrawPosition(5, 0, 3), 6, quota=7) == []
    assert pieces(DrawPosition(5, 2, 3), 0, quota=7) == []
    assert pieces(DrawPosition(5, 2, 8), 6, quota=7) == []


def test_a_sequence_is_put_together_in_any_order_with_its_starts() -> None:
    tokens, starts = assemble_sequence([(3, np.array([7])), (0, np.array([1, 2, 3]))], 4)

    assert tokens.tolist() == [1, 2, 3, 7]
    assert starts.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([(0, 2), (3, 1)], "want tokens from position 2 on, got 1 from 3 on"),
        ([(0, 3), (2, 2)], "want tokens from position 3 on, got 2 from 2 on"),
        ([(0, 3)], "want 4 tokens, got 3"),
        ([(0, 5)], "want 4 tokens, got 5"),
        ([(0, 0), (0, 4)], "want tokens from position 0 on, got 0 from 0 on"),
        ([(1, 3)], "want tokens from position 0 on, got 3 from 1 on"),
        ([], "want 4 tokens, got 0"),
    ],
)
def test_sequences_with_gaps_overlaps_or_missing_tokens_are_errors(parts: list[tuple[int, int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        assemble_sequence([(position, np.arange(size)) for position, size in parts], 4)


def test_first_draws_are_an_estimate_with_a_little_to_spare() -> None:
    # 10 crops of 1024 tokens are 5 sequences of 2048, half a one is lost: 100 / 4.5 * 1.1 = 24.4, so 25 groups.
    assert first_draws(100, 1024.0, 10, 2048) == 250
    # Hardly a sequence per group: 10 * 100 / 2048 = 0.488, and of that 0.3 is hoped for: 10 / 0.1465 * 1.1 = 75.1.
    assert first_draws(10, 100.0, 10, 2048) == 760


def test_next_draws_follow_the_rate_so_far_in_whole_groups() -> None:
    # 100 draws gave 40 sequences; 100 of them want 250 draws, with 2% 255: 26 groups of 10.
    assert next_draws(100, 100, 40, 10) == 260
    assert next_draws(100, 100, 0, 10) == 1010
    assert next_draws(100, 0, 0, 10) == 10


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 20))
def test_next_draws_always_grow(quota: int, draws: int, sequences: int, crops_per_group: int) -> None:
    more = next_draws(quota, draws, sequences, crops_per_group)

    assert more > draws
    assert more % crops_per_group == 0


def test_draws_that_never_fill_a_sequence_are_an_error() -> None:
    assert next_draws(5, 999, 0, 10) == 10_000
    with pytest.raises(ValueError, match="raise crops_per_group or lower sequence_length"):
        next_draws(5, 1000, 0, 10)


@pytest.mark.parametrize(
    ("sequences", "size", "shards"),
    [
        (0, 10, 1),
        (1, 10, 1),
        (10, 10, 1),
        (11, 10, 2),
        (20, 10, 2),
        (21, 10, 4),
        (41, 10, 8),
        (146_484_375, 32_768, 8192),
        (5, 1, 4),  # 8 would leave some empty
    ],
)
def test_shards_are_the_smallest_power_of_two_that_suffices(sequences: int, size: int, shards: int) -> None:
    assert shard_count(sequences, size) == shards


@settings(deadline=None)
@given(sequences=st.integers(1, 500), shards=st.integers(1, 40), seed=st.integers(0, 2**63))
@example(sequences=1, shards=1, seed=0)
def test_every_sequence_has_its_own_record_and_shards_are_equal_but_for_one(
    sequences: int, shards: int, seed: int
) -> None:
    shards = min(shards, sequences)
    order = SequenceOrder(sequences, shards, seed)
    shard, index = order.record_positions(np.arange(sequences))

    positions = sorted(zip(shard.tolist(), index.tolist(), strict=True))
    sizes = shard_sizes(sequences, shards)
    assert positions == [(s, i) for s in range(shards) for i in range(sizes[s])]
    assert max(sizes) - min(sizes) <= 1
    slots = order.slots(np.arange(sequences)).tolist()
    assert slots == [order.slot(s, i) for s, i in zip(shard.tolist(), index.tolist(), strict=True)]


def test_order_depends_on_the_seed() -> None:
    assert (
        SequenceOrder(100, 4, 1).slots(np.arange(100)).tolist()
        != SequenceOrder(100, 4, 2).slots(np.arange(100)).tolist()
    )


@pytest.mark.parametrize(("sequences", "shards"), [(0, 1), (3, 4), (3, 0)])
def test_order_needs_sequences_for_every_shard(sequences: int, shards: int) -> None:
    with pytest.raises(ValueError, match="shards for as many sequences"):
        SequenceOrder(sequences, shards, 0)
