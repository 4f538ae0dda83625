"""Rows of Arrow record batches as records, whatever the values in them are; and files in Arrow's own formats."""

import io
from collections.abc import Iterator

import pyarrow as pa

from massivetext.schema import Document, Rejected
from massivetext.sources.documents.fields import Build, joined_text, value_at
from massivetext.sources.documents.layouts import ARROW_FILE_MAGIC
from massivetext.sources.source_formats import ReadLimits
from massivetext.sources.splits import Split
from massivetext.sources.streams.charset import decode_text
from massivetext.sources.streams.compressed import EXPANSION, ExpansionLimit, PlainStream

# Errors of a value that Python has no equal for: a date after the year 9999, a time zone nobody knows (a KeyError), a
# decimal or an integer out of range, bytes that are not UTF-8.
_NO_VALUE = (pa.ArrowException, ValueError, OverflowError, LookupError, TypeError, ArithmeticError, AttributeError)
ARROW_ERRORS = (pa.ArrowException, OSError, ValueError, LookupError, OverflowError, TypeError)


def arrow_documents(
    split: Split,
    stream: PlainStream,
    text_path: str,
    limits: ReadLimits,
    build: Build,
    expansion: ExpansionLimit = EXPANSION,
) -> Iterator[Document | Rejected]:
    """Yield what ``build`` makes of each row of an Arrow file or stream; the document key is the ordinal of the row."""
    left = expansion.plain_bytes(split.size)
    rows = 0
    try:
        for batch in record_batches(stream):
            if rows == 0 and (wrong := wrong_columns(batch.schema, text_path)) is not None:
                yield from _first_slice(split, Rejected(split.name, "0", split.size, "wrong_columns", wrong))
                return
            for made in batch_documents(split, checked_batch(batch), rows, text_path, limits, build):
                yield made
                left -= len(made.text) if isinstance(made, Document) else 0
            rows += batch.num_rows
            if left < 0:
                detail = f"expands more than {expansion.most_times:,} times; the rest from row {rows:,} on is lost"
                yield from _first_slice(split, Rejected(split.name, str(rows), None, "too_large", detail))
                return
    except ARROW_ERRORS as error:
        detail = f"{split.name}: is not readable as Arrow from row {rows:,} on: {type(error).__name__}: {error}"
        reason = "damaged" if rows else "bad_arrow"
        yield from _first_slice(split, Rejected(split.name, str(rows), None if rows else split.size, reason, detail))


def record_batches(stream: PlainStream) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a file that was just opened, unchecked; see :func:`checked_batch`."""
    if stream.peek(len(ARROW_FILE_MAGIC)) == ARROW_FILE_MAGIC:
        file = pa.ipc.open_file(stream.stored())
        for number in range(file.num_record_batches):
            yield file.get_batch(number)
    else:
        yield from pa.ipc.open_stream(io.BufferedReader(stream, 1 << 20))


def checked_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch whose offsets were checked; columns of strings that are not UTF-8 come as bytes.

    Arrow trusts what is in a file, and a wrong offset crashes the process.

    Raises:
        ArrowInvalid: the batch is damaged.
    """
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):
            raise
        columns = [_as_bytes(column) for column in batch.columns]
        batch = pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
        batch.validate(full=True)
    return batch


def _as_bytes(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        return column.view(pa.binary())
    return column.view(pa.large_binary()) if pa.types.is_large_string(column.type) else column


def batch_documents(
    split: Split, batch: pa.RecordBatch, first: int, text_path: str, limits: ReadLimits, build: Build
) -> Iterator[Document | Rejected]:
    """Yield what ``build`` makes of the rows of a batch that belong to the slice; ``first`` is the ordinal of row 0."""
    for row in range((split.slice_index - first) % split.slice_count, batch.num_rows, split.slice_count):
        yield _row_document(split.name, str(first + row), batch, row, text_path, limits, build)


def wrong_columns(schema: pa.Schema, text_path: str) -> str | None:
    """Return what is wrong with the columns of a file, as a sentence, or None if one of them can hold the text."""
    name = text_path if text_path in schema.names else text_path.partition(".")[0]
    if name not in schema.names:
        columns = ", ".join(path for field in schema for path in _field_paths(field))
        return f"want a column '{text_path}' (text_field of the source), got columns {columns}"
    if schema.names.count(name) > 1:
        return f"want one column '{name}' (text_field of the source), got {schema.names.count(name)} of that name"
    kind = schema.field(schema.names.index(name)).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    nested = pa.types.is_nested(kind)
    is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    if not (nested or is_bytes or is_text(kind) or pa.types.is_null(kind)):
        return f"want text in column '{text_path}' (text_field of the source), got values of type {kind}"
    return None


def _field_paths(field: pa.Field) -> list[str]:
    """Return the name of a column; of a column of structs, ``column.name`` of each of its fields."""
    if not pa.types.is_struct(field.type):
        return [field.name]
    return [f"{field.name}.{inner.name}" for inner in field.type] or [field.name]


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column of this type holds strings."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _first_slice(split: Split, rejected: Rejected) -> Iterator[Rejected]:
    if split.slice_index == 0:
        yield rejected


def _row_document(
    origin: str, document_key: str, batch: pa.RecordBatch, row: int, text_path: str, limits: ReadLimits, build: Build
) -> Document | Rejected:
    record = row_values(batch, row)
    text = joined_text(value_at(record, text_path)) or ""
    length = len(text.encode("utf-8", "replace"))
    if length > limits.max_record_bytes:
        detail = (
            f"row {document_key} has {length:,} bytes of text; ingest.max_record_bytes is {limits.max_record_bytes:,}"
        )
        return Rejected(origin, document_key, length, "record_too_large", detail)
    return build(document_key, record, length)


def row_values(batch: pa.RecordBatch, row: int) -> dict[str, object]:
    """Return the values of a row by column; the first of columns of one name counts.

    A value that Python cannot hold is its text in Arrow, or missing if it has none.
    """
    record: dict[str, object] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if name not in record:
            record[name] = _value(column, row)
    return record


def _value(column: pa.Array, row: int) -> object:
    try:
        value: object = column[row].as_py()
    except _NO_VALUE:
        return _salvaged(column.slice(row, 1))
    return value


def _salvaged(one: pa.Array) -> object:
    """Return the only value of an array in another way than ``as_py``; None if there is none."""
    try:
        if pa.types.is_struct(one.type):
            return {field.name: _value(inner, 0) for field, inner in zip(one.type, one.flatten(), strict=True)}
        if pa.types.is_list(one.type) or pa.types.is_large_list(one.type):
            values = one.flatten()
            return [_value(values, index) for index in range(len(values))]
        if pa.types.is_dictionary(one.type):
            return _salvaged(one.dictionary_decode())
        if is_text(one.type):
            return decode_text(one.cast(pa.large_binary())[0].as_py())
        if pa.types.is_timestamp(one.type):
            one = one.cast(pa.timestamp(one.type.unit))  # without its time zone
        value: str | None = one.cast(pa.string())[0].as_py()
    except _NO_VALUE:
        return None
    return None if value is None or value.startswith("<value out of range") else value
