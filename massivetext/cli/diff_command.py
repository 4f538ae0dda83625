"""The command ``massivetext diff``: what differs between two runs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from massivetext.cli.change_cells import before_after, plus_minus
from massivetext.cli.command_arguments import full_path
from massivetext.cli.messages import make_console, one_line, print_json, print_line

if TYPE_CHECKING:
    from rich.table import Table

    from massivetext.corpus.run_diff import Amount, DiffExample, GainLoss, RunDiff
    from massivetext.corpus.signal_drift import DriftFound, SignalDrift

_ROWS = 10  # of each table of a source; --json has all
_CELLS = 16  # of a drawn histogram
_BLOCKS = " ▁▂▃▄▅▆▇█"


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="Folder of the earlier run: a path or a URL.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Folder of the later run.")],
    source: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this source; may be repeated.")] = None,
    up_to: Annotated[
        str | None,
        typer.Option(
            "--after",
            metavar="STAGE",
            help="Compare what is left after this stage. Default: the last one that is complete in both runs.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Compare two runs: documents gained and lost by source, stage, rule, language and host, and the drift of signals.

    Documents are matched by id. Only what differs is printed. The stored files are read; nothing is run again.
    """
    from massivetext.corpus.opened_run import OpenedRun

    found = OpenedRun(full_path(before)).diff(OpenedRun(full_path(after)), sources=source or None, up_to=up_to)
    if as_json:
        print_json(found)
    else:
        _print_answer(make_console(), found)


def _print_answer(console: Console, found: "RunDiff") -> None:
    for note in found.notes:
        print_line(console, note)
    if found.is_empty:
        print_line(console, f"Nothing differs up to {found.up_to}: documents, texts, verdicts, signals and settings.")
        return
    for name, (was, now) in found.settings.items():
        print_line(console, f"{name}: {was or 'not given'} → {now or 'not given'}")
    for table in _tables(found):
        console.print(table)
    for line in _alone(found.drift):
        print_line(console, line)
    for title, documents in (("Gained", found.gained), ("Lost", found.lost)):
        for line in _documents(title, documents):
            print_line(console, line)


def _tables(found: "RunDiff") -> "Iterator[Table]":
    yield _sources_table(found)
    tables = (
        _changes_table("stage of the other run", found.stages),
        _rules_table(found),
        _changes_table("language", found.languages),
        _changes_table("host", found.hosts),
        _drift_table(found.drift),
    )
    yield from (table for table in tables if table.row_count)


def _table(caption: str, texts: Sequence[str], numbers: Sequence[str], *, whole: bool = False) -> "Table":
    """Return an empty table; ``whole``: the last column of texts has names that are never broken."""
    from rich.table import Table

    table = Table(header_style="bold", caption=caption)
    for heading in texts:
        table.add_column(heading, overflow="fold", no_wrap=whole and heading == texts[-1])
    for heading in numbers:
        table.add_column(heading, justify="right", overflow="fold")
    return table


def _sources_table(found: "RunDiff") -> "Table":
    from massivetext.formatting import format_count

    sources = found.sources.values()
    common = any(not each.read_before == each.common == each.read_after for each in sources)
    texts = any(each.changed_texts for each in sources)
    table = _table(
        f"kept after {found.up_to}: before, → after; gained and lost documents, their words below",
        ["source"],
        ["read", *["in both"] * common, *["texts\nchanged"] * texts, "kept", "words", "tokens", "gained", "lost"],
    )
    for name, each in found.sources.items():
        known = each.before.tokens is not None and each.after.tokens is not None
        table.add_row(
            name,
            before_after(f"{each.read_before:,}", f"{each.read_after:,}"),
            *[f"{each.common:,}"] * common,
            *[f"{each.changed_texts:,}"] * texts,
            before_after(f"{each.before.documents:,}", f"{each.after.documents:,}"),
            before_after(format_count(each.before.words), format_count(each.after.words)),
            before_after(format_count(each.before.tokens or 0), format_count(each.after.tokens or 0)) if known else "–",
            _amount(each.gained),
            _amount(each.lost),
        )
    return table


def _amount(amount: "Amount") -> str:
    from massivetext.formatting import format_count

    return f"{amount.documents:,}\n{format_count(amount.words)}" if amount.documents else "0"


def _changes_table(title: str, found: "Mapping[str, Mapping[str, GainLoss]]") -> "Table":
    table = _table("gained and lost documents, their words below", ["source", title], ["gained", "lost"])
    for source, changes in found.items():
        for name, each in list(changes.items())[:_ROWS]:
            table.add_row(source, name, _amount(each.gained), _amount(each.lost))
        if len(changes) > _ROWS:
            table.add_row(source, f"and {len(changes) - _ROWS:,} more: --json", "", "")
    return table


def _rules_table(found: "RunDiff") -> "Table":
    table = _table(
        "documents that fail; newly and no longer: of those in both runs; gained and lost: of those above",
        ["source", "rule, and what passes"],
        ["fail", "newly,\nno longer", "gained,\nlost"],
        whole=True,
    )
    for source, rules in found.rules.items():
        for name, each in rules.items():
            passes = before_after(each.passes_before or "no rule", each.passes_after or "no rule")
            table.add_row(
                source,
                f"{name}\n{passes}",
                before_after(f"{each.failed_before:,}", f"{each.failed_after:,}"),
                plus_minus(each.newly, each.no_longer),
                plus_minus(each.gained, each.lost),
            )
    return table


# -- drift of signals --------------------------------------------------------------------------------------------------


def _drift_table(found: "Mapping[str, DriftFound]") -> "Table":
    from massivetext.formatting import format_value

    table = _table(
        "all documents that were read; distance 0 to 1: of numbers that of Kolmogorov and Smirnov, of texts half the "
        "sum of the differences of shares",
        ["source", "signal"],
        ["distance", "mean", "histograms", "from … to"],
        whole=True,
    )
    for source, drift in found.items():
        for name, each in list(drift.signals.items())[:_ROWS]:
            means = "–"
            if each.mean_before is not None and each.mean_after is not None:
                means = before_after(format_value(each.mean_before), format_value(each.mean_after))
            table.add_row(source, name, f"{each.distance:.4f}", means, *_drawn(each))
        if len(drift.signals) > _ROWS:
            table.add_row(source, f"and {len(drift.signals) - _ROWS:,} more: --json", *[""] * 3)
    return table


def _drawn(drift: "SignalDrift") -> tuple[str, str]:
    """Return the two histograms as rows of blocks, one below the other, and the values from which to which they go."""
    from massivetext.formatting import format_border

    if not drift.bins:
        shown = list(drift.values.items())[:3]
        return "\n".join(f"{name} {was:,} → {now:,}" for name, (was, now) in shown), ""
    last = drift.bins[-1]
    end = format_border(last.low if last.high is None else last.high)
    drawn = (_blocks([each.before for each in drift.bins]), _blocks([each.after for each in drift.bins]))
    return "\n".join(drawn), f"{format_border(drift.bins[0].low)} … {end}"


def _blocks(counts: Sequence[int]) -> str:
    """Return counts as a row of at most 16 blocks, the tallest for the largest."""
    cells = [0] * min(len(counts), _CELLS)
    for number, count in enumerate(counts):
        cells[number * len(cells) // len(counts)] += count
    most = max(*cells, 1)
    return "".join(_BLOCKS[-(-each * (len(_BLOCKS) - 1) // most)] for each in cells)


def _alone(found: "Mapping[str, DriftFound]") -> Iterator[str]:
    for source, drift in found.items():
        for when, names in (("before", drift.only_before), ("after", drift.only_after)):
            if names:
                yield f"Signals of source {source} that were measured only {when}: {', '.join(names)}"


# -- documents ---------------------------------------------------------------------------------------------------------


def _documents(title: str, documents: "Sequence[DiffExample]") -> Iterator[str]:
    from massivetext.corpus.run_diff import NOT_READ

    if documents:
        yield f"{title}, a sample:"
    for each in documents:
        shown = each.document
        why = ", ".join(each.rules) or each.removed_by
        why = "is not in the other run" if why == NOT_READ else f"the other run removes it by {why}"
        yield f"  {shown.id}  {why}  {shown.source}  {one_line(shown.url or shown.origin)}"
