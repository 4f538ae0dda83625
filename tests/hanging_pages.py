"""Extractors that hang, crash and fail in compiled code, for the process that extracts pages."""

import ctypes
import os
import re
import signal
from pathlib import Path

from massivetext.extract.extracted_page import Comments, ExtractedPage
from massivetext.extract.extractors import ExtractorName

_ERRORS = {"raise": LookupError("no such thing"), "memory": MemoryError(), "absent": ImportError("not installed")}


def extract(html: str, url: str | None, _extractor: ExtractorName, _comments: Comments | None) -> ExtractedPage:
    """Do what the page says; the regular expression holds the interpreter for longer than the universe is old."""
    if html in _ERRORS:
        raise _ERRORS[html]
    if html == "hang":
        re.fullmatch("(a|a)*b", "a" * 100)
    elif html == "crash":
        ctypes.string_at(0)
    elif html == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif html.startswith("once "):  # is killed the first time, as the system does that has no memory left
        _die_once(Path(html.removeprefix("once ")))
    return ExtractedPage(f"text of {html}", url, 0.5)


def _die_once(mark: Path) -> None:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
