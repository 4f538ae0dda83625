"""Mending of double-encoded text ("â€™" for "’", "Ã©" for "é") by the library ftfy, where it is installed.

Only its decisions on encodings are used, line by line: entities, quotation marks, ligatures and width stay as they are,
and nothing is replaced by U+FFFD. Most lines are passed over by one regular expression.
"""

import functools
import importlib.metadata
import re
from typing import NamedTuple

from massivetext.errors import UserError, describe_missing_module

# Encodings of one byte per character that UTF-8 was taken for; ftfy knows more, which are rarer.
_TAKEN_FOR = ("latin-1", "cp1252", "cp1250", "cp1251")
_FIRST, _FOLLOWING = bytes(range(0xC2, 0xF5)), bytes(range(0x80, 0xC0))
_LOST = ("\n", "\ufffd", "\x1a")  # what ftfy has no character for; such lines stay as they are
MENDED = "mended_lines"  # in the metadata of a document: the number of its lines that were mended


class MendedText(NamedTuple):
    """A text with the number of its lines that were mended."""

    text: str
    lines: int


def mend(text: str) -> MendedText:
    """Return a text whose double-encoded lines are decoded once more.

    Raises:
        ModuleNotFoundError: ftfy is not installed.
    """
    if text.isascii() or not _suspicious().search(text):
        return MendedText(text, 0)
    lines = text.split("\n")
    mended = [_mend_line(line) if _suspicious().search(line) else line for line in lines]
    return MendedText("\n".join(mended), sum(old != new for old, new in zip(lines, mended, strict=True)))


def mender_version() -> str:
    """Return what decides the mended text. Raises UserError if ftfy is not installed."""
    try:
        return f"ftfy {importlib.metadata.version('ftfy')}"
    except importlib.metadata.PackageNotFoundError as error:
        missing = describe_missing_module(ModuleNotFoundError("", name="ftfy"))
        raise UserError(f"[ingest] mend_double_encoding: {missing}") from error


@functools.cache
def _suspicious() -> re.Pattern[str]:
    """Return the expression for what the first two bytes of a character of UTF-8 become."""
    pairs = []
    for name in _TAKEN_FOR:
        first, following = (_characters(each.decode(name, "ignore")) for each in (_FIRST, _FOLLOWING))
        pairs.append(f"[{first}][{following}]")
    return re.compile("|".join(pairs))


def _characters(found: str) -> str:
    return "".join(map(re.escape, found))


def _mend_line(line: str) -> str:
    from ftfy import TextFixerConfig, fix_encoding

    config = TextFixerConfig(unescape_html=False, replace_lossy_sequences=False, fix_c1_controls=False)
    mended: str = fix_encoding(line, config)
    return line if any(each in mended for each in _LOST) else mended
