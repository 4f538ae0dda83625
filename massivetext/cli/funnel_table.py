"""The table at the end of a run: documents and words that each stage has left."""

from collections.abc import Sequence

from rich.table import Table

from massivetext.formatting import format_count
from massivetext.report.funnel import Funnel, FunnelCount


def funnel_table(funnel: Funnel) -> Table:
    """Return a table of the documents and words of each source after each stage, and of the tokens in the records.

    Below the tokens stands the share of the kept text that is in the records.
    """
    caption = "documents left after each stage, their words below"
    if funnel.covered_bytes:
        caption += "; tokens in the records,\nbelow them the share of the kept text that they hold"
    caption += "".join(f"\n{each}" for each in funnel.held_out)
    table = Table(caption=caption, header_style="bold", show_footer=True)
    table.add_column("source", footer="all", overflow="fold")
    if funnel.unreadable:
        total = sum(found.rejected for found in funnel.unreadable.values())
        table.add_column("unreadable", justify="right", overflow="fold", footer=f"{total:,}")
    for stage in funnel.stages:
        table.add_column(stage, justify="right", overflow="fold", footer=_cell(funnel.total(stage)))
    table.add_column("tokens", justify="right", overflow="fold", footer=_tokens(funnel, funnel.sources))
    for source in funnel.sources:
        lost = [f"{funnel.unreadable[source].rejected:,}"] if funnel.unreadable else []
        cells = (_cell(funnel.at(source, stage)) for stage in funnel.stages)
        table.add_row(source, *lost, *cells, _tokens(funnel, [source]))
    return table


def unreadable_lines(funnel: Funnel) -> list[str]:
    """Return one line per source of which something could not be read: how much, and why most often."""
    return [
        f"{source}: {found.rejected:,} unreadable, {found.describe()}"
        for source, found in sorted(funnel.unreadable.items())
        if found.rejected
    ]


def _tokens(funnel: Funnel, sources: Sequence[str]) -> str:
    tokens, kept, covered = (
        sum(counts.get(source, 0) for source in sources)
        for counts in (funnel.tokens, funnel.kept_bytes, funnel.covered_bytes)
    )
    return f"{tokens:,}\n{covered / kept:.1%}" if kept else f"{tokens:,}"


def _cell(count: FunnelCount) -> str:
    return f"{count.documents:,}\n{format_count(count.words)}"
