"""Extraction of the main text of HTML pages, with its structure."""

from massivetext.extract.page import ExtractedPage as ExtractedPage
from massivetext.extract.page import extract as extract
