from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plain_draws import drawn_documents

from massivetext.records.crops import add_bos_eos, crop, crop_window, draws_of_documents

SEED, SOURCE = 11, "web"


def test_every_document_is_drawn_once_an_epoch_in_a_fresh_order() -> None:
    drawn = drawn_documents(np.arange(3 * 50), 50, SEED, SOURCE).reshape(3, 50)

    assert all(sorted(epoch) == list(range(50)) for epoch in drawn.tolist())
    assert len({tuple(epoch) for epoch in drawn.tolist()}) == 3


def test_draws_depend_on_seed_and_source() -> None:
    draws = np.arange(50)
    orders = [
        drawn_documents(draws, 50, 1, "web"),
        drawn_documents(draws, 50, 2, "web"),
        drawn_documents(draws, 50, 1, "c4"),
    ]

    assert len({tuple(order.tolist()) for order in orders}) == 3


@settings(deadline=None)
@given(documents=st.integers(1, 60), draws=st.integers(0, 200), data=st.data())
def test_draws_of_is_the_inverse_of_drawn_documents(documents: int, draws: int, data: st.DataObject) -> None:
    indices = np.array(data.draw(st.lists(st.integers(0, documents - 1), unique=True)), dtype=np.int64)
    rows, numbers = draws_of_documents(indices, documents, draws, SEED, SOURCE)

    drawn = drawn_documents(np.arange(draws), documents, SEED, SOURCE).tolist()
    wanted = [draw for draw, document in enumerate(drawn) if document in indices]
    assert numbers.tolist() == wanted
    assert indices[rows].tolist() == [drawn[draw] for draw in wanted]


def test_draws_of_a_document_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="want numbers below it"):
        draws_of_documents(np.array([5]), 5, 5, SEED, SOURCE)


@given(length=st.integers(0, 5000), crop_bytes=st.integers(1, 1000), draw=st.integers(0, 10**6))
@example(length=1, crop_bytes=1, draw=0)
def test_window_lies_within_the_document_and_is_no_longer_than_asked(length: int, crop_bytes: int, draw: int) -> None:
    start, stop = crop_window(length, crop_bytes, SEED, SOURCE, draw)

    assert 0 <= start <= stop <= length
    assert stop - start <= crop_bytes
    assert (stop > start) == (length > 0)


def test_windows_start_uniformly() -> None:
    # Length 7, window 4: starts -3..6. After clipping, (0,1) (0,2) (0,3) (0,4) (1,5) (2,6) (3,7) (4,7) (5,7) (6,7): ten
    # windows, each expected 1,000 times of 10,000 draws. Chi square with 9 degrees of freedom: 27.9 once in a thousand.
    counts = Counter(crop_window(7, 4, SEED, SOURCE, draw) for draw in range(10_000))

    assert set(counts) == {(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (2, 6), (3, 7), (4, 7), (5, 7), (6, 7)}
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 27.9


@pytest.mark.parametrize(("length", "crop_bytes"), [(30, 8), (8, 30), (20, 20)])
def test_every_byte_is_covered_equally_often(length: int, crop_bytes: int) -> None:
    # A byte lies in crop_bytes of the length + crop_bytes - 1 windows.
    draws, share = 20_000, crop_bytes / (length + crop_bytes - 1)
    covered = np.zeros(length)
    for draw in range(draws):
        start, stop = crop_window(length, crop_bytes, SEED, SOURCE, draw)
        covered[start:stop] += 1

    deviation = (draws * share * (1 - share)) ** 0.5
    assert np.abs(covered - draws * share).max() < 4.5 * deviation


def test_window_depends_on_seed_source_and_draw() -> None:
    windows = {crop_window(10**9, 10, *key) for key in ((1, "web", 0), (2, "web", 0), (1, "c4", 0), (1, "web", 1))}

    assert len(windows) == 4


# "añ€😀" is 1 + 2 + 3 + 4 bytes: characters begin at 0, 1, 3, 6 and the text ends at 10.
@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, 10, ("añ€😀", True, True)),
        (0, 9, ("añ€", True, False)),
        (0, 6, ("añ€", True, False)),
        (0, 1, ("a", True, False)),
        (0, 0, ("", True, False)),
        (1, 10, ("ñ€😀", False, True)),
        (2, 10, ("€😀", False, True)),
        (2, 5, ("", False, False)),
        (4, 5, ("", False, False)),
        (7, 9, ("", False, False)),
        (7, 10, ("", False, True)),
    ],
)
def test_crop_takes_whole_characters(start: int, stop: int, expected: tuple[str, bool, bool]) -> None:
    assert crop("añ€😀".encode(), start, stop) == expected


def test_crop_of_an_empty_document_has_both_ends() -> None:
    assert crop(b"", 0, 0) == ("", True, True)


def test_first_character_that_is_cut_leaves_only_the_start() -> None:
    assert crop("😀a".encode(), 0, 2) == ("", True, False)


@given(text=st.text(max_size=30), data=st.data())
def test_crop_is_a_piece_of_the_text_at_its_position(text: str, data: st.DataObject) -> None:
    utf8 = text.encode()
    start = data.draw(st.integers(0, len(utf8)))
    stop = data.draw(st.integers(start, len(utf8)))
    part, has_start, has_end = crop(utf8, start, stop)

    assert part.encode() in utf8[start:stop]
    assert stop - start - len(part.encode()) <= 6  # at most three bytes of a character at either end
    assert not has_start or (start == 0 and text.startswith(part))
    assert not has_end or (stop == len(utf8) and text.endswith(part))


@pytest.mark.parametrize(
    ("has_start", "has_end", "expected"),
    [
        (True, True, [2, 7, 8, 3]),
        (True, False, [2, 7, 8]),
        (False, True, [7, 8, 3]),
        (False, False, [7, 8]),
    ],
)
def test_bos_and_eos_only_at_true_ends(has_start: bool, has_end: bool, expected: list[int]) -> None:
    tokens = add_bos_eos(np.array([7, 8], np.uint16), has_start, has_end, bos_id=2, eos_id=3)

    assert tokens.tolist() == expected
    assert tokens.dtype == np.uint16
