"""Extraction by blocks: a compiled scan of the page, a small model that decides on every block, our renderer."""

import re
from html import unescape

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled_and_cached
from massivetext.extract.block_counts import BlockCount
from massivetext.extract.block_features import FIRST_SCORE, PageBlocks, add_scores, measure_blocks
from massivetext.extract.block_trees import SalientModel, block_logits, load_model, per_mille
from massivetext.extract.extracted_page import Comments, ExtractedPage
from massivetext.extract.inline_text import plain_text, unescaped_bytes
from massivetext.extract.page_notices import without_notices
from massivetext.extract.salient_tree import kept_text
from massivetext.extract.tag_scanner import ScannedPage, scan_page
from massivetext.extract.tags import tag_number
from massivetext.text import clean

_LITTLE_PROSE = 500  # characters
_SHORT_PAGE = 200  # characters without white space
_HIDDEN_PANEL = (
    300  # the same; of shorter hidden elements of WCXB 13% of the blocks are in the golds, of longer ones half
)
_SPACE = re.compile(r"\s+")
_WITHOUT_SCRIPTS = re.compile(rb"<(?:noscript|noframes)\b", re.IGNORECASE)
# In XML, unlike in HTML, such a tag may end its element.
_XML = re.compile(rb"[\s\xef\xbb\xbf]*<\?xml\b", re.IGNORECASE)
_EMPTY_ELEMENT = re.compile(
    rb"<(script|style|title|textarea|iframe|xmp|noembed|noframes|noscript|template|select|object|canvas|audio|video|button)"
    rb"\b([^<>]{0,4000})/>",
    re.IGNORECASE,
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_OG_TITLE = re.compile(
    r"""<meta\b(?=[^<>]{0,500}\bproperty\s*=\s*["']?og:title\b)[^<>]{0,500}?\bcontent\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""",
    re.IGNORECASE,
)
_HEAD_CHARACTERS = 100_000
_H1, _CAPTION = tag_number("h1"), tag_number("figcaption")
_LONG_WORD = 8  # characters; text without spaces is counted by them
_HIGHEST_BOUND = 500  # thousandths
_SURE, _POSSIBLE = 700, 100  # scores around and within a hole that is filled
_HOLE_WORDS = 30
_POSSIBLE_CAPTION = 100  # score of the caption of a figure behind a chosen block; many golds leave captions out
# Score of code, a cell or an item beside a chosen block: part of a table or list reads worse than none. On held-out
# pages this changes the mean F1 of words by less than 0.001.
_POSSIBLE_PART = 300
# Score of the only first-level heading of a page, and how many blocks before a chosen one it may be: copies of an
# article on several sites would else differ in it. On held-out pages this changes the mean F1 by less than 0.001.
_POSSIBLE_HEADING, _HEADING_REACH = 100, 6
_SUBHEADINGS = np.array([tag_number(f"h{level}") for level in range(2, 7)])
_PARTS = np.array([tag_number(name) for name in ("pre", "td", "th", "li", "dt", "dd")])
_COMMENT_HINTS = np.int64(0b11)  # the first of hint_words.HINTS: comment, disqus


def extract_salient(
    html: str,
    url: str | None = None,
    comments: Comments | None = None,
    model: SalientModel | None = None,
) -> ExtractedPage:
    """Return the main text of a page, with paragraphs, bullets, tables and indentation of code, and its title.

    The time is bounded by the size of the page, whatever is in it, and the result depends on this page alone.

    Args:
        html: the page.
        url: its URL, if it is known.
        comments: whether the comments of readers below a text are kept or dropped; None: the model decides.
        model: the model; None: that of the package.
    """
    page = page_bytes(html)
    scanned, blocks = read_blocks(page, url)
    if len(scanned.blocks) == 0:
        return ExtractedPage("", page_title(html, page, scanned))
    chosen = without_notices(scanned, page, blocks, is_main_text(scanned, blocks, model))
    kept = np.flatnonzero(_with_comments(scanned, blocks, chosen, comments))
    text = clean(kept_text(scanned, page, kept.tolist()))
    characters, linked = blocks.sums[0, BlockCount.CHARACTERS], blocks.sums[0, BlockCount.LINKED]
    return ExtractedPage(text, page_title(html, page, scanned), float(linked / characters) if characters else 0.0)


def page_bytes(html: str) -> bytes:
    """Return the UTF-8 of a page for the scanner.

    That is without zero bytes, and with U+FFFD for halves of surrogate pairs. Of XHTML, empty elements get the end tag
    without which HTML reads on.
    """
    try:
        page = html.encode()
    except UnicodeEncodeError:
        page = _SURROGATE.sub("\ufffd", html).encode()
    page = page.replace(b"\0", b"")
    return _EMPTY_ELEMENT.sub(rb"<\1\2></\1>", page) if _XML.match(page) else page


def read_blocks(page: bytes, url: str | None) -> tuple[ScannedPage, PageBlocks]:
    """Return the blocks of a page; where scripts or frames make nearly all of it, those for readers without them.

    Args:
        page: UTF-8 of the page, without zero bytes.
        url: its URL, if it is known.
    """
    scanned = scan_page(page)
    blocks = measure_blocks(scanned, page, url)
    prose = blocks.sums[0, BlockCount.PROSE]
    if prose < _LITTLE_PROSE and _WITHOUT_SCRIPTS.search(page):
        other = scan_page(page, scripted=False)
        other_blocks = measure_blocks(other, page, url)
        if other_blocks.sums[0, BlockCount.PROSE] > 4 * prose:
            return other, other_blocks
    return scanned, blocks


def is_main_text(scanned: ScannedPage, blocks: PageBlocks, model: SalientModel | None = None) -> npt.NDArray[np.bool_]:
    """Return for every block whether it belongs to the main text; of those beyond MAX_JUDGED, the ones of prose do.

    If that is none, and in pages of a few words, all blocks are kept of which less than half is in links. Short texts
    that an attribute hides are dropped; long ones are panels that scripts unfold, and judged as others are.
    """
    scores = judge_blocks(scanned, blocks, model)
    counts = blocks.counts[: len(scores)]
    sizes = np.maximum(counts[:, BlockCount.WORDS], counts[:, BlockCount.CHARACTERS] // _LONG_WORD)
    by_model = scores >= min(best_bound(scores, sizes), _HIGHEST_BOUND)
    linked = counts[:, BlockCount.LINKED] * 2 >= counts[:, BlockCount.CHARACTERS]
    fill_holes(by_model, scores, sizes, linked)
    tags = scanned.elements["tag"][scanned.blocks["element"][: len(scores)]]
    add_neighbours(by_model, np.isin(tags, _PARTS) & (scores >= _POSSIBLE_PART) & ~linked)
    add_heading(by_model, tags, scores)
    add_subheadings(by_model, tags, scores, linked)
    captions = tags[1:] == _CAPTION
    by_model[1:] |= captions & by_model[:-1] & ~linked[1:] & (scores[1:] >= _POSSIBLE_CAPTION)
    chosen = np.concatenate((by_model, blocks.counts[len(scores) :, BlockCount.PROSE] > 0))
    hidden = scanned.elements["hidden"][scanned.blocks["element"]]
    seen: npt.NDArray[np.bool_] = (hidden == 0) | (blocks.sums[hidden, BlockCount.CHARACTERS] >= _HIDDEN_PANEL)
    chosen &= seen
    if blocks.sums[0, BlockCount.CHARACTERS] >= _SHORT_PAGE and chosen.any():
        return chosen
    unlinked: npt.NDArray[np.bool_] = blocks.counts[:, BlockCount.LINKED] * 2 < blocks.counts[:, BlockCount.CHARACTERS]
    return unlinked & seen


@compiled_and_cached
def fill_holes(
    chosen: npt.NDArray[np.bool_],
    scores: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    linked: npt.NDArray[np.bool_],
) -> None:
    """Choose the few words that are missing between two blocks which surely belong to the main text, in place.

    A caption, a line of code or a short list within a text is a risk for the model, but a reader misses it. On held-out
    pages this changes the mean F1 of words by less than 0.001.
    """
    last, words, fillable = -1, 0, True  # the last block that is surely chosen, and what is missing behind it
    for index in range(len(chosen)):
        if chosen[index] and scores[index] >= _SURE:
            if last >= 0 and fillable and words <= _HOLE_WORDS:
                chosen[last:index] = True
            last, words, fillable = index, 0, True
        elif not chosen[index]:
            words += sizes[index]
            fillable = fillable and scores[index] >= _POSSIBLE and not linked[index]


@compiled_and_cached
def add_neighbours(chosen: npt.NDArray[np.bool_], possible: npt.NDArray[np.bool_]) -> None:
    """Choose the possible blocks of every run of them that is beside a chosen block, in place."""
    for index in range(1, len(chosen)):
        chosen[index] |= possible[index] and chosen[index - 1]
    for index in range(len(chosen) - 2, -1, -1):
        chosen[index] |= possible[index] and chosen[index + 1]


def add_heading(chosen: npt.NDArray[np.bool_], tags: npt.NDArray[np.uint8], scores: npt.NDArray[np.int64]) -> None:
    """Choose the heading of the text, in place: the only ``h1`` of the page, if a chosen block soon follows."""
    headings = np.flatnonzero(tags == _H1)
    if len(headings) == 1 and scores[headings[0]] >= _POSSIBLE_HEADING:
        first = headings[0]
        chosen[first] |= chosen[first + 1 : first + 1 + _HEADING_REACH].any()


def add_subheadings(
    chosen: npt.NDArray[np.bool_],
    tags: npt.NDArray[np.uint8],
    scores: npt.NDArray[np.int64],
    linked: npt.NDArray[np.bool_],
) -> None:
    """Choose the headings right before a block that surely belongs to the main text, in place.

    A text whose sections have lost their headings reads worse than its golds say: the mean F1 of words changes by less
    than 0.0003 on every type of page.
    """
    sure = chosen[1:] & (scores[1:] >= _SURE) & ~np.isin(tags[1:], _SUBHEADINGS)
    chosen[:-1] |= np.isin(tags[:-1], _SUBHEADINGS) & (scores[:-1] >= _POSSIBLE_HEADING) & ~linked[:-1] & sure


def best_bound(scores: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> int:
    """Return the bound on the scores of a page's blocks with the greatest expected F1 of words.

    Where the model is unsure of a whole page, as with lists and shops, the bound is low: half of the F1 that can be
    expected (Lipton et al. 2014, Optimal thresholding of classifiers to maximize F1 measure).

    Args:
        scores: int64[blocks], thousandths of the probability that a block belongs to the main text.
        sizes: int64[blocks], words.
    """
    if len(scores) == 0:
        return 0
    order = np.argsort(-scores, kind="stable")
    found, kept = np.cumsum((scores * sizes)[order]), np.cumsum(sizes[order])
    # Whole numbers below 2**53, so one division, rounded as IEEE 754 says: the same on every machine.
    expected = 2 * found / np.maximum(1000 * kept + found[-1], 1)
    return int(scores[order][np.argmax(expected)])


def judge_blocks(scanned: ScannedPage, blocks: PageBlocks, model: SalientModel | None = None) -> npt.NDArray[np.int64]:
    """Return the probability of the first MAX_JUDGED blocks to belong to the main text, in thousandths.

    The second pass of the model sees what the first has said of the blocks around and of those that look alike.
    """
    first, second = model or load_model()
    scores = per_mille(block_logits(first, blocks.features[:, :FIRST_SCORE]))
    judged = scanned.blocks[: len(scores)]
    add_scores(scanned.elements, judged, blocks.counts, blocks.wider, scores, blocks.features)
    return per_mille(block_logits(second, blocks.features))


def _with_comments(
    scanned: ScannedPage, blocks: PageBlocks, chosen: npt.NDArray[np.bool_], comments: Comments | None
) -> npt.NDArray[np.bool_]:
    """Return the chosen blocks with the prose in sections of comments, or without those sections.

    A section of comments is an element whose class or id says so and that has less than half of the prose of its page.
    """
    if comments is None:
        return chosen
    elements, prose = scanned.elements, blocks.sums[:, BlockCount.PROSE]
    begins = ((elements["own_hints"] & _COMMENT_HINTS) != 0) & (prose * 2 < prose[0])
    within = begins_around(elements["parent"], begins)[scanned.blocks["element"]]
    if comments == "drop":
        dropped: npt.NDArray[np.bool_] = chosen & ~within
        return dropped
    kept: npt.NDArray[np.bool_] = chosen | (within & (blocks.counts[:, BlockCount.PROSE] > 0))
    return kept


@compiled_and_cached
def begins_around(parents: npt.NDArray[np.int32], begins: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return for every element whether it or an element around it is marked; parents come before their children."""
    found = begins.copy()
    for index in range(1, len(parents)):
        found[index] = found[index] or found[parents[index]]
    return found


def page_title(html: str, page: bytes, scanned: ScannedPage) -> str | None:
    """Return the title, that for social networks, or the first heading; None if there is none."""
    start, end = scanned.title
    found = [unescaped_bytes(page[start:end])]
    if not found[0].strip():
        found += [unescape(match[1] or match[2] or "") for match in _OG_TITLE.finditer(html, 0, _HEAD_CHARACTERS)][:1]
        headings = np.flatnonzero(scanned.elements["tag"][scanned.blocks["element"]] == _H1)[:1]
        found += [plain_text(scanned, page, int(number)) for number in headings]
    for each in found:
        title = clean(_SPACE.sub(" ", each))
        if title:
            return title[:1000]
    return None
