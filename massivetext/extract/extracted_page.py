"""What extraction gives of a page."""

from typing import Literal, NamedTuple, TypeAlias

Comments: TypeAlias = Literal["keep", "drop"]


class ExtractedPage(NamedTuple):
    """What is extracted from a page.

    Attributes:
        text: the main text; "" if there is none.
        title: the title, or None.
        link_text_frac: see :func:`massivetext.extract.links.link_text_frac`; 0.0 if the page cannot be parsed.
    """

    text: str
    title: str | None
    link_text_frac: float = 0.0
