import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sources.streams.bounded_lines import BoundedLine, read_lines


def test_lines_know_their_number_place_and_length() -> None:
    found = list(read_lines(io.BytesIO(b"a\nbc\r\n\nd"), 10))

    assert found == [
        BoundedLine(0, 0, 2, b"a", True),
        BoundedLine(1, 2, 4, b"bc", True),
        BoundedLine(2, 6, 1, b"", True),
        BoundedLine(3, 7, 1, b"d", False),
    ]


# At most 4 bytes, line end not counted.
@pytest.mark.parametrize(
    ("line", "kept"), [(b"abcd\n", True), (b"abcd\r\n", True), (b"abcde\n", False), (b"abcd", True), (b"abcde", False)]
)
def test_a_line_longer_than_allowed_has_a_length_and_no_data(line: bytes, kept: bool) -> None:
    first, *rest = read_lines(io.BytesIO(line + (b"x\n" if line.endswith(b"\n") else b"")), 4)

    assert (first.data is not None) == kept
    assert first.length == len(line)
    assert [found.data for found in rest] == ([b"x"] if line.endswith(b"\n") else [])


def test_a_very_long_line_is_never_held() -> None:
    stream = io.BufferedReader(io.BytesIO(b"a\n" + b"x" * 50_000_000 + b"\nb\n"))
    tracemalloc.start()
    found = list(read_lines(stream, 1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [(line.data, line.length) for line in found] == [(b"a", 2), (None, 50_000_001), (b"b", 2)]
    assert peak < 5_000_000


@given(data=st.binary(max_size=60).map(lambda data: data.replace(b"\r", b"\n")), longest=st.integers(0, 20))
def test_lengths_add_up_and_short_lines_are_whole(data: bytes, longest: int) -> None:
    found = list(read_lines(io.BytesIO(data), longest))

    assert sum(line.length for line in found) == len(data)
    wanted = data.split(b"\n")[: len(found)]
    assert [line.data for line in found] == [part if len(part) <= longest else None for part in wanted]
