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
    from massivetext.signals.unsafe import Classifier


def measure(
    texts: Sequence[str] | pa.Array,
    documents: pa.Table | None = None,
    lists: "Blocklists | None" = None,
    *,
    classifier: "Classifier | None" = None,
    paragraph_languages: bool = False,
    readings: Sequence[str] = (),
) -> pa.Table:
    """The signals of some texts: one row a text, columns and types as in :func:`registry.schema`.

    A text's signals do not depend on the other texts.

    Args:
        texts: as strings, or as an Arrow array of them without nulls, which is read where it lies.
        documents: what else is known of them, one row a text: any of the columns :data:`definitions.DOCUMENT_COLUMNS`
            of the documents data set. Signals of a column that is missing have their value for an empty text.
        lists: what the URLs are held against; None: the shipped keywords alone.
        classifier: what tells unsafe text; None: the shipped one.
        paragraph_languages: whether `language_paragraph_frac` is measured; it is 1.0 if not.
        readings: other tools' readings of the Gopher rules to measure as well, each a family of signals of the
            registry ("dolma").

    Raises:
        UserError: a model, the phrase list, the keywords or the lists of stop words are missing.
    """
    # The compiler and the models take 0.4 s and 100 MB: only for processes that measure.
    from massivetext.signals import beside, blocklists, columns, kernel, language, stop_lists, unsafe
    from massivetext.signals import ported as others

    schema = registry.schema(readings)
    if not len(texts):
        return schema.empty_table()
    data, offsets = utf8(texts)
    strings = texts.to_pylist() if isinstance(texts, pa.Array) else texts
    spoken = language.measure(strings, paragraph_languages)
    stops = stop_lists.built_in()
    numbers = np.array([stops.number(code) for code in spoken["language"]], np.int64)
    styles = beside.styles(documents, len(texts))
    measured = kernel.measure(data, offsets, numbers, styles, kernel.tables(stops.words))
    sizes = np.diff(offsets)
    found = spoken | unsafe.measure(strings, classifier or unsafe.built_in()) | columns.columns(measured, sizes)
    found |= beside.columns(documents, sizes, found["word_count"])
    found |= blocklists.measure(beside.urls(documents, len(texts)), lists or blocklists.built_in())
    found |= others.measure(strings, readings)
    return pa.table([pa.array(found[field.name], field.type) for field in schema], schema=schema)


def measure_text(text: str, url: str | None = None, *, readings: Sequence[str] = ()) -> dict[str, float | int | str]:
    """The signals of one text, and of its URL, by name."""
    documents = pa.table({"url": pa.array([url], pa.string())})
    row: dict[str, float | int | str] = measure([text], documents, readings=readings).to_pylist()[0]
    return row


def assets_digest() -> str:
    """SHA-256 over the files that signals depend on beside the code: the models and the word lists.

    A recipe's own lists and model are not among them: see :func:`massivetext.signals.blocklist_files.digests` and
    :func:`massivetext.signals.unsafe_files.digests`.
    """
    sha = hashlib.sha256()
    for path in (
        definitions.LANGUAGE_MODEL,
        definitions.UNSAFE_MODEL,
        definitions.UNSAFE_MODEL.with_suffix(".json"),
        definitions.UNSAFE_PHRASES,
        definitions.STOP_WORDS,
        definitions.URL_KEYWORDS,
    ):
        sha.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return sha.hexdigest()
