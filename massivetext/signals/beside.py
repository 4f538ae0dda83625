"""Signals that are computed from other columns of the documents data set than the text."""

import functools

import msgspec
import numpy as np
import pyarrow as pa

from massivetext.signals import comment_styles
from massivetext.signals.scan import F64, I64
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, SignalGroup, ratios

_page = functools.partial(
    describe, family="page", source="ours: what extraction sees of a page and its text does not show"
)

PAGE_GROUP = SignalGroup(
    signals=(
        _page(
            "text_to_html_ratio",
            "ratio",
            "Bytes of the text divided by those of the page that it is taken from; 1 where it is not taken from HTML.",
            empty=1.0,
        ),
        _page(
            "link_text_frac",
            "share",
            "Share of the characters of the page, its menus included, that are within links, white space left out; "
            "0 where the text is not taken from HTML.",
        ),
    )
)
EDITS_GROUP = SignalGroup(
    signals=(
        describe(
            "edited_word_frac",
            "share",
            "Share of the words of the text before its source's line edits that these took; 0 where nothing edits it.",
            family="edits",
            source="ours, after RefinedWeb (Penedo et al. 2023, G.2)",
        ),
    )
)


class _Metadata(msgspec.Struct):
    language: str = ""


def urls(documents: pa.Table | None, count: int) -> pa.Array:
    """Return the URL of each document, null if it has none.

    Args:
        documents: table with or without a column ``url``.
        count: number of documents.
    """
    known = _column(documents, "url")
    return pa.nulls(count, pa.string()) if known is None else known.combine_chunks()


def styles(documents: pa.Table | None, count: int) -> I64:
    """Return the number of the comment style of each document, int64[count]; -1 for an unknown programming language.

    Args:
        documents: table with or without a column ``metadata``, JSON objects with or without ``language``.
        count: number of documents.
    """
    known = _column(documents, "metadata")
    if known is None:
        return np.full(count, -1, np.int64)
    decoder = msgspec.json.Decoder(_Metadata)
    languages = [decoder.decode(metadata).language for metadata in known.to_pylist()]
    return np.array([comment_styles.NUMBERS.get(language, -1) for language in languages], np.int64)


def metadata_signals(documents: pa.Table | None, sizes: I64, words: F64) -> Columns:
    """Return the signals of the page of each text, and of the words that line edits removed, by name.

    Args:
        documents: table with any of the columns ``html_bytes`` and ``link_text_frac`` (null if a text is not taken from
            HTML) and ``edits``.
        sizes: int64[texts], number of bytes of each text.
        words: float64[texts], number of words of each text.
    """
    pages, shares, edits = (_column(documents, name) for name in ("html_bytes", "link_text_frac", "edits"))
    unknown = np.zeros(len(sizes))
    ratio, share, edited = unknown + 1.0, unknown, unknown
    if pages is not None:
        bytes_ = pages.to_numpy().astype(np.float64)  # null becomes NaN
        ratio = np.where(np.isnan(bytes_), 1.0, ratios(sizes, np.nan_to_num(bytes_)))
    if shares is not None:
        share = np.nan_to_num(shares.to_numpy().astype(np.float64))
    if edits is not None:
        removed = np.array([sum(rule["words"] for rule in rules or ()) for rules in edits.to_pylist()], np.int64)
        edited = ratios(removed, removed + words)
    return {"text_to_html_ratio": ratio, "link_text_frac": share, "edited_word_frac": edited}


def _column(documents: pa.Table | None, name: str) -> pa.ChunkedArray | None:
    return documents[name] if documents is not None and name in documents.column_names else None
