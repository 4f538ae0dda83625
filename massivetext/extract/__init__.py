"""HTML -> the text a reader came for, with its structure."""

from massivetext.extract.page import Extracted as Extracted
from massivetext.extract.page import extract as extract
