"""The model card: the figures of a trained model as Markdown."""

from collections.abc import Iterable

from massivetext.classifier.figures import ShareWithInterval, ThresholdFigures
from massivetext.classifier.training import ClassifierReport


def card(report: ClassifierReport, name: str, notes: str = "") -> str:
    """Return the card of a model (Mitchell et al. 2019).

    Args:
        report: figures of its training.
        name: file name of the model.
        notes: Markdown about use, data and limits, to be put before the figures.
    """
    judged = [
        ("threshold of the rule", report.chosen),
        ("exactly that false-alarm rate", report.exact),
        ("0.5", report.even),
    ]
    settings = report.settings
    sections = [
        f"# Model card: `{name}`",
        notes.strip(),
        "## Training",
        (
            f"A supervised fastText model: vectors of {settings.dimensions} numbers for words and for runs of "
            f"{settings.subwords[0]} to {settings.subwords[1]} characters, {settings.epochs} epochs at a learning rate "
            f"of {settings.learning_rate}, seed {settings.seed}, compressed to {settings.features:,} features. Scores "
            "are calibrated on texts kept back for it (Platt scaling: slope "
            f"{report.calibration.slope}, intercept {report.calibration.intercept})."
        ),
        _table(
            ("part", "safe texts", "unsafe texts"),
            ((split, f"{safe:,}", f"{unsafe:,}") for split, (safe, unsafe) in report.texts.items()),
        ),
        "## Held-out texts",
        (
            "The threshold was chosen on the calibration part for a false-alarm rate of "
            f"{settings.false_alarm_rate:.1%}. Intervals are Wilson's of 95%."
        ),
        _table(
            ("at", "threshold", "precision", "recall", "F1", "false alarms"),
            ((title, *_threshold_cells(one)) for title, one in judged),
        ),
        "## Calibration on held-out texts",
        (
            f"Expected calibration error {report.reliability.expected_error:.4f}, "
            f"Brier score {report.reliability.brier:.4f}."
        ),
        _table(
            ("scores", "texts", "mean score", "share unsafe"),
            (
                (
                    f"{one.low:.1f} to {one.high:.1f}",
                    f"{one.count:,}",
                    f"{one.mean_score:.3f}",
                    f"{one.unsafe_frac:.3f}",
                )
                for one in report.reliability.bins
            ),
        ),
        "## By field, held-out and evaluation texts at the threshold of the rule",
        _table(
            ("field", "value", "false alarms", "recall"),
            ((one.field, one.value, _share(one.false_alarms), _share(one.recall)) for one in report.slices),
        ),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _threshold_cells(one: ThresholdFigures) -> tuple[str, ...]:
    return (
        f"{one.threshold:.4f}",
        _share(one.precision),
        _share(one.recall),
        f"{one.f1:.3f}",
        _share(one.false_alarms),
    )


def _share(one: ShareWithInterval) -> str:
    if not one.total:
        return "no texts"
    return f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%}; {one.count:,} of {one.total:,})"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)
