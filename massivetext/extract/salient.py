"""Extraction by blocks: a compiled scan of the page, a small model that decides on every block, our renderer."""

import re
from html import unescape

import numpy as np
import numpy.typing as npt

from massivetext.extract.block_counts import BlockCount
from massivetext.extract.block_features import FIRST_SCORE, PageBlocks, add_scores, measure_blocks
from massivetext.extract.block_trees import block_logits, load_passes, per_mille
from massivetext.extract.extracted_page import ExtractedPage
from massivetext.extract.salient_tree import kept_text, plain_text, unescaped_bytes
from massivetext.extract.tag_scanner import ScannedPage, scan_page
from massivetext.extract.tags import tag_number
from massivetext.text import clean

# Logit above which a block is kept, in units of 1 / block_trees.SCALE: a probability of 0.4.
KEPT_ABOVE = -26_573
_LITTLE_PROSE = 500  # characters
_SHORT_PAGE = 200  # characters without white space
_HIDDEN_PANEL = (
    300  # the same; of shorter hidden elements of WCXB 13% of the blocks are in the golds, of longer ones half
)
_SPACE = re.compile(r"\s+")
_OG_TITLE = re.compile(
    r"""<meta\b(?=[^<>]{0,500}\bproperty\s*=\s*["']?og:title\b)[^<>]{0,500}?\bcontent\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""",
    re.IGNORECASE,
)
_HEAD_CHARACTERS = 100_000
_H1 = tag_number("h1")


def extract_salient(html: str, url: str | None = None) -> ExtractedPage:
    """Return the main text of a page, with paragraphs, bullets, tables and indentation of code, and its title.

    The time is bounded by the size of the page, whatever is in it, and the result depends on this page alone.
    """
    page = html.encode("utf-8", "replace").replace(b"\0", b"")
    scanned, blocks = read_blocks(page, url)
    if len(scanned.blocks) == 0:
        return ExtractedPage("", _title(html, page, scanned))
    kept = np.flatnonzero(is_main_text(scanned, blocks))
    text = clean(kept_text(scanned, page, kept.tolist()))
    characters, linked = blocks.sums[0, BlockCount.CHARACTERS], blocks.sums[0, BlockCount.LINKED]
    return ExtractedPage(text, _title(html, page, scanned), float(linked / characters) if characters else 0.0)


def read_blocks(page: bytes, url: str | None) -> tuple[ScannedPage, PageBlocks]:
    """Return the blocks of a page. Where scripts make nearly all of it, they are those for readers without scripts.

    Args:
        page: UTF-8 of the page, without zero bytes.
        url: its URL, if it is known.
    """
    scanned = scan_page(page)
    blocks = measure_blocks(scanned, page, url)
    prose = blocks.sums[0, BlockCount.PROSE]
    if prose < _LITTLE_PROSE and b"<noscript" in page:
        other = scan_page(page, scripted=False)
        other_blocks = measure_blocks(other, page, url)
        if other_blocks.sums[0, BlockCount.PROSE] > 4 * prose:
            return other, other_blocks
    return scanned, blocks


def is_main_text(scanned: ScannedPage, blocks: PageBlocks) -> npt.NDArray[np.bool_]:
    """Return for every block whether it belongs to the main text; of those beyond MAX_JUDGED, the ones of prose do.

    If that is none, and in pages of a few words, all blocks are kept of which less than half is in links. Short texts
    that an attribute hides are dropped; long ones are panels that scripts unfold, and judged as others are.
    """
    by_model = judge_blocks(scanned, blocks) > KEPT_ABOVE
    chosen = np.concatenate((by_model, blocks.counts[len(by_model) :, BlockCount.PROSE] > 0))
    hidden = scanned.elements["hidden"][scanned.blocks["element"]]
    seen: npt.NDArray[np.bool_] = (hidden == 0) | (blocks.sums[hidden, BlockCount.CHARACTERS] >= _HIDDEN_PANEL)
    chosen &= seen
    if blocks.sums[0, BlockCount.CHARACTERS] >= _SHORT_PAGE and chosen.any():
        return chosen
    unlinked: npt.NDArray[np.bool_] = blocks.counts[:, BlockCount.LINKED] * 2 < blocks.counts[:, BlockCount.CHARACTERS]
    return unlinked & seen


def judge_blocks(scanned: ScannedPage, blocks: PageBlocks) -> npt.NDArray[np.int64]:
    """Return the logit of the first MAX_JUDGED blocks of belonging to the main text, in units of 1 / block_trees.SCALE.

    The second pass of the model sees what the first has said of the blocks around and of those that look alike.
    """
    first, second = load_passes()
    scores = per_mille(block_logits(first, blocks.features[:, :FIRST_SCORE]))
    judged = scanned.blocks[: len(scores)]
    add_scores(scanned.elements, judged, blocks.counts, blocks.wider, scores, blocks.features)
    return block_logits(second, blocks.features)


def _title(html: str, page: bytes, scanned: ScannedPage) -> str | None:
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
