"""Texts of which test-set filtering has cut passages out: what tokenizer, records and exports read in their place.

The documents keep their whole texts, and all evidence refers to those.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.store import Shard


class CutText(NamedTuple):
    """What is left of a document: the text, its words, and its UTF-8 bytes."""

    text: str
    words: int
    bytes: int


def read_cut_texts(context: Context, shard: Shard) -> dict[int, CutText]:
    """Return what is left of the documents of a shard of which something is cut, by row."""
    if not context.has_cut_texts(shard):
        return {}
    table = context.read_cuts(shard, ["row", "text", "words", "bytes"])
    return {row["row"]: CutText(row["text"], row["words"], row["bytes"]) for row in table.to_pylist()}


def read_final_rows(
    context: Context, shard: Shard, columns: list[str], wanted: npt.NDArray[np.int64]
) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield (row, document) for the wanted rows, which must be sorted, with the texts that the records hold."""
    cut = read_cut_texts(context, shard) if "text" in columns else {}
    for row, document in documents.read_rows(context.run, shard, columns, wanted):
        yield row, {**document, "text": cut[row].text} if row in cut else document
