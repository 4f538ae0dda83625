"""The commands ``massivetext classifier ...``: train your own model for unsafe text."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from massivetext.cli.messages import make_console, print_line, print_raw
from massivetext.errors import UserError

app = typer.Typer(
    name="classifier", no_args_is_help=True, help="Train the classifier for unsafe text and measure how reliable it is."
)


@app.callback()
def _group() -> None:
    """Keep the name `train` of the command while it is the only one of its group."""


@app.command()
def train(
    labelled: Annotated[
        Path,
        typer.Argument(
            metavar="LABELLED",
            help="JSONL, compressed or not: text, label (1 is unsafe); optional: split (train, test, evaluation), "
            "source, group, dialect, test.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="MODEL.ftz", help="Model to write.")],
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of the training and of the split.")] = 1,
    epochs: Annotated[
        int, typer.Option(min=1, help="Passes over the texts; use more for only a few thousand texts.")
    ] = 3,
    learning_rate: Annotated[
        float, typer.Option(min=1e-4, max=10.0, help="Learning rate at the start; use more for few texts.")
    ] = 0.05,
    features: Annotated[
        int, typer.Option(min=256, help="Number of words and subwords in the model; 18 bytes each.")
    ] = 30_000,
    false_alarm_rate: Annotated[
        float, typer.Option(min=0.0, max=0.5, help="Share of safe texts above the threshold.")
    ] = 0.01,
    notes: Annotated[
        Path | None, typer.Option(metavar="NOTES.md", help="Notes on use, data and limits for the model card.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Train a fastText model on labelled texts and report how well it works on texts that it has not seen.

    Besides MODEL.ftz, this writes MODEL.json with the calibration and all figures, and the model card MODEL.md.
    """
    import tempfile

    import msgspec

    from massivetext.classifier import data
    from massivetext.classifier.card import card
    from massivetext.classifier.training import TrainingSettings, evaluate, fit

    if output.suffix != ".ftz":
        raise UserError(f"--output {output}: want a name that ends in .ftz; the figures go to .json, the card to .md")
    if not output.absolute().parent.is_dir():
        raise UserError(f"--output {output}: want a folder that exists, got {output.parent}; make it first")
    notes_text = _read_notes(notes) if notes else ""
    settings = TrainingSettings(
        seed=seed, epochs=epochs, learning_rate=learning_rate, features=features, false_alarm_rate=false_alarm_rate
    )
    examples = data.assign_splits(data.read_labelled_texts(labelled), seed)
    data.require_both(examples, labelled)
    model = fit(examples, settings)
    report = evaluate(model, examples, settings)
    with tempfile.TemporaryDirectory(dir=output.absolute().parent) as folder:
        written = Path(folder, output.name)
        model.save_model(str(written))
        written.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
        written.with_suffix(".md").write_text(card(report, output.name, notes_text), encoding="utf-8")
        for suffix in (".json", ".md", ".ftz"):
            written.with_suffix(suffix).replace(output.with_suffix(suffix))
    if as_json:
        print_raw(msgspec.json.encode(report).decode() + "\n")
        return
    console, table = make_console(), Table("held-out texts", "precision", "recall", "F1", "false alarms")
    for title, one in (("threshold of the rule", report.chosen), ("same, exactly", report.exact), ("0.5", report.even)):
        table.add_row(
            f"{title}: {one.threshold:.4f}" if one is not report.even else title,
            *(f"{share.value:.3f}" for share in (one.precision, one.recall)),
            f"{one.f1:.3f}",
            f"{one.false_alarms.value:.4f} of {one.false_alarms.total}",
        )
    console.print(table)
    console.print(
        f"expected calibration error {report.reliability.expected_error:.4f}, Brier {report.reliability.brier:.4f}"
    )
    print_line(console, f"{output}, {output.with_suffix('.json').name} and {output.with_suffix('.md').name}")


def _read_notes(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--notes {path}: want a text file: {error}") from error
