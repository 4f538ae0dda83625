"""An edit of one text: every rule in turn, and what each of them took."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from massivetext.edits.actions import Changes, Rule
from massivetext.schema import Removed


def edit(text: str, rules: Iterable[Rule]) -> tuple[str, tuple[Removed, ...]]:
    """The text without what the rules take, and what each of them took.

    Lines that stay keep their indentation, and the blank lines between them; where lines were dropped, the first of the
    blank ones around them. What is left has no white space at its ends, and is empty where every line was dropped. A
    text of which nothing is taken stays as it is.

    Returns:
        The text, and counts of those rules that took something, in order. A rule sees what the rules before it left, so
        nothing is counted twice: characters and words of lines (without white space at their ends) are those of the
        new text and of the counts together.
    """
    lines = text.split("\n")
    places = [place for place, line in enumerate(lines) if line and not line.isspace()]
    left = [lines[place].strip() for place in places]
    taken: list[Removed] = []
    for rule in rules:
        changes = rule.changes(left)
        if not changes:
            continue
        taken.append(_count(rule.name, left, changes))
        for at, new in changes.items():
            left[at] = new
            line = lines[places[at]]
            lines[places[at]] = line[: len(line) - len(line.lstrip())] + new if new else ""
        places = [place for place, line in zip(places, left, strict=True) if line]
        left = [line for line in left if line]
    return (_join(lines, text.split("\n"), places), tuple(taken)) if taken else (text, ())


class Change(NamedTuple):
    """A line that a rule changed: as it was and as it is, both without white space at their ends; empty: dropped."""

    rule: str
    before: str
    after: str


def changed_lines(text: str, rules: Iterable[Rule]) -> list[Change]:
    """Every line that :func:`edit` changes, rule by rule: for a person who wants to see them, not for a corpus."""
    found: list[Change] = []
    for rule in rules:
        lines = [bare for line in text.split("\n") if (bare := line.strip())]
        found += [Change(rule.name, lines[place], after) for place, after in rule.changes(lines).items()]
        text, _ = edit(text, [rule])
    return found


def _count(rule: str, lines: Sequence[str], changes: Changes) -> Removed:
    characters = words = 0
    for place, new in changes.items():
        characters += len(lines[place]) - len(new)
        words += len(lines[place].split()) - len(new.split())
    return Removed(rule, len(changes), characters, words)


def _join(lines: Sequence[str], before: Sequence[str], places: Sequence[int]) -> str:
    joined: list[str] = []
    end = 0
    for place in places:
        gap = range(end, place)
        blank = [lines[at] for at in gap if not before[at].strip()]
        joined += blank if len(blank) == len(gap) else blank[:1]
        joined.append(lines[place])
        end = place + 1
    return "\n".join(joined).strip()
