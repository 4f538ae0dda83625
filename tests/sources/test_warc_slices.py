import gzip
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from massivetext.schema import Document, Rejected
from massivetext.sources.streams.compressed import PlainStream
from massivetext.sources.warc import read_warc_records
from massivetext.sources.warc_slices import WarcSlice, find_slice

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]
PAGE = b"<html><body><p>The river rises in the hills and runs down to the sea by the town of %d.</p></body></html>"


def record(number: int, content: bytes, *, length: int | None = None) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + content
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/{number}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {length or len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def page(number: int, padding: int = 10_000) -> bytes:
    noise = random.Random(number).randbytes(padding).hex().encode()
    return PAGE % number + b"<!-- " + noise + b" -->"


def member(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


MEMBERS = [member(record(number, page(number))) for number in range(40)]
STARTS = [sum(map(len, MEMBERS[:number])) for number in range(41)]


class CountedBytes(io.BytesIO):
    """File that counts the bytes that are read of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def slices(data: bytes, count: int) -> list[WarcSlice | None]:
    return [find_slice(PlainStream(io.BytesIO(data)), index, count) for index in range(count)]


@pytest.mark.parametrize("count", [2, 3, 7, 39, 100])
def test_slices_begin_at_members_and_follow_each_other(count: int) -> None:
    found = [each for each in slices(b"".join(MEMBERS), count) if each is not None]

    assert len(found) == count
    assert found[0].start == 0
    assert found[-1].stop == STARTS[-1]
    for index, each in enumerate(found[1:], 1):
        assert each.start == found[index - 1].stop
        assert each.start == min(start for start in STARTS if start >= STARTS[-1] * index // count)


def test_a_slice_reads_its_own_bytes_and_some_to_find_its_ends() -> None:
    data = b"".join(MEMBERS * 10)
    handle = CountedBytes(data)
    stream = PlainStream(handle)
    found = find_slice(stream, 3, 10)
    assert found is not None
    stream.begin_at(found.start)
    for read in read_warc_records(stream, 1 << 20):
        if not found.has(read.document_key):
            break

    # Of 4.8 MB: two windows of 128 KiB that are searched for members, and members that are looked at.
    assert handle.taken - (found.stop - found.start) < 1_000_000


def test_the_position_of_the_stream_does_not_change() -> None:
    stream = PlainStream(io.BytesIO(b"".join(MEMBERS)))
    begin = stream.peek(100_000)
    find_slice(stream, 1, 3)

    assert b"".join(iter(lambda: stream.read(1 << 16), b"")) == gzip.decompress(b"".join(MEMBERS))
    assert begin.startswith(b"WARC/1.0")


def test_a_crawl_that_a_page_holds_has_no_slice_of_its_own() -> None:
    # Its members stand in the file as they are, in blocks that are only stored.
    inner = [member(record(1_000 + number, random.Random(number).randbytes(3_000))) for number in range(100)]
    holder = gzip.compress(record(40, b"".join(inner)), compresslevel=0, mtime=0)
    assert sum(each in holder for each in inner) > 80

    data = b"".join([*MEMBERS[:20], holder, *MEMBERS[20:]])
    starts = {*STARTS[:21], *(start + len(holder) for start in STARTS[20:])}
    for count in (2, 3, 10, 50):
        assert {each.start for each in slices(data, count) if each} <= starts


@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        zstandard.compress,
        member,  # all records in one member
        lambda data: b"".join(member(data[at : at + 50_000]) for at in range(0, len(data), 50_000)),
    ],
    ids=["plain", "zstd", "one member", "members of equal size"],
)
def test_other_files_are_shared_by_records(pack: Callable[[bytes], bytes], tmp_path: Path, read_file: ReadFile) -> None:
    data = pack(b"".join(record(number, page(number)) for number in range(20)))
    assert slices(data, 2) == [None, None]

    (tmp_path / "a").write_bytes(data)
    whole = read_file("web", tmp_path / "a")[0]
    parts = [read_file("web", tmp_path / "a", slice_index=index, slice_count=2)[0] for index in range(2)]
    assert [each.key for each in parts[0]] == [each.key for each in whole[::2]]
    assert [each.key for each in parts[1]] == [each.key for each in whole[1::2]]


@pytest.mark.parametrize("count", [2, 5, 60])
def test_slices_together_are_the_whole_file_whatever_is_damaged(
    count: int, tmp_path: Path, read_file: ReadFile
) -> None:
    members = list(MEMBERS)
    members[7] = members[7][: len(members[7]) // 2]  # breaks off
    members[15] = member(record(15, page(15), length=300_000))  # its length leads into its neighbours,
    members[25] = member(record(25, page(25), length=99_000_000))  # and beyond the end of the file
    members[30] = b"junk between the members"
    (tmp_path / "a").write_bytes(b"".join(members)[:-5_000])
    whole, lost = read_file("web", tmp_path / "a")
    parts = [read_file("web", tmp_path / "a", slice_index=index, slice_count=count) for index in range(count)]

    assert [each for documents, _ in parts for each in documents] == whole
    assert [each for _, rejected in parts for each in rejected] == lost
    assert {int((each.url or "").rpartition("/")[2]) for each in whole} >= {*range(39)} - {7, 15, 25, 30}
    assert sum(bool(documents) for documents, _ in parts) >= min(count, 8)  # fewer are filled beside damage


def zipped(data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("archive/a.warc.gz", data)
    return target.getvalue()


@pytest.mark.parametrize("pack", [zipped, member], ids=["in a WACZ", "compressed twice"])
def test_a_crawl_within_another_file_has_slices_too(
    pack: Callable[[bytes], bytes], tmp_path: Path, read_file: ReadFile
) -> None:
    (tmp_path / "a").write_bytes(pack(b"".join(MEMBERS)))
    parts = [read_file("web", tmp_path / "a", slice_index=index, slice_count=4)[0] for index in range(4)]

    assert [each for documents in parts for each in documents] == read_file("web", tmp_path / "a")[0]
    assert all(9 <= len(documents) <= 11 for documents in parts)
