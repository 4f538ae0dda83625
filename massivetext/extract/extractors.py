"""The extractors of main text that a recipe may name, each loaded when it is first used."""

import hashlib
import importlib.metadata
from typing import Literal, get_args

from massivetext.errors import UserError, describe_missing_module
from massivetext.extract.extracted_page import Comments, ExtractedPage

ExtractorName = Literal["salient", "trafilatura", "resiliparse"]
EXTRACTORS: tuple[ExtractorName, ...] = get_args(ExtractorName)
DEFAULT_EXTRACTOR: ExtractorName = "salient"
# The time of the libraries grows faster than the page: trafilatura takes 2 to 8 s for 50,000 elements, and minutes for
# 400,000. A page with more "<" or characters than this goes to `salient`, whose time is linear: 1.2% of real pages.
# A limit on what is in the page, unlike a time-out, gives the same text on every machine.
MAX_LIBRARY_TAGS, MAX_LIBRARY_CHARACTERS = 12_000, 1 << 20
# Raise it when the text that `salient` gives changes while its model stays.
_SALIENT_VERSION = 7


def extract_page(
    html: str,
    url: str | None = None,
    extractor: ExtractorName = DEFAULT_EXTRACTOR,
    comments: Comments | None = None,
) -> ExtractedPage:
    """Return the main text and title of a page by an extractor; see ``docs/design.md`` for how they differ.

    Args:
        html: the page.
        url: its URL, if it is known.
        extractor: which one.
        comments: whether the comments of readers below a text are kept; None: as the extractor does by itself.

    Raises:
        ModuleNotFoundError: the extractor is "resiliparse", which is not installed.
    """
    if extractor == "salient" or len(html) > MAX_LIBRARY_CHARACTERS or html.count("<") > MAX_LIBRARY_TAGS:
        from massivetext.extract.salient import extract_salient

        return extract_salient(html, url, comments)
    if extractor == "resiliparse":
        from massivetext.extract.resiliparse_page import extract_with_resiliparse

        return extract_with_resiliparse(html, comments)
    from massivetext.extract.page import extract

    return extract(html, url, comments)


def extractor_version(extractor: ExtractorName) -> str | None:
    """Return what decides the output of an extractor beside the page; None where the libraries of ``ingest`` tell it.

    Raises:
        UserError: the extractor is "resiliparse", which is not installed.
    """
    if extractor == "salient":
        return salient_version()
    if extractor == "trafilatura":
        return None
    try:
        return f"resiliparse {importlib.metadata.version('resiliparse')}"
    except importlib.metadata.PackageNotFoundError as error:
        missing = describe_missing_module(ModuleNotFoundError("", name="resiliparse"))
        raise UserError(f"ingest.extractor: {missing}; or name another extractor") from error


def salient_version() -> str:
    """Return what decides the output of the extractor "salient" beside the page: its version and its model."""
    from massivetext.extract.block_trees import MODEL_FILE

    return f"salient {_SALIENT_VERSION} {hashlib.sha256(MODEL_FILE.read_bytes()).hexdigest()[:16]}"
