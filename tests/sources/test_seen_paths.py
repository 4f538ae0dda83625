from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.sources.streams import seen_paths
from massivetext.sources.streams.seen_paths import SeenPaths


@given(paths=st.lists(st.text(max_size=2), max_size=60), most=st.integers(1, 10))
@settings(max_examples=50, deadline=None)
def test_paths_are_counted(paths: list[str], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_paths, "_MOST_RECENT", most)
        seen = SeenPaths()
        found = [seen.count(path) for path in paths]
    so_far: Counter[str] = Counter()
    for path, count in zip(paths, found, strict=True):
        so_far[path] += 1

        assert count == so_far[path]
