"""Make a document of a record of named values, from JSON, CSV, Parquet or Arrow."""

import datetime
import decimal
import functools
import uuid
from collections.abc import Callable, Container, Iterator, Mapping
from typing import NamedTuple

from massivetext.schema import Document, Rejected
from massivetext.sources.source_formats import FieldPaths
from massivetext.sources.streams import charset
from massivetext.text import clean

# Makes a document of a document key, a record of named values, and the number of bytes of the record.
Build = Callable[[str, Mapping[str, object], int], Document | Rejected]

_LONGEST_METADATA = 1000  # characters; metadata is short: a longer value is a second text
# Names of a list of records in an object around them; lists of other names are the paragraphs of one record.
_LISTS_OF_RECORDS = frozenset(
    (
        *("data", "dataset", "rows", "items", "records", "results", "documents", "docs", "articles", "entries"),
        *("examples", "posts", "hits", "train"),
    )
)
_NAMED_FIELDS = 20  # in a message
_DATES = (datetime.datetime, datetime.date, datetime.time)
_PRINTED = (int, float, decimal.Decimal, datetime.timedelta, uuid.UUID)


class RecordList(NamedTuple):
    """A list of records in an object around them, such as ``{"data": [{"text": ...}, ...]}``.

    Attributes:
        name: field with the list.
        build: makes documents of the records in it.
    """

    name: str
    build: Build

    def records(self, outer: Mapping[str, object]) -> list[Mapping[str, object]] | None:
        """Return the records in the list of an object; None if it has no such list."""
        found = outer.get(self.name)
        return found if isinstance(found, list) and found and all(isinstance(each, dict) for each in found) else None


def record_list(origin: str, paths: FieldPaths) -> RecordList | None:
    """Return the list of records that the path of the text leads through, by its name; None if it is none."""
    name, dot, _ = paths.text.partition(".")
    if not dot or name not in _LISTS_OF_RECORDS:
        return None

    def inner(path: str) -> str:
        return path.removeprefix(f"{name}.")

    below = FieldPaths(
        inner(paths.text),
        inner(paths.url),
        inner(paths.title),
        inner(paths.id) if paths.id else None,
        inner(paths.date) if paths.date else None,
        None if paths.metadata is None else tuple(map(inner, paths.metadata)),
    )
    return RecordList(name, builder(origin, below))


def builder(origin: str, paths: FieldPaths) -> Build:
    """Return the function that makes documents of the records of a file."""

    def build(document_key: str, record: Mapping[str, object], length: int) -> Document | Rejected:
        return document_of_fields(origin, document_key, record, paths, length)

    return build


def document_of_record(
    origin: str, document_key: str, record: Mapping[str, object], text_field: str, length: int | None
) -> Document | Rejected:
    """Return the document of a record with the usual fields; see :func:`document_of_fields`."""
    return document_of_fields(origin, document_key, record, FieldPaths(text=text_field), length)


def document_of_fields(
    origin: str, document_key: str, record: Mapping[str, object], paths: FieldPaths, length: int | None
) -> Document | Rejected:
    """Return the document of a record, or a rejection if it has no text.

    Args:
        origin: name of the file.
        document_key: position of the record in the file.
        record: the values. If ``paths`` does not say what becomes metadata, all short scalars do, those of a nested
            object as ``object.name``.
        paths: where text, URL, title and other fields are.
        length: bytes of the record, for the rejection.
    """
    value = value_at(record, paths.text)
    text = joined_text(value)
    if text is None:
        kind = "missing" if value is None else f"of type {type(value).__name__}"
        names = ", ".join(sorted(_field_paths(record))[:_NAMED_FIELDS])
        detail = (
            f"want a string in field '{paths.text}' (text_field of the source), got one {kind}; fields here: {names}"
        )
        return Rejected(origin, document_key, length, "no_text", clean(detail))
    if isinstance(value, list) and (column := _column_beside(record, paths, len(value))):
        detail = (
            f"the fields '{paths.text}' and '{column}' are lists of {len(value):,} values each, as columns are; "
            "want one object per record"
        )
        return Rejected(origin, document_key, length, "columns", clean(detail))
    text = clean(text)
    if not text:
        return Rejected(origin, document_key, length, "empty", clean(f"field '{paths.text}' holds no text"))
    url, title = _string(value_at(record, paths.url)), _string(value_at(record, paths.title))
    if paths.metadata is None:
        metadata = dict(_scalars(record, {paths.text, paths.url, paths.title}))
    else:
        metadata = dict(_chosen(record, {path: path for path in paths.metadata}))
    metadata.update(_chosen(record, {name: path for name, path in (("id", paths.id), ("date", paths.date)) if path}))
    return Document(text, origin, document_key, url, title, metadata)


def _field_paths(record: Mapping[str, object]) -> Iterator[str]:
    """Yield the names of a record's fields; those of an object in it as ``object.name``."""
    for name, value in record.items():
        if isinstance(value, dict) and value:
            yield from (f"{name}.{inner}" for inner in value)
        else:
            yield str(name)


def _column_beside(record: Mapping[str, object], paths: FieldPaths, rows: int) -> str | None:
    """Return the field of URLs, titles or ids that has as many values as there are texts; None if there is none."""
    for path in (paths.url, paths.title, paths.id or "id"):
        value = value_at(record, path) if rows > 1 and "." not in path else None
        if isinstance(value, list) and len(value) == rows:
            return path
    return None


def value_at(value: object, path: str) -> object:
    """Return the value of a field by its name or path; None if there is none.

    A name that contains a dot is looked up as it is before it is taken for a path. A path through a list of objects
    gives the list of what is found in each; lists that are found there are joined to one.
    """
    if isinstance(value, list):
        found = [value_at(each, path) for each in value if isinstance(each, dict)]
        return [one for each in found for one in (each if isinstance(each, list) else [each]) if one is not None]
    if not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    name, dot, rest = path.partition(".")
    return value_at(value[name], rest) if dot and name in value else None


def joined_text(value: object) -> str | None:
    """Return a string as it is, and a list of paragraphs joined by empty lines; None for every other value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return None if b"\x00" in value else charset.decode_text(value)
    if isinstance(value, list) and value and all(isinstance(each, str | None) for each in value):
        return "\n\n".join(each for each in value if each and not each.isspace())
    return None


def scalar(value: object) -> str | None:
    """Return a scalar as cleaned text; None for other values, empty strings and strings of over 1,000 characters.

    Bytes that are UTF-8 are a string.
    """
    if isinstance(value, bytes) and len(value) <= 4 * _LONGEST_METADATA:
        value = _decoded(value)
    if isinstance(value, str):
        text = clean(value)
        return text if 0 < len(text) <= _LONGEST_METADATA else None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, _DATES):
        return value.isoformat()
    if isinstance(value, _PRINTED):
        return _printed(value)
    return None


def _printed(value: object) -> str | None:
    try:
        text = str(value)
    except ValueError:  # an integer of more digits than Python prints
        return None
    return text if len(text) <= _LONGEST_METADATA else None


def _string(value: object) -> str | None:
    value = _decoded(value) if isinstance(value, bytes) else value
    return (clean(value) or None) if isinstance(value, str) else None


def _decoded(value: bytes) -> str | None:
    """Return bytes as text if they are UTF-8 without NUL: strings of a column that does not say that it has strings."""
    try:
        return None if b"\x00" in value else value.decode()
    except UnicodeDecodeError:
        return None


def _chosen(record: Mapping[str, object], paths: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield fields that the recipe names; the short values of a list are joined by commas."""
    for name, path in paths.items():
        value = value_at(record, path)
        values = [scalar(each) for each in (value if isinstance(value, list) else [value])]
        text = ", ".join(each for each in values if each is not None)
        if 0 < len(text) <= _LONGEST_METADATA:
            yield name, text


def _scalars(record: Mapping[str, object], used: Container[str]) -> Iterator[tuple[str, str]]:
    """Yield the short values of a record and of objects in it by name, but for fields that are used otherwise."""
    for name, value in record.items():
        if name in used:
            continue
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for field, inner_value in inner:
            path = f"{name}.{field}" if field else str(name)
            if path not in used and (text := scalar(inner_value)) is not None:
                yield _clean_name(path), text


@functools.lru_cache(maxsize=1024)
def _clean_name(name: str) -> str:
    return clean(name)
