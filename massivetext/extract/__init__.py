"""Extraction of the main text of HTML pages, with its structure."""

from massivetext.extract.extracted_page import ExtractedPage as ExtractedPage
from massivetext.extract.extractors import extract_page as extract

__all__ = ["ExtractedPage", "extract"]
