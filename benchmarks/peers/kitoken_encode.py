"""Encodes texts with kitoken and with SentencePiece; run by ``benchmarks/encoding.py`` in an environment with both.

    python kitoken_encode.py FOLDER REPEAT

The folder holds a SentencePiece model, ``model``, and a JSON list of texts, ``texts``. Texts whose ids differ are
counted.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import kitoken
import sentencepiece


def cpu(work: Callable[[], object], repeat: int) -> float:
    """Return the median CPU seconds of some runs."""
    spent = []
    for _ in range(repeat):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return statistics.median(spent)


folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
model, texts = (folder / "model").read_bytes(), json.loads((folder / "texts").read_text())
encoder = kitoken.Kitoken.from_sentencepiece(model)
processor = sentencepiece.SentencePieceProcessor(model_proto=model)
differing = sum(list(encoder.encode(text, False)) != processor.encode(text) for text in texts)
size = sum(len(text.encode()) for text in texts) / 1e6
ours = cpu(lambda: [encoder.encode(text, False) for text in texts], repeat)
theirs = cpu(lambda: processor.encode(texts, num_threads=1), repeat)
print(
    json.dumps(
        {
            "kitoken_mb_s": size / ours,
            "kitoken_times_sentencepiece": theirs / ours,
            "kitoken_differing_texts": differing,
        }
    )
)
