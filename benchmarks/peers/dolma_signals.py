"""Prints the CPU seconds of Dolma's Gopher tagger for the texts of a JSONL file.

Run by an interpreter that has ``dolma==1.2.1``: python dolma_signals.py TEXTS
"""

import json
import sys
import time

from dolma.core.data_types import Document
from dolma.taggers.gopher import GopherTagger


def main(path: str) -> None:
    """Tags every document."""
    with open(path, encoding="utf-8") as handle:  # noqa: PTH123
        documents = [
            Document(source="s", version="v", id=str(number), text=json.loads(line)["text"])
            for number, line in enumerate(handle)
        ]
    tagger = GopherTagger()
    tagger.predict(documents[0])
    began = time.process_time()
    for document in documents:
        tagger.predict(document)
    print(time.process_time() - began)


if __name__ == "__main__":
    main(sys.argv[1])
