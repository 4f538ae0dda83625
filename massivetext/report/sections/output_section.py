"""Sections about the output: the mixture and the tokenizer."""

from massivetext.formatting import format_bytes
from massivetext.report import charts
from massivetext.report.markup import Child, Html, Number, html_table
from massivetext.report.run_report import RunReport
from massivetext.report.sections.building_blocks import PageCharts, section


def mixture_section(report: RunReport, page_charts: PageCharts) -> Html:
    """Return the section about the realised and the wanted mixture; empty if there are no records."""
    if report.mixture is None:
        return Html()
    rows: list[list[Child]] = [
        [
            name,
            Number(f"{float(row.weight):.2%}"),
            Number(f"{row.realised:.2%}"),
            row.sequences,
            row.tokens,
            Number(f"{row.epochs:.2f}"),
        ]
        for name, row in report.mixture.items()
    ]
    label = "; ".join(
        f"{name} {row.realised:.1%} of wanted {float(row.weight):.1%}" for name, row in report.mixture.items()
    )
    header = ["source", "wanted", "realised", "sequences", "tokens", "epochs"]
    return section(
        "mixture",
        "Mixture",
        "Sequences by source: the tick is the weight in the recipe, the bar what the records hold. Epochs say how "
        "often the documents of a source were read; above 1 they were cropped anew each time.",
        page_charts.add(
            "mixture", charts.mixture_chart(report.mixture), f"Bars with ticks: share of the sequences. {label}."
        ),
        html_table("Realised mixture", header, rows),
    )


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
