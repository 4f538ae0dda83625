"""Read the rows of tables of text (CSV, TSV) as documents."""

import csv
import re
from collections.abc import Iterator
from typing import NamedTuple

from massivetext.schema import Document, Rejected
from massivetext.sources.documents.fields import Build
from massivetext.sources.documents.jsonl import damage
from massivetext.sources.documents.layouts import CsvDialect, is_sentence
from massivetext.sources.source_formats import ReadLimits
from massivetext.sources.splits import Split
from massivetext.sources.streams import charset
from massivetext.sources.streams.bounded_lines import buffer_lines, describe_too_long, read_lines
from massivetext.sources.streams.recoded import TextStream

_STATED_DELIMITER = re.compile(r"sep=.?\Z")  # first line of a table for Excel
_SHOWN_ROW = 200  # characters of a first line that has no names
_NAMED_COLUMNS = 20  # in a message


class _Table(NamedTuple):
    """The columns of a table, which of them has the text, and what makes documents of its rows."""

    header: list[str]
    text_path: str
    build: Build


class _TableLines:
    """The lines of a table for the standard library's reader, as text.

    Attributes:
        offset: plain bytes before the next line.
        replaced: number of U+FFFD for wrong bytes since it was last set to 0.
        too_long: rejections of lines that are too long, since it was last emptied.
        taken: the lines since it was last emptied, each with the offset of its end.
        ended: whether a line was asked for after the last one, as only a row without its closing quotation mark does.
    """

    def __init__(self, origin: str, stream: TextStream, longest: int) -> None:
        self.offset = self.replaced = 0
        self.too_long: list[Rejected] = []
        self.taken: list[tuple[str, int]] = []
        self.ended = False
        self._again: list[tuple[str, int]] = []
        self._origin, self._stream, self._longest = origin, stream, longest
        self._lines = read_lines(buffer_lines(stream), longest)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._again:
            text, self.offset = self._again.pop()
            return self._take(text)
        for line in self._lines:
            self.offset = line.offset + line.length
            if self._stream.damage and not line.ended:
                break  # a line that broke off is part of the damage
            if line.data is None:
                detail = describe_too_long(line, self._longest)
                found = Rejected(self._origin, f"line {line.number}", line.length, "record_too_large", detail)
                self.too_long.append(found)
                continue
            data = line.data.removeprefix(b"\xef\xbb\xbf") if line.number == 0 else line.data
            return self._take(self._text(data) + "\n")
        self.ended = True
        raise StopIteration

    def _take(self, text: str) -> str:
        self.taken.append((text, self.offset))
        return text

    def read_again(self) -> None:
        """Read the lines that were taken, but for the first, once more."""
        self._again = self.taken[:0:-1]
        self.offset = self.taken[0][1]
        self.ended = False

    @property
    def is_damaged(self) -> bool:
        """Whether the stream of the lines broke off."""
        return self._stream.damage is not None

    def _text(self, data: bytes) -> str:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            decoded = charset.decode(data)
            self.replaced += decoded.replaced
            return decoded.text


def csv_documents(
    split: Split, stream: TextStream, dialect: CsvDialect, text_path: str, limits: ReadLimits, build: Build
) -> Iterator[Document | Rejected]:
    """Yield what ``build`` makes of each row below the header; the document key is the ordinal of the row, from 0."""
    csv.field_size_limit(limits.max_record_bytes)
    lines = _TableLines(split.name, stream, limits.max_record_bytes)
    rows = dialect.read_rows(lines)
    header: list[str] = []
    try:
        header = [name.strip() for name in next((row for row in rows if any(map(str.strip, row))), [])]
        if header and _STATED_DELIMITER.match(header[0]) and not any(header[1:]):
            header = [name.strip() for name in next(rows, [])]
        wrong = _wrong_header(header, dialect, text_path)
    except csv.Error as error:
        wrong = f"its header is not readable: {error}"
    if wrong:
        if split.slice_index == 0:
            yield Rejected(split.name, "0", split.size, "wrong_columns", f"{split.name}: {wrong}")
        return
    lines.taken.clear()
    yield from _row_documents(split, rows, lines, header, dialect, _Table(header, text_path, build))
    yield from damage(split, stream)


def _wrong_header(header: list[str], dialect: CsvDialect, text_path: str) -> str | None:
    if text_path in header:
        return None
    names = ", ".join(header[:_NAMED_COLUMNS])
    if any(is_sentence(cell) for cell in header):
        return (
            f"want the names of the columns in the first line, one of them '{text_path}' (text_field of the source), "
            f"got what reads as a row: {names[:_SHOWN_ROW]}; add a line with names"
        )
    return (
        f"want a column '{text_path}' (text_field of the source) in the first line, got columns {names} "
        f"(separated by {dialect.delimiter!r})"
    )


def _row_documents(
    split: Split, rows: Iterator[list[str]], lines: _TableLines, header: list[str], dialect: CsvDialect, table: _Table
) -> Iterator[Document | Rejected]:
    ordinal = -1
    while True:
        begin, lines.replaced = lines.offset, 0
        lines.taken.clear()
        ordinal += 1
        mine = ordinal % split.slice_count == split.slice_index
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            if mine:
                detail = f"the row at byte {begin:,}: {error}"
                yield Rejected(split.name, str(ordinal), lines.offset - begin, "bad_csv", detail)
            continue
        if lines.ended:
            if mine and not lines.is_damaged:  # a row that broke off is part of the damage
                yield _unclosed(split.name, str(ordinal), begin, lines)
            rows = _rows_below(lines, dialect, len(header))
            continue
        if mine and row:
            made = _row_document(split.name, str(ordinal), table, row, begin, lines.offset - begin)
            yield made._replace(replaced=lines.replaced) if isinstance(made, Document) and lines.replaced else made
        yield from _too_long(split, lines)
    yield from _too_long(split, lines)


def _unclosed(origin: str, document_key: str, begin: int, lines: _TableLines) -> Rejected:
    detail = (
        f"the row at byte {begin:,}: a quotation mark begins a cell that has no end in the file; the row is left out, "
        "and what follows it is read if it is rows of the table"
    )
    return Rejected(origin, document_key, lines.taken[0][1] - begin, "bad_csv", detail)


def _rows_below(lines: _TableLines, dialect: CsvDialect, cells: int) -> Iterator[list[str]]:
    """Return the rows of the lines that an unclosed row took with it; none if they are the paragraphs of its text.

    Args:
        lines: the lines, at their end.
        dialect: of the table.
        cells: number of cells of a row.
    """
    below = (text for text, _ in lines.taken[1:])
    try:
        are_rows = all(len(row) == cells for row in csv.reader(below, delimiter=dialect.delimiter, strict=True))
    except csv.Error:
        are_rows = False
    if are_rows and not lines.is_damaged:
        lines.read_again()
    return dialect.read_rows(lines)


def _too_long(split: Split, lines: _TableLines) -> Iterator[Rejected]:
    if split.slice_index == 0:
        yield from lines.too_long
    lines.too_long.clear()


def _row_document(
    origin: str, document_key: str, table: _Table, row: list[str], offset: int, length: int
) -> Document | Rejected:
    header = table.header
    if len(row) != len(header) and (len(row) < len(header) or any(row[len(header) :])):
        detail = f"the row at byte {offset:,}: want {len(header)} cells as in the header, got {len(row)}"
        return Rejected(origin, document_key, length, "bad_csv", detail)
    record: dict[str, object] = {}
    for name, cell in zip(header, row, strict=False):
        if not record.get(name):
            record[name] = cell
        elif name == table.text_path and cell not in ("", record[name]):
            detail = f"the row at byte {offset:,}: two columns '{name}' (text_field of the source) hold different texts"
            return Rejected(origin, document_key, length, "wrong_columns", detail)
    return table.build(document_key, record, length)
