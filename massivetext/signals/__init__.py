"""Numbers that say what a text is like; what is kept is decided elsewhere, by rules on them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.signals import definitions, registry


def measure(
    texts: Sequence[str] | pa.Array, documents: pa.Table | None = None, paragraph_languages: bool = False
) -> pa.Table:
    """The signals of some texts: one row a text, columns and types as in :func:`registry.schema`.

    A text's signals do not depend on the other texts.

    Args:
        texts: as strings, or as an Arrow array of them without nulls, which is read where it lies.
        documents: what else is known of them, one row a text: :data:`definitions.DOCUMENT_COLUMNS` of the documents
            data set. Signals that need it have their value for an empty text without it.
        paragraph_languages: whether `language_paragraph_frac` is measured; it is 1.0 if not.

    Raises:
        UserError: a model, the phrase list or the lists of stop words are missing.
    """
    # The compiler and the models take 0.4 s and 100 MB: only for processes that measure.
    from massivetext.signals import beside, columns, kernel, language, stop_lists, unsafe

    schema = registry.schema()
    if not len(texts):
        return schema.empty_table()
    data, offsets = _utf8(texts)
    strings = texts.to_pylist() if isinstance(texts, pa.Array) else texts
    spoken = language.measure(strings, paragraph_languages)
    lists = stop_lists.built_in()
    numbers = np.array([lists.number(code) for code in spoken["language"]], np.int64)
    styles = beside.styles(documents, len(texts))
    measured = kernel.measure(data, offsets, numbers, styles, kernel.tables(lists.words))
    sizes = np.diff(offsets)
    found = spoken | unsafe.measure(strings) | columns.columns(measured, sizes)
    found |= beside.columns(documents, sizes, found["word_count"])
    return pa.table([pa.array(found[field.name], field.type) for field in schema], schema=schema)


def measure_text(text: str) -> dict[str, float | int | str]:
    """The signals of one text by name."""
    row: dict[str, float | int | str] = measure([text]).to_pylist()[0]
    return row


def assets_digest() -> str:
    """SHA-256 over the files that signals depend on beside the code: the models and the word lists."""
    sha = hashlib.sha256()
    scored = (definitions.UNSAFE_MODEL, definitions.UNSAFE_MODEL.with_suffix(".json"))
    for path in (definitions.LANGUAGE_MODEL, *scored, definitions.UNSAFE_PHRASES, definitions.STOP_WORDS):
        sha.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return sha.hexdigest()


def _utf8(texts: Sequence[str] | pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The bytes of all texts, and where each begins, and the last ends."""
    if isinstance(texts, pa.Array):
        array = texts.cast(pa.large_string())
    else:  # a lone surrogate cannot be stored, but measuring must not fail on one
        array = pa.array([text.encode("utf-8", "surrogatepass") for text in texts], pa.large_binary())
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data if data is not None else b"", np.uint8), ends
