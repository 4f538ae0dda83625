"""Measures datatrove's n-gram decontamination; prints seconds and which texts it removes as one JSON object.

Run by an interpreter that has ``datatrove[processing]==0.10.1`` and ``nltk``:

    python datatrove_decontamination.py ITEMS TEXTS

Both are JSON lines: ``query`` and ``label``, and ``text``. Queries are searched as well, as its option for them says.
Texts are not split into sentences first, which changes no word here and needs no download.
"""

import functools
import json
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import nltk.tokenize
import numpy as np
from datatrove.data import Document
from datatrove.pipeline.decont import n_grams


def main(items: str, texts: str) -> None:
    """Build the index, filter the texts, print the figures."""
    nltk.tokenize.word_tokenize = functools.partial(nltk.tokenize.word_tokenize, preserve_line=True)
    config = n_grams.NGramsDecontConfig(find_query_ngrams=True)
    indexer = SimpleNamespace(config=config, language="english")
    started = time.process_time()
    hashes: set[int] = set()
    for row in map(json.loads, Path(items).read_text(encoding="utf-8").splitlines()):
        hashes.update(n_grams.NGramsDecontIndexer.compute_hashes(indexer, row["label"], row["query"]))
    with tempfile.TemporaryDirectory() as folder:
        np.array(list(hashes), "<u8").tofile(Path(folder, "items.index.hashes"))
        built = time.process_time() - started
        step = n_grams.NGramsDecontFilter(folder, config)
        documents = [
            Document(text=json.loads(line)["text"], id=str(number))
            for number, line in enumerate(Path(texts).read_text(encoding="utf-8").splitlines())
        ]
        step.filter(Document(text="", id=""))  # loads the index
        started = time.process_time()
        removed = [number for number, document in enumerate(documents) if step.filter(document) is not True]
    sys.stdout.write(json.dumps({"index": built, "filter": time.process_time() - started, "removed": removed}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
