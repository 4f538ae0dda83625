"""Numbers that say what a text is like; what is kept is decided elsewhere, by rules on them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from massivetext.signals import definitions, registry
from massivetext.signals.buffers import utf8

if TYPE_CHECKING:
    from massivetext.signals.blocklists import Blocklists


def measure(
    texts: Sequence[str] | pa.Array,
    urls: Sequence[str | None] | pa.Array | None = None,
    lists: "Blocklists | None" = None,
) -> pa.Table:
    """The signals of some texts: one row a text, columns and types as in :func:`registry.schema`.

    A text's signals do not depend on the other texts.

    Args:
        texts: as strings, or as an Arrow array of them without nulls, which is read where it lies.
        urls: of the texts, likewise, None or null for a text without; None: no text has one.
        lists: what the URLs are held against; None: the shipped keywords alone.

    Raises:
        UserError: the language model, the phrase list, the keywords or the lists of stop words are missing.
    """
    # The compiler and the models take 0.4 s and 100 MB: only for processes that measure.
    from massivetext.signals import blocklists, columns, kernel, language, stop_lists

    schema = registry.schema()
    if not len(texts):
        return schema.empty_table()
    data, offsets = utf8(texts)
    spoken = language.measure(texts.to_pylist() if isinstance(texts, pa.Array) else texts)
    stops = stop_lists.built_in()
    numbers = np.array([stops.number(code) for code in spoken["language"]], np.int64)
    measured = kernel.measure(data, offsets, numbers, kernel.tables(stops.words))
    listed = blocklists.measure(urls if urls is not None else [None] * len(texts), lists or blocklists.built_in())
    found = spoken | columns.columns(measured, np.diff(offsets)) | listed
    return pa.table([pa.array(found[field.name], field.type) for field in schema], schema=schema)


def measure_text(text: str, url: str | None = None) -> dict[str, float | int | str]:
    """The signals of one text, and of its URL, by name."""
    row: dict[str, float | int | str] = measure([text], [url]).to_pylist()[0]
    return row


def assets_digest() -> str:
    """SHA-256 over the files that signals depend on beside the code: the language model and the word lists.

    The lists of a recipe's own are not among them: see :func:`massivetext.signals.blocklist_files.digests`.
    """
    sha = hashlib.sha256()
    for path in (
        definitions.LANGUAGE_MODEL,
        definitions.UNSAFE_PHRASES,
        definitions.STOP_WORDS,
        definitions.URL_KEYWORDS,
    ):
        sha.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return sha.hexdigest()
