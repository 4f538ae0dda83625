"""Make a document of a record of named values, from JSON or Parquet."""

from collections.abc import Callable, Iterator, Mapping

from massivetext.schema import Document, Rejected
from massivetext.text import clean

# Makes a document of a document key, a record of named values, and the number of bytes of the record.
Build = Callable[[str, Mapping[str, object], int], Document | Rejected]

_LONGEST_METADATA = 1000  # characters; metadata is short: a longer value is a second text


def document_of_record(
    origin: str, document_key: str, record: Mapping[str, object], text_field: str, length: int | None
) -> Document | Rejected:
    """Return the document of a record, or a rejection if it has no text.

    Args:
        origin: name of the file.
        document_key: position of the record in the file.
        record: the values. ``url`` and ``title`` have fields of their own; other short scalars become metadata, those
            of a nested object as ``object.name``.
        text_field: name of the text.
        length: bytes of the record, for the rejection.
    """
    text = record.get(text_field)
    if not isinstance(text, str):
        kind = "missing" if text is None else f"of type {type(text).__name__}"
        detail = f"want a string in field '{text_field}', got one {kind}; fields here: {', '.join(sorted(record)[:20])}"
        return Rejected(origin, document_key, length, "no_text", clean(detail))
    known = {text_field, "url", "title"}
    metadata = dict(_scalars({field: value for field, value in record.items() if field not in known}))
    return Document(
        clean(text), origin, document_key, _string(record.get("url")), _string(record.get("title")), metadata
    )


def scalar(value: object) -> str | None:
    """Return a scalar as cleaned text; None for other values, empty strings and strings of over 1,000 characters."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = clean(value) if isinstance(value, str) else ""
    return text if 0 < len(text) <= _LONGEST_METADATA else None


def _string(value: object) -> str | None:
    return (clean(value) or None) if isinstance(value, str) else None


def _scalars(record: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for field, inner_value in inner:
            text = scalar(inner_value)
            if text is not None:
                yield clean(f"{name}.{field}" if field else name), text
