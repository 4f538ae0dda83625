"""Archives without a clock in them, and WARC records."""

import gzip
import hashlib
import io
import tarfile
import zipfile
import zlib

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from massivetext.demo import archive_files, warc_writer

FILES = [("a/b.py", b"x = 1\n" * 50), ("a/LICENSE", b"MIT\n")]


def test_a_gzip_member_has_no_time_no_name_and_no_system() -> None:
    member = archive_files.gzip_member(b"hello" * 100)

    assert gzip.decompress(member) == b"hello" * 100
    assert member[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def test_zip_and_tar_give_back_what_was_put_in() -> None:
    with zipfile.ZipFile(io.BytesIO(archive_files.zip_archive(FILES))) as zipped:
        assert [(name, zipped.read(name)) for name in zipped.namelist()] == FILES
        assert {info.date_time for info in zipped.infolist()} == {(2020, 1, 1, 0, 0, 0)}
    with tarfile.open(fileobj=io.BytesIO(archive_files.tar_gz_archive(FILES)), mode="r:gz") as tarred:
        assert [(m.name, m.mtime, m.uid, m.uname) for m in tarred.getmembers()] == [
            (name, 1_577_836_800, 0, "") for name, _ in FILES
        ]


@pytest.mark.parametrize("inflates", [False, True])
def test_a_damaged_member_fails_as_asked(inflates: bool) -> None:
    text = " ".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(200)).encode()
    bad = archive_files.damaged(archive_files.gzip_member(text), inflates=inflates)

    with pytest.raises(zlib.error, match="incorrect data check" if inflates else "invalid"):
        zlib.decompressobj(31).decompress(bad)


def test_a_member_too_short_to_damage_is_refused() -> None:
    with pytest.raises(ValueError, match="want a longer member to damage, got 21 bytes"):
        archive_files.damaged(archive_files.gzip_member(b"a"))


def test_warc_records_are_read_back_with_right_digests() -> None:
    url = "https://www.a.example/b.html"
    data = b"".join(
        archive_files.gzip_member(record)
        for record in (
            warc_writer.warcinfo("a.warc.gz"),
            warc_writer.request(url, 7),
            warc_writer.response(url, 7, "<p>Zoë</p>".encode(), content_type="text/html; charset=utf-8"),
        )
    )
    every = ArchiveIterator(io.BytesIO(data), parse_http=False, record_types=WarcRecordType.any_type)
    read = [(record.record_type, record.verify_block_digest()) for record in every]
    page = next(ArchiveIterator(io.BytesIO(data), record_types=WarcRecordType.response))

    kinds = (WarcRecordType.warcinfo, WarcRecordType.request, WarcRecordType.response)
    assert read == [(kind, True) for kind in kinds]
    assert page.verify_payload_digest()
    assert page.headers["WARC-Target-URI"] == url
    assert page.http_headers.status_code == 200
    assert page.reader.read() == "<p>Zoë</p>".encode()
