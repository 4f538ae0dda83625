"""The items of test sets, read from their files."""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import msgspec

from massivetext import text as texts
from massivetext.errors import UserError

_GZIP = b"\x1f\x8b"

# WikiText was made with the Moses tokenizer. It writes "well @-@ known", "1 @,@ 000", "Teddy 's", "don 't", "$ 5",
# "and / or" and "2000 – 05".
_UNDONE = (
    (re.compile(r" @([^\s@]+)@ "), r"\1"),
    (re.compile(r" '(s|t|ve|re|m|ll|d)\b"), r"'\1"),
    (re.compile(r"([$£€¥]) (?=\d)"), r"\1"),
    (re.compile(r"(?<=\S) / (?=\S)"), "/"),
    (re.compile(r"(?<=\d) – (?=\d)"), "–"),
)
# A heading is between blank lines, unlike a formula that begins and ends with "="; a title has one "=" on each side.
_BEFORE, _AFTER = r"(?P<before>\A|^[ \t]*\n)[ \t]*", r"[ \t]*(?=\n[ \t]*(?:\n|\Z)|\Z)"
_ARTICLE = re.compile(rf"{_BEFORE}= (?P<title>[^=\s](?:[^=\n]*[^=\s])?) ={_AFTER}", re.MULTILINE)
_HEADING = re.compile(rf"{_BEFORE}(?P<marks>=(?: =)*) (?P<title>[^\n]+?) (?P=marks){_AFTER}", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EvaluationItem:
    """One item of a test set.

    Attributes:
        test_set: name of the test set.
        id: name of the item in the test set: the id in the file, else its number from 0; for WikiText, the title.
        text: what a model could memorise: question and answer if the file has both.
    """

    test_set: str
    id: str
    text: str


def read_items(name: str, data: bytes) -> list[EvaluationItem]:
    """Return the items of one file, in order.

    The suffix of the name decides the format. gzip (``.gz``) is recognised by its first bytes.

    * ``.jsonl``: one object per line. Text: ``full`` if present and not null, else ``text``. Id: ``id``, else the
      number of the item. Test set: ``benchmark``, else the name of the file. Blank lines are skipped.
    * ``.txt``: one item per paragraph (between blank lines); id: its number.
    * ``.tokens``: WikiText; one item per article, with tokenizer artefacts undone; id: the title. Its ``<unk>`` cannot
      be undone and breaks n-grams, so Rae et al. 2021, A.1.1, also drop these Wikipedia pages by title.

    Args:
        name: name or path of the file; decides the format and the name of the test set, and appears in errors.
        data: bytes of the file.

    Raises:
        UserError: the format is unknown, or the file is malformed; the message names file and line.
    """
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    if suffix == ".gz":
        path = path.with_suffix("")
        suffix = path.suffix.lower()
    readers = {".jsonl": _read_jsonl, ".txt": _read_paragraphs, ".tokens": _read_wikitext}
    if suffix not in readers:
        raise UserError(f"{name}: want a test set as .jsonl, .txt or .tokens (each also with .gz), got '{path.name}'")
    return list(readers[suffix](name, path.stem, _plain_text(name, data)))


def _plain_text(name: str, data: bytes) -> str:
    if data.startswith(_GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{name}: cannot be decompressed: {error}; fetch it again") from error
    try:
        return texts.decode_marked(data)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{name}, line {line}: want UTF-8, got byte 0x{data[error.start]:02x}") from error


def _read_jsonl(name: str, stem: str, content: str) -> Iterator[EvaluationItem]:
    count = 0
    for number, line in enumerate(content.split("\n"), start=1):
        if line.strip():
            yield _json_item(f"{name}, line {number}", stem, line, count)
            count += 1


def _json_item(where: str, stem: str, line: str, ordinal: int) -> EvaluationItem:
    try:
        row = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise UserError(f"{where}: want a JSON object, got {line[:40]!r}: {error}") from error
    if not isinstance(row, dict):
        raise UserError(f"{where}: want a JSON object, got {line[:40]!r}")
    field = "full" if row.get("full") is not None else "text"
    if not isinstance(row.get(field), str):
        known = ", ".join(sorted(row)) or "none"
        raise UserError(f"{where}: want a string in '{field}', got {row.get(field)!r}; fields here: {known}")
    return EvaluationItem(_label(row, "benchmark", stem, where), _label(row, "id", str(ordinal), where), row[field])


def _label(row: Mapping[str, object], field: str, default: str, where: str) -> str:
    value = row.get(field)
    if value is None:
        return default
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise UserError(f"{where}: want a string or a whole number in '{field}', got {value!r}")


def _read_paragraphs(_name: str, stem: str, content: str) -> Iterator[EvaluationItem]:
    paragraphs = texts.paragraphs(texts.clean(content))
    return (EvaluationItem(stem, str(number), text) for number, text in enumerate(paragraphs))


def _read_wikitext(name: str, stem: str, content: str) -> Iterator[EvaluationItem]:
    # The screen recognises WikiText articles by this name and drops their Wikipedia pages by title.
    stem = stem if stem.lower().startswith("wikitext") else f"wikitext.{stem}"
    titles = list(_ARTICLE.finditer(content))
    if content[: titles[0].start() if titles else None].strip():
        raise UserError(f"{name}, line 1: want WikiText, which begins with a title ' = Title = '; rename it to .txt?")
    ends = [title.start() for title in titles[1:]] + [len(content)]
    for title, end in zip(titles, ends, strict=True):
        yield EvaluationItem(stem, untokenise(title["title"]), untokenise(content[title.start() : end]).strip())


def untokenise(text: str) -> str:
    """Return WikiText with the marks of its tokenizer undone, as far as they change words without punctuation.

    "@-@" and similar marks become the character between the @, without the spaces around them. "'s" and other endings
    are joined to their words, and currency signs to their numbers. Slashes and number ranges lose their spaces, and
    headings their equals signs.
    """
    text = _HEADING.sub(r"\g<before>\g<title>", text)
    for pattern, replacement in _UNDONE:
        text = pattern.sub(replacement, text)
    return text
