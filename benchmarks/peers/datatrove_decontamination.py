"""Measures datatrove's n-gram decontamination; prints seconds and which texts it removes as one JSON object.

Run by an interpreter that has ``datatrove[processing]==0.10.1`` and ``spacy``:

    python datatrove_decontamination.py ITEMS TEXTS

Both are JSON lines: ``query`` and ``label``, and ``text``. Queries are searched as well, as its option for them says.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.decont import n_grams


def main(items: str, texts: str) -> None:
    """Build the index, filter the texts, print the figures."""
    config = n_grams.NGramsDecontConfig(find_query_ngrams=True)
    rows = [json.loads(line) for line in Path(items).read_text(encoding="utf-8").split("\n") if line]
    documents = [
        Document(text=json.loads(line)["text"], id=str(number))
        for number, line in enumerate(Path(texts).read_text(encoding="utf-8").split("\n"))
        if line
    ]
    with tempfile.TemporaryDirectory() as folder:
        step = n_grams.NGramsDecontFilter(folder, config)
        # The indexer itself wants lighteval, whose tasks are not measured here.
        indexer = SimpleNamespace(config=config, tokenizer=step.tokenizer, hash_func=step.hash_func)
        started = time.process_time()
        hashes: set[int] = set()
        for row in rows:
            hashes.update(n_grams.NGramsDecontIndexer.compute_hashes(indexer, row["label"], row["query"]))
        np.array(list(hashes), config.hash_config.np_descr).tofile(Path(folder, "items.index.hashes"))
        built = time.process_time() - started
        step.filter(Document(text="", id=""))  # loads the index
        started = time.process_time()
        removed = [number for number, document in enumerate(documents) if step.filter(document) is not True]
    sys.stdout.write(json.dumps({"index": built, "filter": time.process_time() - started, "removed": removed}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
