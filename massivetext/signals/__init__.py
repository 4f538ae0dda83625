"""Numbers that say what a text is like; what is kept is decided elsewhere, by rules on them."""

import hashlib
from collections.abc import Iterator, Sequence

import pyarrow as pa

from massivetext.signals import code, language, lines, registry, repetition, safety, symbols, words
from massivetext.signals.batch import Batch

_FAMILIES = (words.measure, symbols.measure, lines.measure, repetition.measure, safety.measure, code.measure)
_BATCH_CHARACTERS = 1 << 20  # what fits into a core's cache with all its arrays, and is large enough for numpy


def measure(texts: Sequence[str]) -> pa.Table:
    """The signals of some texts: one row a text, columns and types as in :func:`registry.schema`.

    A text's signals do not depend on the other texts.

    Raises:
        UserError: the language model or the phrase list is missing.
    """
    schema = registry.schema()
    tables = [_measure_batch(batch, schema) for batch in _batches(texts)]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def measure_text(text: str) -> dict[str, float | int | str]:
    """The signals of one text by name."""
    row: dict[str, float | int | str] = measure([text]).to_pylist()[0]
    return row


def assets_digest() -> str:
    """SHA-256 over the files that signals depend on beside the code: the language model and the phrase list."""
    sha = hashlib.sha256()
    for path in (language.MODEL, safety.LIST):
        sha.update(hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()


def _measure_batch(texts: Sequence[str], schema: pa.Schema) -> pa.Table:
    batch = Batch(texts)
    columns = language.measure(texts)
    for family in _FAMILIES:
        columns |= family(batch)
    return pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start = characters = 0
    for index, text in enumerate(texts):
        if characters and characters + len(text) > _BATCH_CHARACTERS:
            yield texts[start:index]
            start, characters = index, 0
        characters += len(text)
    if start < len(texts):
        yield texts[start:]
