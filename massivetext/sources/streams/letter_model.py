"""Tell encodings of one byte per character apart by the letters that their languages have, and the neighbours of these.

The counts of `letter_counts.json` are written by `benchmarks/letter_counts.py`, from sentences of many languages.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_F32 = npt.NDArray[np.float32]
_WESTERN = (
    *("german", "french", "spanish", "portuguese", "italian", "catalan", "danish", "swedish", "finnish", "estonian"),
    *("dutch", "icelandic", "irish", "albanian"),
)
_CENTRAL = ("czech", "polish", "hungarian", "slovak", "slovenian", "romanian")
_CYRILLIC = ("russian", "ukrainian", "bulgarian", "serbian")
# Languages of each encoding, and the logarithm of how much rarer it is than Windows-1252: ours; text in the code pages
# of old systems is rare, and short text must not be taken for it.
_ENCODINGS: Mapping[str, tuple[tuple[str, ...], float]] = {
    "cp1252": (("signs", "western", *_WESTERN), 0),
    "iso8859-15": (("western", *_WESTERN), -6),
    "mac-roman": (("western", *_WESTERN), -8),
    "cp850": (("western", *_WESTERN), -9),
    "cp437": (("western", *_WESTERN), -10),
    "cp1250": (_CENTRAL, -2),
    "iso8859-2": (_CENTRAL, -2.5),
    "mac-latin2": (_CENTRAL, -10),
    "cp852": (_CENTRAL, -9),
    "cp1254": (("turkish",), -2),
    "cp857": (("turkish",), -10),
    "cp1257": (("latvian", "lithuanian"), -2),
    "iso8859-13": (("latvian", "lithuanian"), -6),
    "cp1258": (("vietnamese",), -4),
    "cp1251": (_CYRILLIC, -1),
    "koi8-r": (("russian", "bulgarian"), -2),
    "koi8-u": (("ukrainian",), -3),
    "iso8859-5": (_CYRILLIC, -4),
    "cp866": (("russian",), -4),
    "mac-cyrillic": (_CYRILLIC, -8),
    "cp1253": (("greek",), -1),
    "iso8859-7": (("greek",), -3),
    "cp737": (("greek",), -10),
    "cp1255": (("hebrew",), -1),
    "iso8859-8": (("hebrew",), -3),
    "cp862": (("hebrew",), -9),
    "cp1256": (("arabic",), -1),
    "iso8859-6": (("arabic",), -3),
    "cp874": (("thai",), -1),
}
_OTHER_SCRIPTS = frozenset(
    name
    for name, (languages, _) in _ENCODINGS.items()
    if not {*_CYRILLIC, "greek", "hebrew", "arabic", "thai"}.isdisjoint(languages)
)
_SHORTEST_RUNS = 2  # mean number of bytes above 127 in a row, in words of scripts other than Latin
_OLD_SYSTEMS = -8  # encodings as rare must be likelier by this for every character:
_LEAD = 3.5
_CLASSES = " abcdefghijklmnopqrstuvwxyzAé"  # of neighbours: other characters, small letters, capitals, beyond ASCII
_APOSTROPHE = "’"
_MARKS = frozenset("“”„‘’‚‹›«»–—…\xa0¿¡·•")
_SIGNS = frozenset("°ºª©®™€£¥§¶´¨†‡½¼¾²³¹±×÷µ\xad№¢¬")
_APOSTROPHE_SHARE = 2e-2  # of Italian, French and others
_MARK_SHARE, _SIGN_SHARE, _STRANGE_SHARE, _CONTROL_SHARE = 2e-3, 5e-4, 1e-5, 1e-8  # of characters beyond ASCII
_ENGLISH_SHARE = 0.03  # of a mark or sign in text that has few letters beyond ASCII
_FOREIGN_SHARE = 2e-5  # of a letter that the counts of a language lack
_BORROWED = frozenset("éèêëáàâäãåæœçíìîïñóòôöõøúùûüßÉÀÁÄÅÇÖØÜŒ")  # letters of names in texts of other languages
_BORROWED_SHARE = 3e-4
_CAPITALS = 0.03  # share of a capital among a letter's places
_LIKELY = -9.8  # mean logarithm of a text's characters in their places; other languages than the known have less


class _LetterCount(NamedTuple):
    number: int
    before: Mapping[str, int]
    after: Mapping[str, int]


class LikelyEncoding(NamedTuple):
    """The likeliest encoding of one byte per character.

    Attributes:
        name: name of Python's codec.
        is_likely: whether the text looks like one of the languages of the encoding.
        lead: by how much the logarithm of its likelihood is above that of Windows-1252.
    """

    name: str
    is_likely: bool
    lead: float


def likely_encoding(sample: bytes) -> LikelyEncoding | None:
    """Return the encoding of one byte per character in which bytes look most like a language; None for ASCII.

    For every byte above 127 the model has the shares of its character among those of a language, and of the classes of
    its two neighbours; the likeliest pair of encoding and language wins.
    """
    data = np.frombuffer(b" " + sample + b" ", dtype=np.uint8)
    places = np.flatnonzero(data > 0x7F)
    if len(places) == 0:
        return None
    names, before, after = _tables()
    classes = _class_of_byte()[data]
    high = data[places].astype(np.int64) - 0x80
    size = 128 * len(_CLASSES)
    lefts = np.bincount(high * len(_CLASSES) + classes[places - 1], minlength=size)
    rights = np.bincount(high * len(_CLASSES) + classes[places + 1], minlength=size)
    priors = np.array([_ENCODINGS[name][1] for name in names])
    scores = _weighed(before, lefts) + _weighed(after, rights)
    scores_here = scores + priors - len(places) * _LEAD * (priors <= _OLD_SYSTEMS)
    runs = int(np.count_nonzero(data[places - 1] <= 0x7F))
    if len(places) < _SHORTEST_RUNS * runs:
        scores_here[[name in _OTHER_SCRIPTS for name in names]] = -np.inf
    best = int(np.argmax(scores_here))
    western = max(score for score, name in zip(scores_here.tolist(), names, strict=True) if name == "cp1252")
    return LikelyEncoding(names[best], bool(scores[best] / len(places) >= _LIKELY), float(scores_here[best]) - western)


def _weighed(logarithms: _F32, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return for every column the sum of its logarithms as often as they are counted, in the order of the rows."""
    places = np.flatnonzero(counts)
    sums: npt.NDArray[np.float64] = (logarithms[places] * counts[places, None].astype(np.float64)).sum(axis=0)
    return sums


@functools.cache
def _class_of_byte() -> npt.NDArray[np.int64]:
    classes = np.zeros(256, dtype=np.int64)
    for byte in range(256):
        character = chr(byte)
        if byte > 0x7F:
            classes[byte] = _CLASSES.index("é")
        elif character.isalpha():
            classes[byte] = _CLASSES.index(character if character.islower() else "A")
    return classes


@functools.cache
def _tables() -> tuple[list[str], _F32, _F32]:
    """Return encodings, one per language, and the logarithms of (byte, class before it) and of the class after it.

    Both tables have a row for every byte above 127 and class, and a column for every encoding of a language.
    """
    characters = {name: bytes(range(128, 256)).decode(name, "replace") for name in _ENCODINGS}
    names, before, after = [], [], []
    for language, letters in _letter_counts().items():
        encodings = [name for name, (languages, _) in _ENCODINGS.items() if language in languages]
        alphabet = sorted({each for name in encodings for each in characters[name]})
        row_of = {each: row for row, each in enumerate(alphabet)}
        lefts, rights = _logarithms(alphabet, letters)
        for name in encodings:
            rows = [row_of[each] for each in characters[name]]
            names.append(name)
            before.append(lefts[rows].ravel())
            after.append(rights[rows].ravel())
    return names, np.array(before, dtype=np.float32).T.copy(), np.array(after, dtype=np.float32).T.copy()


def _letter_counts() -> dict[str, dict[str, _LetterCount]]:
    path = Path(__file__).with_name("letter_counts.json")
    counts = {
        language: {each: _LetterCount(*found) for each, found in letters.items()}
        for language, letters in json.loads(path.read_text(encoding="utf-8")).items()
    }
    western: dict[str, _LetterCount] = {}
    for each in sorted({each for language in _WESTERN for each in counts[language]}):
        found = [counts[language][each] for language in _WESTERN if each in counts[language]]
        western[each] = _LetterCount(
            sum(one.number for one in found), _sum([one.before for one in found]), _sum([one.after for one in found])
        )
    return {"signs": {}, "western": western, **counts}


def _sum(counts: list[Mapping[str, int]]) -> dict[str, int]:
    return {each: sum(one.get(each, 0) for one in counts) for each in _CLASSES}


def _logarithms(characters: list[str], letters: Mapping[str, _LetterCount]) -> tuple[_F32, _F32]:
    """Return the logarithm of each character's share after each class, and of the share of each class after it."""
    total = sum(found.number for found in letters.values())
    expected = {is_capital: _expected_neighbours(letters, is_capital=is_capital) for is_capital in (False, True)}
    lefts, rights = [], []
    for each in characters:
        if each.isalpha() or each in letters:
            found = letters.get(each, _LetterCount(0, {}, {}))
            before, after = expected[each.lower() != each]
            lefts.append(_letter_share(each, letters, total) * _smoothed(found.before, before))
            rights.append(_smoothed(found.after, after))
        else:
            beside = _neighbours_of_apostrophes() if each == _APOSTROPHE else _neighbours_of_signs()
            lefts.append(_share_of_sign(each, is_english=not letters) * beside)
            rights.append(beside)
    return np.log(np.array(lefts, dtype=np.float32)), np.log(np.array(rights, dtype=np.float32))


def _share_of_sign(character: str, *, is_english: bool) -> float:
    if is_english and character in _MARKS | _SIGNS:
        return _ENGLISH_SHARE
    if character == _APOSTROPHE:
        return _APOSTROPHE_SHARE
    if character in _MARKS:
        return _MARK_SHARE
    if character in _SIGNS:
        return _SIGN_SHARE
    return _CONTROL_SHARE if character == "\ufffd" or not character.isprintable() else _STRANGE_SHARE


def _letter_share(character: str, letters: Mapping[str, _LetterCount], total: int) -> float:
    """Return the share of a letter among those of a language; capitals are rarer than their small letters."""
    lower = character.lower()
    number: float = letters[character].number if character in letters else 0
    if lower != character and lower in letters:
        number = max(number, letters[lower].number * _CAPITALS)
    if number:
        return number / total
    return _BORROWED_SHARE if character in _BORROWED else _FOREIGN_SHARE


def _smoothed(counts: Mapping[str, int], expected: _F32) -> _F32:
    """Return the shares of the classes: as counted, with as many as 6 counts that are distributed as expected."""
    own = np.array([counts.get(each, 0) for each in _CLASSES], dtype=np.float32)
    return np.asarray(((own + 6 * expected) / (own.sum() + 6)).astype(np.float32), dtype=np.float32)


def _expected_neighbours(letters: Mapping[str, _LetterCount], *, is_capital: bool) -> tuple[_F32, _F32]:
    """Return how often each class stands before and after any letter of a language; capitals begin words."""
    before = _as_shares(_sum([each.before for each in letters.values()]))
    after = _as_shares(_sum([each.after for each in letters.values()]))
    if is_capital:
        outside = np.array([each in " A" for each in _CLASSES])
        before = np.where(outside, before + 0.3, before * 0.03).astype(np.float32)
    return before / before.sum(), after


def _as_shares(counts: Mapping[str, int]) -> _F32:
    numbers = np.array([counts[each] + 0.5 for each in _CLASSES], dtype=np.float32)
    return np.asarray((numbers / numbers.sum()).astype(np.float32), dtype=np.float32)


@functools.cache
def _neighbours_of_signs() -> _F32:
    """Return the shares of the classes beside a sign: hardly ever a letter on a given side."""
    shares = np.full(len(_CLASSES), 0.2 / 27, dtype=np.float32)
    shares[_CLASSES.index(" ")], shares[_CLASSES.index("é")] = 0.7, 0.1
    return shares


@functools.cache
def _neighbours_of_apostrophes() -> _F32:
    return np.full(len(_CLASSES), 1 / len(_CLASSES), dtype=np.float32)
