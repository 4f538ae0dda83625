"""What the line edits of a source took out of its texts."""

import msgspec

from massivetext.report.examples import Place
from massivetext.runs.context import Context
from massivetext.stages import INGEST


class EditTally(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule of an edit took from a source.

    Attributes:
        rule: its qualified name.
        does: the rule in words.
        citation: where it comes from.
        lines: that it dropped, or out of which it cut something.
        characters: of those lines without white space at their ends, or of what was cut.
        words: likewise.
    """

    rule: str
    does: str
    citation: str
    lines: int
    characters: int
    words: int


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """The line edits of a source.

    Attributes:
        edits: their names, in the order in which they are made.
        documents: of which something was taken.
        emptied: of which nothing is left; they stay as empty texts, for rules to judge.
        rules: every rule, also one that took nothing.
    """

    edits: tuple[str, ...]
    documents: int
    emptied: int
    rules: tuple[EditTally, ...]


class Taken(msgspec.Struct, frozen=True):
    """What a rule of an edit took from one document; see :class:`EditTally`."""

    rule: str
    lines: int
    characters: int
    words: int


def edited(context: Context, source: str) -> Edited | None:
    """What was taken from a source, from the manifest of ingest; None where nothing edits it."""
    if source not in context.edits:
        return None
    counts = context.run.need(INGEST.name).totals(f"{source}/")
    return Edited(
        edits=context.recipe.sources[source].edits,
        documents=counts.get("edited", 0),
        emptied=counts.get("emptied", 0),
        rules=tuple(
            EditTally(
                rule=rule.name,
                does=rule.description,
                citation=rule.source,
                **{what: counts.get(f"edited:{rule.name}:{what}", 0) for what in ("lines", "characters", "words")},
            )
            for rule in context.edits[source]
        ),
    )


def taken(context: Context, where: Place) -> tuple[Taken, ...] | None:
    """What was taken from a document, rules that took nothing left out; None where nothing edits its source."""
    row = context.run.read_table("documents", where.shard, ["edits"])["edits"][where.row].as_py()
    return None if row is None else tuple(Taken(**each) for each in row)
