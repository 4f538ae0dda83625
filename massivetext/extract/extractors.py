"""The extractors of main text that a recipe may name, each loaded when it is first used."""

import hashlib
from typing import Literal, get_args

from massivetext.extract.extracted_page import Comments, ExtractedPage

ExtractorName = Literal["trafilatura", "salient"]
EXTRACTORS: tuple[ExtractorName, ...] = get_args(ExtractorName)
# Raise it when the text that `salient` gives changes while its model stays.
_SALIENT_VERSION = 2


def extract_page(
    html: str, url: str | None = None, extractor: ExtractorName = "trafilatura", comments: Comments | None = None
) -> ExtractedPage:
    """Return the main text and title of a page by an extractor; see ``docs/design.md`` for how they differ.

    Args:
        html: the page.
        url: its URL, if it is known.
        extractor: which one.
        comments: whether the comments of readers below a text are kept; None: as the extractor does by itself.
    """
    if extractor == "salient":
        from massivetext.extract.salient import extract_salient

        return extract_salient(html, url, comments)
    from massivetext.extract.page import extract

    return extract(html, url, comments)


def salient_version() -> str:
    """Return what decides the output of the extractor "salient" beside the page: its version and its model."""
    from massivetext.extract.block_trees import MODEL_FILE

    return f"salient {_SALIENT_VERSION} {hashlib.sha256(MODEL_FILE.read_bytes()).hexdigest()[:16]}"
