"""Words, lines and paragraphs of a text, each defined once; and the form in which texts are stored."""

import codecs
import re

_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")  # the white space of str.split
# The newline functions of Unicode, section 5.8, but for CR LF.
_LINE_BREAKS = bytes.maketrans(b"\r\v\f", b"\n\n\n")
_MORE_LINE_BREAKS = "\x85\u2028\u2029"
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x20), 0x7F])
_REMOVED = re.compile(r"[\ud800-\udfff\ufeff]+")
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before the mark of UTF-16, with which it begins
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def words(text: str) -> list[str]:
    """Return the words of a text: runs of characters between Unicode white space, with punctuation and case.

    Rae et al. 2021 name no segmentation; their bounds (80% of words with a letter, mean length 3 to 10) fit only this.
    """
    return text.split()


def lines(text: str) -> list[str]:
    """Return the lines of a text, stripped, without blank ones."""
    return [line for segment in text.split("\n") if (line := segment.strip())]


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text: the text between blank lines, stripped, without empty ones."""
    return [paragraph for segment in _PARAGRAPH_BREAK.split(text) if (paragraph := segment.strip())]


def printable(text: str) -> str:
    """Return a text that is safe to print: characters that control a terminal (escapes, text direction) are U+FFFD."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def decode_marked(data: bytes) -> str:
    """Return a text in UTF-8, or in UTF-16 or UTF-32 with a byte-order mark, as Windows writes lists and settings.

    Raises:
        UnicodeDecodeError: the bytes are of another encoding.
    """
    return data.decode(next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8-sig"))


def decode_lines(data: bytes) -> str:
    """Return a text as :func:`decode_marked` does, with line feeds for the line ends of Windows and old Macs."""
    return decode_marked(data).replace("\r\n", "\n").replace("\r", "\n")


def clean(text: str) -> str:
    """Return a text in the form in which every text is stored.

    Line ends, including vertical tabs and form feeds, become line feeds. ASCII control characters other than tab, lone
    surrogates and byte-order marks are removed, and white space at both ends. Nothing else changes: indentation and
    blank lines stay.
    """
    data = text.encode("utf-8", "surrogatepass")
    if b"\r" in data:
        # CR CR LF is the one line end of a file that was converted twice; a CR before it is one more.
        data = data.replace(b"\r\r\n", b"\v").replace(b"\r\n", b"\n")
    cleaned = data.translate(_LINE_BREAKS, _CONTROLS).decode("utf-8", "surrogatepass")
    if not cleaned.isascii():
        for line_break in _MORE_LINE_BREAKS:
            cleaned = cleaned.replace(line_break, "\n")
        cleaned = _REMOVED.sub("", cleaned)
    return cleaned.strip()
