"""Reduce templates, tables and links of wikitext to text, from the inside out, in one pass with a stack.

The work is linear in the length of the page, whatever is left open or nested: MediaWiki's own rules for what closes
what, with two exceptions for pages that are broken. The end of a template also ends links that are open within it, and
the end of a page closes what is open there.
"""

import re
import urllib.parse

from massivetext.sources.wiki.wiki_languages import WikiLanguage
from massivetext.sources.wiki.wiki_templates import HOLE, LITERAL, expand_template, literal_colons

_TOKEN = re.compile(r"\{\{+|\}\}+|\[\[|\]\]+|^[ \t:]*\{\||^[ \t]*\|\}+", re.MULTILINE)
_DEEPEST = 100  # MediaWiki stops expanding at a depth of 100
# [[de:Fluss]] is not text but a link in the margin to the article in another language.
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z-]+)?|simple")
_PIPE_TRICK = re.compile(r"^:?(?:[^:]*:)?(.*?)(?:\s*[(（].*|,.*)?$")
# A file in a namespace that nobody declares is told by its name.
_FILE_NAME = re.compile(
    r"[^:]{4,}:[^:]+\.(?:jpe?g|png|gif|svg|tiff?|webp|xcf|pdf|djvu|og[gav]|opus|mp3|wav|flac|midi?|webm|mp4|stl)",
    re.IGNORECASE,
)
# [[http://a.example label]]: a link to another site within brackets.
_ADDRESS = re.compile(r"(?:(?:https?|ftp):)?//[^\s|]*", re.IGNORECASE)
_MARKUP = frozenset("*#:;|=!'")  # at the beginning of a line, or beside an apostrophe
_BRACES, _LINK, _TABLE = "{", "[", "|"


class _Frame:
    """An opening that is not closed yet: its kind, number of braces, and the pieces of text behind it."""

    __slots__ = ("count", "kind", "pieces")

    def __init__(self, kind: str, count: int = 0) -> None:
        self.kind, self.count = kind, count
        self.pieces: list[str] = []


class MarkupScanner:
    """Reduces the markup of one page.

    Args:
        title: title of the page, for templates that name it.
        wiki: names of the wiki.
    """

    def __init__(self, title: str, wiki: WikiLanguage) -> None:
        self._title, self._wiki = title, wiki
        self._stack = [_Frame("")]
        self._open = {_BRACES: 0, _LINK: 0, _TABLE: 0}

    def reduce(self, markup: str) -> str:
        """Return the text; a hole stands for everything that left none."""
        position = 0
        for match in _TOKEN.finditer(markup):
            start, end = match.span()
            if start > position:
                self._stack[-1].pieces.append(markup[position:start])
            position = end
            self._token(match[0])
        self._stack[-1].pieces.append(markup[position:])
        while len(self._stack) > 1:
            self._abandon()
        return "".join(self._stack[0].pieces)

    def _token(self, token: str) -> None:
        match token[-1], token[0]:
            case "{", _:
                self._push(_BRACES, token, len(token))
            case "[", _:
                self._push(_LINK, token)
            case "]", _:
                self._close_link(token)
            case "}", "}":
                self._close_braces(len(token))
            case "}", _:
                self._close_table(token)
            case _:
                self._push(_TABLE, token)

    def _push(self, kind: str, token: str, count: int = 0) -> None:
        if len(self._stack) > _DEEPEST:
            self._stack[-1].pieces.append(token)
            return
        self._stack.append(_Frame(kind, count))
        self._open[kind] += 1

    def _pop(self) -> str:
        frame = self._stack.pop()
        self._open[frame.kind] -= 1
        return "".join(frame.pieces)

    def _abandon(self) -> None:
        """Give the content of an opening that is never closed to what is around it."""
        frame = self._stack[-1]
        text = self._pop()
        if frame.kind == _BRACES:
            text = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("|"))
        elif frame.kind == _TABLE:
            text = text.partition("\n")[2]  # what is before are its attributes
        elif text[:1] in _MARKUP:  # "[[#x" begins no list
            text = LITERAL + text
        self._stack[-1].pieces.append(text)

    def _close_link(self, token: str) -> None:
        left = len(token)
        while left >= 2 and self._stack[-1].kind == _LINK:
            text = self._pop()
            if left == 3 and text.rfind("[") > text.rfind("]"):  # the first ends a link to another site
                text, left = f"{text}]", 2
            self._stack[-1].pieces.append(_link_text(text, self._wiki))
            left -= 2
        self._stack[-1].pieces.append("]" * left)

    def _close_table(self, token: str) -> None:
        braces = token.count("}")
        if self._open[_TABLE] and braces != 2 and self._unwind(_TABLE, through=_LINK):
            self._pop()
            self._stack[-1].pieces.append(HOLE)
            braces -= 1
        else:
            self._stack[-1].pieces.append(token[: token.index("}")])
        self._close_braces(braces)

    def _close_braces(self, braces: int) -> None:
        while braces >= 2 and self._open[_BRACES] and self._unwind(_BRACES, through=_LINK + _TABLE):
            frame = self._stack[-1]
            taken = min(frame.count, braces, 3)
            inner = self._pop()
            text = _argument(inner) if taken == 3 else expand_template(inner, self._title, self._wiki)
            braces -= taken
            left = frame.count - taken
            if left >= 2:
                self._push(_BRACES, "{" * left, left)
            elif left:
                text = "{" + text
            self._stack[-1].pieces.append(text)
        if braces:
            self._stack[-1].pieces.append("}" * braces)

    def _unwind(self, kind: str, through: str) -> bool:
        """Abandon what is open above the innermost opening of a kind; return False if that may not be closed now."""
        for frame in reversed(self._stack):
            if frame.kind == kind:
                break
            if frame.kind not in through or not frame.kind:
                return False
        while self._stack[-1].kind != kind:
            self._abandon()
        return True


def _argument(inner: str) -> str:
    """Return the default of a parameter that the page itself can never have."""
    return inner.partition("|")[2] or HOLE


def _link_text(inner: str, wiki: WikiLanguage) -> str:
    target, bar, label = inner.partition("|")
    namespace, colon, _ = target.partition(":")
    if colon or target[:2] == "//":
        if address := _ADDRESS.match(inner):
            label = inner[address.end() :].lstrip(" |")
            return f"[{literal_colons(label)}]" if label else HOLE
        name = namespace.strip().lower()
        if name in wiki.media_namespaces and label:
            return literal_colons(label)
        if name in wiki.link_namespaces or (not bar and name and _LANGUAGE.fullmatch(namespace.strip())):
            return HOLE
        if name and _FILE_NAME.fullmatch(target.strip()):
            return HOLE
    text = label if label else _own_text(target, inner, pipe=bool(bar))
    text = literal_colons(text)
    before = LITERAL if text[:1] in _MARKUP else ""
    return f"{before}{text}{LITERAL}" if text[-1:] == "'" else before + text


def _own_text(target: str, inner: str, *, pipe: bool) -> str:
    """Return the text of a link that has no label."""
    name = target.strip()
    if pipe:
        trimmed = _PIPE_TRICK.match(name)
        return trimmed[1] if trimmed else target
    if "\n" in target:
        return f"[[{inner}]]"
    if "%" in target:
        decoded = urllib.parse.unquote(name, errors="replace")
        readable = decoded.isprintable() and "\ufffd" not in decoded
        return target.replace(name, (decoded if readable else name).removeprefix(":").replace("_", " "))
    return target.replace(name, name.removeprefix(":").replace("_", " "))
