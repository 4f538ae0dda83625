"""The elements of HTML as the tag scanner sees them: their numbers and what opening or closing one does."""

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import inlined

U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]

BLOCK = 1  # begins and ends a block of text
VOID = 2  # has no content and no end tag
RAW = 4  # its content is text up to its end tag, and is no part of the page
SKIP = 8  # its content is not shown as text
LAYER = 16  # a cell or table: end tags of other elements do not reach out of it
STRUCTURE = 32  # is marked in the extracted text: lists, tables, quotes, headings, code
HEADING = 64
FORMAT = 128  # an end tag does not close blocks

# Order matters for the model: neighbours in this list are alike, and a split of a tree divides it in two.
_TAGS: dict[str, int] = {
    "": 0,
    "html": BLOCK,
    "body": BLOCK,
    "h1": BLOCK | STRUCTURE | HEADING,
    "h2": BLOCK | STRUCTURE | HEADING,
    "h3": BLOCK | STRUCTURE | HEADING,
    "h4": BLOCK | STRUCTURE | HEADING,
    "h5": BLOCK | STRUCTURE | HEADING,
    "h6": BLOCK | STRUCTURE | HEADING,
    "p": BLOCK,
    "pre": BLOCK | STRUCTURE,
    "blockquote": BLOCK | STRUCTURE,
    "article": BLOCK,
    "main": BLOCK,
    "section": BLOCK,
    "div": BLOCK,
    "center": BLOCK,
    "dl": BLOCK | STRUCTURE,
    "dt": BLOCK | STRUCTURE,
    "dd": BLOCK | STRUCTURE,
    "ul": BLOCK | STRUCTURE,
    "ol": BLOCK | STRUCTURE,
    "menu": BLOCK | STRUCTURE,
    "li": BLOCK | STRUCTURE,
    "table": BLOCK | STRUCTURE | LAYER,
    "thead": BLOCK,
    "tbody": BLOCK,
    "tfoot": BLOCK,
    "caption": BLOCK | LAYER,
    "tr": BLOCK | STRUCTURE,
    "td": BLOCK | STRUCTURE | LAYER,
    "th": BLOCK | STRUCTURE | LAYER,
    "figure": BLOCK,
    "figcaption": BLOCK,
    "details": BLOCK,
    "summary": BLOCK,
    "address": BLOCK,
    "fieldset": BLOCK,
    "legend": BLOCK,
    "form": BLOCK,
    "header": BLOCK,
    "hgroup": BLOCK,
    "footer": BLOCK,
    "aside": BLOCK,
    "nav": BLOCK,
    "dialog": BLOCK,
    "button": SKIP,
    "label": FORMAT,
    "a": FORMAT,
    "b": FORMAT,
    "strong": FORMAT,
    "i": FORMAT,
    "em": FORMAT,
    "u": FORMAT,
    "font": FORMAT,
    "span": FORMAT,
    "code": FORMAT,
    "small": FORMAT,
    "big": FORMAT,
    "time": FORMAT,
    "sup": FORMAT,
    "sub": FORMAT,
    "q": FORMAT,
    "math": FORMAT,
    "br": VOID,
    "hr": VOID | BLOCK,
    "img": VOID,
    "input": VOID,
    "meta": VOID,
    "link": VOID,
    "wbr": VOID,
    "area": VOID,
    "base": VOID,
    "col": VOID,
    "embed": VOID,
    "source": VOID,
    "track": VOID,
    "param": VOID,
    "script": RAW | SKIP,
    "style": RAW | SKIP,
    "title": RAW | SKIP,
    "textarea": RAW | SKIP,
    "iframe": RAW | SKIP,
    "noembed": RAW | SKIP,
    "noframes": RAW | SKIP,
    "xmp": RAW | SKIP,
    "head": 0,
    "noscript": SKIP,
    "template": SKIP,
    "mjx-container": SKIP,
    "svg": SKIP,
    "select": SKIP,
    "object": 0,
    "canvas": SKIP,
    "audio": SKIP,
    "video": SKIP,
}
NAMES = tuple(_TAGS)
TAG_COUNT = len(NAMES)
IS_HEADING = tuple(kind & HEADING != 0 for kind in _TAGS.values())
_NUMBERS = {name: number for number, name in enumerate(NAMES)}


def name_key(name: str) -> int:
    """Return the number that stands for a name: its first eight bytes, little-endian."""
    return int.from_bytes(name.encode()[:8].ljust(8, b"\0"), "little")


def tag_number(name: str) -> int:
    """Return the number of an element by its lower-case name. Raises KeyError for one that is not in the list."""
    return _NUMBERS[name]


# What an opening tag closes first, if it is open and nothing of `within` lies between.
_CLOSES: dict[str, tuple[str, str]] = {
    "li": ("li", "ul ol menu table td th"),
    "dt": ("dt dd", "dl table td th"),
    "dd": ("dt dd", "dl table td th"),
    "td": ("td th caption", "tr table"),
    "th": ("td th caption", "tr table"),
    "tr": ("tr td th caption", "table"),
    "tbody": ("thead tbody tfoot tr td th caption", "table"),
    "thead": ("thead tbody tfoot tr td th caption", "table"),
    "tfoot": ("thead tbody tfoot tr td th caption", "table"),
}
HASH_SIZE = 512


class TagTables(NamedTuple):
    """The elements as arrays for compiled code.

    Attributes:
        keys: int64[HASH_SIZE], first eight bytes of a name, little-endian, at the place of its hash; 0: free.
        numbers: uint8[HASH_SIZE], number of the element there.
        kinds: uint8[TAG_COUNT], bits of each element.
        closes: uint8[TAG_COUNT, TAG_COUNT]; 1 where an opening tag (row) closes an open element (column), 2 where it
            does not look beyond it; 3 in the column of unknown elements for the tags that close any.
    """

    keys: I64
    numbers: U8
    kinds: U8
    closes: U8


@functools.cache
def tag_tables(*, scripted: bool = True) -> TagTables:
    """Return the elements as arrays; if neither scripts nor frames are shown, what stands for them is a block."""
    keys, numbers = np.zeros(HASH_SIZE, np.int64), np.zeros(HASH_SIZE, np.uint8)
    for name, number in _NUMBERS.items():
        key = name_key(name)
        place = _hash_place(key)
        while keys[place]:
            place = (place + 1) % HASH_SIZE
        keys[place], numbers[place] = key, number
    closes = np.zeros((TAG_COUNT, TAG_COUNT), np.uint8)
    for name, (closed, within) in _CLOSES.items():
        for value, names in ((2, within), (1, closed)):
            closes[_NUMBERS[name], [_NUMBERS[each] for each in names.split()]] = value
        closes[_NUMBERS[name], 0] = 3
    kinds = np.array(list(_TAGS.values()), np.uint8)
    if not scripted:
        kinds[[_NUMBERS["noscript"], _NUMBERS["noframes"]]] = BLOCK
    return TagTables(keys, numbers, kinds, closes)


def _hash_place(key: int | np.int64) -> int:
    """Return the first place to look for a name, 0 to HASH_SIZE - 1."""
    return (key ^ key >> 17 ^ key >> 35) % HASH_SIZE  # type: ignore[return-value]


hash_place = inlined(_hash_place)
