"""The bounds of rules that can be judged before a page is extracted."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from massivetext.recipe.structs import ScreenName
from massivetext.rules import Rule

_URL_SIGNALS = ("blocked_host", "blocked_url", "blocked_url_keyword_count")


class ScreenBounds(NamedTuple):
    """What pages of a source must be to pass its rules.

    Attributes:
        urls: (signal, largest value that passes, name of the rule) of the signals of block lists.
        languages: codes of languages, any of which passes; None: all do.
        least_words: smallest number of words that passes; 0: no bound.
    """

    urls: tuple[tuple[str, float, str], ...] = ()
    languages: frozenset[str] | None = None
    least_words: int = 0

    @property
    def as_key(self) -> list[object]:
        """The bounds as plain values in a fixed order, for stage keys."""
        return [self.urls, None if self.languages is None else sorted(self.languages), self.least_words]


def screen_bounds(rules: Sequence[Rule], wanted: Collection[ScreenName]) -> ScreenBounds:
    """Return the bounds that rules of a source set by themselves: without alternatives and conditions.

    Args:
        rules: the rules of the source.
        wanted: what is to be screened.
    """
    plain = [rule for rule in rules if rule.any_of is None and rule.where is None and not rule.report_only]
    urls, languages, least = [], None, 0.0
    for rule in plain:
        if "url" in wanted and rule.signal in _URL_SIGNALS and rule.max is not None:
            urls.append((str(rule.signal), rule.max, rule.label))
        if "language" in wanted and rule.signal == "language" and rule.allow is not None:
            languages = frozenset(rule.allow) if languages is None else languages & frozenset(rule.allow)
        if "length" in wanted and rule.signal == "word_count" and rule.min is not None:
            least = max(least, rule.min)
    return ScreenBounds(tuple(urls), languages, int(least))
