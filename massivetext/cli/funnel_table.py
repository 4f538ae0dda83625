"""The table at the end of a run: documents and words that each stage has left."""

from rich.table import Table

from massivetext.formatting import format_count
from massivetext.report.funnel import Funnel, FunnelCount


def funnel_table(funnel: Funnel) -> Table:
    """Return a table of the documents and words of each source after each stage, and of the tokens in the records."""
    table = Table(caption="documents left after each stage, their words below", header_style="bold", show_footer=True)
    table.add_column("source", footer="all", overflow="fold")
    for stage in funnel.stages:
        table.add_column(stage, justify="right", overflow="fold", footer=_cell(funnel.total(stage)))
    table.add_column("tokens", justify="right", overflow="fold", footer=f"{sum(funnel.tokens.values()):,}")
    for source in funnel.sources:
        cells = (_cell(funnel.at(source, stage)) for stage in funnel.stages)
        table.add_row(source, *cells, f"{funnel.tokens.get(source, 0):,}")
    return table


def _cell(count: FunnelCount) -> str:
    return f"{count.documents:,}\n{format_count(count.words)}"
