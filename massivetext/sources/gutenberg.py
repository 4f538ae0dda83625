"""Remove the header, the licence, credits and notes of transcribers from the files of Project Gutenberg."""

import itertools
import re
from typing import NamedTuple

_NAME = r"Pro(?:ject|jekt|jet|jeto|yecto|getto)\s+Gutenberg"
_WORK = r"e-?\s?(?:book|text)"
# "*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***", since about 2004; a long title may run over two lines.
_START = re.compile(
    rf"^[ \t]*\*{{2,}}[ \t]*START OF (?:THE |THIS )?{_NAME}(?:(?:(?!\n[ \t]*\n).){{0,300}}?\*{{2,}}[^\S\n]*$|[^\n]*$)",
    re.M | re.S | re.I,
)
_END = re.compile(rf"^[ \t]*\*{{2,}}[ \t]*END OF (?:THE |THIS )?{_NAME}[^\n]*", re.M | re.I)
# "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*", before 2004; from 2002 on at the end of the file.
_SMALL_PRINT_START = re.compile(r"^\**[ \t]*START[ *]*THE SMALL PRINT!", re.M | re.I)
_SMALL_PRINT_END = re.compile(r"^\*+END[ *]*THE SMALL PRINT!.*$|^\*+[ ]*SMALL PRINT! Ver[^\n]*\*END\*.*$", re.M | re.I)
# Between the works of the collected Shakespeare.
_SMALL_PRINT_WITHIN = re.compile(r"^<<THIS ELECTRONIC VERSION OF THE COMPLETE WORKS[^<>]{0,2000}>>[ \t]*\n?", re.M)
_FULL_LICENCE = re.compile(rf"{_NAME}(?:-tm|™)?[ \t]+License|START:?[ *]*FULL LICENSE", re.I)
_LAST_LINE = re.compile(
    rf"^[ \t*]*(?:This site is full of FREE ebooks - {_NAME}"
    rf"|(?:The )?End of (?:the |this )?{_NAME}(?:['’]s|[ \t]+{_WORK})"
    rf"|(?:Ende (?:dieses |des )?|Fin (?:de |du |del |d['’])?|Fine (?:di |del )?|Einde van |Fim d[eo] |Slut på |Konec )"
    rf"[^\n]{{0,60}}{_NAME}).*$",
    re.M | re.I,
)
_FILE_NAME = re.compile(r"^[ \t*]*This file should be named [\w.-]{3,40}.*$", re.M | re.I)  # in headers and footers
# Old files repeat this as the first line of the book, with the author on the next.
_FIRST_LINE = re.compile(
    rf"\s*[*\s]*(?:The )?{_NAME}(?:['’]s)?[ \t]+{_WORK}[^\n]*\n(?:(?:by |\[)[^\n]*\n)*"
    r"(?:\n?by [^\n]{1,60}\[[^\n\]]*\][ \t]*\n)?",
    re.I,
)
_FIELD = re.compile(r"^(Title|Author|Language|Release Date|Character set encoding): *(\S.*)$", re.M | re.I)
_HEADER_CHARACTERS = 30_000  # more than the longest small print
_TITLE_LINE = re.compile(rf"\W*(?:The |A )?{_NAME}(?:['’]s)?(?:[ \t]+of)?[ \t]+(?:{_WORK}|Australia)", re.I)
_NEXT_HEADER = re.compile(rf"^(?:The |A )?{_NAME}(?:['’]s)?[ \t]+(?:{_WORK})", re.M | re.I)
# A paragraph of a header that has no mark at its end.
_HEADER_PARAGRAPH = re.compile(
    rf"{_NAME}|copyright laws|Plain Vanilla|Prepared By (?:Thousands|Hundreds)|Volunteers|this header"
    r"|Do not (?:remove|change)|readable by both humans"
    r"|electronic path|Etexts|eBooks? Readable|information on contacting|donations|\A\W*\Z"
    r"|^(?:eBook No\.|Date (?:first|most)|This eBook was produced by|Title|Author|Language"
    r"|Release Date|Posting Date|Edition|Character set encoding|Translator|Editor"
    r"|Illustrator)[^\n]{0,30}:|legal small print|recopyright|^\[(?:e-?text|e-?book) #",
    re.I | re.M,
)
_CREDIT = re.compile(
    rf"\W{{0,3}}(?:Produced by|{_WORK} (?:was )?(?:revised|corrected|prepared|produced|scanned|transcribed|created)"
    rf"|This {_WORK} (?:was|is|comes)"
    r"|This (?:text|edition|version) (?:was|has been) (?:\w+ )?(?:re-?formatted|proofread|scanned|converted)"
    r"|This file was|Prepared by|Scanned (?:and \w+ )?by|Transcribed (?:from|by)|Typed by|Digitized by"
    r"|Proofread(?:ing)? by|HTML version by|Updated by|Updates by|Credits:|Note: (?:This|Images|Project|The original)"
    r"|Images (?:of|from) the original"
    rf"|(?:The )?INTERNET WIRETAP|Electronic Edition by|{_NAME} (?:also )?has|\[?{_NAME} Editor['’]?s? Note"
    rf"|\[?{_NAME}|See also {_NAME})",
    re.I,
)
_NOTE = re.compile(
    r"\W{0,160}(?:(?:Transcriber|Transcription|E-?text editor|Proofreader)['’]?s?['’]?\s*(?:Foot|End)?notes?\b"
    r"|The listed errata have been corrected|Throughout this (?:text|book|file|e-?text) you will (?:see|find))",
    re.I,
)
_NOTE_AT_END = re.compile(
    r"^[ \t*\[_=|+-]*(?:Transcriber['’]?s?['’]?\s*(?:Foot|End)?notes?\b(?![^\n]{0,200}\])|Transcription notes?\b"
    r"|(?:The following )?(?:typographical|typos?|errors|changes|corrections)[^\n]{0,40}(?:corrected|made)"
    r" by the (?:e?-?text )?transcriber)",
    re.M | re.I,
)
_WIDE_GAP = re.compile(r"\n(?:[ \t]*\n){3}")
_PARAGRAPH = re.compile(r"\s*((?:[^\n]*\S[^\n]*\n?)+)")
_LICENCE = re.compile(r"gutenberg|small print|licen[cs]e|public domain|this file should be named|donat", re.I)
_CREDIT_CHARACTERS, _NOTE_CHARACTERS, _HEADING_CHARACTERS, _FIRST_PARAGRAPHS = 1500, 3000, 60, 12


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
    """Remove Project Gutenberg's header and footer; a text without their marks stays as it is.

    Credits and notes of transcribers go too, where they are at the beginning or the end of the book. Several books in
    one text are joined, with title and metadata of the first.
    """
    books = [_strip_one(part) for part in _books_of(text)]
    return books[0]._replace(text="\n\n\n".join(book.text.strip() for book in books)) if len(books) > 1 else books[0]


def _books_of(text: str) -> list[str]:
    """Return the books of a text, each from its mark of the start on; the first with what is before that.

    All but the last are cut at the mark of their end, behind which are their licence and the header of the next.
    """
    starts = [match.start() for match in _START.finditer(text)] if text.count("***") > 2 else []
    if len(starts) < 2:
        return [text]
    parts = []
    for begin, following in itertools.pairwise([0, *starts[1:], len(text)]):
        part = text[begin:following]
        parts.append(part if following == len(text) else part[: _end_of_body(part)])
    return parts


def _end_of_body(part: str) -> int:
    """Return where a book ends that another one follows: at its mark, or else where the header of the next begins."""
    start = _START.search(part)
    body = start.end() if start else 0
    # A few files have the mark of the end at their beginning too.
    end = next((match for match in _END.finditer(part, body) if part[body : match.start()].strip()), None)
    if end is None:
        header = _last(_NEXT_HEADER, part[max(body, len(part) - _HEADER_CHARACTERS) :])
        return len(part) if header is None else max(body, len(part) - _HEADER_CHARACTERS) + header.start()
    last_line = _LAST_LINE.search(part, max(body, end.start() - 1000), end.start())
    return (last_line or end).start()


def _strip_one(text: str) -> GutenbergBook:
    """Return the only book of a text."""
    end = _end_of_header(text)
    if end is None:
        return GutenbergBook(_without_footer(text) if _FULL_LICENCE.search(text) else text, None, {})
    fields = {name.lower().replace(" ", "_"): value.strip() for name, value in _FIELD.findall(text[:end])}
    body = _SMALL_PRINT_WITHIN.sub("", text[end:]) if "<<" in text else text[end:]
    body = _without_credits(_without_note_at_end(_without_footer(body)))
    metadata = {name: fields[name] for name in ("author", "language", "release_date") if name in fields}
    return GutenbergBook(body, fields.get("title"), metadata)


def declared_encoding(head: bytes) -> str | None:
    """Return the encoding that the header of a Project Gutenberg file names, or None."""
    for name, value in _FIELD.findall(head.decode("latin-1")):
        if name.lower().startswith("character"):
            return str(value.strip())
    return None


def _end_of_header(text: str) -> int | None:
    """Return where the book begins; None if there is no header."""
    head = text[:_HEADER_CHARACTERS]
    start = _START.search(head)
    if start:
        return start.end()
    # The small print of later files is their footer: it comes behind the end of the book.
    ends = [match.start() for mark in (_END, _LAST_LINE) if (match := mark.search(head))]
    book_end = min((end for end in ends if head[:end].count("\n\n") > 3), default=len(head))
    small_print = _last(_SMALL_PRINT_END, head[:book_end])
    if small_print:
        return small_print.end()
    return _end_of_unmarked_header(head)


def _end_of_unmarked_header(head: str) -> int | None:
    """Return the end of the paragraphs at the beginning that only a header has."""
    if not _TITLE_LINE.match(head):
        return None
    position = 0
    while (paragraph := _PARAGRAPH.match(head, position)) and _HEADER_PARAGRAPH.search(paragraph[1]):
        position = paragraph.end()
    return position or None


def _without_footer(body: str) -> str:
    """Return the text before the first mark of a footer; a mark that stands before the book is taken out alone."""
    cut = len(body)
    near_end = max(0, len(body) - max(len(body) // 10, 50_000))
    for mark in (_END, _LAST_LINE, _FILE_NAME, _SMALL_PRINT_START):
        for match in mark.finditer(body, near_end):
            if match.start() >= cut:
                break
            if _is_footer(body[: match.start()], body[match.end() :]):
                cut = match.start()
                break
    body = body[:cut]
    return _END.sub("", body, count=1) if _END.search(body[:1000]) else body


def _is_footer(before: str, behind: str) -> bool:
    """Return whether what is behind a mark is no part of the book."""
    enough = len(behind.split()) // 2
    if len(before.split(maxsplit=enough)) > enough and before.strip():
        return True
    return bool(before.strip()) and _LICENCE.search(behind[:3000]) is not None


def _without_credits(body: str) -> str:
    """Return a book without the paragraphs of credits and notes before it."""
    kept: list[str] = []
    position = 0
    for _ in range(_FIRST_PARAGRAPHS):
        repeated = _FIRST_LINE.match(body, position)
        if repeated and not kept:
            position = repeated.end()
        paragraph = _PARAGRAPH.match(body, position)
        if paragraph is None:
            break
        end = _end_of_note(body, paragraph)
        if end is None:
            kept.append(body[position : paragraph.end()])
        position = end or paragraph.end()
    return "".join(kept) + body[position:]


def _end_of_note(body: str, paragraph: re.Match[str]) -> int | None:
    """Return where a credit or note ends that begins with this paragraph; None if it is the book's own."""
    text = paragraph[1]
    if len(text) <= _CREDIT_CHARACTERS and _CREDIT.match(text):
        return paragraph.end()
    if not _NOTE.match(text):
        return None
    if text.lstrip().startswith("["):
        closed = body.find("]", paragraph.start())
        return closed + 1 if 0 <= closed - paragraph.start() <= _NOTE_CHARACTERS else paragraph.end()
    # What is below the heading of a note belongs to it, up to three blank lines.
    behind = paragraph.end() + 4 if len(text) < _HEADING_CHARACTERS else paragraph.end() - 1
    gap = _WIDE_GAP.search(body, behind, paragraph.start() + _NOTE_CHARACTERS)
    return gap.start() if gap else paragraph.end()


def _without_note_at_end(body: str) -> str:
    start = max(len(body) - 30_000, len(body) // 2)
    match = _NOTE_AT_END.search(body, start)
    return body[: match.start()].rstrip(" \t*_=+|-\n[") if match else body


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return max(pattern.finditer(text), key=lambda match: match.start(), default=None)
