"""Files of sections."""

import io

from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.section_files import pack_sections, read_section, section_size


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_each_section_is_read_as_it_was_written(sections: list[bytes]) -> None:
    handle = io.BytesIO(pack_sections(sections))

    assert [read_section(handle, number) for number in range(len(sections))] == sections
    assert [section_size(handle, number) for number in range(len(sections))] == list(map(len, sections))


def test_nothing_is_read_but_the_section() -> None:
    data = pack_sections([b"one", b"two", b"three"])
    damaged = data.replace(b"one", b"###").replace(b"three", b"#####")

    assert read_section(io.BytesIO(damaged), 1) == b"two"
