"""Numbers that describe a text. Rules decide by them which documents to keep; nothing is decided here."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from massivetext.signals import definitions
from massivetext.signals.registry import BUILT_IN, SignalRegistry
from massivetext.utf8 import utf8

if TYPE_CHECKING:
    from massivetext.signals.blocklists import Blocklists
    from massivetext.signals.unsafe import UnsafeModel


def measure(
    texts: Sequence[str] | pa.Array,
    documents: pa.Table | None = None,
    lists: "Blocklists | None" = None,
    *,
    classifier: "UnsafeModel | None" = None,
    paragraph_languages: bool = False,
    readings: Sequence[str] = (),
    registry: SignalRegistry = BUILT_IN,
) -> pa.Table:
    """Return the signals of some texts: one row per text, columns as in :meth:`SignalRegistry.schema`.

    The signals of a text do not depend on the other texts.

    Args:
        texts: strings, or an Arrow array of strings without nulls, which is read without a copy.
        documents: other data about the documents, one row per text, with any of the columns
            :data:`massivetext.signals.definitions.DOCUMENT_COLUMNS`. Signals of a missing column have their value for
            an empty text.
        lists: block lists for the URLs; None: the shipped keywords only.
        classifier: model for unsafe text; None: the shipped one.
        paragraph_languages: whether to measure `language_paragraph_frac`; otherwise it is 1.0.
        readings: tools of which the ported signals are measured too ("dolma").
        registry: the signals to measure; those that are not counted by compiled code must be built-in ones.

    Raises:
        UserError: a model, the phrase list, the keywords or the lists of stop words are missing.
    """
    from massivetext.signals import beside, blocklists, kernel, language, stop_lists, unsafe
    from massivetext.signals import ported as others
    from massivetext.signals.words import WordCount

    schema = registry.schema(readings)
    if not len(texts):
        return schema.empty_table()
    data, offsets = utf8(texts)
    strings = texts.to_pylist() if isinstance(texts, pa.Array) else texts
    found = language.detect_languages(strings, paragraph_languages)
    stops = stop_lists.built_in()
    numbers = np.array([stops.list_number(code) for code in found["language"]], np.int64)
    styles = beside.styles(documents, len(texts))
    counts = kernel.measure_texts(data, offsets, numbers, styles, registry.groups)
    found |= unsafe.score_unsafe(strings, classifier or unsafe.built_in())
    found |= kernel.kernel_signals(counts, registry.groups)
    found |= beside.metadata_signals(documents, counts.sizes, counts[WordCount.WORDS])
    found |= blocklists.match_urls(beside.urls(documents, len(texts)), lists or blocklists.built_in())
    found |= others.measure_ported(strings, readings)
    return pa.table([pa.array(found[field.name], field.type) for field in schema], schema=schema)


def measure_text(
    text: str, url: str | None = None, *, readings: Sequence[str] = (), registry: SignalRegistry = BUILT_IN
) -> dict[str, float | int | str]:
    """Return the signals of one text, and of its URL, by name."""
    documents = pa.table({"url": pa.array([url], pa.string())})
    row: dict[str, float | int | str] = measure([text], documents, readings=readings, registry=registry).to_pylist()[0]
    return row


def assets_digest() -> str:
    """Return the SHA-256 over the shipped files that signals depend on: the models and the word lists.

    Lists and models that a recipe names are not included: see :func:`massivetext.signals.blocklist_files.digests` and
    :func:`massivetext.signals.unsafe_files.digests`.
    """
    sha = hashlib.sha256()
    for path in (
        definitions.LANGUAGE_MODEL,
        definitions.UNSAFE_MODEL,
        definitions.UNSAFE_MODEL.with_suffix(".json"),
        definitions.UNSAFE_PHRASES,
        definitions.STOP_WORDS_FILE,
        definitions.URL_KEYWORDS,
    ):
        sha.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return sha.hexdigest()
