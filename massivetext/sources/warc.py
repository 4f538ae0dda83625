"""WARC and ARC files -> their records, whatever is wrong with the file.

Framing is done here rather than by a library because a library stops at the first damaged member (FastWARC and warcio
both do) and would lose the rest of the file: after damage we look for the next compressed member that begins a record,
and in plain files for the next line that does. What lies between is reported with its offset and length.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from massivetext.sources.compressed import Stream
from massivetext.sources.cursor import Cursor

_MAX_HEADER = 1 << 16
_VERSION = re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n", re.IGNORECASE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_NEXT_IN_BLOCK = re.compile(rb"\r?\n\r?\n(?=WARC/\d+\.\d+\r?\nWARC-)")
# An ARC record: URL, IP address, date, ..., length; the date has 14 digits but for the oddest writers.
_ARC_LINE = re.compile(
    rb"(?:[A-Za-z][A-Za-z0-9+.-]*:)[^\n]{0,16384}? [^ \n]{1,64} \d{8,18} [^\n]{0,4096}? ?\d{1,15}\r?\n"
)
_BEGINNING = re.compile(rb"(?<=\n)(?:" + _VERSION.pattern + rb"|" + _ARC_LINE.pattern + rb")", re.IGNORECASE)
_LONGEST_BEGINNING = 1 << 15


class Record(NamedTuple):
    """A record as it lies in the file.

    Attributes:
        key: where it begins: the offset of its gzip member, or of the record itself in a plain file.
        kind: WARC-Type, lower case; "response" for ARC.
        headers: its header fields, names in lower case, the first of equal names.
        block: its content; only the first ``limit`` bytes of a longer one.
        length: bytes of the whole content.
    """

    key: str
    kind: str
    headers: dict[str, str]
    block: bytes
    length: int


class Lost(NamedTuple):
    """A stretch of the file that holds no readable record; see :class:`massivetext.schema.Rejected`."""

    key: str
    length: int
    reason: str
    detail: str


def records(stream: Stream, limit: int) -> Iterator[Record | Lost]:
    """The records of a file in order, and every stretch that is lost.

    Args:
        stream: the file from its beginning.
        limit: bytes of a content that are held; the rest of a longer one is passed over.
    """
    cursor = Cursor(stream)
    while True:
        _skip_blank(cursor)
        start = cursor.position
        if not cursor.peek(1):
            lost = _pass_damage(cursor, start)
            if lost is None:
                return
            yield lost
        elif _VERSION.match(cursor.peek(32)):
            yield from _warc_record(cursor, limit)
        elif _ARC_LINE.match(cursor.peek(_LONGEST_BEGINNING)):
            yield from _arc_record(cursor, limit)
        else:
            yield _pass_garbage(cursor, start, "no WARC or ARC record begins here")


def _begins_record(data: bytes) -> bool:
    return _VERSION.match(data) is not None or _ARC_LINE.match(data) is not None


def _skip_blank(cursor: Cursor) -> bytes:
    skipped = b""
    while (head := cursor.peek(64)) and (blank := len(head) - len(head.lstrip(b"\r\n"))):
        skipped += cursor.take(blank)
    return skipped


def _pass_garbage(cursor: Cursor, start: int, detail: str) -> Lost:
    cursor.skip(1 if cursor.position == start else 0)
    cursor.skip_to(_BEGINNING, _LONGEST_BEGINNING)
    lost = _pass_damage(cursor, start) if _is_damaged(cursor, start) else None
    return lost or _garbage(cursor, start, detail)


def _garbage(cursor: Cursor, start: int, detail: str) -> Lost:
    key, length = cursor.stream.key(start), cursor.position - start
    return Lost(key, length, "bad_record", f"{length:,} bytes at {key} are no record: {detail}")


def _is_damaged(cursor: Cursor, start: int) -> bool:
    """Whether the stream stopped here within the member in which the byte at ``start`` lies."""
    damage = cursor.stream.damage if not cursor.peek(1) else None
    return damage is not None and cursor.stream.place(start)[0] == damage.member


def _pass_damage(cursor: Cursor, start: int) -> Lost | None:
    """The loss where the stream stopped within the record that began at ``start``; None at the end of a sound file."""
    damage = cursor.stream.damage
    if damage is None:
        return None
    member, inner = cursor.stream.place(start)
    begin = damage.offset if member == damage.member and inner else damage.member
    resumed = cursor.resume(_begins_record)
    end = cursor.stream.place(cursor.position)[0] if resumed else cursor.stream.size
    begin = min(begin, end)  # a damaged member may seem to reach into the next one
    reason = "truncated" if damage.truncated else "damaged"
    after = f"reading goes on at {end}" if resumed else "nothing readable follows"
    key = cursor.stream.key(start)
    detail = f"the record at {key} is lost: {end - begin:,} bytes at {begin} are unreadable ({damage.error}); {after}"
    return Lost(key, end - begin, reason, detail)


def _warc_record(cursor: Cursor, limit: int) -> Iterator[Record | Lost]:
    start = cursor.position
    key = cursor.stream.key(start)
    head = cursor.peek(_MAX_HEADER)
    end = _HEADER_END.search(head)
    if end is None:
        cursor.skip(len(head) if cursor.stream.damage else len(b"WARC/"))
        if not cursor.peek(1) and (lost := _pass_damage(cursor, start)):
            yield lost
            return
        yield _pass_garbage(cursor, start, f"its header does not end within {_MAX_HEADER:,} bytes")
        return
    headers = _fields(head[: end.start()])
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and len(length) < 16) or "warc-type" not in headers:
        cursor.skip(len(b"WARC/"))
        yield _pass_garbage(cursor, start, f"want WARC-Type and a Content-Length, got {length!r}")
        return
    cursor.skip(end.end())
    kind = headers["warc-type"].lower()
    yield from _content(cursor, limit, start, Record(key, kind, headers, b"", int(length)))


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


def _arc_record(cursor: Cursor, limit: int) -> Iterator[Record | Lost]:
    start = cursor.position
    key = cursor.stream.key(start)
    line = cursor.peek(_LONGEST_BEGINNING).partition(b"\n")[0]
    cursor.skip(len(line) + 1)
    # Only the ends of the line are certain: some writers leave blanks in the URL.
    parsed = re.fullmatch(r"(.*?) (\S+) (\d{8,18}) (?:(.*) )?(\d+)", line.decode("utf-8", "replace").strip())
    if parsed is None:
        yield _pass_garbage(cursor, start, "an ARC record without a length")
        return
    url, _, date, mime, length = parsed.groups()
    headers = {"warc-target-uri": url, "warc-date": date, "content-type": "application/http; msgtype=response"}
    if mime:
        headers["arc-content-type"] = mime.split(" ")[0]
    kind = "warcinfo" if url.startswith("filedesc:") else "response" if url.startswith("http") else "resource"
    if kind == "resource":
        headers["content-type"] = headers.get("arc-content-type", "")
    yield from _content(cursor, limit, start, Record(key, kind, headers, b"", int(length)))


def _content(cursor: Cursor, limit: int, start: int, record: Record) -> Iterator[Record | Lost]:
    """Reads the content of a record whose header was taken, and checks that the record ends where it says."""
    block = cursor.take(min(record.length, limit))
    passed = cursor.skip(record.length - len(block))
    whole = len(block) + passed == record.length
    # Looks beyond the record as well, so that a wrong checksum of its member is found before the record is given out.
    blank = _skip_blank(cursor) if whole else b""
    record = record._replace(block=block)
    ended = whole and (not cursor.peek(1) or _begins_record(cursor.peek(_LONGEST_BEGINNING)))
    if not ended and not passed and cursor.stream.damage is None and (inside := _NEXT_IN_BLOCK.search(block)):
        # Its length leads past the next record, which is as good as always why it is wrong.
        cursor.unread(block[inside.end() :] + blank)
        yield record._replace(block=block[: inside.start()], length=inside.start())
        return
    end = cursor.position
    if whole and not ended:
        cursor.skip_to(_BEGINNING, _LONGEST_BEGINNING)
    garbage = cursor.position > end and not _is_damaged(cursor, start)
    yield from _judged(cursor, start, record, whole=whole)
    if garbage:
        yield _garbage(cursor, end, "they follow the content of a record")


def _judged(cursor: Cursor, start: int, record: Record, *, whole: bool) -> Iterator[Record | Lost]:
    """The record that began at ``start`` if it is whole and its member sound, or else what is lost."""
    damage = cursor.stream.damage if not cursor.peek(1) else None
    if damage is not None and (not whole or _is_damaged(cursor, start)):
        if whole and damage.truncated:
            yield record
        lost = _pass_damage(cursor, start)
        assert lost is not None
        yield lost
    elif whole:
        yield record
    else:
        detail = f"the file ends within the record at {record.key}, whose content has {record.length:,} bytes"
        yield Lost(record.key, cursor.position - start, "truncated", detail)
