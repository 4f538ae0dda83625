"""Extraction by the library Resiliparse, where it is installed."""

from massivetext.extract.block_counts import BlockCount
from massivetext.extract.extracted_page import Comments, ExtractedPage
from massivetext.extract.salient import page_bytes, page_title, read_blocks
from massivetext.text import clean


def extract_with_resiliparse(html: str, comments: Comments | None = None) -> ExtractedPage:
    """Return the main text that Resiliparse finds, as it writes it; the title and the share of links are ours.

    Args:
        html: the page.
        comments: whether the comments of readers below a text are kept; None: as the library does by default.

    Raises:
        ModuleNotFoundError: the library is not installed.
    """
    from resiliparse.extract.html2text import extract_plain_text

    page = page_bytes(html)
    scanned, blocks = read_blocks(page, None)
    kept = comments != "drop"  # the library keeps them by default
    text = extract_plain_text(page.decode(), preserve_formatting=True, main_content=True, comments=kept)
    characters, linked = blocks.sums[0, BlockCount.CHARACTERS], blocks.sums[0, BlockCount.LINKED]
    return ExtractedPage(
        clean(text), page_title(html, page, scanned), float(linked / characters) if characters else 0.0
    )
