"""Forms of English words: plurals, verb forms, articles, numbers in words."""

import re
from functools import cache

_PLURALS = {
    "leaf": "leaves", "loaf": "loaves", "knife": "knives", "nebula": "nebulae", "supernova": "supernovae",
    "spectrum": "spectra", "stratum": "strata", "bacterium": "bacteria", "diagnosis": "diagnoses", "trout": "trout",
    "salmon": "salmon", "king": "kings", "waltz": "waltzes", "virus": "viruses", "crisis": "crises", "quiz": "quizzes",
}  # fmt: skip
_IRREGULAR = {  # past, participle
    "buy": ("bought", "bought"), "sell": ("sold", "sold"), "grow": ("grew", "grown"), "sow": ("sowed", "sown"),
    "win": ("won", "won"), "lose": ("lost", "lost"), "leave": ("left", "left"), "hide": ("hid", "hidden"),
    "hang": ("hung", "hung"), "find": ("found", "found"), "rebuild": ("rebuilt", "rebuilt"),
    "rewrite": ("rewrote", "rewritten"), "forecast": ("forecast", "forecast"), "outrun": ("outran", "outrun"),
    "broadcast": ("broadcast", "broadcast"), "uphold": ("upheld", "upheld"), "overturn": ("overturned", "overturned"),
}  # fmt: skip
# The last letter is doubled before -ed and -ing.
_DOUBLING = frozenset(("chop", "stir", "trim", "map", "dam", "drop", "hum", "win", "debug", "outrun"))
_FEW = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
# "a university", "a European", "a one-way", "a useful"; but "an hour", "an honest".
_ARTICLE = re.compile(r"\b([Aa]) (?=(\w+))")
_CONSONANT_SOUND = re.compile(r"(?:uni(?!n|m)|use|usu|eu|one\b|once|util|uk)", re.IGNORECASE)
_VOWEL_SOUND = re.compile(r"(?:[aeiou]|hour|honest|heir|x\b|8|11\b|18\b)", re.IGNORECASE)


@cache
def plural(noun: str) -> str:
    """Return the plural of a noun; if it has several words, the last one changes."""
    head, blank, last = noun.rpartition(" ")
    if last in _PLURALS:
        return head + blank + _PLURALS[last]
    if last.endswith("man"):
        return noun[:-2] + "en"
    if last.endswith(("s", "x", "ch", "sh", "z")) or last in ("tomato", "potato", "tornado", "volcano", "echo", "hero"):
        return noun + "es"
    if last.endswith("y") and last[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


@cache
def third_person(verb: str) -> str:
    """Return the form after "she": "measures" for "measure"."""
    if verb.endswith(("s", "x", "ch", "sh", "z")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


@cache
def past(verb: str) -> str:
    """Return the past form: "measured" for "measure", "left" for "leave"."""
    return _IRREGULAR[verb][0] if verb in _IRREGULAR else _regular_past(verb)


@cache
def participle(verb: str) -> str:
    """Return the past participle: "grown" for "grow"."""
    return _IRREGULAR[verb][1] if verb in _IRREGULAR else _regular_past(verb)


@cache
def gerund(verb: str) -> str:
    """Return the form in -ing: "measuring" for "measure", "chopping" for "chop"."""
    if verb.endswith("e") and not verb.endswith("ee"):
        return verb[:-1] + "ing"
    return (verb + verb[-1] if verb in _DOUBLING else verb) + "ing"


def _regular_past(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return (verb + verb[-1] if verb in _DOUBLING else verb) + "ed"


def few(number: int) -> str:
    """Return a number from 2 to 12 in words."""
    return _FEW[number - 2]


def ordinal(number: int) -> str:
    """Return a number in the form "21st" or "12th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def with_articles(sentence: str) -> str:
    """Return the sentence with "a" replaced by "an" before a vowel sound."""
    return _ARTICLE.sub(_article, sentence)


def _article(found: re.Match[str]) -> str:
    following = found[2]
    vowel = _VOWEL_SOUND.match(following) and not _CONSONANT_SOUND.match(following)
    return found[1] + ("n " if vowel else " ")
