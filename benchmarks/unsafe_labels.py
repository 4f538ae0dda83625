"""Writes the labelled texts for training and evaluating the unsafe-text model of massivetext.

    python benchmarks/unsafe_labels.py ../shared/data/safety/labelled.jsonl.gz runs/unsafe.jsonl
    massivetext classifier train runs/unsafe.jsonl --output massivetext/signals/models/unsafe.ftz \
        --notes massivetext/signals/models/unsafe_notes.md

The model is trained on Davidson et al. 2017, Jigsaw's comments and Vicomtech's forum posts. TweetEval (licensed for
research) and HateCheck are for evaluation only. A third of Davidson's "offensive" tweets is used, chosen by a hash of
their ids: all of them would be half of the unsafe texts, and most of them contain one of a few words.
"""

import argparse
import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_EVALUATION = ("hatecheck", "tweeteval-hate", "tweeteval-offensive")
# HateCheck's target groups with the words that name them in its templates; the data has no field for the group.
GROUPS = {
    "women": r"wom[ae]n|female|girl",
    "trans people": r"trans",
    "gay people": r"gay|homosexual|lesbian",
    "black people": r"black",
    "disabled people": r"disab",
    "Muslims": r"muslim|islam",
    "immigrants": r"immigra|migrant|foreigner|refugee",
}


def rows(path: Path) -> Iterator[dict[str, str | int]]:
    """Yield the rows for ``massivetext classifier train``."""
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        for line in handle:
            if (row := mapped(json.loads(line))) is not None:
                yield row


def mapped(found: Mapping[str, str]) -> dict[str, str | int] | None:
    """Return the training row for one row of the data, or None if it is left out."""
    source = found["source"]
    if found["fine"] == "offensive" and source == "davidson":
        digest = hashlib.blake2b(found["id"].encode(), digest_size=8).digest()
        if int.from_bytes(digest, "big") >= 2**64 // 3:
            return None
    row: dict[str, str | int] = {"text": found["text"], "label": int(found["label"]), "source": source}
    if source in _EVALUATION:
        row["split"] = "evaluation"
    if source == "hatecheck":
        named = [name for name, words in GROUPS.items() if re.search(rf"\b(?:{words})", found["text"], re.IGNORECASE)]
        row |= {"test": found["fine"], "group": named[0] if len(named) == 1 else ""}
    return row


def main() -> None:
    """Read the labelled file and write the training file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    with arguments.output.open("w", encoding="utf-8") as handle:
        handle.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(arguments.labelled))


if __name__ == "__main__":
    main()
