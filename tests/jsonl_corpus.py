"""A corpus of JSON lines with a chosen number of shards and documents, and a recipe for it with every stage."""

from pathlib import Path

from builders import write_recipe, write_texts

from massivetext.demo import prose
from massivetext.demo.chance import Chance

SOURCES = ("c4", "news")
_OPTIONS = """
[decontaminate]
test_sets = ["items.txt"]

[tokenizer]
vocabulary_size = 500

[records]
sequence_length = 64
shard_sequences = 64
"""


def write(folder: Path, *, shards: int, documents: int) -> Path:
    """Write two sources of ``shards`` files with ``documents`` texts each; two texts of each file are in others too.

    Returns:
        Path of the recipe, which reads every file as a shard of its own.
    """
    folder.mkdir(parents=True)
    largest = 0
    for source in SOURCES:
        for shard in range(shards):
            path = folder / f"{source}-{shard:03d}.jsonl"
            write_texts(path, (_text(source, shard, number) for number in range(documents)))
            largest = max(largest, path.stat().st_size)
    (folder / "items.txt").write_text(_text("items", 0, 2))
    sources = {
        source: {"inputs": [f"{source}-*.jsonl"], "rules": [], "shard_bytes": largest, "weight": 0.5}
        for source in SOURCES
    }
    return write_recipe(folder, sources, _OPTIONS, name="corpus", seed=1)


def _text(source: str, shard: int, number: int) -> str:
    if number == 0:
        return prose.essay(Chance(1, "everywhere"), "history", 150).text
    essay = prose.essay(Chance(1, source, 0 if number == 1 else shard, number), "history", 150).text
    return f"{essay} Copy {shard}." if number == 1 else essay
