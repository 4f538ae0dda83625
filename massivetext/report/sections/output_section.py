"""Sections about the output: the mixture and the tokenizer."""

from massivetext.formatting import format_bytes
from massivetext.report import charts
from massivetext.report.markup import Child, Html, Number, html_table
from massivetext.report.run_report import RunReport, SourceMixture
from massivetext.report.sections.building_blocks import PageCharts, section


def mixture_section(report: RunReport, page_charts: PageCharts) -> Html:
    """Return the section about the realised and the wanted mixture; empty if there are no records."""
    if report.mixture is None:
        return Html()
    unknown = any(row.covered is None for row in report.mixture.values())  # a run of an older version
    rows: list[list[Child]] = [
        [
            name,
            Number(f"{float(row.weight):.2%}"),
            Number(f"{row.realised:.2%}"),
            row.sequences,
            row.tokens,
            *([] if unknown else _coverage_cells(row)),
        ]
        for name, row in report.mixture.items()
    ]
    label = "; ".join(
        f"{name} {row.realised:.1%} of wanted {float(row.weight):.1%}" for name, row in report.mixture.items()
    )
    header = ["source", "wanted", "realised", "sequences", "tokens"]
    header += [] if unknown else ["of the kept text", "times read", "at most"]
    limit = f" The number of sequences is limited by {report.limited_by}." if report.limited_by else ""
    limit += "".join(f" {each}" for each in report.held_out)
    return section(
        "mixture",
        "Mixture",
        "Sequences by source: the tick is the weight in the recipe, the bar what the records hold. The last columns "
        "say which share of the kept text is in the records, how often the text was read on average, and how often "
        f"the document that was read most.{limit}",
        page_charts.add(
            "mixture", charts.mixture_chart(report.mixture), f"Bars with ticks: share of the sequences. {label}."
        ),
        html_table("Realised mixture", header, rows),
    )


def _coverage_cells(row: SourceMixture) -> list[Child]:
    return [Number(f"{row.covered:.1%}"), Number(f"{row.mean_reads:.2f}"), row.most_reads or 0]


def tokenizer_section(report: RunReport) -> Html:
    """Return the section about the tokenizer and the bytes per token; empty if there is no tokenizer."""
    found = report.tokenizer
    if found is None:
        return Html()
    made = f"trained on this run's text after {found.normalization}" if found.trained else "given by the recipe"
    rows: list[list[Child]] = [
        [name, Number(f"{ratio:.2f}"), Number(format_bytes(found.sampled_bytes[name]))]
        for name, ratio in found.bytes_per_token.items()
    ]
    return section(
        "tokenizer",
        "Tokenizer",
        f"A SentencePiece model of {found.vocabulary_size:,} pieces, {made}. More bytes a token mean that a source "
        "costs fewer of them; measured on a sample of kept documents.",
        html_table("Bytes of text a token", ["source", "bytes a token", "sample"], rows),
    )
