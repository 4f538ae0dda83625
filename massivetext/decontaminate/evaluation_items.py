"""Evaluation items, read from the files in which test sets come."""

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import msgspec

from massivetext import text as texts
from massivetext.errors import UserError

_GZIP = b"\x1f\x8b"

# WikiText, made with the Moses tokenizer, writes "well @-@ known", "1 @,@ 000", "Teddy 's", "don 't", "$ 5", "and / or"
# and "2000 – 05".
_UNDONE = (
    (re.compile(r" @([^\s@]+)@ "), r"\1"),
    (re.compile(r" '(s|t|ve|re|m|ll|d)\b"), r"'\1"),
    (re.compile(r"([$£€¥]) (?=\d)"), r"\1"),
    (re.compile(r"(?<=\S) / (?=\S)"), "/"),
    (re.compile(r"(?<=\d) – (?=\d)"), "–"),
)
# A heading stands between blank lines, unlike a formula that begins and ends with "="; a title has one "=" a side.
_BEFORE, _AFTER = r"(?P<before>\A|^[ \t]*\n)[ \t]*", r"[ \t]*(?=\n[ \t]*(?:\n|\Z)|\Z)"
_ARTICLE = re.compile(rf"{_BEFORE}= (?P<title>[^=\s](?:[^=\n]*[^=\s])?) ={_AFTER}", re.MULTILINE)
_HEADING = re.compile(rf"{_BEFORE}(?P<marks>=(?: =)*) (?P<title>[^\n]+?) (?P=marks){_AFTER}", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EvaluationItem:
    """One evaluation item.

    Attributes:
        test_set: name of the benchmark.
        id: its name within the test set: the file's own, else its number from 0; of a WikiText article, the title.
        text: what a model would have memorised: question and answer where the file has both.
    """

    test_set: str
    id: str
    text: str


def read_items(name: str, data: bytes) -> list[EvaluationItem]:
    """The items of one file, in order.

    The ending says the format, gzip (``.gz``) is recognised by its first bytes:

    * ``.jsonl``: one object a line. Text: ``full`` where it is there and not null, else ``text``. Id: ``id`` or the
      item's number. Test set: ``benchmark`` or the name of the file. Blank lines are skipped.
    * ``.txt``: one item a paragraph (between blank lines); id: its number.
    * ``.tokens``: WikiText; one item an article, tokenizer artefacts undone. Its ``<unk>`` cannot be undone and breaks
      n-grams, which is why Rae et al. 2021, A.1.1, also drop those Wikipedia pages by name: the id is the title.

    Args:
        name: name or path of the file, for its format, the name of the test set and errors.
        data: its bytes.

    Raises:
        UserError: the format is unknown, or something in the file is not as wanted; names file and line.
    """
    path = PurePosixPath(name)
    ending = path.suffix.lower()
    if ending == ".gz":
        path = path.with_suffix("")
        ending = path.suffix.lower()
    readers = {".jsonl": _read_jsonl, ".txt": _read_paragraphs, ".tokens": _read_wikitext}
    if ending not in readers:
        raise UserError(f"{name}: want a test set as .jsonl, .txt or .tokens (each also with .gz), got '{path.name}'")
    return list(readers[ending](name, path.stem, _plain_text(name, data)))


def _plain_text(name: str, data: bytes) -> str:
    if data.startswith(_GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{name}: cannot be unpacked, fetch it again: {error}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{name}, line {line}: want UTF-8, got byte 0x{data[error.start]:02x}") from error


def _read_jsonl(name: str, stem: str, content: str) -> Iterator[EvaluationItem]:
    count = 0
    for number, line in enumerate(content.split("\n"), start=1):
        if line.strip():
            yield _json_item(f"{name}, line {number}", stem, line, count)
            count += 1


def _json_item(place: str, stem: str, line: str, ordinal: int) -> EvaluationItem:
    try:
        row = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise UserError(f"{place}: want a JSON object, got {line[:40]!r}: {error}") from error
    if not isinstance(row, dict):
        raise UserError(f"{place}: want a JSON object, got {line[:40]!r}")
    field = "full" if row.get("full") is not None else "text"
    if not isinstance(row.get(field), str):
        known = ", ".join(sorted(row)) or "none"
        raise UserError(f"{place}: want a string in '{field}', got {row.get(field)!r}; fields here: {known}")
    return EvaluationItem(_label(row, "benchmark", stem, place), _label(row, "id", str(ordinal), place), row[field])


def _label(row: dict[str, Any], field: str, otherwise: str, place: str) -> str:
    value = row.get(field)
    if value is None:
        return otherwise
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise UserError(f"{place}: want a string or a whole number in '{field}', got {value!r}")


def _read_paragraphs(_name: str, stem: str, content: str) -> Iterator[EvaluationItem]:
    paragraphs = texts.paragraphs(texts.clean(content))
    return (EvaluationItem(stem, str(number), text) for number, text in enumerate(paragraphs))


def _read_wikitext(name: str, stem: str, content: str) -> Iterator[EvaluationItem]:
    # The name tells the articles of WikiText from other items: their Wikipedia pages go by title.
    stem = stem if stem.lower().startswith("wikitext") else f"wikitext.{stem}"
    titles = list(_ARTICLE.finditer(content))
    if content[: titles[0].start() if titles else None].strip():
        raise UserError(f"{name}, line 1: want WikiText, which begins with a title ' = Title = '; rename it to .txt?")
    ends = [title.start() for title in titles[1:]] + [len(content)]
    for title, end in zip(titles, ends, strict=True):
        yield EvaluationItem(stem, untokenise(title["title"]), untokenise(content[title.start() : end]).strip())


def untokenise(text: str) -> str:
    """WikiText with the marks of its tokenizer undone, as far as they change words once punctuation is ignored.

    "@-@" and its like become what they stand for, without the spaces around; "'s" and other endings return to their
    words, currency signs to their numbers; slashes and number ranges close up; headings lose their equals signs.
    """
    text = _HEADING.sub(r"\g<before>\g<title>", text)
    for pattern, replacement in _UNDONE:
        text = pattern.sub(replacement, text)
    return text
