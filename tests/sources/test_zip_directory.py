import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.sources.streams import zip_directory
from massivetext.sources.streams.zip_directory import open_pieces

NAMES = [f"folder/{number}-{'é' * (number % 7)}.txt" for number in range(80)]


def archive_of(names: list[str], *, before: bytes = b"", comment: bytes = b"") -> io.BytesIO:
    file = io.BytesIO(before)
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name in names:
            archive.writestr(name, f"content of {name}")
    return file


def contents(file: io.BytesIO) -> tuple[list[tuple[str, bytes]], int]:
    found, pieces = [], 0
    for archive in open_pieces(file):
        pieces += 1
        found += [(info.filename, archive.read(info)) for info in archive.infolist()]
    return found, pieces


@given(
    piece=st.integers(100, 1500),
    before=st.sampled_from([b"", b"#!/bin/sh\nexec unzip\n"]),
    comment=st.sampled_from([b"", b"a comment"]),
    count=st.integers(1, 80),
)
@settings(max_examples=25, deadline=None)
def test_an_archive_in_pieces_has_the_files_of_the_whole(piece: int, before: bytes, comment: bytes, count: int) -> None:
    names = NAMES[:count]
    file = archive_of(names, before=before, comment=comment)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zip_directory, "_PIECE_BYTES", piece)
        found, pieces = contents(file)

    assert found == [(name, f"content of {name}".encode()) for name in names]
    assert pieces > 1 or count * 50 < 2 * piece


def test_more_files_than_the_old_form_of_the_directory_can_count(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(66_000):  # above 65,535
            archive.writestr(zipfile.ZipInfo(str(number)), b"")
    with (tmp_path / "a.zip").open("rb") as file:
        pieces = [[info.filename for info in archive.infolist()] for archive in open_pieces(file)]

    assert len(pieces) > 1
    assert [name for names in pieces for name in names] == [str(number) for number in range(66_000)]


def test_a_damaged_directory_is_an_error_behind_the_sound_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_directory, "_PIECE_BYTES", 1000)
    file = archive_of(NAMES)
    data = bytearray(file.getvalue())
    entry = data.rfind(b"PK\x01\x02")
    data[entry : entry + 4] = b"XXXX"
    found = []
    with pytest.raises(zipfile.BadZipFile, match="directory of the archive is damaged"):  # noqa: PT012
        for archive in open_pieces(io.BytesIO(bytes(data))):
            found += archive.namelist()

    assert found
    assert found == NAMES[: len(found)]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 and nothing else", b"PK\x05\x06"])
def test_what_is_no_archive_is_an_error(data: bytes) -> None:
    with pytest.raises(zipfile.BadZipFile):
        next(open_pieces(io.BytesIO(data)))
