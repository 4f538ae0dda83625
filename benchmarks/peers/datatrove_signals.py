"""Prints the CPU seconds of datatrove's Gopher quality and repetition filters for the texts of a JSONL file.

Run by an interpreter that has ``datatrove[processing]==0.10.1`` and ``spacy``: python datatrove_signals.py TEXTS
"""

import json
import sys
import time

from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter


def main(path: str) -> None:
    """Runs both filters on every document, as a pipeline does where the first keeps it."""
    with open(path, encoding="utf-8") as handle:  # noqa: PTH123
        documents = [Document(text=json.loads(line)["text"], id=str(number)) for number, line in enumerate(handle)]
    repetition, quality = GopherRepetitionFilter(), GopherQualityFilter()
    quality.filter(Document(text="The words are loaded with the first text.", id="first"))
    began = time.process_time()
    for document in documents:
        repetition.filter(document)
        quality.filter(document)
    print(time.process_time() - began)


if __name__ == "__main__":
    main(sys.argv[1])
