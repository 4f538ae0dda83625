"""A corpus of JSON lines with so many shards of so many documents, and a recipe of every stage for it."""

import json
from pathlib import Path

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
    """Two sources of ``shards`` files of ``documents`` texts; two texts of each file are in other files as well.

    Returns:
        The recipe, which reads every file as a shard of its own.
    """
    folder.mkdir(parents=True)
    largest = 0
    for source in SOURCES:
        for shard in range(shards):
            lines = [json.dumps({"text": _text(source, shard, number)}) + "\n" for number in range(documents)]
            path = folder / f"{source}-{shard:03d}.jsonl"
            path.write_text("".join(lines))
            largest = max(largest, path.stat().st_size)
    (folder / "items.txt").write_text(_text("items", 0, 2))
    tables = [
        f'[sources.{source}]\nkind = "{source}"\ninputs = ["{source}-*.jsonl"]\nweight = 0.5\nrules = []\n'
        f"shard_bytes = {largest}\n"
        for source in SOURCES
    ]
    recipe = folder / "recipe.toml"
    recipe.write_text(f'name = "corpus"\nseed = 1\n\n{"".join(tables)}{_OPTIONS}')
    return recipe


def _text(source: str, shard: int, number: int) -> str:
    if number == 0:
        return prose.essay(Chance(1, "everywhere"), "history", 150).text
    essay = prose.essay(Chance(1, source, 0 if number == 1 else shard, number), "history", 150).text
    return f"{essay} Copy {shard}." if number == 1 else essay
