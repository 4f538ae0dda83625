"""The arrays that the scan of a page fills: elements, pieces of text, blocks; and the state of the scan."""

from enum import IntEnum
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from massivetext.extract.tags import I64

ELEMENT = np.dtype(
    (
        np.record,
        [
            ("own_hints", "<i8"),  # bits of hint_words.HINTS that the attributes of the element show
            ("hints", "<i8"),  # of the element and all around it
            ("path", "<i8"),  # bit of tag % 64 of the element and all around it
            ("shape", "<i8"),  # hash of the tags and hints of the element and its two parents
            ("parent", "<i4"),
            ("block", "<i4"),  # nearest element that is a block; the element itself if it is one
            ("structure", "<i4"),  # the same for elements that stay marked in the extracted text; 0: none
            ("link", "<i4"),  # nearest element that is a link; 0: none
            ("hidden", "<i4"),  # outermost element that an attribute hides; 0: none
            ("depth", "<i4"),
            # Number that an item or list is given by its attribute; NO_ORDINAL: none. Of a cell: SPAN * rows + columns.
            ("ordinal", "<i4"),
            ("tag", "u1"),
            ("style", "u1"),  # one of Style
            ("skipped", "u1"),  # one of Shown
            ("raised", "u1"),  # 1 within sup, 2 within sub, else 0
        ],
    )
)
# `end` is 0 for a line break, OPENING_QUOTE or CLOSING_QUOTE for the marks that a browser sets around a `q`.
PIECE = np.dtype((np.record, [("start", "<i4"), ("end", "<i4"), ("element", "<i4")]))
BLOCK_RANGE = np.dtype((np.record, [("first", "<i4"), ("last", "<i4"), ("element", "<i4"), ("images", "<i4")]))
OPENING_QUOTE, CLOSING_QUOTE = -1, -2
NO_ORDINAL = -(1 << 30)
SPAN = 1 << 12  # rows and columns that a cell may span, at the most, and one more
Records = npt.NDArray[np.void]
Whole: TypeAlias = int | np.int64


class Shown(IntEnum):
    """Whether the text of an element is shown."""

    YES = 0
    NEVER = 1  # scripts, styles, buttons
    DRAWN = 2  # a picture of a formula, whose source is beside it


class Style(IntEnum):
    """How an item or list is numbered, and whether a cell, or each block within an element, is a line of code."""

    PLAIN = 0
    LOWER = 1  # a, b, c
    UPPER = 2
    LOWER_ROMAN = 3
    UPPER_ROMAN = 4
    NO_NUMBER = 5
    CODE = 6
    CODE_LINES = 7


class State(IntEnum):
    """Places of the state of the scan."""

    TOP = 0
    ELEMENTS = 1
    PIECES = 2
    BLOCKS = 3
    APART = 4  # 1: the next text begins a block
    BREAKS = 5  # line breaks since the last text
    IMAGES = 6  # images since the last block
    TITLE = 7
    TITLE_END = 8
    NO_QUOTE = 9  # 1: none ends behind this place, nobody looks again
    NO_APOSTROPHE = 10
    NO_COMMENT = 11
    NO_TITLE = 12
    NO_MATH = 13
    ALT = 14  # where the alternative text of the last image begins and ends
    ALT_END = 15
    ORDINAL = 16  # number in the attributes of the last tag
    FORMULAS = 17
    ROWS = 18  # that the last tag spans; NO_ORDINAL: it does not say
    COLUMNS = 19


class Scan(NamedTuple):
    """What has been read of a page, and where the reading is.

    Attributes:
        elements: ELEMENT[], in the order of their opening tags; the first stands for the page.
        pieces: PIECE[], runs of text and line breaks in order.
        blocks: BLOCK_RANGE[], pieces from ``first`` to ``last`` that no block element divides.
        stack: int32[], the open elements; ``state[State.TOP]`` is the place of the innermost.
        opened: int64[TAG_COUNT], how many elements of each tag are open.
        state: int64[State], where the scan is.
    """

    elements: Records
    pieces: Records
    blocks: Records
    stack: npt.NDArray[np.int32]
    opened: I64
    state: I64
