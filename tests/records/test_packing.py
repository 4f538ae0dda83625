"""Packing: every token of every document is in the sequences once per epoch, and only what has to be cut is cut."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.records.packing import (
    BestFitLayout,
    ConcatenatedLayout,
    best_fit,
    concatenate,
    counts_of_epochs,
    draws_in_epochs,
    place_best_fit,
)

LENGTHS = st.lists(st.integers(0, 40), max_size=60)
SEED, SOURCE = 7, "books"


def filled(layout: BestFitLayout | ConcatenatedLayout, counts: npt.NDArray[np.int64], quota: int) -> dict[int, int]:
    """Return how many tokens each sequence holds; two tokens in one place are an error."""
    places: dict[tuple[int, int], tuple[int, int]] = {}
    for draw, tokens in enumerate(counts.tolist()):
        for span in layout.spans(draw, tokens, quota):
            for offset in range(span.stop - span.start):
                place = (span.sequence, span.position + offset)
                assert place not in places
                assert place[1] < layout.sequence_length
                places[place] = (draw, span.start + offset)
    sequences = [sequence for sequence, _ in places]
    return {sequence: sequences.count(sequence) for sequence in set(sequences)}


@given(LENGTHS, st.integers(1, 16))
def test_joined_documents_leave_no_gap(lengths: list[int], length: int) -> None:
    counts = np.array(lengths, np.int64)
    layout = concatenate(counts, length)
    sizes = filled(layout, counts, layout.sequences)

    assert sum(sizes.values()) == counts.sum()
    assert sorted(sizes) == list(range(layout.sequences))
    assert all(sizes[number] == length for number in range(layout.sequences - 1))


@given(LENGTHS, st.integers(1, 16), st.integers(1, 3))
def test_placed_documents_are_cut_only_if_they_must_be(lengths: list[int], length: int, epochs: int) -> None:
    first = np.array(lengths, np.int64)
    counts = counts_of_epochs(first, epochs, SEED, SOURCE)
    layout = best_fit(counts, len(first), length, SEED, SOURCE)
    sizes = filled(layout, counts, layout.sequences)

    assert sum(sizes.values()) == epochs * first.sum()
    assert sorted(sizes) == list(range(layout.sequences))
    for draw, tokens in enumerate(counts.tolist()):
        assert len(layout.spans(draw, tokens, layout.sequences)) == -(-tokens // length)


@given(LENGTHS, st.integers(1, 16), st.integers(0, 20))
def test_beyond_the_quota_nothing_is_used(lengths: list[int], length: int, quota: int) -> None:
    counts = np.array(lengths, np.int64)
    for layout in (concatenate(counts, length), best_fit(counts, len(counts), length, SEED, SOURCE)):
        sizes = filled(layout, counts, quota)
        assert sorted(sizes) == list(range(min(quota, layout.sequences)))


def plain_best_fit(lengths: list[int], capacity: int) -> list[tuple[int, int]]:
    """Return (bin, position) of each length, by trying every bin."""
    rooms: list[int] = []
    found = []
    for length in lengths:
        fitting = [number for number, room in enumerate(rooms) if room >= length]
        least = min((rooms[number] for number in fitting), default=capacity)
        number = next((number for number in fitting if rooms[number] == least), len(rooms))
        if number == len(rooms):
            rooms.append(capacity)
        found.append((number, capacity - rooms[number]))
        rooms[number] -= length
    return found


@given(st.lists(st.integers(1, 30), max_size=80), st.integers(30, 64))
def test_bins_are_as_full_as_those_of_the_plain_algorithm(lengths: list[int], capacity: int) -> None:
    ordered = sorted(lengths, reverse=True)
    bins, positions = np.empty(len(ordered), np.int64), np.empty(len(ordered), np.int64)
    used = place_best_fit(np.array(ordered, np.int64), capacity, bins, positions)
    plain = plain_best_fit(ordered, capacity)

    assert used == max((number + 1 for number, _ in plain), default=0)
    assert positions.tolist() == [position for _, position in plain]  # bins of equal room differ by number alone


@given(LENGTHS.filter(len), st.integers(1, 4))
def test_every_epoch_has_every_document_once(lengths: list[int], epochs: int) -> None:
    first = np.array(lengths, np.int64)
    counts = counts_of_epochs(first, epochs, SEED, SOURCE)
    draws = draws_in_epochs(np.arange(len(first)), len(first), epochs, SEED, SOURCE)

    assert np.array_equal(np.sort(draws.ravel()), np.arange(epochs * len(first)))
    assert (counts[draws] == first).all()


def test_epochs_are_ordered_anew() -> None:
    first = np.arange(1, 200, dtype=np.int64)
    counts = counts_of_epochs(first, 2, SEED, SOURCE)

    assert not np.array_equal(counts[:199], counts[199:])


def test_the_first_sequences_are_a_fair_sample_of_an_epoch() -> None:
    lengths = np.concatenate([np.full(1000, 60), np.full(1000, 3)]).astype(np.int64)
    layout = best_fit(lengths, len(lengths), 64, SEED, SOURCE)
    half = layout.sequences // 2
    long = sum(bool(layout.spans(draw, 60, half)) for draw in range(1000))

    assert long == pytest.approx(500, abs=60)  # in the order of placing all of them would come first
