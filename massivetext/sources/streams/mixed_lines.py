"""Decode text in two encodings, UTF-8 and an older one, by lines or within them; and UTF-8 with surrogates (CESU-8)."""

import bisect
import re
from collections import Counter
from typing import NamedTuple

from massivetext.sources.streams.east_asian import likely_east_asian
from massivetext.sources.streams.letter_model import likely_encoding

# A pair of surrogates, each written as a character of three bytes.
_SURROGATES = re.compile(rb"\xed([\xa0-\xaf])([\x80-\xbf])\xed([\xb0-\xbf])([\x80-\xbf])")
# A character of UTF-8 of two to four bytes.
_SEVERAL_BYTES = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_JUDGED_BYTES = 1 << 20
_LEAST_SHARE = 0.2  # of lines with characters beyond ASCII that are UTF-8 in a text of two encodings
_FEWEST_BYTES = 4  # above 127, of the lines that are not UTF-8: fewer are faults
_ASCII = bytes(range(128))
# Encodings of one byte per character that are taken for the older one; those of old systems are not.
_BESIDE_UTF8 = re.compile(r"cp125\d|iso8859-\d+|koi8-\w|cp874|cp866")
_LONGEST_LINE = 1 << 26
# Different letters, and marks and characters of East Asia, in text of another encoding: fewer may be chance.
_FEWEST_CHARACTERS = 3
_WITHIN_SHARE = 0.05  # of what is beyond ASCII that these characters are at least
_LETTER_SHARE = 0.9  # of these characters that are letters of one script or marks; by chance they are anything
_SCRIPTS = (0x250, 0x400, 0x530, 0x590, 0x600, 0x780)  # ends of Latin, Greek, Cyrillic, Armenian, Hebrew and Arabic
_EAST_ASIAN = range(0x3000, 0xD800)  # kana, ideographs and Hangul stand beside each other
_SCRIPT_SIZE = 0x80  # of other scripts above U+0780
# Encodings of one byte per character that are told from UTF-8 within a line.
_WITHIN_UTF8 = re.compile(r"cp125\d|iso8859-\d+|koi8-r")
_MARKS = frozenset("–—‘’‚“”„…«»‹›·•°€§№")


class DecodedLines(NamedTuple):
    """Lines in two encodings as one text.

    Attributes:
        text: the text.
        replaced: number of U+FFFD that stand for wrong bytes.
    """

    text: str
    replaced: int


def join_surrogates(data: bytes) -> bytes:
    """Return bytes of CESU-8 as UTF-8: a pair of surrogates of three bytes each becomes a character of four bytes."""
    return _SURROGATES.sub(_join, data) if b"\xed" in data else data


def _join(pair: re.Match[bytes]) -> bytes:
    first, second, third, fourth = (ord(group) for group in pair.groups())
    high = (first & 0x0F) << 6 | (second & 0x3F)
    low = (third & 0x0F) << 6 | (fourth & 0x3F)
    return chr(0x10000 + (high << 10 | low)).encode()


def count_utf8_faults(data: bytes) -> tuple[int, int]:
    """Return the number of characters of several bytes of UTF-8, and of errors, in the first MiB."""
    judged = data[:_JUDGED_BYTES]
    characters = len(_SEVERAL_BYTES.findall(judged))
    own = judged.count("\ufffd".encode())
    return characters, judged.decode("utf-8", "replace").count("\ufffd") - own


def is_damaged_utf8(data: bytes) -> bool:
    """Return whether bytes that are not valid UTF-8 are UTF-8 with a few wrong bytes.

    Text in another encoding hardly ever has bytes that form characters of UTF-8: there, nearly every byte above 127 is
    an error.
    """
    characters, errors = count_utf8_faults(data)
    return characters > 0 and characters >= 4 * errors


def older_encoding(data: bytes) -> str | None:
    """Return the encoding of the lines that are not UTF-8 if others are; None if a text has one encoding."""
    utf8 = 0
    older: list[bytes] = []
    for line in data[:_JUDGED_BYTES].splitlines():
        if line.isascii():
            continue
        if _is_utf8(line) or is_damaged_utf8(line):
            utf8 += 1
        else:
            older.append(line)
    if sum(len(line.translate(None, _ASCII)) for line in older) < _FEWEST_BYTES or utf8 < _LEAST_SHARE * (
        utf8 + len(older)
    ):
        return None
    sample = b"\n".join(older)[: 1 << 16]
    single = likely_encoding(sample)
    if east_asian := likely_east_asian(sample):
        return east_asian
    return single.name if single is not None and single.is_likely and _BESIDE_UTF8.fullmatch(single.name) else None


def older_encoding_within(data: bytes, declared: str | None = None) -> str | None:
    """Return the encoding of what is not UTF-8 in a text that has both in its lines; None if it has one encoding.

    Only encodings of one byte per character are told from UTF-8 in this way. Their texts hardly ever have bytes that
    form characters of UTF-8, which then are no letters.

    Args:
        data: bytes that are not valid UTF-8.
        declared: the encoding that the text is said to have.
    """
    judged = data[:_JUDGED_BYTES]
    if not _has_utf8_letters(judged):
        return None
    rest = _SEVERAL_BYTES.sub(b" ", judged)
    high = len(rest.translate(None, _ASCII))
    characters = len(_SEVERAL_BYTES.findall(judged))
    if high < _FEWEST_BYTES or characters < _WITHIN_SHARE * (characters + high):
        return None
    if likely_east_asian(judged[: 1 << 16]):
        return None
    if declared is not None:
        return declared
    single = likely_encoding(rest[: 1 << 16])
    return single.name if single is not None and single.is_likely and _WITHIN_UTF8.fullmatch(single.name) else None


def _has_utf8_letters(data: bytes) -> bool:
    """Return whether the bytes that form characters of UTF-8 are letters of one script, and marks."""
    found = b"".join(_SEVERAL_BYTES.findall(data)).decode("utf-8", "replace")
    marks = sum(each in _MARKS for each in found)
    scripts = Counter(_script(ord(each)) for each in found if each.isalpha())
    most = max(scripts.values(), default=0)
    certain = [each for each in found if each in _MARKS or ord(each) in _EAST_ASIAN]
    told = len({each for each in found if each not in _MARKS and ord(each) not in _EAST_ASIAN}) + len(certain)
    return told >= _FEWEST_CHARACTERS and most > 0 and most + marks >= _LETTER_SHARE * len(found)


def _script(code: int) -> int:
    if code < _SCRIPTS[-1]:
        return bisect.bisect(_SCRIPTS, code)
    return len(_SCRIPTS) + (_EAST_ASIAN.start if code in _EAST_ASIAN else code) // _SCRIPT_SIZE


def decode_within(data: bytes, older: str) -> DecodedLines:
    """Return a text in which the bytes that form characters of UTF-8 are UTF-8, and the others in an older encoding."""
    pieces, replaced, place = [], 0, 0
    for match in _SEVERAL_BYTES.finditer(data):
        before = data[place : match.start()].decode(older, "replace")
        replaced += before.count("\ufffd")
        pieces += [before, match[0].decode("utf-8", "replace")]
        place = match.end()
    last = data[place:].decode(older, "replace")
    return DecodedLines("".join([*pieces, last]), replaced + last.count("\ufffd"))


def decode_lines_of_two(data: bytes, older: str) -> DecodedLines:
    """Return a text whose lines are UTF-8 or in an older encoding."""
    decoded = [_decode_line(line, older) for line in data.splitlines(keepends=True)]
    return DecodedLines("".join(each.text for each in decoded), sum(each.replaced for each in decoded))


class LineDecoder:
    """Decode pieces of a stream whose lines are UTF-8, CESU-8 or in an older encoding; as an incremental decoder."""

    def __init__(self, older: str) -> None:
        self._older = older
        self._rest = b""

    def decode(self, data: bytes, *, final: bool = False) -> str:
        """Return the text of the lines that are complete."""
        waiting = self._rest + data
        end = len(waiting) if final or len(waiting) > _LONGEST_LINE else waiting.rfind(b"\n") + 1
        self._rest = waiting[end:]
        return decode_lines_of_two(waiting[:end], self._older).text


def _decode_line(line: bytes, older: str) -> DecodedLines:
    joined = join_surrogates(line)
    if _is_utf8(joined):
        return DecodedLines(joined.decode(), 0)
    if is_damaged_utf8(joined):
        older = "utf-8"
    elif _WITHIN_UTF8.fullmatch(older) and _has_utf8_letters(joined):
        return decode_within(joined, older)
    text = joined.decode(older, "replace")
    return DecodedLines(text, text.count("\ufffd") - (joined.count("\ufffd".encode()) if older == "utf-8" else 0))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
