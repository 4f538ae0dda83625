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


def columns(documents: pa.Table | None, sizes: I64) -> Columns:
    """Signals of the pages that the texts are taken from, by name.

    Args:
        documents: with ``html_bytes`` and ``link_text_frac``, null where a text is not taken from HTML; or None.
        sizes: bytes of each text.
    """
    if documents is None:
        return {"text_to_html_ratio": np.ones(len(sizes)), "link_text_frac": np.zeros(len(sizes))}
    pages = documents["html_bytes"].to_numpy()  # as float64 with NaN for null
    shares = documents["link_text_frac"].to_numpy()
    return {
        "text_to_html_ratio": np.where(np.isnan(pages), 1.0, ratios(sizes, np.nan_to_num(pages))),
        "link_text_frac": np.nan_to_num(shares),
    }
