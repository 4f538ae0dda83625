"""Read the lines of reduced wikitext: lists, quotes, links to other sites, magic words; and close up what is empty."""

import re

from massivetext.sources.wiki.wiki_templates import HOLE, LITERAL, literal_colons

_LIST = re.compile(r"([*#:;]+)[ \t]*(.*)")
_DEFINITION = re.compile(rf":(?!//|{LITERAL})")
_QUOTED = re.compile(r"('{2,5})(?:[^'\n]|'(?!'))*\1")
_QUOTES = re.compile(r"'{2,}")
_BAR = "\ue004"  # a vertical bar that separates nothing
_APOSTROPHE = "\ue003"  # an apostrophe before the mark of italic text
_EXTERNAL = re.compile(
    r"\[(?:(?:https?|ftps?|gopher|ircs?|news|git|svn)://|//|mailto:)(?:\[[0-9a-f:.]+\])?"
    r"(?:[^\s\[\]<>\"']|'(?!'))*[ \t\u3000]*([^\[\]\n]*(?:\[(?!\w{2,6}:)[^\[\]\n]*){0,4})\]",
    re.IGNORECASE,
)
_MAGIC_WORD = re.compile(r"__[^\W\d_]{2,30}(?:_[^\W\d_]{2,30}){0,2}__")
_MAGIC_WORDS = frozenset(
    ("toc", "notoc", "forcetoc", "noeditsection", "nogallery", "hiddencat", "index", "noindex", "newsectionlink")
)
_VARIANT = re.compile(r"-\{([^{}]*)\}-")
_DEEPEST_VARIANT = 5  # variants within variants
_VARIANT_RULE = re.compile(r"\s*([a-z]{2,3}(?:-[a-z]{2,6})?)\s*:(.*)", re.DOTALL)
_PREFERRED = ("zh", "zh-hans", "zh-cn", "zh-hant", "zh-tw", "zh-hk", "zh-sg", "zh-mo", "zh-my", "sr-ec", "sr-el", "sr")

_H = HOLE
_BLANK = r"[ \t\u00a0]"
# Parentheses in which only holes, white space and separators are left.
_EMPTY_PARENTHESES = re.compile(
    rf"{_BLANK}*(?:\((?=[^()]{{0,80}}{_H})[\s\u00a0,;:/·–—\-=&.{_H}]*\)|（(?=[^（）]{{0,80}}{_H})[\s，、；：,;:/·–—\-{_H}]*）)"
)
_SEPARATOR = r"[,;:、，；：]"
_CONJUNCTION = r"(?:or|and|oder|und|ou|et|o|y|e|или|и|та|lub|i|en|of|och|eller|og|または|和|或)"
# Holes that only separators and conjunctions stand between; what follows is for lines in which each is one hole.
_RUN = re.compile(rf"{_H}(?:(?:{_BLANK}|{_SEPARATOR}|[–—/]|(?<!\w){_CONJUNCTION}(?!\w))*{_H})+")
_AFTER_OPENING = re.compile(rf"([(（]){_BLANK}*{_H}{_BLANK}*(?:(?:{_SEPARATOR}|[–—/]|{_CONJUNCTION}\b){_BLANK}*)?")
_BEFORE_CLOSING = re.compile(rf"(?:{_BLANK}*(?:{_SEPARATOR}|[–—/]))?{_BLANK}*{_H}{_BLANK}*([)）])")
_BETWEEN = re.compile(rf"[,;、，；]{_BLANK}*{_H}{_BLANK}*(?=[,;、，；.。)）]|$)|:{_BLANK}*{_H}{_BLANK}*(?=[,;、，；])")
_BEFORE_SIGN = re.compile(rf"{_BLANK}*{_H}{_BLANK}*(?=[,.;:!?)）、。，；：！？]|$)")
_AT_BEGINNING = re.compile(rf"^({_BLANK}*(?:-|\d+\.)?{_BLANK}*){_H}{_BLANK}*(?:[,;:.、，；：。](?!\w){_BLANK}*)?")
_BLANK_HOLE = re.compile(rf"{_BLANK}+{_H}{_BLANK}*|{_H}{_BLANK}+")
_EMPTY_QUOTES = re.compile(rf"{_BLANK}*(?:“{_H}”|„{_H}“|«{_BLANK}*{_H}{_BLANK}*»|\"{_H}\")")
_ONLY_HOLES = re.compile(rf"{_BLANK}*(?:[-–*]{_BLANK}*|\d+\.{_BLANK}*)?{_H}[\s{_H}.,;:]*")
_BLANKS_IN_LINE = re.compile(r"(?<=\S)[ \t]{2,}(?=\S)")
_TRAILING_BLANK = re.compile(r"[^\S\n]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")


def read_lines(reduced: str) -> str:
    """Return the lines of a section without the markup in them; lists have bullets and numbers."""
    if "[" in reduced:
        reduced = _EXTERNAL.sub(_label, reduced)
    if "__" in reduced:
        reduced = _MAGIC_WORD.sub(_magic_word, reduced)
    lines: list[str] = []
    numbers: list[int] = []  # of the last item of each level of a numbered list
    for line in reduced.split("\n"):
        text = line
        if line.startswith(("*", "#", ":", ";")):
            text = _list_line(line, numbers)
        else:
            numbers = []
            if line.startswith(("|", "----")):  # a row of a broken table; a ruler
                text = line.lstrip("-") if line[0] == "-" else ""
        lines.append(_without_quotes(text) if "''" in text else text)
    return "\n".join(lines)


def _magic_word(match: re.Match[str]) -> str:
    word = match[0]
    return word if any(map(str.islower, word)) and word.strip("_").lower() not in _MAGIC_WORDS else ""


def _label(match: re.Match[str]) -> str:
    return f"{LITERAL}{literal_colons(match[1])}" if match[1] else HOLE


def _list_line(line: str, numbers: list[int]) -> str:
    match = _LIST.match(line)
    assert match is not None
    marks, text = match[1], match[2]
    depth = len(marks)
    if marks[-1] != "#":
        del numbers[depth - 1 if depth <= len(numbers) and marks[-1] in "*;" else depth :]
    if not text.strip(f" {HOLE}"):
        return HOLE
    if marks[-1] == "*":
        return f"{'  ' * (depth - 1)}- {text}"
    if marks[-1] == "#":
        del numbers[depth:]
        numbers += [0] * (depth - len(numbers))
        numbers[depth - 1] += 1
        return f"{'  ' * (depth - 1)}{numbers[depth - 1]}. {text}"
    if marks[-1] == ";":
        text = _QUOTED.sub(lambda quoted: literal_colons(quoted[0]), text)
        term, _, definition = _DEFINITION.sub("\n", text, count=1).partition("\n")
        return f"{term.strip()}\n{definition.strip()}" if definition.strip() else term
    return text


def _without_quotes(line: str) -> str:
    """Return a line without the marks of bold and italic text, by MediaWiki's rule for what cannot be balanced."""
    if "''''" in line:
        line = _QUOTES.sub(_free_surplus, line)
    runs = _QUOTES.findall(line)
    bold = sum(len(run) != 2 for run in runs)
    italic = sum(len(run) != 3 for run in runs)
    if bold % 2 and italic % 2:
        line = _free_apostrophe(line)
    return _QUOTES.sub("", line)


def _free_surplus(run: re.Match[str]) -> str:
    """Make apostrophes of the quotes beyond three or five: four are one and the mark of bold text."""
    surplus = 1 if len(run[0]) == 4 else max(len(run[0]) - 5, 0)
    return _APOSTROPHE * surplus + run[0][surplus:]


def _free_apostrophe(line: str) -> str:
    """Make one of three quotes an apostrophe: "l'''Iliade''" is an l, an apostrophe and italics."""
    candidates = [match for match in _QUOTES.finditer(line) if len(match[0]) == 3]
    if not candidates:
        return line

    def rank(match: re.Match[str]) -> int:
        before, second = line[match.start() - 1 : match.start()], line[match.start() - 2 : match.start() - 1]
        if before == " ":
            return 2
        return 0 if second == " " else 1

    chosen = min(candidates, key=rank)
    return f"{line[: chosen.start()]}{_APOSTROPHE}{line[chosen.start() + 1 :]}"


def choose_variants(text: str, code: str) -> str:
    """Return the text with one of the variants of a language in ``-{zh-hans:…; zh-hant:…}-``, simplified first.

    Args:
        text: reduced wikitext.
        code: language of the wiki.
    """
    for _ in range(_DEEPEST_VARIANT):
        text, found = _VARIANT.subn(lambda match: literal_colons(_choose_variant(match[1], code)), text)
        if not found or "-{" not in text:
            break
    return text


def _choose_variant(content: str, code: str) -> str:
    flags, bar, rest = content.partition("|")
    if bar:
        names = {flag.strip() for flag in flags.split(";")}
        if names & {"H", "T", "D", "-"}:
            return HOLE
        content = rest
        if "R" in names or names & {"N"}:
            return content
    variants = {}
    for part in content.split(";"):
        rule = _VARIANT_RULE.match(part.rpartition("=>")[2] if "=>" in part else part)
        if rule:
            variants[rule[1]] = rule[2].strip()
    if not variants:
        return content
    return next((variants[name] for name in (code, *_PREFERRED) if name in variants), next(iter(variants.values())))


def close_holes(text: str) -> str:
    """Return the text closed up where something was left out: no empty parentheses, no doubled blanks or separators."""
    if HOLE in text:
        lines = (_close_line(line) if HOLE in line else line for line in text.split("\n"))
        text = "\n".join(line for line in lines if line is not None)
    text = _BLANKS_IN_LINE.sub(" ", text).replace(_APOSTROPHE, "'").replace(_BAR, "|").replace(LITERAL, "")
    return _BLANK_LINES.sub("\n\n", _TRAILING_BLANK.sub("", text)).strip("\n")


def _close_line(line: str) -> str | None:
    """Return a line without its holes; None if nothing else is in it."""
    if _ONLY_HOLES.fullmatch(line):
        return None
    line = _RUN.sub(HOLE, _BLANKS_IN_LINE.sub(" ", line))
    line = _RUN.sub(HOLE, _EMPTY_QUOTES.sub(HOLE, line))
    for _ in range(2 if "(" in line or "（" in line else 0):  # parentheses within parentheses
        line = _RUN.sub(HOLE, _EMPTY_PARENTHESES.sub(HOLE, line))
    line = _AFTER_OPENING.sub(r"\1", line)
    line = _BEFORE_CLOSING.sub(r"\1", line)
    line = _BETWEEN.sub("", line)
    line = _AT_BEGINNING.sub(r"\1", line)
    line = _BEFORE_SIGN.sub("", line)
    return _BLANK_HOLE.sub(" ", line).replace(HOLE, "")
