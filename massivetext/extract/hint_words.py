"""Words in class names, ids and roles that hint at what an element is for, as a table for compiled code."""

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import inlined

# One bit of a 64-bit mask for each entry. A word is found anywhere within a value; "-" is any character but a letter,
# or an end of the value.
HINTS = (
    "comment", "disqus", "sidebar -aside rail- rightcol leftcol", "footer -foot- colophon bottom",
    "header masthead -top- topbar", "navigation -nav navbar", "menu", "breadcrumb crumbs", "content",
    "article story", "post", "entry", "-body bodytext", "main", "relat similar recommend",
    "share sharing social follow", "author byline", "-meta metadata", "-date datetime timestamp published -time-",
    "-tag", "categor", "widget module", "-ad- -ads- advert sponsor promo banner", "newsletter subscri signup",
    "cookie consent gdpr", "modal popup overlay lightbox", "caption", "title headline", "descri", "product -item-",
    "price", "review testimonial", "rating stars", "cart checkout", "forum thread topic", "reply replies",
    "message -msg", "quote", "signature", "user member profile avatar", "toolbar button -btn",
    "pagination pager paging -page-", "copyright legal privacy", "login signin account", "search filter facet",
    "popular trending latest recent", "teaser excerpt summary snippet", "card tile grid", "list",
    "faq accordion question answer", "hero jumbotron intro lead-", "feature benefit", "-toc table-of-contents",
    "code highlight", "spec attribut detail", "image photo gallery media figure",
    "hidden display:none display:-none visibility:hidden sr-only screen-reader", "print skip-",
    "text copy- richtext prose markdown", "-doc documentation wiki", "contact address phone", "cta call-to",
    "tab panel", "row column -col-",
)  # fmt: skip
# The same for the first bytes of the text of a block, mostly in English: what a section is about, and what pages say
# around their text.
TEXT_HINTS = (
    "-review", "-comment kommentar commentaire comentario",
    "related similar recommend also-like also-bought also-viewed more-from you-may auch-interess lire-aussi le-puede",
    "description overview about-this about-the-product", "specification -specs technical details", "faq question -q-",
    "shipping delivery returns refund warranty guarantee", "add-to-cart add-to-bag buy-now checkout -cart-",
    "in-stock out-of-stock availab sold-out", "-price -sale- -save- discount", "-rating -stars out-of- verified",
    "-share- teilen partager compartir condividi tweet facebook twitter pinterest linkedin whatsapp",
    "subscribe abonnieren suscrib newsletter sign-up inbox",
    "log-in sign-in login register -account anmelden connexion", "cookie consent privacy your-device datenschutz",
    "copyright rights-reserved impressum",
    "terms-of conditions", "contact-us email phone -call-", "follow-us",
    "read-more weiterlesen mehr-erfahren lire-la-suite leer-m learn-more see-more view-all show-more",
    "posted published updated", "-by- written-by", "-reply replied -quote- wrote", "-likes -views -votes",
    "-tags -tagged categor filed-under", "previous next- older- newer-", "-menu -home- -search", "filter sort-by",
    "results showing -items -products", "ingredients materials dimensions weight -size", "features benefits",
    "how-to how-do",
    "customer", "photo image credit getty", "advertis sponsored", "download", "hours-ago days-ago -ago- yesterday",
    "testimonial", "get-started free-trial a-demo", "trusted-by partners", "our-team our-services about-us",
    "popular trending latest recent", "back-to-top skip-to", "table-of-contents on-this-page in-this-article",
    "about-the-author the-author", "source- -via-", "joined -posts- -member", "translat language",
    "javascript browser", "loading please-wait", "compare wishlist", "introduction summary conclusion",
    "example -note- warning", "references bibliography external-links see-also",
    "january february march april -june- july",
    "august september october november december",
)  # fmt: skip
HIDDEN_HINT = next(bit for bit, words in enumerate(HINTS) if words.startswith("hidden"))
# Marks decide what the scan shows, whatever the model thinks of it.
MARKS = (
    "display:none display:-none display-:none display-:-none visibility:hidden visibility:-hidden",  # in a style alone
    "katex-html -mathjax- mathjax-preview- mathjax-display- mathjax-svg- mathjax-chtml-",  # a formula drawn with text
    # Numbers of lines.
    "-lineno linenos line-number linenumber -line-num -linenodiv- -ln-num -blob-num -gutter- -crayon-nums-",
    "-tex- -latex- -math- mwe-math",  # an image of a formula
    "-line-",  # a line of code; in a class alone
    "-blob-code-",  # a cell with a line of code; in a class alone
    # Code of which each block is a line.
    "-syntaxhighlighter- -dp-highlighter- -crayon-pre- -codemirror-code- -view-lines-",
    # How a list is numbered; in a style alone.
    "-lower-alpha -lower-latin",
    "-upper-alpha -upper-latin",
    "-lower-roman",
    "-upper-roman",
    "list-style:none list-style:-none list-style-type:none list-style-type:-none",
)
(
    HIDDEN_MARK, DRAWN_MARK, NUMBERS_MARK, FORMULA_MARK, LINE_MARK, CODE_CELL_MARK, CODE_LINES_MARK, LOWER_MARK,
    UPPER_MARK, LOWER_ROMAN_MARK, UPPER_ROMAN_MARK, NO_NUMBER_MARK, TEX_MARK, OPEN_MARK, SHADOW_MARK,
) = (1 << bit for bit in range(len(MARKS) + 3))  # fmt: skip
STYLE_MARKS = HIDDEN_MARK | LOWER_MARK | UPPER_MARK | LOWER_ROMAN_MARK | UPPER_ROMAN_MARK | NO_NUMBER_MARK
CLASS_MARKS = LINE_MARK | CODE_CELL_MARK | CODE_LINES_MARK
NODES = 2048
SYMBOLS = 28  # a to z, ":", any other character


class HintTrie(NamedTuple):
    """A tree of the words.

    Attributes:
        steps: int16[nodes, SYMBOLS], the next node or 0.
        hints: int64[nodes], bits of the HINTS with a word that ends there.
        marks: int64[nodes], the same of MARKS.
    """

    steps: npt.NDArray[np.int16]
    hints: npt.NDArray[np.int64]
    marks: npt.NDArray[np.int64]


@functools.cache
def hint_trie() -> HintTrie:
    """Return the words of names as a tree."""
    return _build_trie(HINTS, MARKS)


@functools.cache
def text_trie() -> HintTrie:
    """Return the words of texts as a tree, whose bits are those of TEXT_HINTS."""
    return _build_trie(TEXT_HINTS, ())


def _build_trie(first: tuple[str, ...], second: tuple[str, ...]) -> HintTrie:
    steps = np.zeros((NODES, SYMBOLS), np.int16)
    hints, marks = np.zeros(NODES, np.uint64), np.zeros(NODES, np.uint64)
    used = 1
    for bits, entries in ((hints, first), (marks, second)):
        for bit, words in enumerate(entries):
            for word in words.split():
                node = 0
                for character in word:
                    symbol = _symbol_of(ord(character))
                    if not steps[node, symbol]:
                        steps[node, symbol] = used
                        used += 1
                    node = int(steps[node, symbol])
                bits[node] |= np.uint64(1 << bit)
    return HintTrie(steps[:used], hints[:used].view(np.int64), marks[:used].view(np.int64))


def _symbol_of(byte: int | np.int64) -> int:
    """Return the column of a byte in the tree of words, 0 to SYMBOLS - 1."""
    lower = byte | 32
    if 97 <= lower <= 122:
        return lower - 97  # type: ignore[return-value]
    return 26 if byte == 58 else 27


symbol_of = inlined(_symbol_of)
