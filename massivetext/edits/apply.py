"""Apply line edits to one text, and count what each rule took."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from massivetext.edits.actions import Changes, EditRule
from massivetext.schema import EditCount


def edit(text: str, rules: Iterable[EditRule]) -> tuple[str, tuple[EditCount, ...]]:
    """Return the text without what the rules take, and counts of what each rule took.

    Lines that stay keep their indentation and the blank lines between them; where lines were dropped, only the first
    blank line around them stays. The new text has no white space at its ends, and is empty if every line was dropped. A
    text that no rule changes stays as it is.

    Returns:
        The text, and counts of the rules that took something, in order. A rule sees what the rules before it left, so
        nothing is counted twice: the characters and words of the old lines (without white space at their ends) are
        those of the new text plus those of the counts.
    """
    lines = text.split("\n")
    indices = [index for index, line in enumerate(lines) if line and not line.isspace()]
    left = [lines[index].strip() for index in indices]
    taken: list[EditCount] = []
    for rule in rules:
        changes = rule.changes(left)
        if not changes:
            continue
        taken.append(_count_edit(rule.name, left, changes))
        for at, new in changes.items():
            left[at] = new
            line = lines[indices[at]]
            lines[indices[at]] = line[: len(line) - len(line.lstrip())] + new if new else ""
        indices = [index for index, line in zip(indices, left, strict=True) if line]
        left = [line for line in left if line]
    return (_join(lines, text.split("\n"), indices), tuple(taken)) if taken else (text, ())


class Change(NamedTuple):
    """A line before and after a rule changed it, without white space at its ends; an empty ``after``: dropped."""

    rule: str
    before: str
    after: str


def changed_lines(text: str, rules: Iterable[EditRule]) -> list[Change]:
    """Return every line that :func:`edit` changes, rule by rule; for one text that a person looks at, it is slow."""
    found: list[Change] = []
    for rule in rules:
        lines = [bare for line in text.split("\n") if (bare := line.strip())]
        found += [Change(rule.name, lines[index], after) for index, after in rule.changes(lines).items()]
        text, _ = edit(text, [rule])
    return found


def _count_edit(rule: str, lines: Sequence[str], changes: Changes) -> EditCount:
    characters = words = 0
    for index, new in changes.items():
        characters += len(lines[index]) - len(new)
        words += len(lines[index].split()) - len(new.split())
    return EditCount(rule, len(changes), characters, words)


def _join(lines: Sequence[str], before: Sequence[str], indices: Sequence[int]) -> str:
    joined: list[str] = []
    end = 0
    for index in indices:
        gap = range(end, index)
        blank = [lines[at] for at in gap if not before[at].strip()]
        joined += blank if len(blank) == len(gap) else blank[:1]
        joined.append(lines[index])
        end = index + 1
    return "\n".join(joined).strip()
