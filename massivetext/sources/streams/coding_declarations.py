"""Find the encoding that a source file declares for itself, as interpreters and editors read it."""

import re

_EDGE_BYTES = 3000  # of the beginning, and of the end, in which editors look
_FIRST_LINES = 2
_MODE_LINES = 5  # at the beginning and at the end, in which Vim looks for its settings
_NAME = rb"([A-Za-z0-9][-\w.]*)"
# The rule of PEP 263, which Ruby follows too.
_COMMENT = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*" + _NAME)
_EMACS = re.compile(rb"-\*-(?:.*?[;\s])?coding[ \t]*:[ \t]*" + _NAME, re.IGNORECASE)
_EMACS_END = b"local variables:"
_EMACS_VARIABLE = re.compile(rb"\bcoding[ \t]*:[ \t]*" + _NAME, re.IGNORECASE)
_VIM = re.compile(rb"(?:^|\s)(?:vim?|ex):.*?\b(?:fileencoding|fenc|encoding|enc)=" + _NAME)
_CSS = re.compile(rb"@charset\s+[\"']" + _NAME)
_TEX = re.compile(rb"^[ \t]*\\(?:usepackage|RequirePackage)[ \t]*\[" + _NAME + rb"\][ \t]*\{inputenc\}", re.MULTILINE)
_TEX_EDITOR = re.compile(rb"^%[ \t]*!\s*TeX[ \t]+encoding[ \t]*=[ \t]*" + _NAME, re.IGNORECASE | re.MULTILINE)
_ONE_OF = (b"coding", b"enc=", b"@charset", b"{inputenc}")  # every declaration has one of these, in lower case
_LINE_ENDS = re.compile(r"[-_](?:unix|dos|mac)$")  # Emacs adds the kind of line ends
# Names of Emacs, Vim and LaTeX that are no labels of the WHATWG Encoding Standard and no names of Python's codecs.
_OTHER_NAMES = {
    "ansinew": "windows-1252",
    "applemac": "macintosh",
    "latin9": "iso-8859-15",
    "latin10": "iso-8859-16",
    "utf8x": "utf-8",
    "mule-utf-8": "utf-8",
    "japanese-shift-jis": "shift_jis",
    "japanese-iso-8bit": "euc-jp",
    "chinese-iso-8bit": "gbk",
    "chinese-gbk": "gbk",
    "chinese-big5": "big5",
    "korean-iso-8bit": "euc-kr",
    "cyrillic-koi8": "koi8-r",
    "prc": "gbk",
    "japan": "euc-jp",
    "korea": "euc-kr",
    "taiwan": "big5",
}


def coding_declaration(data: bytes) -> str | None:
    """Return the name of the encoding that a source file declares, whether known or not; None if it declares none.

    Read are comments as in PEP 263 and settings of Emacs in the first two lines, settings of Vim in the first and last
    five, Emacs' local variables at the end, ``@charset`` of CSS, and ``inputenc`` of LaTeX.
    """
    head, tail = data[:_EDGE_BYTES], data[-_EDGE_BYTES:]
    edges = head.lower() + tail.lower()
    if not any(word in edges for word in _ONE_OF):
        return None  # as most files
    lines, last = head.splitlines(), tail.splitlines()[-_MODE_LINES:]
    found = (
        _CSS.match(head)
        or _first_match((_COMMENT, _EMACS), lines[:_FIRST_LINES])
        or _first_match((_VIM,), [*lines[:_MODE_LINES], *last])
        or _TEX_EDITOR.search(head)
        or _TEX.search(head)
        or _EMACS_VARIABLE.search(tail.lower().rpartition(_EMACS_END)[2] if _EMACS_END in tail.lower() else b"")
    )
    if found is None:
        return None
    name = _LINE_ENDS.sub("", found[1].decode("ascii", "replace").lower())
    return _OTHER_NAMES.get(name, name)


def _first_match(patterns: tuple["re.Pattern[bytes]", ...], lines: list[bytes]) -> "re.Match[bytes] | None":
    return next((found for line in lines for pattern in patterns if (found := pattern.search(line))), None)
