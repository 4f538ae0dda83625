"""Thirteen documents, with what each stage of a run does to them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from massivetext.rules import Bounds, Rule
from massivetext.runs.store import Shard

EVIL = "</script><script>alert('&')</script> <!-- \u2028 ends here"
LANGUAGE = Rule(signal="language", allow=("en",), source="paper", name="lang/language")
RULES = {
    "web": (
        LANGUAGE,
        Rule(signal="word_count", min=50, max=100, source="paper, A.1", name="gopher/word_count"),
        Rule(signal="duplicate_line_frac", max=0.3, source="paper, A.1", name="gopher/duplicate_line_frac"),
        Rule(
            name="trial/stop",
            any_of=(Bounds(signal="stop_word_count", min=2), Bounds(signal="word_count", min=1000)),
            source="ours: a trial",
            report_only=True,
        ),
    ),
    "wikipedia": (LANGUAGE,),
}


class Row(NamedTuple):
    """A document given by its signals; a signal that is not named has its value for an empty text."""

    words: int
    duplicate: float = 0.0
    stops: int = 5
    language: str = "en"
    text: str = "a text"
    url: str | None = None


WEB, WIKI0 = (Shard("web", 0, 2), Shard("web", 1, 2)), Shard("wikipedia", 0, 1)
ROWS: Mapping[Shard, Sequence[Row]] = {
    WEB[0]: (
        Row(60, text="kept", url="https://example.com/kept/"),
        Row(10, text=EVIL, url="https://example.com/<b>?a=1&b=2\u202e"),  # fails word_count alone
        Row(10, 0.5, 0, "de", url="http://someone@Other.example.:8080/"),  # fails all four rules
        Row(70, 0.5, 1),  # fails duplicate_line_frac, and stop, which drops nothing
        Row(80, stops=1),  # fails stop alone: stays
    ),
    WEB[1]: (
        Row(50, 0.3),  # both bounds pass
        Row(100),
        Row(101),  # fails word_count alone
        Row(60, text="kept"),  # equal to the first of the other shard
        Row(65),  # near duplicate of this shard's first
        Row(66),  # overlaps a test item
    ),
    WIKI0: (Row(200, text="x" * 400), Row(300)),  # the second is recognised by its title
}
KEEPERS = {(WEB[1], 3): (WEB[0], 0), (WEB[1], 4): (WEB[1], 0)}
HITS = {
    WEB[0]: [
        (4, "quiz", "9", "question", "run", False, 14, 0.1, 0.2, 5, 40, 0, 35, "some Words of it", "words of <it>")
    ],
    WEB[1]: [
        (5, "quiz", "7", "full", "jaccard", True, 40, 0.85, 1.0, 0, 90, 0, 90, "the whole item", "The whole item"),
        (5, "quiz", "9", "answer", "phrase", False, 6, 0.05, 0.1, 9, 20, 3, 14, "an answer", "an answer"),
    ],
    WIKI0: [(1, "wikitext", "Moses", "title", "title", True, 0, 0.0, 0.0, 0, 0, 0, 0, "", "")],
}
REJECTED = {
    WEB[0]: [
        ("b.warc", "100", "bad_record", False),
        ("b.warc", "90", "bad_record", False),
        ("b.warc", "5", "image", True),
    ],
    WEB[1]: [("a.warc", "7", "bad_record", False)],
    WIKI0: [],
}
WORDS = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "vexed",
    "zebras",
    "judge",
    "text",
)
