"""Pairs by the place of the later document, whether in memory or in files."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.pair_windows import PairWindows, sort_pairs

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] != pair[1]), max_size=30)


@given(st.lists(PAIRS, max_size=3), st.integers(1, 40))
def test_windows_hold_every_pair_once_in_the_order_of_the_later_place(
    added: list[list[tuple[int, int]]], window_pairs: int
) -> None:
    expected = sorted({(max(pair), min(pair)) for pairs in added for pair in pairs})
    with PairWindows(10, 40, window_pairs=window_pairs) as windows:
        for number, pairs in enumerate(added):
            windows.add(np.array(pairs, np.int64).reshape(-1, 2))
            if number % 2:
                list(windows)  # reading changes nothing
        for _ in range(2):
            found = [(later, earlier) for window in windows for earlier, later in window.tolist()]
            assert found == expected


def test_files_are_removed() -> None:
    with PairWindows(100, 100, window_pairs=10) as windows:
        windows.add(np.array([[0, 1], [2, 99]]))
        (folder,) = {windows._file(0).parent}
        assert len(list(Path(folder).iterdir())) == 2

    assert not folder.exists()


def test_no_pairs_are_sorted() -> None:
    assert sort_pairs(np.zeros((0, 2), np.int64)).shape == (0, 2)
