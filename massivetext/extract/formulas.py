r"""Formulas of web pages as TeX within ``\( \)``."""

import itertools
import re
from html import unescape

from lxml import etree
from lxml.html import HtmlElement, fragment_fromstring

_ANNOTATION = re.compile(
    r"<annotation\b[^<>]*\bencoding\s*=\s*[\"']?application/x-tex\b[^<>]*>(.*?)</annotation", re.I | re.S
)
_ALT_TEXT = re.compile(r"<math\b[^<>]*?\balttext\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.I)
_STYLE = re.compile(r"\{\\(?:displaystyle|textstyle) (.*)\}", re.S)
_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"\s+")
_DELIMITERS = re.compile(r"^(?:\\\(|\\\[|\$\$?)(.*?)(?:\\\)|\\\]|\$\$?)$", re.S)
_LONGEST = 20_000  # characters of MathML without TeX that are converted
_DEEPEST = 40
_NAMES = {
    "∑": r"\sum ", "∏": r"\prod ", "∫": r"\int ", "√": r"\sqrt ", "∞": r"\infty ", "±": r"\pm ", "×": r"\times ",
    "≤": r"\leq ", "≥": r"\geq ", "≠": r"\neq ", "≈": r"\approx ", "→": r"\to ", "∈": r"\in ", "∂": r"\partial ",
    "·": r"\cdot ", "⋅": r"\cdot ", "−": "-", "\u2061": "", "\u2062": "", "\u2063": "", "α": r"\alpha ",
    "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\varepsilon ", "θ": r"\theta ", "λ": r"\lambda ",
    "μ": r"\mu ", "π": r"\pi ", "ρ": r"\rho ", "σ": r"\sigma ", "τ": r"\tau ", "φ": r"\varphi ", "ω": r"\omega ",
    "Δ": r"\Delta ", "Σ": r"\Sigma ", "Ω": r"\Omega ", "{": r"\{", "}": r"\}",
}  # fmt: skip
_ACCENTS = {  # by element and what is above or below
    ("mover", "¯"): r"\bar", ("mover", "‾"): r"\overline", ("mover", "^"): r"\hat", ("mover", "~"): r"\tilde",
    ("mover", "˙"): r"\dot", ("mover", "¨"): r"\ddot", ("mover", r"\to "): r"\vec", ("mover", "⃗"): r"\vec",
    ("mover", "ˆ"): r"\hat", ("mover", "˜"): r"\tilde", ("munder", "_"): r"\underline", ("munder", "̲"): r"\underline",
}  # fmt: skip
_FORMS = {  # by element and number of its children
    ("mfrac", 2): r"\frac{{{}}}{{{}}}",
    ("msup", 2): "{}^{{{}}}",
    ("msub", 2): "{}_{{{}}}",
    ("mover", 2): "{}^{{{}}}",
    ("munder", 2): "{}_{{{}}}",
    ("msubsup", 3): "{}_{{{}}}^{{{}}}",
    ("munderover", 3): "{}_{{{}}}^{{{}}}",
    ("mroot", 2): r"\sqrt[{1}]{{{0}}}",
}
_JOINED = {  # what is before, between and after the children
    "msqrt": (r"\sqrt{", "", "}"),
    "mtr": ("", " & ", ""),
    "mtable": (r"\begin{matrix}", r" \\ ", r"\end{matrix}"),
}


def formula_text(source: str) -> str:
    r"""Return a formula as TeX within ``\( \)``, "" if there is none.

    Args:
        source: MathML from its opening tag on; or TeX, from a script of MathJax or the alternative text of an image.
    """
    if source[:5].lower() == "<math":
        annotation, alternative = _ANNOTATION.search(source), _ALT_TEXT.match(source)
        if annotation:
            source = unescape(annotation[1])
        elif alternative:
            source = unescape(alternative[1] or alternative[2] or "")
        else:
            source = _converted(source)
    else:
        source = unescape(source)
    source = _SPACE.sub(" ", source).strip()
    for shell in (_STYLE, _DELIMITERS):
        found = shell.fullmatch(source)
        source = found[1].strip() if found else source
    return rf"\({source}\)" if source else ""


def _converted(source: str) -> str:
    """Return MathML as TeX; as its plain text where it is too large or broken."""
    if len(source) <= _LONGEST:
        try:
            return _tex(fragment_fromstring(source + "</math>"), 0)
        except (etree.LxmlError, ValueError, AssertionError):
            pass
    return unescape(_TAG.sub(" ", source))


def _tex(element: HtmlElement, depth: int) -> str:
    if not isinstance(element.tag, str) or depth > _DEEPEST or element.tag in ("annotation", "annotation-xml"):
        return ""
    if element.tag in ("mi", "mn", "mo", "mtext", "ms"):
        return _leaf(element)
    parts = [_tex(child, depth + 1) for child in element]
    if element.tag == "mfenced":
        return _fenced(element, parts)
    if element.tag in ("mover", "munder") and len(parts) == 2 and (accent := _ACCENTS.get((element.tag, parts[1]))):
        return f"{accent}{{{parts[0]}}}"
    form = _FORMS.get((element.tag, len(parts)))
    if form:
        return form.format(*parts)
    if element.tag in _JOINED:
        before, between, after = _JOINED[element.tag]
        return before + between.join(parts) + after
    return "".join(parts)


def _fenced(element: HtmlElement, parts: list[str]) -> str:
    """Return parts within brackets; of the signs between them the last is used again."""
    opening, closing, signs = (
        "".join(str(element.get(name, otherwise)).split())
        for name, otherwise in (("open", "("), ("close", ")"), ("separators", ","))
    )
    between = [signs[min(place, len(signs) - 1)] if signs else "" for place in range(len(parts) - 1)]
    return opening + "".join(itertools.chain(*itertools.zip_longest(parts, between, fillvalue=""))) + closing


def _leaf(element: HtmlElement) -> str:
    text = "".join(element.itertext()).strip()
    if element.tag == "mtext":
        return rf"\text{{{text}}}" if text else " "
    if element.tag == "mi" and len(text) > 1 and text.isalpha():
        return rf"\mathrm{{{text}}}"
    return "".join(_NAMES.get(character, character) for character in text)
