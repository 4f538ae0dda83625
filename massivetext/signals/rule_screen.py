"""Screening of pages by the rules of their source: block lists by the URL, language and length by a fast rendering."""

from typing import NamedTuple

import numpy as np

from massivetext.extract.fast_text import FastText, fast_text
from massivetext.extract.salient import page_bytes
from massivetext.hashing import keyed_ranks
from massivetext.schema import document_id
from massivetext.signals import language
from massivetext.signals.blocklists import Blocklists, match_urls
from massivetext.signals.screen_bounds import ScreenBounds
from massivetext.sources.page_screens import Screened

SAMPLED_FRAC = 0.01  # share of the screened pages that are extracted all the same
_SAMPLED_BELOW = np.uint64(int(SAMPLED_FRAC * 2**63))
_WINDOWS, _WINDOW = 4, 210  # places of a text, and characters at each of them, that tell its language
_FEWEST_CHARACTERS = 100  # of less the language is not told
_SURE, _POSSIBLE = 0.5, 0.1  # of a language that is screened, and of a wanted one that is never screened


class RuleScreen(NamedTuple):
    """What judges the pages of one source; see :class:`massivetext.sources.page_screens.PageScreen`.

    Attributes:
        source: name of the source.
        seed: seed of the run, which decides the sample.
        bounds: what pages must be.
        lists: block lists; None if no bound needs them.
    """

    source: str
    seed: int
    bounds: ScreenBounds
    lists: Blocklists | None

    def judge_url(self, url: str | None, origin: str, key: str) -> Screened | None:
        """Return which rule on block lists the URL fails; None if it passes."""
        if url is None or self.lists is None:
            return None
        found = match_urls([url], self.lists)
        for signal, most, rule in self.bounds.urls:
            if (value := int(found[signal][0])) > most:
                detail = f"{signal} is {value} by its URL, and {rule} wants at most {most:g}"
                return self._screened("url", detail, origin, key)
        return None

    def judge_html(self, html: str, origin: str, key: str) -> Screened | None:
        """Return whether all text of a page is too short, or surely in another language; None if it may pass."""
        if self.bounds.languages is None and not self.bounds.least_words:
            return None
        text = fast_text(page_bytes(html))
        if text.most_words < self.bounds.least_words:
            detail = (
                f"there are {text.most_words:,} words on it at the most, and {self.bounds.least_words:,} are wanted"
            )
            return self._screened("length", detail, origin, key)
        other = self.bounds.languages and other_language(text, self.bounds.languages)
        return self._screened("language", other, origin, key) if other else None

    def _screened(self, reason: str, detail: str, origin: str, key: str) -> Screened:
        rank = keyed_ranks("screen", self.seed, [document_id(self.source, origin, key)])[0]
        return Screened(reason, detail, bool(rank < _SAMPLED_BELOW))


def other_language(text: FastText, wanted: frozenset[str]) -> str | None:
    """Return in a sentence that no place of a text is in any of the wanted languages; None if one may be.

    The places are judged one by one: an English article among German menus and comments is still English.
    """
    if len(text.prose) < _FEWEST_CHARACTERS:
        return None
    sure, other = 0.0, ""
    for place in _places(text.prose):  # most pages in a wanted language need one place
        (ranked,) = language.rank_languages([language.model_input(place)])
        if any(code in wanted and score >= _POSSIBLE for code, score in ranked):
            return None
        sure, other = max((sure, other), (ranked[0][1], ranked[0][0]))
    if sure < _SURE or other in wanted:
        return None
    return f"its language is '{other}' ({sure:.2f}) and nowhere {', '.join(sorted(wanted))}, as is wanted"


def _places(text: str) -> list[str]:
    """Return evenly spread windows of a long text, those in its middle first, or all of a short one in pieces."""
    if len(text) <= _WINDOWS * _WINDOW:
        pieces = [text[at : at + _WINDOW] for at in range(0, len(text), _WINDOW)]
        return pieces[:-1] if len(pieces) > 1 and len(pieces[-1]) < _FEWEST_CHARACTERS else pieces
    last = len(text) - _WINDOW
    middle = (_WINDOWS - 1) / 2
    numbers = sorted(range(_WINDOWS), key=lambda number: abs(number - middle))
    starts = [last * number // (_WINDOWS - 1) for number in numbers]
    return [text[start : start + _WINDOW] for start in starts]
