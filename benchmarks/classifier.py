"""The unsafe-text model, the phrase list and alt-profanity-check on labelled texts that our model was not trained on.

    python benchmarks/classifier.py [--quick] [--data ../shared/data] [--alt-profanity-check PYTHON]

``--alt-profanity-check`` names an interpreter with that package; the comparison is left out without it. Each classifier
gets the threshold at which at most 1% of the safe texts are false alarms. The recalls at these thresholds are compared:
on the held-out texts of the sources that the model was trained on, and on TweetEval and HateCheck, which were not used
for training. Then the script measures which share of real news and web texts the rule of the model marks, and how much
time the score takes. --quick takes every eighth text. The last line is one JSON object.
"""

import argparse
import gzip
import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import unsafe_labels

from massivetext import signals
from massivetext.classifier import figures
from massivetext.classifier.data import LabelledText, PreparedText, assign_splits
from massivetext.classifier.training import ClassifierReport
from massivetext.signals import definitions, unsafe

_RATE = 0.01
_PEER = """
import json, sys
from profanity_check import predict_prob
print(json.dumps([float(one) for one in predict_prob(json.load(sys.stdin))]))
"""


def main() -> None:
    """Measure, and print the figures and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--alt-profanity-check", metavar="PYTHON")
    arguments = parser.parse_args()
    step = 8 if arguments.quick else 1
    report = msgspec.json.decode(definitions.UNSAFE_MODEL.with_suffix(".json").read_bytes(), type=ClassifierReport)
    labelled = [
        msgspec.convert(row, LabelledText) for row in unsafe_labels.rows(arguments.data / "safety/labelled.jsonl.gz")
    ]
    dealt = assign_splits(labelled, report.settings.seed)  # all texts, so that every part keeps its copies
    unseen = [one for one in dealt if one.training_split == "held-out" or one.row.split == "evaluation"][::step]
    found: dict[str, Any] = {"false_alarm_rate": _RATE, "recall": recalls(unseen, arguments.alt_profanity_check)}
    for name, field in (("news/news", "text"), ("web/gold", "gold_text")):
        texts = [text for text in fields(arguments.data / f"{name}.jsonl.gz", field) if text][::step]
        found[name.split("/")[0]] = one = marked(texts, report.chosen.threshold)
        print(
            f"{name}: {one['marked']} of {one['texts']} texts marked; {one['score_seconds']:.1f} s of "
            f"{one['measure_seconds']:.1f} s for {one['megabytes']:.1f} MB"
        )
    print(json.dumps(found))


def recalls(unseen: Sequence[PreparedText], peer: str | None) -> dict[str, dict[str, float]]:
    """Return the recall at the wanted false-alarm rate by classifier and source of the labels."""
    texts, labels = [one.row.text for one in unseen], np.array([one.row.label for one in unseen])
    names = np.array(
        [one.row.source if one.training_split == "evaluation" else "held-out" for one in unseen], dtype=object
    )
    measured = signals.measure(texts)
    scores: dict[str, npt.NDArray[np.float64]] = {
        name: measured[name].to_numpy() for name in ("unsafe_score", "unsafe_phrase_weight")
    }
    if peer is None:
        print("left out: alt-profanity-check; name an interpreter with --alt-profanity-check PYTHON")
    else:
        command = [peer, "-c", _PEER]
        done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=True)
        scores["alt-profanity-check"] = np.array(json.loads(done.stdout))
    found: dict[str, dict[str, float]] = {}
    for classifier, score in scores.items():
        for source in sorted(set(names)):
            inside = names == source
            threshold = figures.threshold_at(score[inside], labels[inside], _RATE)
            judged = figures.figures_at_threshold(score[inside], labels[inside], threshold)
            found.setdefault(classifier, {})[source] = round(judged.recall.value, 4)
            print(f"{classifier}, {source}: recall {judged.recall.value:.3f} ({judged.recall.total} unsafe texts)")
    return found


def marked(texts: Sequence[str], threshold: float) -> dict[str, float]:
    """Return how many texts the rule marks, and the CPU seconds for the score and for all signals including it."""
    signals.measure(texts[:1])
    began = time.process_time()
    scores = unsafe.score_unsafe(texts, unsafe.built_in())["unsafe_score"]
    scored = time.process_time()
    signals.measure(texts)
    return {
        "texts": len(texts),
        "marked": int((scores > threshold).sum()),
        "megabytes": sum(len(text.encode()) for text in texts) / 1e6,
        "score_seconds": scored - began,
        "measure_seconds": time.process_time() - scored,
    }


def fields(path: Path, name: str) -> list[str]:
    """Return one field of every line of a compressed JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        return [json.loads(line).get(name) or "" for line in handle]


if __name__ == "__main__":
    main()
