"""Tokens of English text by the rules of spaCy, without spaCy: close to its tokens, not always equal.

From each run between white space, punctuation marks at the edges are split off one by one, until the rest is a known
abbreviation or contraction, or has no such mark. The rest is split at hyphens, ellipses and other marks between
letters, unless it looks like a URL or an e-mail address. Emoticons and rare spellings are not covered.
"""

import functools
import itertools
from collections.abc import Iterator

import regex

_QUOTES = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》〈〉⟦⟧"
_MARKS = ",:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪"
_EDGE = rf"\.\.+|[{regex.escape(_MARKS + _QUOTES)}…\p{{So}}]"
_UNITS = (
    "km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph hPa Pa "
    "mbar mb MB kb KB gb GB tb TB T G M K %"
)
_MEASURED = "|".join(map(regex.escape, sorted(_UNITS.split(), key=len, reverse=True)))

_PREFIX = regex.compile(rf"(?:US|C|A)\$|{_EDGE}|[§%=—–\p{{Sc}}]|\+(?!\d)")
_SUFFIX = regex.compile(
    rf"(?:{_EDGE}|['’][sS]|[—–]|(?<=\d)(?:\+|\p{{Sc}}|{_MEASURED})"
    rf"|(?<=[\d\p{{Ll}}%²\-+{regex.escape(_MARKS + _QUOTES)}…])\.|(?<=\p{{Lu}}\p{{Lu}})\.)$"
)
_INFIX = regex.compile(
    rf"\.\.+|[…\p{{So}}]|(?<=\d)[+\-*^](?=[\d-])|(?<=[\p{{Ll}}{regex.escape(_QUOTES)}])\.(?=[\p{{Lu}}"
    rf"{regex.escape(_QUOTES)}])|(?<=\p{{L}}),(?=\p{{L}})|(?<=[\p{{L}}\d])(?:---?|——|[-–—~])(?=\p{{L}})"
    r"|(?<=[\p{L}\d])[:<>=/](?=\p{L})"
)
_URL_OR_EMAIL = regex.compile(
    r"(?:[\w+.-]{2,}://)?(?:\S+(?::\S*)?@)?(?:[A-Za-z0-9\u00a1-\uffff](?:[A-Za-z0-9\u00a1-\uffff_-]*"
    r"[A-Za-z0-9\u00a1-\uffff])?\.)+\p{Ll}{2,63}(?::\d{2,5})?(?:[/?#]\S*)?"
)

_ABBREVIATIONS = (
    "Adm. Ak. Ala. Apr. Ariz. Ark. Aug. Bros. Calif. Co. Colo. Conn. Corp. D.C. Dec. Del. Dr. E.G. E.g. Feb. Fla. Ga. "
    "Gen. Gov. I.E. I.e. Ia. Id. Ill. Inc. Ind. Jan. Jr. Jul. Jun. Kan. Kans. Ky. La. Ltd. Mar. Mass. Md. Messrs. "
    "Mich. Minn. Miss. Mo. Mont. Mr. Mrs. Ms. Mt. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore. "
    "Pa. Ph.D. Prof. Rep. Rev. S.C. Sen. Sep. Sept. St. Tenn. Va. Wash. Wis. a.m. co. e.g. i.e. p.m. v.s. vs. C++ "
    "and/or w/o o'clock O'clock ma'am Ma'am 's 'S 're 'll 'd 'em"
)
# Words that look like a contraction without its apostrophe.
_AS_IT_IS = frozenset({"ill", "its", "hell", "shell", "were", "well", "whore", "shed", "lets"})
_SUBJECTS = {
    "i": "'m 'll 'll've 'd 'd've 've",
    "he she it": "'ll 'll've 'd 'd've 's",
    "you we they": "'ll 'll've 'd 'd've 've 're",
    "who what when where why how there that": "'s 'll 'll've 're 've 'd 'd've",
    "this": "'s 'll 'll've 'd 'd've",
    "these those": "'ll 'll've 're 've 'd 'd've",
    "could might must should would": "'ve n't n't've",
    "ca do does did had may need ought sha wo": "n't n't've",
    "ai are is was were have has dare": "n't",
    "let": "'s",
}
_TOGETHER = {"cannot": ("can", "not"), "gonna": ("gon", "na"), "gotta": ("got", "ta"), "let's": ("let", "'s")}


def _known() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield spellings with their tokens: contractions, and abbreviations, which are one token."""
    for whole in (*(f"{letter}." for letter in "abcdefghijklmnopqrstuvwxyzäöü"), *_ABBREVIATIONS.split()):
        yield whole, (whole,)
        yield (curly := whole.replace("'", "’")), (curly,)
    for hour, half in itertools.product(range(1, 13), ("am", "pm", "a.m.", "p.m.")):
        yield f"{hour}{half}", (str(hour), half)
    for word, parts in _TOGETHER.items():
        yield word, parts
        yield word.capitalize(), (parts[0].capitalize(), *parts[1:])
    for words, endings in _SUBJECTS.items():
        for word, ending in itertools.product(words.split(), endings.split()):
            yield from _contracted(word, ending)


def _contracted(word: str, ending: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    pieces = regex.findall(r"n't|'\w+", ending)
    for mark in ("'", "’", ""):
        tail = tuple(piece.replace("'", mark) for piece in pieces)
        for head in (word, word.capitalize()):
            spelled = head + "".join(tail)
            if spelled.lower() not in _AS_IT_IS:
                yield spelled, (head, *tail)


_KNOWN = dict(_known())


def tokens(text: str) -> list[str]:
    """Return the tokens of a text in order, without white space."""
    return [token for chunk in text.split() for token in _split_run(chunk)]


@functools.lru_cache(maxsize=1 << 16)
def _split_run(chunk: str) -> tuple[str, ...]:
    before: list[str] = []
    after: list[str] = []
    while chunk and chunk not in _KNOWN:
        prefix, suffix = _PREFIX.match(chunk), _SUFFIX.search(chunk)
        if prefix is not None and (rest := chunk[prefix.end() :]) in _KNOWN:
            before.append(prefix[0])
            chunk = rest
        elif suffix is not None and (rest := chunk[: suffix.start()]) in _KNOWN:
            after.append(suffix[0])
            chunk = rest
        elif prefix is None and suffix is None:
            break
        else:
            first = prefix.end() if prefix is not None else 0
            last = suffix.start() if suffix is not None and suffix.start() >= first else len(chunk)
            if first:
                before.append(chunk[:first])
            if last < len(chunk):
                after.append(chunk[last:])
            chunk = chunk[first:last]
    return (*before, *_middle(chunk), *reversed(after))


def _middle(chunk: str) -> tuple[str, ...]:
    if chunk in _KNOWN:
        return _KNOWN[chunk]
    if not chunk or _URL_OR_EMAIL.fullmatch(chunk):
        return (chunk,) if chunk else ()
    pieces: list[str] = []
    start = 0
    for match in _INFIX.finditer(chunk):
        if match.start() > start:
            pieces.append(chunk[start : match.start()])
        pieces.append(match[0])
        start = match.end()
    return (*pieces, chunk[start:]) if start < len(chunk) else tuple(pieces)
