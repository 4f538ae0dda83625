"""The command ``massivetext sample``: documents of a run with their texts, and what a rule saw in them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from massivetext.cli.command_arguments import RunFolder, full_path
from massivetext.cli.messages import make_console, one_line, print_json, print_line, safe_text

if TYPE_CHECKING:
    from rich.text import Text

    from massivetext.corpus.samples import SampledText

_BEFORE = 80  # characters shown before the first mark
_NAMED = 3  # rules that a document fails; --json has all
_MARK = "bold black on yellow"


def sample(
    run_folder: RunFolder,
    rule: Annotated[str | None, typer.Option(metavar="RULE", help="Documents that fail this rule.")] = None,
    near: Annotated[
        bool, typer.Option("--near", help="With --rule: those nearest to its limit, from both sides.")
    ] = False,
    stage: Annotated[str | None, typer.Option(metavar="STAGE", help="Documents that this stage removed.")] = None,
    kept: Annotated[bool, typer.Option("--kept", help="Documents that no stage removed.")] = False,
    host: Annotated[str | None, typer.Option(metavar="NAME", help="Documents of this host.")] = None,
    language: Annotated[str | None, typer.Option(metavar="CODE", help="Documents of this language, as en.")] = None,
    source: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this source; may be repeated.")] = None,
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=1000, help="Number of documents.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws another sample.")] = 0,
    characters: Annotated[int, typer.Option(min=0, help="Characters shown of each text; 0: all of them.")] = 600,
    as_json: Annotated[bool, typer.Option("--json", help="Print whole texts and marks as JSON.")] = False,
) -> None:
    """Show documents with their texts: near the limit of a rule, removed by a stage, kept, of a host or a language.

    What the signal of the rule counts is marked: repeated lines, bullets, n-grams, stop words, phrases. On a terminal
    it is coloured, elsewhere it stands between 【 and 】. The same seed draws the same documents.
    """
    from massivetext.corpus.opened_run import OpenedRun

    found = OpenedRun(full_path(run_folder)).sample(
        count,
        rule=rule,
        near=near,
        stage=stage,
        kept=kept,
        host=host,
        language=language,
        sources=source or None,
        seed=seed,
    )
    if as_json:
        print_json(found)
        return
    console = make_console()
    if not found:
        print_line(console, "No document is like that.")
    for each in found:
        which, fate = _head(each)
        print_line(console, which, style="bold")
        print_line(console, fate)
        console.print(_shown(each, characters, brackets=not console.is_terminal), soft_wrap=True)
        print_line(console, "")


def _head(document: "SampledText") -> tuple[str, str]:
    """Return which document it is, and what became of it."""
    from massivetext.formatting import format_value
    from massivetext.report.wording import join_words

    parts = ["kept" if document.removed_by is None else f"removed by {document.removed_by}"]
    if document.side is not None:
        parts.append(f"{document.side} the rule")
    if document.signal is not None and document.value is not None:
        unmarked = "" if document.marks is not None else " (of the whole text: nothing is marked)"
        parts.append(f"{document.signal} {format_value(document.value)}{unmarked}")
    if names := document.failed_rules:
        more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
        parts.append(f"fails {join_words([*names[:_NAMED], *more])}")
    return f"{document.id}  {document.source}  {one_line(document.url or document.origin)}", "; ".join(parts)


def _shown(document: "SampledText", characters: int, *, brackets: bool) -> "Text":
    """Return a part of the text that begins shortly before the first mark, with the marks."""
    text, marks = document.text, document.marks or ()
    first = 0
    if characters and len(text) > characters and marks:
        first = max(min(marks[0][0] - _BEFORE, len(text) - characters), 0)
    stop = first + characters if characters else len(text)
    shown = safe_text("…" if first else "")
    at = first
    for begin, end in _merged(text, marks):
        begin, end = max(begin, first), min(end, stop)  # noqa: PLW2901 - cut to what is shown
        if begin < end:
            shown.append_text(safe_text(text[at:begin]))
            marked = text[begin:end]
            shown.append_text(safe_text(f"【{marked}】" if brackets else marked, _MARK))
            at = end
    shown.append_text(safe_text(text[at:stop]))
    return shown.append_text(safe_text("…" if stop < len(text) else ""))


def _merged(text: str, marks: "Sequence[tuple[int, int]]") -> list[tuple[int, int]]:
    """Return marks, joined where only spaces are between them."""
    joined: list[tuple[int, int]] = []
    for begin, end in marks:
        if joined and not text[joined[-1][1] : begin].strip(" "):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return joined
