"""A record of named values, from JSON or Parquet -> a document."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from massivetext.schema import Document, Rejected
from massivetext.text import clean

# Makes a document of a key, a record of named values, and the bytes of the record.
Build = Callable[[str, dict[str, Any], int], Document | Rejected]

_LONGEST_METADATA = 1000  # characters; metadata is short by contract, and a second text is no metadata


def document(
    origin: str, key: str, record: Mapping[str, Any], text_field: str, length: int | None
) -> Document | Rejected:
    """The document of a record, or why it has none.

    Args:
        origin: name of the file.
        key: where in the file.
        record: the values; ``url`` and ``title`` are told apart, other short scalars become metadata, those of a
            nested object as ``object.name``.
        text_field: name of the text.
        length: bytes of the record, for the rejection.
    """
    text = record.get(text_field)
    if not isinstance(text, str):
        kind = "missing" if text is None else f"of type {type(text).__name__}"
        detail = f"want a string in field '{text_field}', got one {kind}; fields here: {', '.join(sorted(record)[:20])}"
        return Rejected(origin, key, length, "no_text", clean(detail))
    known = {text_field, "url", "title"}
    metadata = dict(_scalars({field: value for field, value in record.items() if field not in known}))
    return Document(clean(text), origin, key, _string(record.get("url")), _string(record.get("title")), metadata)


def scalar(value: object) -> str | None:
    """A scalar as cleaned text: None for anything else, for an empty string, and for one that is too long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = clean(value) if isinstance(value, str) else ""
    return text if 0 < len(text) <= _LONGEST_METADATA else None


def _string(value: object) -> str | None:
    return (clean(value) or None) if isinstance(value, str) else None


def _scalars(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for field, item in inner:
            text = scalar(item)
            if text is not None:
                yield clean(f"{name}.{field}" if field else name), text
