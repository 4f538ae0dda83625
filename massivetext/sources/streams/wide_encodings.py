"""Tell UTF-16 and UTF-32, with a byte-order mark or without one, and UTF-8 with a mark."""

import codecs
import re
from collections import Counter

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF_32, _UTF_16 = ("utf-32-le", "utf-32-be"), ("utf-16-le", "utf-16-be")
_WIDE_BYTES = 16  # shorter data is not taken for UTF-16 without a byte-order mark
_CHARACTERS_PER_CONTROL = 50  # fewer, and bytes that could be UTF-8 are looked at as other encodings
# Blocks of scripts (first and last character); text without a byte-order mark must be of one, with signs and ASCII.
_LATIN_BLOCK = (0x41, 0x24F)
_SCRIPTS = (
    (0x370, 0x3FF),
    (0x400, 0x52F),
    (0x530, 0x58F),
    (0x590, 0x5FF),
    (0x600, 0x6FF),
    *((first, first + 0x7F) for first in range(0x900, 0x1000, 0x80)),
    (0x1000, 0x109F),
    (0x10A0, 0x10FF),
    (0x1200, 0x137F),
    (0x1780, 0x17FF),
    (0x3040, 0x9FFF),
    (0xAC00, 0xD7A3),
)
_CONTROLS = re.compile("[\\x00-\\x08\\x0e-\\x1a\\x1c-\\x1f\\x7f-\\x9f]")
_FIRST_FAR, _MANY_BYTES = 0x3400, 48  # Chinese characters and Hangul; in so many bytes none is as common as a fifth
_FEWEST_ZEROS = 3  # one or two may be stray
_LATIN_SIGNS = frozenset(map(ord, "\xa0«»·¡¿°\xad§©"))
_SIGN_BLOCKS = ((0x20, 0x7E), (0x9, 0xD), (0x2000, 0x20CF), (0x3000, 0x303F), (0xFE0F, 0xFFEF))
_ASCII_BYTES = bytes({*range(32, 127), 0})
_CONTROL_BYTES = bytes({*range(32)} - set(b"\t\n\v\f\r\x1b"))


def byte_order_mark(data: bytes) -> bytes:
    """Return the byte-order mark that bytes begin with; empty if they have none."""
    return next((mark for mark, _ in _BOMS if data.startswith(mark)), b"")


def wide_encoding(data: bytes) -> str | None:
    """Return the encoding of bytes with a byte-order mark, or of UTF-16 or UTF-32 without one; None for other bytes.

    Text in UTF-16 without a mark has a zero byte in every second place for all its characters of ASCII; so have arrays
    of small numbers, which are control characters if they are taken for text. Text with few characters of ASCII is
    known by a zero byte and by its script.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    sample = data[: 1 << 10]
    zeros = (sample[0::2].count(0), sample[1::2].count(0))
    most, least = max(zeros), min(zeros)
    if len(sample) >= _WIDE_BYTES and most > len(sample) // 5 and least <= most // 20:
        name = "utf-16-be" if zeros[0] == most else "utf-16-le"
        return name if _is_mostly_text(sample.decode(name, "replace")) else None
    if len(sample) >= _WIDE_BYTES and most:
        return _wide_by_script(sample)
    return None


def _wide_by_script(sample: bytes) -> str | None:
    """Return the encoding of several bytes per character in which bytes are text of one script; None for other bytes.

    Bytes that are text in UTF-8, but for a stray zero byte, are not looked at. Bytes that are nearly all ASCII are no
    UTF-16: two letters side by side look like a Chinese character there.
    """
    is_ascii = 20 * len(sample.translate(None, _ASCII_BYTES)) <= len(sample)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
        if _CHARACTERS_PER_CONTROL * (len(sample) - len(sample.translate(None, _CONTROL_BYTES))) < len(sample):
            return None
    except UnicodeDecodeError:
        pass
    for name in _UTF_32 if is_ascii else (*_UTF_32, *_UTF_16):
        try:
            text = codecs.getincrementaldecoder(name)().decode(sample)
        except UnicodeDecodeError:
            continue
        if _is_one_script(text, is_utf16=name in _UTF_16):
            return name
    return None


def _is_one_script(text: str, *, is_utf16: bool) -> bool:
    """Return whether nearly all characters are letters of one script and signs, and some are of ASCII.

    In UTF-16 these have a zero byte. Where it stands in text of another encoding, the byte beside it is any: then some
    of the characters below U+0100 are neither of ASCII nor signs.
    """
    if _CONTROLS.search(text):
        return False
    points = [ord(each) for each in text]
    in_blocks = [any(first <= each <= last for first, last in _SIGN_BLOCKS) for each in points]
    signs = sum(in_blocks) + sum(each in _LATIN_SIGNS for each in points)
    if is_utf16:
        low = [each for each in points if each <= 0xFF]
        if len(low) < _FEWEST_ZEROS or any(each > 0x7E and each not in _LATIN_SIGNS for each in low):
            return False
        # Chinese and Korean characters have all bytes; letters of two bytes, as Cyrillic has in Shift_JIS, share one.
        far = [byte for each in points if each >= _FIRST_FAR for byte in divmod(each, 256)]
        if len(far) >= _MANY_BYTES and 5 * max(Counter(far).values()) > len(far):
            return False
    scripts = _SCRIPTS if is_utf16 else (_LATIN_BLOCK, *_SCRIPTS)
    most = max(sum(first <= each <= last for each in points) for first, last in scripts)
    has_blanks = not {*" \n\t"}.isdisjoint(text)
    return has_blanks and 5 * most >= len(points) and 20 * (signs + most) >= 19 * len(points)


def _is_mostly_text(text: str) -> bool:
    """Return whether few characters of a text are control characters or stand for wrong bytes, as in token ids."""
    bad = sum(1 for each in text if each == "\ufffd" or (each < " " and each not in "\t\n\v\f\r\x1b"))
    return bad <= len(text) // 50
