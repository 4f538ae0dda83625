"""Tar archives that are damaged, cut, or follow one another: what is sound is read, and the rest is told."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import licence_text

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]
BLOCK = 512
# Three files of one block each, behind a block of their header: the second header is at byte 1,024.
FILES = {f"{name}.txt": f"the text of {name} " * 9 for name in "abc"}


def tar(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return target.getvalue()


def replaced(offset: int, data: bytes) -> bytes:
    whole = tar(FILES)
    return whole[:offset] + data + whole[offset + len(data) :]


TWO = tar({"d.txt": "another archive"})


@pytest.mark.parametrize(
    ("data", "names", "told"),
    [
        (tar(FILES), "abc", None),
        (tar(FILES)[: 7 * BLOCK], "abc", None),  # one block of zeros, as some writers end
        (tar(FILES) + b"signature", "abc", None),
        (tar(FILES) + TWO, "abcd", None),
        # Its header and its text are lost: two blocks.
        (
            replaced(2 * BLOCK, b"?" * 9),
            "ac",
            "1,024 bytes of the tar archive were not read, the first after file 1",
        ),
        (replaced(2 * BLOCK, bytes(BLOCK)), "ac", "512 bytes of the tar archive were not read"),
        (replaced(2 * BLOCK, bytes(2 * BLOCK)), "ac", None),  # nothing tells it from two archives
        (replaced(2 * BLOCK + 124, b"777"), "ac", "1,024 bytes"),  # a wrong size: its checksum is wrong too
        (tar(FILES)[: 4 * BLOCK], "ab", "is cut after file 2"),
        (tar(FILES)[: 4 * BLOCK + 99], "ab", "not read, the first after file 2 (truncated header)"),
        (tar(FILES)[: 5 * BLOCK + 50], "ab", "unexpected end of data"),
        (tar(FILES) + b"#" * BLOCK + TWO, "abcd", "512 bytes of the tar archive were not read"),
    ],
)
def test_what_is_sound_of_a_tar_is_read_and_the_rest_told(
    tmp_path: Path, read_file: ReadFile, data: bytes, names: str, told: str | None
) -> None:
    (tmp_path / "a.tar").write_bytes(data)
    documents, rejected = read_file("documents", tmp_path / "a.tar")

    assert [each.key for each in documents] == [f"{name}.txt" for name in names]
    assert {each.reason for each in rejected} == ({"damaged"} if told else set())
    assert told is None or told in rejected[-1].detail


def test_no_file_of_a_damaged_repository_is_used_and_it_says_why(tmp_path: Path, read_file: ReadFile) -> None:
    whole = tar({"r/LICENSE": licence_text("MIT"), "r/a.py": "print(1)", "r/b.py": "print(2)"})
    position = whole.index(b"r/a.py")
    (tmp_path / "a.tar").write_bytes(whole[:position] + b"?" + whole[position + 1 :])
    documents, rejected = read_file("code", tmp_path / "a.tar")

    assert (documents, [each.reason for each in rejected]) == ([], ["damaged"])
    assert "its licence may be in what was not read" in rejected[0].detail
