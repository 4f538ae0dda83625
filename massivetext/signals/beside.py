"""Signals of what a source knows of a document beside its text: columns of the documents data set."""

import msgspec
import numpy as np
import pyarrow as pa

from massivetext.signals import comment_styles
from massivetext.signals.columns import Columns, ratios
from massivetext.signals.scan import I64


class _Metadata(msgspec.Struct):
    language: str = ""


def styles(documents: pa.Table | None, count: int) -> I64:
    """Number of the comment style of each document by its programming language, -1 where it is unknown; int64[count].

    Args:
        documents: with ``metadata``, JSON objects whose ``language`` is meant, or None where nothing is known.
        count: of documents.
    """
    if documents is None:
        return np.full(count, -1, np.int64)
    decoder = msgspec.json.Decoder(_Metadata)
    named = [decoder.decode(metadata).language for metadata in documents["metadata"].to_pylist()]
    return np.array([comment_styles.NUMBERS.get(language, -1) for language in named], np.int64)


def columns(documents: pa.Table | None, sizes: I64, words: I64) -> Columns:
    """Signals of the pages that the texts are taken from, and of what line edits took, by name.

    Args:
        documents: with ``html_bytes`` and ``link_text_frac``, null where a text is not taken from HTML, and ``edits``;
            or None.
        sizes: bytes of each text.
        words: its words.
    """
    if documents is None:
        unknown = np.zeros(len(sizes))
        return {"text_to_html_ratio": unknown + 1.0, "link_text_frac": unknown, "edited_word_frac": unknown}
    pages = documents["html_bytes"].to_numpy()  # as float64 with NaN for null
    shares = documents["link_text_frac"].to_numpy()
    taken = np.array([sum(each["words"] for each in edits or ()) for edits in documents["edits"].to_pylist()], np.int64)
    return {
        "text_to_html_ratio": np.where(np.isnan(pages), 1.0, ratios(sizes, np.nan_to_num(pages))),
        "link_text_frac": np.nan_to_num(shares),
        "edited_word_frac": ratios(taken, taken + words),
    }
