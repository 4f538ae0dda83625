"""What was written: the mixture, and the tokenizer."""

from massivetext.report import charts
from massivetext.report.markup import Child, Html, Number, table
from massivetext.report.sections.building_blocks import Charts, section
from massivetext.report.summary import Report
from massivetext.report.wording import size


def mixture(report: Report, drawn: Charts) -> Html:
    """The realised mixture beside the wanted one."""
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
        drawn.add("mixture", charts.mixture(report.mixture), f"Bars with ticks: share of the sequences. {label}."),
        table("Realised mixture", header, rows),
    )


def tokenizer(report: Report) -> Html:
    """The tokenizer and what a token is worth."""
    found = report.tokenizer
    if found is None:
        return Html()
    made = f"trained on this run's text after {found.normalization}" if found.trained else "given by the recipe"
    rows: list[list[Child]] = [
        [name, Number(f"{ratio:.2f}"), Number(size(found.sampled_bytes[name]))]
        for name, ratio in found.bytes_per_token.items()
    ]
    return section(
        "tokenizer",
        "Tokenizer",
        f"A SentencePiece model of {found.vocabulary_size:,} pieces, {made}. More bytes a token mean that a source "
        "costs fewer of them; measured on a sample of kept documents.",
        table("Bytes of text a token", ["source", "bytes a token", "sample"], rows),
    )
