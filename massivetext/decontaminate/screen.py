"""The verdict of test-set filtering on a document: which items it holds, in which parts, and where."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from massivetext.decontaminate.cutting import Ranges, cut_out
from massivetext.decontaminate.evaluation_items import FULL
from massivetext.decontaminate.index import LONG_WORDS, SIGNS, IndexedPart, ItemIndex, split_document
from massivetext.decontaminate.matching_words import letters_of
from massivetext.decontaminate.passages import SLACK, compare_closely, find_passage, find_words
from massivetext.recipe import ContaminationAction, DecontaminateOptions
from massivetext.shingles import normalised_words, shingle_hashes

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]

EXCERPT_CHARACTERS = 1000  # of a matched text that is stored
_NEAR_WORDS = 60  # between a short question and the answer or a choice that confirms it
_SAME_PAGE_WORDS, _SAME_PAGE_ITEMS = 1000, 3  # so many short questions of one test set confirm each other
_SHORT_CHOICES = 2  # that confirm a question; one is enough if it has as many words as _TELLING_WORDS
_TELLING_WORDS = 4
_WEAK_ANSWERS = frozenset(("yes", "no", "true", "false", "none", "both", "all", "the", "one", "two"))
_CLOSE_WORDS, _CLOSE_SHARE = 64, 0.8  # of shorter parts all words are compared, and so many must be found
_CLOSE_LEAST = 0.3  # of the tested words of a part that must be found before
_CLOSE_SLACKS = (40, SLACK, 1000)  # words around those already found
_PIECES = re.compile(r"\S*\w\S*")  # between white space, if there is a word in it
_BLOCK = 1 << 16  # bytes
_JACCARD_ROOM = 2.0  # a document of more times an item's words cannot be similar to it


class ItemHit(NamedTuple):
    """An item that a document overlaps.

    Attributes:
        test_set: name of the test set.
        item: id of the item in the test set.
        part: what of the item was found, joined by "+": "question", "question+answer"; "full": all of it, or an item
            without parts; "title": the document is the page of the item.
        method: by what it was found: "title", "jaccard", "containment" (words of a part), "phrase" (a short part as a
            whole) or "run" (thirteen words or more in a row, but too little of any part).
        removes: whether the document is dropped for it.
        words: number of the item's words that were found; 0 if only the title matches.
        jaccard: 13-grams in common divided by all n-grams of both, 0 to 1.
        containment: share of the words of the part that was found best, 0 to 1.
        start: first character of the matched passage in the document.
        end: the character after its last.
        item_start: first matched character in the text of the item.
        item_end: the character after the last.
        text: the matched passage, at most :data:`EXCERPT_CHARACTERS`.
        item_text: the matched text of the item, at most as long.
        cuts: whether the passage is cut out of the document for it.
    """

    test_set: str
    item: str
    part: str
    method: str
    removes: bool
    words: int
    jaccard: float
    containment: float
    start: int = 0
    end: int = 0
    item_start: int = 0
    item_end: int = 0
    text: str = ""
    item_text: str = ""
    cuts: bool = False


class ContaminationVerdict(NamedTuple):
    """The verdict of test-set filtering on one document.

    Attributes:
        leaked: whether the document is dropped.
        jaccard: highest value of all hits; 0.0 without hits.
        containment: highest value of all hits; 0.0 without hits.
        hits: every item that the document overlaps, by test set and item, the one with its title first. They are of the
            whole text.
        left: characters of the text that are left after passages were cut out; None: nothing was.
    """

    leaked: bool
    jaccard: float
    containment: float
    hits: tuple[ItemHit, ...]
    left: Ranges | None = None


NOTHING_FOUND = ContaminationVerdict(False, 0.0, 0.0, ())


@dataclass(slots=True)
class _Passage:
    """Where a document holds a part of an item, in words of both."""

    part: IndexedPart
    words: int
    begin: int
    end: int
    item_begin: int
    item_end: int
    of_all_words: bool = False  # whether also those were compared that are common or say little

    @property
    def share(self) -> float:
        all_words = self.part.is_phrase or self.part.is_sparse or self.of_all_words
        return min(1.0, self.words / (self.part.length if all_words else max(self.part.tested, 1)))


@dataclass(slots=True)
class _Finding:
    """What a document holds of one item.

    Attributes:
        item: number of the item.
        contained: long parts of which it holds enough.
        phrases: short parts that it holds as a whole.
        best: the passage with most words, for evidence.
        run: longest number of words in a row.
        signs: names of other parts that confirm a phrase.
    """

    item: int
    contained: list[_Passage] = field(default_factory=list)
    phrases: list[_Passage] = field(default_factory=list)
    best: _Passage | None = None
    run: int = 0
    signs: set[str] = field(default_factory=set)
    in_company: bool = False


@dataclass(frozen=True, slots=True)
class _SplitDocument:
    """A text with its words; ``blocks`` are the characters before each block of its bytes."""

    text: str
    data: U8
    words: U32
    firsts: U32
    lasts: U32
    blocks: I64

    @classmethod
    def of(cls, text: str) -> Self:
        data, words, firsts, lasts = split_document(text)
        sizes = [_characters(data[at : at + _BLOCK]) for at in range(0, len(data), _BLOCK)]
        blocks = np.array([0, *np.cumsum(sizes, dtype=np.int64)], np.int64)
        return cls(text, data, words, firsts, lasts, blocks)

    def character(self, byte: int) -> int:
        """Return the number of characters that begin before a byte: pages may hold thousands of items."""
        block = byte // _BLOCK  # at the end of the text, the number of all blocks
        return int(self.blocks[block]) + _characters(self.data[block * _BLOCK : byte])


@dataclass(frozen=True, eq=False)
class EvaluationScreen:
    """Gives the verdict of test-set filtering on documents.

    Attributes:
        index: words of the items.
        options: methods and limits.
        titles: (test set, item) by the normalised titles of pages that are dropped whatever their text.
        actions: what happens to a document for the items of each test set.
        quoted: (test set, item) of those that so many documents of the run hold that a passage alone is taken for a
            quotation.
    """

    index: ItemIndex
    options: DecontaminateOptions
    titles: Mapping[str, tuple[str, str]]
    actions: Mapping[str, ContaminationAction]
    quoted: Collection[tuple[str, str]] = frozenset()

    @classmethod
    def for_index(
        cls,
        index: ItemIndex,
        options: DecontaminateOptions,
        *,
        by_title: bool,
        quoted: Collection[tuple[str, str]] = frozenset(),
    ) -> Self:
        """Return the screen for documents of one kind; ``by_title`` drops pages by title too and is for Wikipedia."""
        actions = {name: options.action_of(name) for name in index.test_sets}
        return cls(index, options, article_titles(index) if by_title else {}, actions, quoted)

    def candidates(self, data: U8, offsets: I64, asked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which texts need :meth:`screen`; the verdict on the others is :data:`NOTHING_FOUND`, titles aside.

        Args:
            data: UTF-8 of all texts.
            offsets: first byte of each text, and the end of the last.
            asked: which texts are looked at.
        """
        return self.index.candidates(data, offsets, asked)

    def has_title(self, title: str | None) -> bool:
        """Return whether a document goes by its title."""
        return bool(self.titles) and normalised_title(title or "") in self.titles

    def screen(self, text: str, title: str | None) -> ContaminationVerdict:
        """Return the verdict on one document."""
        hits = []
        article = self.titles.get(normalised_title(title or "")) if self.titles else None
        if article is not None:
            removes = self.actions[article[0]] != "mark"
            hits.append(ItemHit(*article, "title", "title", removes, 0, 0.0, 0.0))
        hits += [hit for hit, _ in self._hits(text)]
        if not hits:
            return NOTHING_FOUND
        leaked, left = any(hit.removes for hit in hits), None
        if not leaked and any(hit.cuts for hit in hits):
            left = cut_out(text, self._spans_to_cut, self.options.least_piece)
            leaked, left = not left, left or None
        return ContaminationVerdict(
            leaked, max(hit.jaccard for hit in hits), max(hit.containment for hit in hits), tuple(hits), left
        )

    def _spans_to_cut(self, text: str) -> list[tuple[int, int]]:
        return [span for hit, spans in self._hits(text) if hit.cuts for span in spans]

    def _hits(self, text: str) -> list[tuple[ItemHit, Ranges]]:
        """Return the items that a text holds, with the characters that go if they are cut out."""
        document = _SplitDocument.of(text)
        findings = [self._finding(document, rows) for rows in self._matches_by_item(document.words)]
        self._find_company(findings)
        similar = _Similarity(text, len(document.words), self.options)
        whole = ((0, len(text)),)
        found = [
            (hit, self._spans(document, finding) if self.options.cuts else ())
            for finding in findings
            if (hit := self._hit(document, finding, similar)) is not None
        ]
        found += [(self._equal(document, item, similar), whole) for item in self.index.equal_items(document.words)]
        acting = [
            (self._with_action(hit), spans) for hit, spans in self._without_quotations(found, len(document.words))
        ]
        return sorted(acting, key=lambda each: (each[0].test_set, each[0].item, each[0].part))

    def _without_quotations(
        self, found: Sequence[tuple[ItemHit, Ranges]], words: int
    ) -> Iterator[tuple[ItemHit, Ranges]]:
        """Yield hits, of which those of quoted items remove nothing if they are no more than a quotation."""
        places: dict[str, set[tuple[int, int]]] = {}
        for hit, _ in found if self.quoted else ():
            places.setdefault(hit.test_set, set()).add((hit.start, hit.end))
        several = {name for name, spans in places.items() if _disjoint(spans) >= _SAME_PAGE_ITEMS}
        for hit, spans in found:
            is_one_part = "+" not in hit.part and hit.method in ("containment", "phrase") and hit.words < words / 2
            if is_one_part and hit.test_set not in several and (hit.test_set, hit.item) in self.quoted:
                yield hit._replace(removes=False), spans
            else:
                yield hit, spans

    def _with_action(self, hit: ItemHit) -> ItemHit:
        action = self.actions[hit.test_set]
        return hit._replace(removes=hit.removes and action == "drop", cuts=hit.removes and action == "cut")

    def _spans(self, document: _SplitDocument, finding: _Finding) -> Ranges:
        """Return the passages of an item in a document, with the rest of their parts and the words around them."""
        passages = [*finding.contained, *finding.phrases] or [each for each in (finding.best,) if each is not None]
        margin = max(self.options.margin_words, _NEAR_WORDS if finding.signs else 0)
        spans = []
        for each in passages:
            before, after = each.item_begin - each.part.first, each.part.last - each.item_end
            begin = max(0, each.begin - before - margin)
            end = min(len(document.words), each.end + after + margin)
            first = document.character(int(document.firsts[begin])) if begin else 0
            last = document.character(int(document.lasts[end - 1]))
            spans.append((first, last if end < len(document.words) else len(document.text)))
        return tuple(spans)

    def _matches_by_item(self, words: U32) -> Iterable[I64]:
        matches = self.index.matches(words)
        if not len(matches):
            return ()
        ends = (np.flatnonzero(np.diff(matches[:, 0], append=-1)) + 1).tolist()
        return (matches[begin:end] for begin, end in zip([0, *ends], ends, strict=False))

    def _finding(self, document: _SplitDocument, matches: I64) -> _Finding:
        finding = _Finding(int(matches[0, 0]))
        parts = self.index.parts(finding.item)
        for part in parts:
            if part.is_phrase:
                self._find_phrase(document, matches, part, finding)
            elif part.is_long or part.is_sparse or part is parts[0]:
                self._find_words(document, matches, part, finding)
        is_quoted = bool(self.quoted) and self.index.name(finding.item) in self.quoted
        if (finding.phrases and not finding.contained) or is_quoted:
            self._find_signs(document, parts, finding)
        return finding

    def _find_words(self, document: _SplitDocument, matches: I64, part: IndexedPart, finding: _Finding) -> None:
        words, begin, end, item_begin, item_end, run = find_passage(matches, part.first, part.last)
        if not words:
            return
        words = min(words, end - begin)  # an item may repeat a phrase that the document has once
        passage = _Passage(part, words, begin, end, item_begin, item_end)
        finding.run = max(finding.run, run)
        if part.is_long and words >= part.wanted and passage.share > self.options.containment:
            finding.contained.append(passage)
        elif (part.is_long or part.is_sparse) and (close := self._close(document, finding.item, passage)):
            finding.contained.append(close)
        if finding.best is None or (part.is_long and passage.share > finding.best.share):
            finding.best = passage

    def _close(self, document: _SplitDocument, item: int, passage: _Passage) -> _Passage | None:
        """Return where a document holds a part nearly word by word, or letter by letter; None: nowhere there.

        It is found so if it has few words that say much, or if marks within its words were left out of the document.
        """
        part, words = passage.part, self.index.words_of(item)
        if passage.words < _CLOSE_LEAST * part.tested:  # sequences that stand here and there in a long text
            return None
        if part.length <= _CLOSE_WORDS:
            wanted = words[part.first : part.last]
            for slack in _CLOSE_SLACKS:  # the narrowest first, for the best evidence
                window = _window(document, passage, slack)
                found, begin, end, first, last = compare_closely(document.words, *window, wanted)
                if found > max(_CLOSE_SHARE, self.options.containment) * part.length:
                    return _Passage(part, found, begin, end, part.first + first, part.first + last, True)
        text = self._text_of_words(item, part.first, part.last)
        if part.length <= len(_PIECES.findall(text)):  # no marks within words
            return None
        place = _find_letters(document, _window(document, passage, SLACK), text)
        return None if place is None else _Passage(part, part.length, *place, part.first, part.last, True)

    def _find_phrase(self, document: _SplitDocument, matches: I64, part: IndexedPart, finding: _Finding) -> None:
        wanted = self.index.words_of(finding.item)[part.first : part.last]
        inside = (matches[:, 2] >= part.first) & (matches[:, 2] < part.last)
        for place in np.unique(matches[inside, 1] - matches[inside, 2] + part.first).tolist():
            if place >= 0 and find_words(document.words, place, place + part.length, wanted) >= 0:
                end = place + part.length
                finding.phrases.append(_Passage(part, part.length, place, end, part.first, part.last))
                return

    def _find_signs(self, document: _SplitDocument, parts: Sequence[IndexedPart], finding: _Finding) -> None:
        """Look for the answer or the choices near a short part of the same item."""
        for phrase in (*finding.phrases, *finding.contained):
            if phrase.part.name not in SIGNS:
                finding.signs |= set(self._signs(document, parts, finding.item, phrase))

    def _signs(
        self, document: _SplitDocument, parts: Sequence[IndexedPart], item: int, phrase: _Passage
    ) -> Iterator[str]:
        words, choices = self.index.words_of(item), set()
        before, after = (phrase.begin - _NEAR_WORDS, phrase.begin), (phrase.end, phrase.end + _NEAR_WORDS)
        whole = phrase.part is parts[0]  # then the answer is within it
        for part in parts[1:]:
            apart = whole or part.first >= phrase.part.last or part.last <= phrase.part.first
            wanted = words[part.first : part.last]
            if (
                not apart
                or not part.length
                or all(find_words(document.words, *at, wanted) < 0 for at in (after, before))
            ):
                continue
            if part.name == "answer":
                if self._tells(item, part):
                    yield part.name
                continue
            choices.add(wanted.tobytes())
            if part.length >= _TELLING_WORDS or len(choices) >= _SHORT_CHOICES:
                yield part.name

    def _tells(self, item: int, part: IndexedPart) -> bool:
        """Return whether an answer is more than a letter, a digit or a word that stands near any question."""
        text = self._text_of_words(item, part.first, part.last).casefold()
        return len(text) > 1 and text not in _WEAK_ANSWERS

    def _find_company(self, findings: Sequence[_Finding]) -> None:
        """Mark the short questions that stand together with others of their test set, of other words."""
        by_set: dict[int, list[tuple[int, bytes, _Finding]]] = {}
        for finding in findings:
            words, test_set = self.index.words_of(finding.item), int(self.index.set_numbers[finding.item])
            for phrase in finding.phrases:
                if phrase.part.name not in SIGNS:
                    key = words[phrase.part.first : phrase.part.last].tobytes()
                    by_set.setdefault(test_set, []).append((phrase.begin, key, finding))
        for phrases in by_set.values():
            _mark_company(sorted(phrases, key=lambda phrase: (phrase[0], phrase[1], phrase[2].item)))

    def _hit(self, document: _SplitDocument, finding: _Finding, similar: "_Similarity") -> ItemHit | None:
        methods, found = self.options.methods, [*finding.contained, *finding.phrases]
        jaccard = similar.to(self.index, finding.item)
        confirmed = finding.in_company or bool(finding.signs)
        asks = any(phrase.part.name not in SIGNS for phrase in finding.phrases)
        if jaccard > self.options.jaccard:
            method, removes = "jaccard", "jaccard" in methods
        elif finding.contained:
            method, removes = "containment", "containment" in methods
        elif asks:
            method, removes = "phrase", confirmed and "phrase" in methods
        elif finding.run >= LONG_WORDS:
            method, removes = "run", False
        else:
            return None
        if finding.contained and "containment" in methods:
            removes = True
        if self.options.run_words and finding.run >= self.options.run_words:
            removes = True
        best = max(found, key=lambda passage: (passage.words, passage.share, -passage.begin), default=finding.best)
        assert best is not None
        names = {passage.part.name for passage in found} | finding.signs
        return self._evidence(document, finding.item, best, _label(names), method, removes, jaccard)

    def _evidence(
        self,
        document: _SplitDocument,
        item: int,
        best: _Passage,
        label: str,
        method: str,
        removes: bool,
        jaccard: float,
    ) -> ItemHit:
        start = document.character(int(document.firsts[best.begin]))
        end = document.character(int(document.lasts[min(best.end, len(document.words)) - 1]))
        text = self.index.text_of(item)
        item_data, _, firsts, lasts = split_document(text)
        item_start = _characters(item_data[: int(firsts[best.item_begin])])
        item_end = _characters(item_data[: int(lasts[best.item_end - 1])])
        return ItemHit(
            *self.index.name(item),
            label,
            method,
            removes,
            best.words,
            jaccard,
            best.share,
            start,
            end,
            item_start,
            item_end,
            document.text[start:end][:EXCERPT_CHARACTERS],
            text[item_start:item_end][:EXCERPT_CHARACTERS],
        )

    def _equal(self, document: _SplitDocument, item: int, similar: "_Similarity") -> ItemHit:
        """Return the hit of a document that is an item of fewer than five words."""
        count, whole = len(document.words), self.index.parts(item)[0]
        passage = _Passage(whole, count, 0, count, 0, count)
        jaccard = similar.to(self.index, item)
        removes = jaccard > self.options.jaccard and "jaccard" in self.options.methods
        return self._evidence(document, item, passage, FULL, "jaccard", removes, jaccard)

    def _text_of_words(self, item: int, first: int, last: int) -> str:
        text = self.index.text_of(item)
        data, _, firsts, lasts = split_document(text)
        return text[_characters(data[: int(firsts[first])]) : _characters(data[: int(lasts[last - 1])])]


def _disjoint(spans: Iterable[tuple[int, int]]) -> int:
    """Return how many spans there are of which none overlaps another: the most, the first that end first."""
    count, at = 0, -1
    for start, end in sorted(spans, key=lambda span: span[1]):
        if start >= at:
            count, at = count + 1, end
    return count


def _mark_company(phrases: Sequence[tuple[int, bytes, _Finding]]) -> None:
    """Mark the findings of which enough have different words within a page. ``phrases`` are sorted by their place."""
    left = 0
    for right in range(len(phrases)):
        while phrases[right][0] - phrases[left][0] > _SAME_PAGE_WORDS:
            left += 1
        near = phrases[left : right + 1]
        if min(len({key for _, key, _ in near}), len({one.item for _, _, one in near})) >= _SAME_PAGE_ITEMS:
            for _, _, finding in near:
                finding.in_company = True


class _Similarity:
    """The paper's similarity of one document with items, by n-grams as near-duplicate search makes them."""

    def __init__(self, text: str, words: int, options: DecontaminateOptions) -> None:
        self._text, self._words, self._options = text, words, options
        self._shingles: npt.NDArray[np.uint64] | None = None

    def to(self, index: ItemIndex, item: int) -> float:
        """Return the Jaccard similarity with an item; 0.0 for a document that is far longer than the item."""
        if self._words > _JACCARD_ROOM / max(self._options.jaccard, 0.05) * len(index.words_of(item)):
            return 0.0
        if self._shingles is None:
            self._shingles = self._hashes(self._text)
        theirs = self._hashes(index.text_of(item))
        shared = len(np.intersect1d(self._shingles, theirs, assume_unique=True))
        return shared / max(1, len(self._shingles) + len(theirs) - shared)

    def _hashes(self, text: str) -> npt.NDArray[np.uint64]:
        return shingle_hashes(text, self._options.ngram, lowercase=self._options.lowercase)


def _window(document: _SplitDocument, passage: _Passage, slack: int) -> tuple[int, int]:
    """Return the first word around a passage, and the word after the last: so many more than the part has."""
    margin = passage.part.length + slack
    return max(0, passage.begin - margin), min(len(document.words), passage.end + margin)


def _find_letters(document: _SplitDocument, window: tuple[int, int], wanted: str) -> tuple[int, int] | None:
    """Return the words of a document, in a window, that hold the letters of another text in a row; None: none do."""
    start, stop = int(document.firsts[window[0]]), int(document.lasts[window[1] - 1])
    text = document.data[start:stop].tobytes().decode("utf-8", "surrogatepass")
    letters, places = letters_of(text)
    pattern, _ = letters_of(wanted)
    at = find_words(letters, 0, len(letters), pattern) if len(pattern) else -1
    if at < 0:
        return None
    begin, end = (
        start + len(text[: places[each]].encode("utf-8", "surrogatepass")) for each in (at, at + len(pattern) - 1)
    )
    first = int(np.searchsorted(document.firsts, begin, side="right")) - 1
    return max(first, 0), int(np.searchsorted(document.lasts, end, side="right")) + 1


_ORDER = ("context", "question", "choices", "answer", "rest")


def _label(names: set[str]) -> str:
    """Return the names of what was found in a fixed order; the whole item only if nothing smaller was found."""
    parts = names - {FULL}
    known = [name for name in _ORDER if name in parts]
    return "+".join([*known, *sorted(parts.difference(_ORDER))]) or FULL


def _characters(data: U8) -> int:
    """Return the number of characters that begin in some bytes of UTF-8."""
    return int(np.count_nonzero((data & 0xC0) != 0x80))


def article_titles(index: ItemIndex) -> dict[str, tuple[str, str]]:
    """Return (test set, item) by the normalised title of every WikiText article among the items.

    The preprocessing of WikiText defeats the n-gram test, so Rae et al. 2021, A.1.1, remove these pages of Wikipedia
    whatever their text. The item id of a WikiText article is its title.
    """
    wikitext = [number for number, name in enumerate(index.test_sets) if name.lower().startswith("wikitext")]
    names = [index.name(item) for item in np.flatnonzero(np.isin(index.set_numbers, wikitext)).tolist()]
    titles = {normalised_title(item): (test_set, item) for test_set, item in names}
    titles.pop("", None)
    return titles


def normalised_title(title: str) -> str:
    """Return the words of a title by which titles are compared; empty for a title without any."""
    return " ".join(normalised_words(title))
