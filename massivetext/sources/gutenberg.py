"""Remove the header and the licence from the files of Project Gutenberg."""

import re
from typing import NamedTuple

# "*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***", since about 2004; a long title may run over two lines.
_START = re.compile(r"^\*\*\*\s?START OF (?:THE|THIS) PROJECT GUTENBERG.{0,300}?\*\*\*[^\S\n]*$", re.M | re.S | re.I)
_END = re.compile(r"^\*\*\*\s?END OF (?:THE|THIS) PROJECT GUTENBERG", re.M | re.I)
# "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*", before 2004.
_OLD_START = re.compile(r"^\*END[ *]*THE SMALL PRINT!.*$", re.M | re.I)
_LAST_LINE = re.compile(r"^(?:The )?End of (?:the |this )?Project Gutenberg(?:['’]s| e-?(?:book|text)).*$", re.M | re.I)
# Old files repeat this as the first line of the book.
_FIRST_LINE = re.compile(r"\s*(?:The )?Project Gutenberg(?:['’]s)? e-?(?:book|text)[^\n]*\n", re.I)
_FIELD = re.compile(r"^(Title|Author|Language|Release Date|Character set encoding): *(\S.*)$", re.M | re.I)
_HEADER_CHARACTERS = 30_000  # more than the longest small print


class GutenbergBook(NamedTuple):
    """A book without the header of Project Gutenberg.

    Attributes:
        text: the book, or the whole text if it has no marks of Project Gutenberg.
        title: title in the header, or None.
        metadata: author, language and release date, if the header has them.
    """

    text: str
    title: str | None
    metadata: dict[str, str]


def strip_gutenberg(text: str) -> GutenbergBook:
    """Remove Project Gutenberg's header and footer; a text without their marks stays as it is."""
    head = text[:_HEADER_CHARACTERS]
    start = _START.search(head) or _last(_OLD_START, head)
    if start is None:
        return GutenbergBook(text, None, {})
    fields = {name.lower().replace(" ", "_"): value.strip() for name, value in _FIELD.findall(head[: start.end()])}
    repeated = _FIRST_LINE.match(text, start.end())
    body = text[repeated.end() if repeated else start.end() :]
    body = _before(_LAST_LINE, _before(_END, body))
    metadata = {name: fields[name] for name in ("author", "language", "release_date") if name in fields}
    return GutenbergBook(body, fields.get("title"), metadata)


def declared_encoding(head: bytes) -> str | None:
    """Return the encoding that the header of a Project Gutenberg file names, or None."""
    for name, value in _FIELD.findall(head.decode("latin-1")):
        if name.lower().startswith("character"):
            return str(value.strip())
    return None


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return max(pattern.finditer(text), key=lambda match: match.start(), default=None)


def _before(mark: re.Pattern[str], text: str) -> str:
    """Return the text before the last match, if that is in the last tenth or the last 50,000 characters of the text."""
    found = _last(mark, text)
    near_end = max(len(text) // 10, 50_000)
    return text[: found.start()] if found and len(text) - found.start() <= near_end else text
