"""One text as the counters of the kernel see it."""

from typing import NamedTuple

from massivetext.signals.hash_table import GroupingTable
from massivetext.signals.ngram_buffers import NgramBuffers
from massivetext.signals.scan import U8, WordRecords


class ScannedText(NamedTuple):
    """A text after the scan, and working memory for its counters.

    Attributes:
        data: UTF-8 of many texts.
        start: index of the first byte of this text.
        stop: index after its last byte.
        words: records of :data:`massivetext.signals.scan.WORD`.
        word_count: number of words; further records are of other texts.
        language: number of the list of stop words for its language.
        style: number of the comment style of its programming language, -1 if unknown.
        characters: property bits of all characters; see :mod:`massivetext.signals.characters`.
        table: working memory to group as many keys as there are words.
        buffers: working memory; a counter must expect any content.
    """

    data: U8
    start: int
    stop: int
    words: WordRecords
    word_count: int
    language: int
    style: int
    characters: U8
    table: GroupingTable
    buffers: NgramBuffers
