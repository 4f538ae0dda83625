"""Screening of pages: what a reader asks before it extracts a page that the rules of its source would drop anyway."""

from contextvars import ContextVar
from typing import NamedTuple, Protocol

from massivetext.schema import Document, Rejected

LEFT_OUT = "screened_"  # begins the reasons of pages that are not extracted
SCREENED = "screened"  # in the metadata of a page that is extracted although it is screened: the reason


class Screened(NamedTuple):
    """Why a page need not be extracted.

    Attributes:
        reason: name of what was judged: "url", "language" or "length".
        detail: the reason in a sentence.
        is_sample: whether the page is one of the few that are extracted all the same, to measure what is lost.
    """

    reason: str
    detail: str
    is_sample: bool


class PageScreen(Protocol):
    """What judges pages before they are extracted. Its verdicts depend on the page alone."""

    def judge_url(self, url: str | None, origin: str, key: str) -> Screened | None:
        """Return why the rules would drop a page with this URL; None if they might not."""

    def judge_html(self, html: str, origin: str, key: str) -> Screened | None:
        """Return why the rules would drop a page for its text; None if they might not."""


PAGE_SCREEN: ContextVar[PageScreen | None] = ContextVar("page_screen", default=None)


def leave_out(screened: Screened, origin: str, key: str, length: int | None, url: str | None) -> Rejected:
    """Return what stands in the quarantine for a page that is not extracted."""
    return Rejected(origin, key, length, LEFT_OUT + screened.reason, screened.detail, url, skipped=True)


def mark_sample(page: Document, screened: Screened | None) -> Document:
    """Return a page that was extracted; if it was screened, with the reason in its metadata."""
    return page if screened is None else page._replace(metadata={**page.metadata, SCREENED: screened.reason})
