"""What the line edits of a source cut from its texts."""

import msgspec

from massivetext.report.examples import DocumentLocation
from massivetext.runs.context import Context
from massivetext.stages import INGEST


class EditTally(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule of a line edit cut from a source.

    Attributes:
        rule: qualified name of the rule.
        does: the rule in words.
        citation: source of the rule.
        lines: number of lines that it dropped or changed.
        characters: number of characters that it cut; white space at the ends of dropped lines is not counted.
        words: number of words that it cut.
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
        edits: names of the edits, in the order in which they are applied.
        documents: number of documents that were changed.
        emptied: number of documents without any text left; they stay as empty texts, which the rules judge.
        rules: counts of every rule, also of rules that cut nothing.
    """

    edits: tuple[str, ...]
    documents: int
    emptied: int
    rules: tuple[EditTally, ...]


class EditTaken(msgspec.Struct, frozen=True):
    """What one rule of a line edit cut from one document; see :class:`EditTally`."""

    rule: str
    lines: int
    characters: int
    words: int


def summarise_edits(context: Context, source: str) -> Edited | None:
    """Return what was cut from a source, from the manifest of ingest; None if it has no line edits."""
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


def read_taken(context: Context, location: DocumentLocation) -> tuple[EditTaken, ...] | None:
    """Return what each rule cut from a document, without rules that cut nothing; None if its source has no edits."""
    row = context.run.read_table("documents", location.shard, ["edits"])["edits"][location.row].as_py()
    return None if row is None else tuple(EditTaken(**each) for each in row)
