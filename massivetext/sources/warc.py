"""Read the records of WARC and ARC files, also of damaged ones.

Framing is done here rather than by a library because FastWARC and warcio stop at the first damaged member and lose the
rest of the file. After damage we search for the next compressed member that begins a record, and in plain files for the
next line that does. The bytes between are reported with offset and length.
"""

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from massivetext.sources.streams.compressed import PlainStream
from massivetext.sources.streams.cursor import Cursor

_MAX_HEADER = 1 << 16
_LONGEST_HEADER = 1 << 20  # of a record with a URL or a field of metadata that is longer than most
_VERSION_LINE = re.compile(rb"\nWARC/\d")
_VERSION = re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n", re.IGNORECASE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
# The first lines of a record, which tell it wherever they are: the record before may break off within a line.
_FIRST_LINES = rb"WARC/\d+\.\d+[ \t]*\r?\n(?:WARC-|Content-)[A-Za-z-]+:"
_FIRST_LINES_BYTES = 64
_NEXT_IN_BLOCK = re.compile(rb"(?:\r?\n\r?\n)?(?=" + _FIRST_LINES + rb")", re.IGNORECASE)
_NEXT_IN_HEADER = re.compile(_FIRST_LINES, re.IGNORECASE)
# An ARC record: URL, IP address, date, ..., length; the date has 14 digits, except for a few unusual writers.
_ARC_LINE = re.compile(
    rb"(?:[A-Za-z][A-Za-z0-9+.-]*:)[^\n]{0,16384}? [^ \n]{1,64} \d{8,18} [^\n]{0,4096}? ?\d{1,15}\r?\n"
)
_BEGINNING = re.compile(
    rb"(?<=\n)(?:" + _VERSION.pattern + rb"|" + _ARC_LINE.pattern + rb")|" + _FIRST_LINES, re.IGNORECASE
)
_LONGEST_BEGINNING = 1 << 15
_MOST_LOOKS = 20
_OF_CRAWLS = ("gzip", "zstd", "lz4")  # their compressions


class WarcRecord(NamedTuple):
    """A record of a WARC or ARC file.

    Attributes:
        document_key: offset of its gzip member, or of the record itself in a plain file.
        kind: WARC-Type, lower case; "response" for ARC.
        headers: header fields, names in lower case; the first of equal names.
        block: content of the record; only the first ``limit`` bytes if it is longer.
        length: bytes of the whole content.
    """

    document_key: str
    kind: str
    headers: dict[str, str]
    block: bytes
    length: int


class LostBytes(NamedTuple):
    """Consecutive bytes of the file without a readable record; fields as in :class:`massivetext.schema.Rejected`."""

    document_key: str
    length: int
    reason: str
    detail: str


def read_warc_records(stream: PlainStream, limit: int) -> Iterator[WarcRecord | LostBytes]:
    """Yield the records of a file in order, and every run of bytes that is lost.

    Args:
        stream: plain bytes of the file from the beginning.
        limit: bytes of a content that are kept; the rest of a longer one is skipped.
    """
    cursor = Cursor(stream)
    while True:
        _skip_blank(cursor)
        start = cursor.position
        stream.forget_before(start)
        if not cursor.peek(1):
            lost = _skip_damage(cursor, start)
            if lost is None:
                return
            yield lost
        elif _VERSION.match(cursor.peek(32)):
            yield from _warc_record(cursor, limit)
        elif _ARC_LINE.match(cursor.peek(_LONGEST_BEGINNING)):
            yield from _arc_record(cursor, limit)
        elif start == 0 and not stream.compression and cursor.find_compression(_begins_record, _BEGINNING, _OF_CRAWLS):
            continue
        else:
            yield _skip_garbage(cursor, start, "no WARC or ARC record begins here")


def stated_length(head: bytes) -> int | None:
    """Return the bytes of a WARC record, header and content, from its first 64 KiB; None if they are no header."""
    end = _HEADER_END.search(head, 0, _MAX_HEADER) if _NEXT_IN_HEADER.match(head) else None
    length = _fields(head[: end.start()]).get("content-length", "") if end else ""
    return end.end() + int(length) if end and length.isascii() and length.isdigit() and len(length) < 16 else None


def holds_records(data: bytes) -> bool:
    """Return whether somewhere in these bytes a WARC record ends where its length says and another one follows.

    A page about the format has records too, but their lengths are hardly right.
    """
    for found in itertools.islice(_NEXT_IN_HEADER.finditer(data), _MOST_LOOKS):
        length = stated_length(data[found.start() : found.start() + _MAX_HEADER])
        if length is not None:
            behind = data[found.start() + length :][:_FIRST_LINES_BYTES].lstrip(b"\r\n")
            if _VERSION.match(behind):
                return True
    return False


def _begins_record(data: bytes) -> bool:
    return _VERSION.match(data) is not None or _ARC_LINE.match(data) is not None


def _skip_blank(cursor: Cursor) -> bytes:
    skipped = b""
    while (head := cursor.peek(64)) and (blank := len(head) - len(head.lstrip(b"\r\n"))):
        skipped += cursor.take(blank)
    return skipped


def _skip_garbage(cursor: Cursor, start: int, detail: str) -> LostBytes:
    cursor.skip(1 if cursor.position == start else 0)
    cursor.skip_to(_BEGINNING, _LONGEST_BEGINNING, _begins_record)
    lost = _skip_damage(cursor, start) if _is_damaged(cursor, start) else None
    return lost or _garbage(cursor, start, detail)


def _garbage(cursor: Cursor, start: int, detail: str) -> LostBytes:
    document_key, length = cursor.stream.document_key(start), cursor.position - start
    return LostBytes(document_key, length, "bad_record", f"{length:,} bytes at {document_key} are no record: {detail}")


def _is_damaged(cursor: Cursor, start: int) -> bool:
    """Return whether the stream stopped here, within the member that contains the byte at ``start``."""
    damage = cursor.stream.damage if not cursor.peek(1) else None
    return damage is not None and cursor.stream.locate(start)[0] == damage.member


def _skip_damage(cursor: Cursor, start: int) -> LostBytes | None:
    """Return the loss if the stream stopped within the record that began at ``start``; None at a sound end."""
    damage = cursor.stream.damage
    if damage is None:
        return None
    member, inner = cursor.stream.locate(start)
    begin = damage.offset if member == damage.member and inner else damage.member
    document_key = cursor.stream.document_key(start)
    resumed = cursor.resume_after_damage(_begins_record)
    end = cursor.stream.locate(cursor.position)[0] if resumed else cursor.stream.size
    begin = min(begin, end)  # a damaged member may seem to reach into the next one
    reason = "truncated" if damage.truncated else "damaged"
    after = f"reading goes on at {end}" if resumed else "nothing readable follows"
    detail = (
        f"the record at {document_key} is lost: "
        f"{end - begin:,} bytes at {begin} are unreadable ({damage.error}); {after}"
    )
    return LostBytes(document_key, end - begin, reason, detail)


def _warc_record(cursor: Cursor, limit: int) -> Iterator[WarcRecord | LostBytes]:
    start = cursor.position
    document_key = cursor.stream.document_key(start)
    head = cursor.peek(_MAX_HEADER)
    end = _HEADER_END.search(head)
    bound = _MAX_HEADER
    if end is None and len(head) >= bound and not _VERSION_LINE.search(head):
        bound = _LONGEST_HEADER
        head = cursor.peek(bound)
        end = _HEADER_END.search(head)
    if end is None:
        cursor.skip(len(head) if cursor.stream.damage else len(b"WARC/"))
        if not cursor.peek(1) and (lost := _skip_damage(cursor, start)):
            yield lost
            return
        yield _skip_garbage(cursor, start, f"its header does not end within {bound:,} bytes")
        return
    if other := _NEXT_IN_HEADER.search(head, 1, end.start()):
        cursor.skip(other.start())
        yield _garbage(cursor, start, "its header breaks off")
        return
    headers = _fields(head[: end.start()])
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and len(length) < 16) or "warc-type" not in headers:
        cursor.skip(len(b"WARC/"))
        yield _skip_garbage(cursor, start, f"want WARC-Type and a Content-Length, got {length!r}")
        return
    cursor.skip(end.end())
    kind = headers["warc-type"].lower()
    yield from _content(cursor, limit, start, WarcRecord(document_key, kind, headers, b"", int(length)))


def _fields(head: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in head.decode("utf-8", "replace").split("\n")[1:]:
        if line[:1] in (" ", "\t") and name:
            fields[name] = f"{fields[name]} {line.strip()}".strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or name in fields:
            name = ""
        else:
            fields[name] = value.strip()
    return fields


def _arc_record(cursor: Cursor, limit: int) -> Iterator[WarcRecord | LostBytes]:
    start = cursor.position
    document_key = cursor.stream.document_key(start)
    line = cursor.peek(_LONGEST_BEGINNING).partition(b"\n")[0]
    cursor.skip(len(line) + 1)
    # Only the two ends of the line are reliable: some writers leave blanks in the URL.
    parsed = re.fullmatch(r"(.*?) (\S+) (\d{8,18}) (?:(.*) )?(\d+)", line.decode("utf-8", "replace").strip())
    if parsed is None:
        yield _skip_garbage(cursor, start, "an ARC record without a length")
        return
    url, _, date, mime, length = parsed.groups()
    headers = {"warc-target-uri": url, "warc-date": date, "content-type": "application/http; msgtype=response"}
    if mime:
        headers["arc-content-type"] = mime.split(" ")[0]
    kind = "warcinfo" if url.startswith("filedesc:") else "response" if url.startswith("http") else "resource"
    if kind == "resource":
        headers["content-type"] = headers.get("arc-content-type", "")
    yield from _content(cursor, limit, start, WarcRecord(document_key, kind, headers, b"", int(length)))


def _content(cursor: Cursor, limit: int, start: int, record: WarcRecord) -> Iterator[WarcRecord | LostBytes]:
    """Read the content after a header, and check that the record ends where its length says.

    A length is wrong if a compressed member that begins another record would be in the content: that ends there.
    """
    begin = cursor.position
    block = cursor.take(min(record.length, limit))
    if (crossed := _crossed(cursor, begin, block)) is not None:
        inside = _NEXT_IN_BLOCK.search(block, 0, crossed + _FIRST_LINES_BYTES)
        end, behind = inside.span() if inside and inside.end() < crossed else (crossed, crossed)
        cursor.unread(block[behind:])
        block = block[:end].removesuffix(b"\r\n\r\n")
        yield record._replace(block=block, length=len(block))
        return
    skipped = cursor.skip_unless(record.length - len(block), _begins_record)
    if len(block) + skipped < record.length and cursor.peek(1):
        record = record._replace(length=len(block) + skipped)
    whole = len(block) + skipped == record.length
    # This reads beyond the record, so that a wrong checksum of its member is found before the record is yielded.
    blank = _skip_blank(cursor) if whole else b""
    record = record._replace(block=block)
    ended = whole and (not cursor.peek(1) or _begins_record(cursor.peek(_LONGEST_BEGINNING)))
    if not ended and not skipped and cursor.stream.damage is None and (inside := _next_record(cursor, block, blank)):
        # The length runs past the beginning of the next header, which is almost always the cause.
        cursor.unread(block[inside.end() :] + blank)
        yield record._replace(block=block[: inside.start()], length=inside.start())
        return
    end = cursor.position
    if whole and not ended:
        cursor.skip_to(_BEGINNING, _LONGEST_BEGINNING, _begins_record)
    garbage = cursor.position > end and not _is_damaged(cursor, start)
    yield from _record_or_loss(cursor, start, record, whole=whole)
    if garbage:
        yield _garbage(cursor, end, "they follow the content of a record")


def _crossed(cursor: Cursor, begin: int, block: bytes) -> int | None:
    """Return where the first compressed member that begins a record is in the content at ``begin``."""
    for member in cursor.stream.members_between(begin, begin + len(block)):
        if _begins_record(block[member - begin : member - begin + _LONGEST_BEGINNING]):
            return member - begin
    return None


def _next_record(cursor: Cursor, block: bytes, blank: bytes) -> re.Match[bytes] | None:
    """Return where the next record begins within a block; its first lines may go on behind it."""
    inside = _NEXT_IN_BLOCK.search(block + blank + cursor.peek(_FIRST_LINES_BYTES))
    return inside if inside and inside.end() < len(block) else None


def _record_or_loss(cursor: Cursor, start: int, record: WarcRecord, *, whole: bool) -> Iterator[WarcRecord | LostBytes]:
    """Yield the record that began at ``start`` if it is whole and its member sound, else what is lost."""
    damage = cursor.stream.damage if not cursor.peek(1) else None
    if damage is not None and (not whole or _is_damaged(cursor, start)):
        behind = cursor.stream.document_key(cursor.position)
        lost = _skip_damage(cursor, start)
        assert lost is not None
        if whole and damage.truncated:
            detail = f"the member of the record at {record.document_key}, which is kept, breaks off behind it"
            yield record
            yield LostBytes(behind, 0, lost.reason, f"{detail} ({damage.error})")
        else:
            yield lost
    elif whole:
        yield record
    else:
        detail = f"the file ends within the record at {record.document_key}, whose content has {record.length:,} bytes"
        yield LostBytes(record.document_key, cursor.position - start, "truncated", detail)
