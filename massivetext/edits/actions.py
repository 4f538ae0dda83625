"""The actions of line edits: each takes the lines of a text and returns those that it changes."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Literal

import msgspec
import regex

from massivetext.errors import UserError

PATTERN_SECONDS = 10.0  # that a pattern may take on one line: millions of times as long as it usually does

Text = Annotated[str, msgspec.Meta(min_length=1)]
Texts = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
# Qualified ("c4/policy") after edits were combined.
Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([a-z][a-z0-9_]*/)?[a-z][a-z0-9_]*\Z",
        description="a name of a-z, 0-9 and _ that begins with a letter",
    ),
]
# New content of lines by index; empty: the line is dropped.
Changes = Mapping[int, str]

_ASCII_UPPER = bytes(range(ord("A"), ord("Z") + 1))


class LineRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action"):
    """Base of every rule of a line edit.

    Attributes:
        name: name in reports, unique in its line edit.
        source: citation, or "ours: reason".
    """

    name: Name
    source: Text


class CutMatches(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="cut"):
    """Cuts the matches of a pattern out of lines; a line that becomes empty is dropped.

    Attributes:
        pattern: regular expression of the library `regex` (`(?i)` at its start ignores case), searched in each line.
        max_line_words: longer lines stay as they are; None: no limit.
    """

    pattern: Text
    max_line_words: Positive | None = None

    def __post_init__(self) -> None:
        """Raise ValueError if the pattern is not a regular expression."""
        _check_pattern(self.pattern)

    @property
    def description(self) -> str:
        """The rule in words, for reports."""
        limit = "" if self.max_line_words is None else f" from lines of at most {self.max_line_words} words"
        return f"cuts `{self.pattern}`{limit}"

    def changes(self, lines: Sequence[str]) -> Changes:
        """Return the lines that the rule changes. Raises UserError if the pattern takes too long on one of them."""
        pattern = regex.compile(self.pattern)
        with _bounded(self.name, self.pattern):
            found = {index: line for index, line in enumerate(lines) if pattern.search(line, timeout=PATTERN_SECONDS)}
            return _cut(found, lambda line: pattern.sub("", line, timeout=PATTERN_SECONDS), self.max_line_words)


class CutPhrases(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="cut_phrases"):
    """Cuts phrases out of lines, ignoring case, with one white space beside them; a line that becomes empty is dropped.

    Attributes:
        phrases: the phrases; they match within words as well.
        at: where in a line a phrase is cut; with "end" and "anywhere" the white space before the phrase is cut as well.
        max_line_words: longer lines stay as they are; None: no limit.
    """

    phrases: Texts
    at: Literal["start", "end", "anywhere"] = "anywhere"
    max_line_words: Positive | None = None

    @property
    def description(self) -> str:
        """The rule in words, for reports."""
        where = {"start": " at the start of", "end": " at the end of", "anywhere": " anywhere in"}[self.at]
        limit = "lines" if self.max_line_words is None else f"lines of at most {self.max_line_words} words"
        return f"cuts {_or(self.phrases)}{where} {limit}"

    def changes(self, lines: Sequence[str]) -> Changes:
        """Return the lines that the rule changes."""
        found = {index: lines[index] for index in _containing(lines, self.phrases)}
        if not found:
            return {}
        either = f"(?:{'|'.join(map(re.escape, self.phrases))})"
        pattern = {"start": rf"^{either}\s?", "end": rf"\s?{either}$", "anywhere": rf"\s?{either}"}[self.at]
        phrase = re.compile(pattern, re.IGNORECASE)
        return _cut(found, lambda line: phrase.sub("", line), self.max_line_words)


class DropMatching(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_matching"):
    """Drops lines that match a pattern as a whole.

    Attributes:
        pattern: regular expression of the library `regex` (`(?i)` at its start ignores case).
    """

    pattern: Text

    def __post_init__(self) -> None:
        """Raise ValueError if the pattern is not a regular expression."""
        _check_pattern(self.pattern)

    @property
    def description(self) -> str:
        """The rule in words, for reports."""
        return f"drops lines that are `{self.pattern}` as a whole"

    def changes(self, lines: Sequence[str]) -> Changes:
        """Return the lines that the rule drops, as empty strings. Raises UserError if the pattern takes too long."""
        matches = regex.compile(self.pattern).fullmatch
        with _bounded(self.name, self.pattern):
            return {index: "" for index, line in enumerate(lines) if matches(line, timeout=PATTERN_SECONDS)}


class DropContaining(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_containing"):
    """Drops lines that contain one of these phrases, ignoring case.

    Attributes:
        phrases: the phrases; they match within words as well.
    """

    phrases: Texts

    @property
    def description(self) -> str:
        """The rule in words, for reports."""
        return f"drops lines with {_or(self.phrases)} in them"

    def changes(self, lines: Sequence[str]) -> Changes:
        """Return the lines that the rule drops, as empty strings."""
        return dict.fromkeys(_containing(lines, self.phrases), "")


class DropWithoutEnd(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_without_end"):
    """Drops lines that do not end in one of these marks.

    Attributes:
        ends: a line must end in one of these marks.
        but_not: a line that ends in one of these is dropped, although it may end in one of ``ends``.
    """

    ends: Texts
    but_not: tuple[Text, ...] = ()

    @property
    def description(self) -> str:
        """The rule in words, for reports."""
        but = f", or end in {' '.join(f'`{end}`' for end in self.but_not)}" if self.but_not else ""
        return f"drops lines that do not end in one of {' '.join(f'`{end}`' for end in self.ends)}{but}"

    def changes(self, lines: Sequence[str]) -> Changes:
        """Return the lines that the rule drops, as empty strings."""
        ends, but_not = self.ends, self.but_not
        return {index: "" for index, line in enumerate(lines) if not line.endswith(ends) or line.endswith(but_not)}


class DropShort(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_short"):
    """Drops lines that have too few words.

    Attributes:
        min_words: fewest words, separated by white space, of a line that stays.
    """

    min_words: Positive

    @property
    def description(self) -> str:
        """The rule in words, for reports."""
        return f"drops lines of fewer than {self.min_words} words"

    def changes(self, lines: Sequence[str]) -> Changes:
        """Return the lines that the rule drops, as empty strings."""
        least = self.min_words
        return {index: "" for index, line in enumerate(lines) if len(line.split(None, least)) < least}


class DropLongWords(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_long_words"):
    """Drops lines that contain a word that is too long.

    Attributes:
        max_characters: characters of the longest word that a line may contain.
    """

    max_characters: Positive

    @property
    def description(self) -> str:
        """The rule in words, for reports."""
        return f"drops lines with a word of more than {self.max_characters} characters"

    def changes(self, lines: Sequence[str]) -> Changes:
        """Return the lines that the rule drops, as empty strings."""
        most = self.max_characters
        return {
            index: ""
            for index, line in enumerate(lines)
            if len(line) > most and any(len(word) > most for word in line.split())
        }


class DropUppercase(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_uppercase"):
    """Drops lines with too many upper-case letters.

    Attributes:
        max_frac: share of a line's characters, white space between words included, that may be upper-case letters.
    """

    max_frac: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]

    @property
    def description(self) -> str:
        """The rule in words, for reports."""
        return f"drops lines with more than {self.max_frac:g} of their characters upper-case"

    def changes(self, lines: Sequence[str]) -> Changes:
        """Return the lines that the rule drops, as empty strings."""
        return {index: "" for index, line in enumerate(lines) if _uppercase(line) > self.max_frac * len(line)}


EditRule = (
    CutMatches | CutPhrases | DropMatching | DropContaining | DropWithoutEnd | DropShort | DropLongWords | DropUppercase
)


def _or(phrases: Sequence[str]) -> str:
    return " or ".join(f"`{phrase}`" for phrase in phrases)


def _containing(lines: Sequence[str], phrases: Sequence[str]) -> list[int]:
    """Return the indices of the lines that contain one of the phrases."""
    lowered = "\n".join(lines).lower()
    there = [phrase for each in phrases if (phrase := each.lower()) in lowered]
    if not there:
        return []  # the usual case: one search of the text instead of one per line
    return [index for index, line in enumerate(lowered.split("\n")) if any(phrase in line for phrase in there)]


@contextmanager
def _bounded(rule: str, pattern: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise UserError(
            f"line edit {rule}: the pattern '{pattern}' takes more than {PATTERN_SECONDS:g} s on one line; it tries "
            "the same characters in too many ways: remove a repetition within a repetition"
        ) from error


def _cut(found: Mapping[int, str], cut: Callable[[str], str], longest: int | None) -> Changes:
    left = {
        index: cut(line).strip()
        for index, line in found.items()
        if longest is None or len(line.split(None, longest)) <= longest
    }
    return {index: line for index, line in left.items() if line != found[index]}


def _uppercase(line: str) -> int:
    if line.isascii():
        return len(line) - len(line.encode().translate(None, _ASCII_UPPER))
    return sum(map(str.isupper, line))


def _check_pattern(pattern: str) -> None:
    try:
        regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"pattern: want a regular expression, got '{pattern}': {error}") from error
