"""The rows of test sets and of lists, from files in JSON, CSV, Parquet and Arrow; compressed or not."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext import text as texts
from massivetext.errors import UserError
from massivetext.sources.documents.arrow_rows import record_batches
from massivetext.sources.streams.compressed import PlainStream

COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zstd", ".lz4")
TABLE_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".feather")
_MMLU = ("question", "A", "B", "C", "D", "answer")  # columns of its files, which have no header
Row = tuple[str, Mapping[str, object]]  # where it is, for errors, and its fields


def plain_path(name: str) -> PurePosixPath:
    """Return the name of a file without the suffix of a compression."""
    path = PurePosixPath(name)
    return path.with_suffix("") if path.suffix.lower() in COMPRESSED else path


def suffix_of(name: str) -> str:
    """Return the suffix of the name of a file, in lower case, without that of a compression."""
    return plain_path(name).suffix.lower()


def read_rows(name: str, data: bytes) -> Iterator[Row]:
    """Yield (place, fields by name) for every row of a table, of a suffix in :data:`TABLE_SUFFIXES`.

    Raises:
        UserError: the file is malformed; names it and the line.
    """
    rows = {
        ".jsonl": _json_rows,
        ".ndjson": _json_rows,
        ".json": _json_list,
        ".csv": _csv_rows,
        ".tsv": _tsv_rows,
        ".parquet": _parquet_rows,
        ".arrow": _arrow_rows,
        ".feather": _arrow_rows,
    }
    yield from rows[suffix_of(name)](name, _decompressed(name, data))


def read_text(name: str, data: bytes) -> str:
    """Return the text of a file. Raises UserError if it is not UTF-8, or breaks off within its compression."""
    return _plain_text(name, _decompressed(name, data))


def _decompressed(name: str, data: bytes) -> bytes:
    with PlainStream(io.BytesIO(data)) as stream:
        plain = stream.readall() or b""
        if stream.damage is not None:
            raise UserError(f"{name}: cannot be decompressed: {stream.damage.error}; fetch it again")
        return plain


def _plain_text(name: str, data: bytes) -> str:
    try:
        return texts.decode_marked(data)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{name}, line {line}: want UTF-8, got byte 0x{data[error.start]:02x}") from error


def _json_rows(name: str, data: bytes) -> Iterator[Row]:
    decode = msgspec.json.Decoder().decode
    for number, line in enumerate(_plain_text(name, data).split("\n"), start=1):
        if line.strip():
            where = f"{name}, line {number}"
            try:
                row = decode(line)
            except msgspec.DecodeError as error:
                row = _lenient(line)
                if row is None:
                    raise UserError(f"{where}: want a JSON object, got {line[:40]!r}: {error}") from error
            if isinstance(row, list) and number == 1:
                raise UserError(f"{where}: want a JSON object per line, got a list; name the file .json")
            if not isinstance(row, dict):
                raise UserError(f"{where}: want a JSON object, got {line[:40]!r}")
            yield where, row


def _lenient(line: str) -> object:
    """Return JSON with NaN or halves of surrogate pairs, which become "?"; None: it is something else."""
    try:
        whole = json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "replace")
    except ValueError:
        return None
    return json.loads(whole)


def _json_list(name: str, data: bytes) -> Iterator[Row]:
    """Yield the rows of a file that is one list of objects, or an object with such a list, or has one per line."""
    text = _plain_text(name, data)
    rows = _lenient(text)
    if isinstance(rows, dict):
        inner = rows.get("data")
        rows = inner if isinstance(inner, list) else [rows]
    elif not text.lstrip().startswith("["):
        yield from _json_rows(name, data)
        return
    if not isinstance(rows, list):
        raise UserError(f"{name}: want a list of JSON objects; it is malformed, or text follows the list")
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise UserError(f"{name}, entry {number}: want a JSON object, got {str(row)[:40]!r}")
        yield from ((f"{name}, entry {number}", each) for each in _squad_questions(row))


def _squad_questions(row: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield the questions of an article as SQuAD has it, each with its paragraph; another row as it is."""
    paragraphs = row.get("paragraphs")
    if not isinstance(paragraphs, list):
        yield row
        return
    for paragraph in paragraphs:
        for question in paragraph.get("qas") or () if isinstance(paragraph, dict) else ():
            if isinstance(question, dict):
                yield {"context": paragraph.get("context"), **question}


def _tsv_rows(name: str, data: bytes) -> Iterator[Row]:
    return _csv_rows(name, data, "\t")


def _csv_rows(name: str, data: bytes, delimiter: str = ",") -> Iterator[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), len(data) + 1))  # of the whole process: it is only raised
    reader = csv.DictReader(io.StringIO(_plain_text(name, data), newline=""), delimiter=delimiter)
    try:
        first = reader.fieldnames or ()
        if len(first) == len(_MMLU) and first[-1] in _MMLU[1:-1] and "question" not in first:
            reader.fieldnames = _MMLU
            yield f"{name}, line 1", dict(zip(_MMLU, first, strict=True))
        for row in reader:
            yield f"{name}, line {reader.line_num}", {field: value for field, value in row.items() if field is not None}
    except csv.Error as error:
        raise UserError(f"{name}, line {reader.line_num}: want a row of CSV: {error}") from error


def _parquet_rows(name: str, data: bytes) -> Iterator[Row]:
    try:
        rows = pq.read_table(io.BytesIO(data)).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{name}: want a Parquet file: {error}") from error
    return ((f"{name}, row {number}", row) for number, row in enumerate(rows))


def _arrow_rows(name: str, data: bytes) -> Iterator[Row]:
    number = 0
    try:
        for batch in record_batches(PlainStream(io.BytesIO(data))) if data else ():
            for row in batch.to_pylist():
                yield f"{name}, row {number}", row
                number += 1
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{name}: want an Arrow file or stream: {error}") from error
