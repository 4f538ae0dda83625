import gzip
import io
from collections.abc import Callable, Iterable

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.sources.streams.compressed import PlainStream
from massivetext.sources.warc import LostBytes, WarcRecord, read_warc_records


def warc(number: int, content: bytes | None = None, *, length: int | None = None, kind: str = "response") -> bytes:
    """One record with the address http://a.example/NUMBER."""
    content = f"content of record {number}".encode() if content is None else content
    length = len(content) if length is None else length
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://a.example/{number}\r\n"
    return head.encode() + f"Content-Length: {length}\r\n\r\n".encode() + content + b"\r\n\r\n"


def arc(number: int, content: bytes) -> bytes:
    return f"http://a.example/{number} 192.0.2.1 20240101000000 text/html {len(content)}\n".encode() + content + b"\n"


def read(data: bytes, limit: int = 1 << 20) -> list[WarcRecord | LostBytes]:
    return list(read_warc_records(PlainStream(io.BytesIO(data)), limit))


def numbers(items: Iterable[WarcRecord | LostBytes]) -> list[int | str]:
    """The number of each record, and the reason of each loss."""
    return [item.reason if isinstance(item, LostBytes) else int(item.headers["warc-target-uri"][17:]) for item in items]


def test_a_record_has_its_place_kind_fields_and_content() -> None:
    first = warc(0)
    items = read(first + warc(1, b"", kind="Request"))

    assert items[0] == WarcRecord(
        "0",
        "response",
        {"warc-type": "response", "warc-target-uri": "http://a.example/0", "content-length": "19"},
        b"content of record 0",
        19,
    )
    assert isinstance(items[1], WarcRecord)
    assert (items[1].document_key, items[1].kind, items[1].block) == (str(len(first)), "request", b"")


def test_keys_are_offsets_of_members_and_unique_within_one() -> None:
    by_record = [gzip.compress(warc(n), mtime=0) for n in range(3)]
    whole = gzip.compress(b"".join(warc(n) for n in range(3)), mtime=0)

    offsets = [sum(map(len, by_record[:n])) for n in range(3)]
    assert [item.document_key for item in read(b"".join(by_record))] == [str(offset) for offset in offsets]
    assert [item.document_key for item in read(whole)] == ["0", f"0+{len(warc(0))}", f"0+{len(warc(0)) * 2}"]


def test_header_lines_can_be_folded_end_in_lf_and_repeat() -> None:
    data = b"WARC/1.1\nwarc-type:response\nX-A: one\n two\nX-A: again\nno colon\nContent-Length:  3 \n\nabc\n\n"
    (item,) = read(data)

    assert isinstance(item, WarcRecord)
    assert item.headers == {"warc-type": "response", "x-a": "one two", "content-length": "3"}
    assert item.block == b"abc"


def test_only_the_beginning_of_a_large_content_is_held() -> None:
    # 100 bytes are held of one with 101, all of one with 100
    items = read(warc(0, b"x" * 101) + warc(1, b"y" * 100), limit=100)

    assert [(item.length, len(item.block)) for item in items if isinstance(item, WarcRecord)] == [
        (101, 100),
        (100, 100),
    ]


def lz4_frame(data: bytes) -> bytes:
    return bytes(lz4.frame.compress(data, content_checksum=True))


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress, lz4_frame])
def test_a_damaged_member_in_the_middle_costs_its_record(compress: Callable[[bytes], bytes]) -> None:
    members = [bytearray(compress(warc(n, bytes(range(256)) * 3 + str(n).encode()))) for n in range(5)]
    middle = len(members[2]) // 2
    members[2][middle : middle + 8] = b"\xff\xff\xff\xff\x00\x00\x00\x00"
    items = read(b"".join(members))

    assert numbers(items) == [0, 1, "damaged", 3, 4]
    lost = items[2]
    assert isinstance(lost, LostBytes)
    assert (lost.document_key, lost.length) == (str(len(members[0]) + len(members[1])), len(members[2]))
    assert f"reading goes on at {sum(map(len, members[:3]))}" in lost.detail


def test_whatever_byte_of_an_lz4_frame_is_wrong_its_neighbours_survive() -> None:
    frames = [lz4_frame(warc(n, f"<p>{n * 7919}</p>".encode() * 3)) for n in range(3)]
    for first, place in ((0, 1), *((1, place) for place in range(len(frames[1])))):
        broken = [bytearray(frame) for frame in frames]
        broken[first][place] ^= 0xFF
        found = numbers(read(b"".join(broken)))

        lost = [each for each in found if isinstance(each, str)]
        assert [each for each in found if each not in (first, *lost)] == [each for each in range(3) if each != first]
        assert lost
        assert first not in found or place in (126, 127)  # only the mark at the end of the frame is wrong


def test_an_lz4_frame_of_many_records_gives_those_before_its_damage() -> None:
    records = [warc(n, f"{n * 7919 % 10007} ".encode() * 4000) for n in range(50)]
    whole = bytes(lz4.frame.compress(b"".join(records), block_size=lz4.frame.BLOCKSIZE_MAX64KB))

    assert numbers(read(whole)) == list(range(50))
    found = numbers(read(whole[: len(whole) // 2]))
    assert found[:-1] == list(range(len(found) - 1))
    assert 15 < len(found) < 40
    assert found[-1] == "truncated"


def test_whatever_byte_of_a_member_is_wrong_its_neighbours_survive() -> None:
    members = [gzip.compress(warc(n, f"<p>{n * 7919}</p>".encode() * 3), mtime=0) for n in range(5)]
    for place in range(len(members[2])):
        broken = bytearray(members[2])
        broken[place] ^= 0xFF
        found = numbers(read(b"".join([*members[:2], bytes(broken), *members[3:]])))

        # Bytes 4 to 9 of a gzip header (time, flags of the compressor, system) mean nothing for the content.
        assert found[:2] == [0, 1]
        assert found[-2:] == [3, 4]
        assert (2 in found) == (place in range(4, 10))


def test_wherever_a_file_is_cut_all_whole_records_survive() -> None:
    members = [gzip.compress(warc(n), mtime=0) for n in range(3)]
    whole = b"".join(members)
    for cut in range(1, len(whole)):
        found = numbers(read(whole[:cut]))
        complete = [n for n in range(3) if sum(map(len, members[: n + 1])) <= cut]

        assert found[: len(complete)] == complete
        # at most one loss, and possibly the record of a member that lacks only its checksum
        assert len(found) - len(complete) <= 2


def test_a_record_behind_a_wrong_checksum_is_lost_and_one_without_any_is_kept() -> None:
    member = bytearray(gzip.compress(warc(0), mtime=0))
    items = read(bytes(member[:-8]))
    assert numbers(items) == [0, "truncated"]
    assert [item.document_key for item in items] == ["0", f"0+{len(warc(0))}"]
    assert isinstance(items[1], LostBytes)
    assert items[1].length == 0
    assert "the record at 0, which is kept, breaks off behind it" in items[1].detail

    member[-5] ^= 1
    assert numbers(read(bytes(member) + gzip.compress(warc(1)))) == ["damaged", 1]


def test_records_before_damage_in_a_single_member_are_kept() -> None:
    whole = gzip.compress(b"".join(warc(n, f"{n * 7919 % 10007} ".encode() * 400) for n in range(50)), mtime=0)
    found = numbers(read(whole[: len(whole) // 2]))

    assert found[:-1] == list(range(len(found) - 1))
    assert 15 < len(found) < 40
    assert found[-1] == "truncated"


def test_garbage_between_records_is_told_with_its_place_and_length() -> None:
    items = read(warc(0) + b"garbage\nmore of it\n" + warc(1))

    assert numbers(items) == [0, "bad_record", 1]
    lost = items[1]
    assert isinstance(lost, LostBytes)
    assert (lost.document_key, lost.length) == (str(len(warc(0))), len(b"garbage\nmore of it\n"))


@pytest.mark.parametrize("value", ["", "-5", "1e3", "99999999999999999", "٣"])
def test_a_record_without_a_usable_length_is_told(value: str) -> None:
    bad = f"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: {value}\r\n\r\nabc\r\n\r\n".encode()

    assert numbers(read(bad + warc(1))) == ["bad_record", 1]


def test_a_length_that_leads_past_the_next_record_is_corrected() -> None:
    content = b"content of record 0"
    items = read(warc(0, content, length=len(content) + 60) + warc(1) + warc(2))

    assert numbers(items) == [0, 1, 2]
    assert isinstance(items[0], WarcRecord)
    assert items[0].block == content

    to_the_end = read(warc(0, content, length=10_000) + warc(1) + warc(2))
    assert numbers(to_the_end) == [0, 1, 2]


@pytest.mark.parametrize("limit", [1 << 20, 5])
@pytest.mark.parametrize("damaged", [False, True])
def test_a_length_that_leads_past_whole_members_costs_none_of_them(limit: int, damaged: bool) -> None:
    members = [bytearray(gzip.compress(warc(n), mtime=0)) for n in range(6)]
    members[0] = bytearray(gzip.compress(warc(0, length=100_000), mtime=0))
    members[4][-5] ^= damaged
    items = read(b"".join(members), limit=limit)

    assert numbers(items) == [0, 1, 2, 3, "damaged" if damaged else 4, 5]
    by_length = gzip.compress(arc(0, b"one").replace(b" 3\n", b" 9999\n")) + gzip.compress(arc(1, b"two"))
    assert [item.block[:3] for item in read(by_length) if isinstance(item, WarcRecord)] == [b"one", b"two"]


def test_a_length_that_is_too_short_leaves_garbage() -> None:
    items = read(warc(0, b"content of record 0", length=7) + warc(1))

    assert numbers(items) == [0, "bad_record", 1]


def test_a_record_that_the_file_cuts_off_is_lost() -> None:
    items = read(warc(0) + warc(1)[:-10])

    assert numbers(items) == [0, "truncated"]
    assert isinstance(items[1], LostBytes)
    assert items[1].length == len(warc(1)) - 10


def test_a_header_without_an_end_is_told() -> None:
    endless = b"WARC/1.0\r\n" + b"X: y\r\n" * 20_000

    assert numbers(read(endless + b"\n\n" + warc(1)))[0] == "bad_record"
    assert numbers(read(endless + b"\n\n" + warc(1)))[-1] == 1
    assert numbers(read(b"WARC/1.0\r\nWARC-Type: resp")) == ["bad_record"]
    assert numbers(read(gzip.compress(b"WARC/1.0\r\nWARC-Type: resp")[:-9])) == ["truncated"]


def test_arc_records_are_read() -> None:
    filedesc = b"filedesc://a.arc 0.0.0.0 20240101000000 text/plain 76\n1 0 A\n" + b"x" * 70 + b"\n"
    items = read(filedesc + arc(0, b"HTTP/1.0 200 OK\n\nabc") + arc(1, b"HTTP/1.0 200 OK\n\ndef"))

    assert [item.kind for item in items if isinstance(item, WarcRecord)] == ["warcinfo", "response", "response"]
    assert numbers(items[1:]) == [0, 1]
    assert isinstance(items[1], WarcRecord)
    assert items[1].headers["warc-date"] == "20240101000000"
    assert items[1].block == b"HTTP/1.0 200 OK\n\nabc"


@given(
    data=st.lists(
        st.one_of(st.binary(max_size=30), st.sampled_from([warc(1), b"WARC/1.0\r\n", b"\r\n\r\n"])), max_size=8
    )
)
@settings(deadline=None)
def test_every_byte_string_is_read_to_its_end(data: list[bytes]) -> None:
    plain = b"".join(data)
    compressed = gzip.compress(plain[: len(plain) // 2]) + gzip.compress(plain[len(plain) // 2 :])[:-6]
    for whole in (plain, compressed, plain + compressed):
        keys = [item.document_key for item in read(whole) if isinstance(item, WarcRecord)]

        assert len(keys) == len(set(keys))


@pytest.mark.parametrize("wrong", [1, 2, 9, 300])
def test_wrong_first_bytes_cost_the_first_record(wrong: int) -> None:
    members = [gzip.compress(warc(n), mtime=0) for n in range(4)]
    data = bytearray(b"".join(members))
    data[:wrong] = bytes(value ^ 0x55 for value in data[:wrong])
    items = read(bytes(data))
    lost = 1 if wrong < len(members[0]) else 1 + wrong // len(members[0])

    assert numbers(items) == ["damaged", *range(lost, 4)]
    assert isinstance(items[0], LostBytes)
    assert (items[0].document_key, items[0].length) == ("0", sum(map(len, members[:lost])))


def test_plain_files_with_wrong_first_bytes_are_read_as_such() -> None:
    body = gzip.compress(warc(7), mtime=0)  # of an archive that was crawled
    items = read(b"XXXX" + warc(0)[4:] + warc(1, body) + warc(2))

    assert numbers(items) == ["bad_record", 1, 2]


@pytest.mark.parametrize("junk", [b"junk", b"junk\n", b"\0" * 100, b"x" * 200_000])
def test_junk_in_a_member_of_its_own_costs_no_record(junk: bytes) -> None:
    members = [warc(0), junk, warc(1), warc(2)]

    assert numbers(read(b"".join(gzip.compress(member, mtime=0) for member in members))) == [0, "bad_record", 1, 2]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("trained", [False, True])
def test_frames_with_the_dictionary_of_their_file(packed: bool, trained: bool) -> None:
    samples: list[bytes | bytearray | memoryview] = [warc(n, b"a page of the crawl, number %d" % n) for n in range(200)]
    raw = b"".join(samples[:20])
    dictionary = zstandard.train_dictionary(2_000, samples) if trained else zstandard.ZstdCompressionDict(raw)
    stored = zstandard.compress(dictionary.as_bytes()) if packed else dictionary.as_bytes()
    head = (0x184D2A5D).to_bytes(4, "little") + len(stored).to_bytes(4, "little") + stored
    frames = [zstandard.ZstdCompressor(dict_data=dictionary).compress(warc(n)) for n in range(5)]

    assert numbers(read(head + b"".join(frames))) == [0, 1, 2, 3, 4]
    damaged = frames[1][:-6] + b"\xff" * 6
    assert numbers(read(head + frames[0] + damaged + b"".join(frames[2:]))) == [0, "damaged", 2, 3, 4]


def test_a_length_that_reaches_to_the_end_of_the_next_member_costs_only_its_own_record() -> None:
    second = warc(1)
    first = warc(0, length=len(b"content of record 0\r\n\r\n") + len(second) - 4)
    items = read(b"".join(gzip.compress(record, mtime=0) for record in (first, second, warc(2))))

    assert numbers(items) == [0, 1, 2]
