import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.sources.streams.compressed import PlainStream, open_stream

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
}
TEXT = "".join(
    f"line {number} of a text that does not compress to nothing {number * 7919 % 10007}\n" for number in range(5000)
)
DATA = TEXT.encode()


def read_all(data: bytes) -> tuple[bytes, PlainStream]:
    stream = PlainStream(io.BytesIO(data))
    return b"".join(iter(lambda: stream.read(1 << 16), b"")), stream


@pytest.mark.parametrize("name", COMPRESSORS)
def test_compression_is_told_by_content(name: str, tmp_path: Path) -> None:
    path = tmp_path / "misnamed.txt"
    path.write_bytes(COMPRESSORS[name](DATA))
    with open_stream(str(path)) as stream:
        assert stream.compression == name
        assert io.BufferedReader(stream).read() == DATA
        assert stream.damage is None


def test_plain_bytes_pass_through_and_a_look_alike_is_not_compressed() -> None:
    assert read_all(DATA)[0] == DATA
    assert read_all(b"BZh9 is how bz2 begins")[0] == b"BZh9 is how bz2 begins"
    assert read_all(b"")[0] == b""


@pytest.mark.parametrize("name", COMPRESSORS)
def test_members_are_read_as_one_stream(name: str) -> None:
    compress = COMPRESSORS[name]
    plain, stream = read_all(compress(b"one ") + compress(b"") + compress(b"two ") + compress(DATA))

    assert plain == b"one two " + DATA
    assert stream.damage is None


def test_beginnings_of_members_that_are_no_longer_needed_are_dropped() -> None:
    members = [gzip.compress(b"x" * 10, mtime=0)] * 10_000
    stream = PlainStream(io.BytesIO(b"".join(members)))
    for number in range(10_000):
        stream.forget_before(10 * number)

        assert stream.locate(10 * number) in ((number * len(members[0]), 0), (max(number - 1, 0) * len(members[0]), 10))
        assert len(stream.read(10)) == 10
        assert stream.document_key(10 * number) == str(number * len(members[0]))
        assert len(stream._member_starts) < 5000


def test_zero_padding_after_the_last_member_is_no_damage() -> None:
    plain, stream = read_all(gzip.compress(b"text") + b"\x00" * 700)

    assert plain == b"text"
    assert stream.damage is None


def test_the_place_of_a_byte_is_its_member_and_how_far_in() -> None:
    first = gzip.compress(b"abc", mtime=0)
    _, stream = read_all(first + gzip.compress(b"defg", mtime=0))

    assert [stream.document_key(position) for position in (0, 2, 3, 6)] == [
        "0",
        "0+2",
        str(len(first)),
        f"{len(first)}+3",
    ]


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_truncated_stream_gives_what_is_there(name: str) -> None:
    whole = COMPRESSORS[name](DATA)
    plain, stream = read_all(whole[: len(whole) // 2])

    assert DATA.startswith(plain)
    assert stream.damage is not None
    assert stream.damage.truncated
    assert stream.damage.offset == len(whole) // 2


def test_damaged_gzip_gives_every_byte_before_the_damage() -> None:
    whole = bytearray(gzip.compress(DATA, mtime=0))
    middle = len(whole) // 2
    whole[middle : middle + 64] = b"\xff" * 64
    plain, stream = read_all(bytes(whole))

    assert stream.damage is not None
    assert not stream.damage.truncated
    assert middle <= stream.damage.offset <= middle + 64
    assert len(plain) > len(DATA) // 4
    # The last bytes come from the damaged ones, which deflate takes for sound as long as it can.
    assert DATA[: len(plain) - 20_000] == plain[: len(plain) - 20_000]


def test_a_wrong_checksum_is_damage() -> None:
    whole = bytearray(gzip.compress(b"text", mtime=0))
    whole[-5] ^= 1  # CRC-32 stands in bytes -8 to -5
    plain, stream = read_all(bytes(whole))

    assert plain == b"text"
    assert stream.damage is not None
    assert "incorrect data check" in stream.damage.error


def test_what_follows_the_last_member_is_damage() -> None:
    plain, stream = read_all(gzip.compress(b"text", mtime=0) + b"garbage")

    assert plain == b"text"
    assert stream.damage is not None
    assert stream.damage.offset == len(gzip.compress(b"text", mtime=0))


def test_reading_goes_on_at_the_next_member_that_begins_as_wanted() -> None:
    members = [gzip.compress(text, mtime=0) for text in (b"A1", b"A2", b"B3", b"A4")]
    broken = members[1][:12] + b"\xff\xff" + members[1][14:]
    stream = PlainStream(io.BytesIO(members[0] + broken + members[2] + members[3]))
    assert stream.read(2) == b"A1"
    while stream.damage is None:
        stream.read(100)

    assert stream.resume_after_damage(lambda begin: begin.startswith(b"A"))
    assert stream.damage is None
    assert stream.read(100) == b"A4"  # B3 does not begin as wanted
    assert stream.read(100) == b""


def test_without_such_a_member_the_stream_has_ended() -> None:
    stream = PlainStream(io.BytesIO(gzip.compress(b"A1", mtime=0)[:-4]))
    assert stream.read(10) == b"A1"
    assert stream.read(10) == b""

    assert not stream.resume_after_damage(lambda begin: begin.startswith(b"A"))
    assert stream.damage is None
    assert stream.read(10) == b""


def test_peeked_bytes_stay() -> None:
    stream = PlainStream(io.BytesIO(gzip.compress(b"abc") + gzip.compress(b"def")))

    assert stream.peek(5) == b"abcde"[: len(stream.peek(5))]
    assert io.BufferedReader(stream).read() == b"abcdef"


@given(
    data=st.binary(max_size=300),
    cut=st.integers(0, 400),
    flip=st.integers(0, 400),
    name=st.sampled_from(sorted(COMPRESSORS)),
)
@settings(deadline=None, max_examples=150)
def test_no_damage_raises_and_what_is_lost_is_told(data: bytes, cut: int, flip: int, name: str) -> None:
    whole = bytearray(COMPRESSORS[name](data) * 2)
    if flip < len(whole):
        whole[flip] ^= 0x55
    plain, stream = read_all(bytes(whole[:cut]))

    assert stream.damage is None or 0 <= stream.damage.member <= stream.damage.offset <= len(whole[:cut])
    assert (
        stream.compression is None
        or stream.damage is not None
        or len(plain) in (len(data), 2 * len(data))
        or flip < len(whole)
    )


@pytest.mark.parametrize("outer", COMPRESSORS)
@pytest.mark.parametrize("inner", COMPRESSORS)
def test_a_file_compressed_twice_is_plain_bytes(inner: str, outer: str, tmp_path: Path) -> None:
    (tmp_path / "twice").write_bytes(COMPRESSORS[outer](COMPRESSORS[inner](b"one ") + COMPRESSORS[inner](b"two")))
    with open_stream(str(tmp_path / "twice")) as stream:
        assert (stream.read(), stream.compression, stream.damage) == (b"one two", inner, None)


def test_damage_around_a_file_is_told_where_the_inner_one_seems_whole(tmp_path: Path) -> None:
    one, two = gzip.compress(b"one "), gzip.compress(b"two")
    codec = zlib.compressobj(wbits=31)
    whole = codec.compress(one) + codec.flush(zlib.Z_SYNC_FLUSH)
    (tmp_path / "cut").write_bytes(whole)
    (tmp_path / "whole").write_bytes(whole + codec.compress(two) + codec.flush())
    with open_stream(str(tmp_path / "cut")) as stream:
        assert stream.read() == b"one "
        assert stream.damage is not None
        assert stream.damage.truncated
        assert "compressed twice" in stream.damage.error
        assert not stream.resume_after_damage(bool)
        assert stream.read() == b""
    with open_stream(str(tmp_path / "whole")) as stream:
        assert (stream.read(), stream.damage) == (b"one two", None)


def test_a_file_that_never_ends_is_given_up(tmp_path: Path) -> None:
    data = b"text"
    for _ in range(5):
        data = gzip.compress(data)
    (tmp_path / "deep").write_bytes(data)
    with open_stream(str(tmp_path / "deep")) as stream:
        assert gzip.decompress(gzip.decompress(stream.read())) == b"text"
