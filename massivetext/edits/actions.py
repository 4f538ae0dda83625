"""What a rule of an edit can do to lines, each action with its parameters."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1)]
Texts = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
# Qualified ("c4/policy") where edits are combined.
Name = Annotated[str, msgspec.Meta(pattern="^([a-z][a-z0-9_]*/)?[a-z][a-z0-9_]*$")]
# New content of lines by their place; empty: the line is dropped.
Changes = Mapping[int, str]

_ASCII_UPPER = bytes(range(ord("A"), ord("Z") + 1))


class LineRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action"):
    """What every rule of an edit has.

    Attributes:
        name: name in reports, unique in its edit.
        source: citation, or "ours: reason".
    """

    name: Name
    source: Text


class Cut(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="cut"):
    """Cuts what matches a pattern out of lines; a line of which nothing is left is dropped.

    Attributes:
        pattern: regular expression of Python (`(?i)` before it ignores case), looked for within each line.
        max_line_words: longer lines stay as they are; None: of any length.
    """

    pattern: Text
    max_line_words: Positive | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a pattern that is none."""
        _check_pattern(self.pattern)

    @property
    def does(self) -> str:
        """The rule in words."""
        limit = "" if self.max_line_words is None else f" from lines of at most {self.max_line_words} words"
        return f"cuts `{self.pattern}`{limit}"

    def changes(self, lines: Sequence[str]) -> Changes:
        """The lines that the rule changes."""
        pattern = re.compile(self.pattern)
        return _cut(
            {place: line for place, line in enumerate(lines) if pattern.search(line)}, pattern, self.max_line_words
        )


class CutPhrases(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="cut_phrases"):
    """Cuts these phrases out of lines, in any case, with a white space beside them; drops a line that has no more.

    Attributes:
        phrases: looked for within words as well.
        at: where in a line a phrase is cut; that at the end goes with the white space before it, as anywhere.
        max_line_words: longer lines stay as they are; None: of any length.
    """

    phrases: Texts
    at: Literal["start", "end", "anywhere"] = "anywhere"
    max_line_words: Positive | None = None

    @property
    def does(self) -> str:
        """The rule in words."""
        where = {"start": " at the start of", "end": " at the end of", "anywhere": " anywhere in"}[self.at]
        limit = "lines" if self.max_line_words is None else f"lines of at most {self.max_line_words} words"
        return f"cuts {_or(self.phrases)}{where} {limit}"

    def changes(self, lines: Sequence[str]) -> Changes:
        """The lines that the rule changes."""
        found = {place: lines[place] for place in _containing(lines, self.phrases)}
        if not found:
            return {}
        either = f"(?:{'|'.join(map(re.escape, self.phrases))})"
        pattern = {"start": rf"^{either}\s?", "end": rf"\s?{either}$", "anywhere": rf"\s?{either}"}[self.at]
        return _cut(found, re.compile(pattern, re.IGNORECASE), self.max_line_words)


class DropMatching(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_matching"):
    """Drops lines that match a pattern as a whole.

    Attributes:
        pattern: regular expression of Python (`(?i)` before it ignores case).
    """

    pattern: Text

    def __post_init__(self) -> None:
        """Raises ValueError for a pattern that is none."""
        _check_pattern(self.pattern)

    @property
    def does(self) -> str:
        """The rule in words."""
        return f"drops lines that are `{self.pattern}` as a whole"

    def changes(self, lines: Sequence[str]) -> Changes:
        """The lines that the rule drops."""
        matches = re.compile(self.pattern).fullmatch
        return {place: "" for place, line in enumerate(lines) if matches(line)}


class DropContaining(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_containing"):
    """Drops lines with any of these phrases in them, in any case.

    Attributes:
        phrases: looked for everywhere, within words as well.
    """

    phrases: Texts

    @property
    def does(self) -> str:
        """The rule in words."""
        return f"drops lines with {_or(self.phrases)} in them"

    def changes(self, lines: Sequence[str]) -> Changes:
        """The lines that the rule drops."""
        return dict.fromkeys(_containing(lines, self.phrases), "")


class DropWithoutEnd(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_without_end"):
    """Drops lines that do not end in one of these marks.

    Attributes:
        ends: marks of which a line has one at its end.
        but_not: ends with which a line is dropped all the same.
    """

    ends: Texts
    but_not: tuple[Text, ...] = ()

    @property
    def does(self) -> str:
        """The rule in words."""
        but = f", or end in {' '.join(f'`{end}`' for end in self.but_not)}" if self.but_not else ""
        return f"drops lines that do not end in one of {' '.join(f'`{end}`' for end in self.ends)}{but}"

    def changes(self, lines: Sequence[str]) -> Changes:
        """The lines that the rule drops."""
        ends, but_not = self.ends, self.but_not
        return {place: "" for place, line in enumerate(lines) if not line.endswith(ends) or line.endswith(but_not)}


class DropShort(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_short"):
    """Drops lines of fewer words.

    Attributes:
        min_words: words, parted by white space, of the shortest line that stays.
    """

    min_words: Positive

    @property
    def does(self) -> str:
        """The rule in words."""
        return f"drops lines of fewer than {self.min_words} words"

    def changes(self, lines: Sequence[str]) -> Changes:
        """The lines that the rule drops."""
        least = self.min_words
        return {place: "" for place, line in enumerate(lines) if len(line.split(None, least)) < least}


class DropLongWords(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_long_words"):
    """Drops lines that hold a longer word.

    Attributes:
        max_characters: characters of the longest word that a line may hold.
    """

    max_characters: Positive

    @property
    def does(self) -> str:
        """The rule in words."""
        return f"drops lines with a word of more than {self.max_characters} characters"

    def changes(self, lines: Sequence[str]) -> Changes:
        """The lines that the rule drops."""
        most = self.max_characters
        return {
            place: ""
            for place, line in enumerate(lines)
            if len(line) > most and any(len(word) > most for word in line.split())
        }


class DropUppercase(LineRule, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drop_uppercase"):
    """Drops lines that are upper-case for the most part.

    Attributes:
        max_frac: share of a line's characters, white space between words included, that may be upper-case letters.
    """

    max_frac: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]

    @property
    def does(self) -> str:
        """The rule in words."""
        return f"drops lines with more than {self.max_frac:g} of their characters upper-case"

    def changes(self, lines: Sequence[str]) -> Changes:
        """The lines that the rule drops."""
        return {place: "" for place, line in enumerate(lines) if _uppercase(line) > self.max_frac * len(line)}


Rule = Cut | CutPhrases | DropMatching | DropContaining | DropWithoutEnd | DropShort | DropLongWords | DropUppercase


def _or(phrases: Sequence[str]) -> str:
    return " or ".join(f"`{phrase}`" for phrase in phrases)


def _containing(lines: Sequence[str], phrases: Sequence[str]) -> list[int]:
    """Places of the lines with any of the phrases in them."""
    lowered = "\n".join(lines).lower()
    there = [phrase for each in phrases if (phrase := each.lower()) in lowered]
    if not there:
        return []  # as a rule: so one search of the text spares those of its lines
    return [place for place, line in enumerate(lowered.split("\n")) if any(phrase in line for phrase in there)]


def _cut(found: Mapping[int, str], pattern: re.Pattern[str], longest: int | None) -> Changes:
    left = {
        place: pattern.sub("", line).strip()
        for place, line in found.items()
        if longest is None or len(line.split(None, longest)) <= longest
    }
    return {place: line for place, line in left.items() if line != found[place]}


def _uppercase(line: str) -> int:
    if line.isascii():
        return len(line) - len(line.encode().translate(None, _ASCII_UPPER))
    return sum(map(str.isupper, line))


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"pattern: want a regular expression, got {pattern!r}: {error}") from error
