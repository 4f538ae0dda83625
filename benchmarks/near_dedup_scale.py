"""The stage near-dedup alone on generated corpora of any size: CPU seconds by step, memory by process, files.

``benchmarks/near_dedup.py --scale`` calls it. The texts have 60 to 200 words of real sentences; every fifth is a copy
of any other one with another word near its end, anywhere in the corpus. They are written straight into a run folder, as
ingest would have left them. The stage then runs with two workers in a process of its own, which this one watches.
"""

import contextlib
import json
import logging
import math
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.engines.engine import Engine
from massivetext.engines.fork_server import process_usage
from massivetext.jobs import near_dedup as stage_code
from massivetext.recipe import load_recipe
from massivetext.runs.context import Context
from massivetext.runs.stage import verdict_sets
from massivetext.runs.store import Run, Shard, ShardCommit, json_sha256
from massivetext.runs.work_items import WorkItem
from massivetext.schema import DUPLICATE_VERDICTS, RULE_VERDICTS, Document, documents_table
from massivetext.stages import NEAR_DEDUP, STAGES, code_modules

TextOf = Callable[[Sequence[Sequence[str]], int, int], str]
WORKERS = 2
_GROUP_DOCUMENTS = 1024  # as ingest writes them
_SHARD_DOCUMENTS = 80_000  # about 64 MiB of text
_LOOK_SECONDS = 0.1
_COPIES_EVERY = 5
_STEPS = ("run_shards", "find_candidates", "verify_candidates", "_choose_representatives")
RECIPE = (
    'name = "near"\nseed = 1\n[sources.news]\nkind = "news"\ninputs = ["input/*.jsonl"]\nweight = 1.0\nrules = []\n'
)


# -- the corpus --------------------------------------------------------------------------------------------------------


def words_of(sentences: Sequence[Sequence[str]], number: int) -> list[str]:
    """Return the words of the original text with a number: 60 to 200, of sentences that the number draws."""
    chance = random.Random(number)
    words: list[str] = []
    wanted = chance.randint(60, 200)
    while len(words) < wanted:
        words += chance.choice(sentences)
    return words[:200]


def text_of(sentences: Sequence[Sequence[str]], number: int, documents: int) -> str:
    """Return a text of a corpus of so many documents."""
    if number % _COPIES_EVERY != _COPIES_EVERY - 1:
        return " ".join(words_of(sentences, number))
    chance = random.Random(-number)
    base = chance.randrange(documents)
    words = words_of(sentences, base - (base % _COPIES_EVERY == _COPIES_EVERY - 1))
    # Near the end, where a word is in few n-grams: elsewhere two changes of a short text bring it below 0.8.
    words[-chance.randint(1, 5)] = f"word{number}"
    return " ".join(words)


def copy_of(_sentences: Sequence[Sequence[str]], number: int, _documents: int) -> str:
    """Return a copy of one text that only punctuation tells from the others."""
    return " ".join(f"word{at}" for at in range(120)) + "".join("!?."[int(digit) % 3] for digit in str(number))


def window_of(_sentences: Sequence[Sequence[str]], number: int, _documents: int) -> str:
    """Return a window of a text of distinct words; it shares 0.89 of its 13-grams with the next one: a single chain."""
    return " ".join(f"word{at}" for at in range(5 * number, 5 * number + 100))


KINDS: dict[str, TextOf] = {"drawn": text_of, "copies": copy_of, "chain": window_of}


def context_of(folder: Path, shards: int) -> Context:
    """Return the context of a run that is complete up to exact-dedup."""
    recipe_file = folder / "recipe.toml"
    recipe_file.write_text(RECIPE)
    recipe = load_recipe(str(recipe_file)).recipe
    return Context(
        run=Run(str(folder / "run")),
        recipe=recipe,
        root=str(folder),
        stage_keys={stage.name: json_sha256(stage.name) for stage in STAGES},
        shard_counts={"news": shards},
        rules={"news": ()},
        verdicts=verdict_sets(recipe, STAGES),
    )


def write_shard(
    context: Context, sentences: Sequence[Sequence[str]], index: int, documents: int, kind: str = "drawn"
) -> int:
    """Write the documents of a shard and what the stages before near-dedup say about them; return its bytes."""
    run, count = context.run, context.shard_counts["news"]
    shard = Shard("news", index, count)
    numbers = range(index * documents // count, (index + 1) * documents // count)
    path = Path(run.shard_file("documents", shard))
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes: list[int] = []
    with pq.ParquetWriter(path, documents_table("news", []).schema, compression="zstd", compression_level=1) as writer:
        for first in range(numbers.start, numbers.stop, _GROUP_DOCUMENTS):
            some = range(first, min(first + _GROUP_DOCUMENTS, numbers.stop))
            texts = [KINDS[kind](sentences, number, documents) for number in some]
            sizes += [len(text.encode()) for text in texts]
            rows = [Document(text, "texts.jsonl", str(number)) for text, number in zip(texts, some, strict=True)]
            writer.write_table(documents_table("news", rows))
    kept = np.ones(len(sizes), np.bool_)
    nothing = [None] * len(sizes)
    run.write_table("signals", shard, pa.table({"word_count": sizes, "byte_count": sizes}))
    rules = {"kept": kept, "failed": np.zeros(len(sizes), np.uint64)}
    run.write_table("verdicts/rules", shard, pa.table(rules, schema=RULE_VERDICTS))
    exact = {"kept": kept, "cluster": nothing, "similarity": nothing}
    run.write_table("verdicts/exact", shard, pa.table(exact, schema=DUPLICATE_VERDICTS))
    return sum(sizes)


def write_corpus(
    folder: Path, sentences: Sequence[Sequence[str]], documents: int, shards: int, kind: str = "drawn"
) -> int:
    """Write a run folder with a corpus, unless it is there, and return the bytes of its texts."""
    done = folder / "bytes"
    if not done.exists():
        context = context_of(folder, shards)
        _shared["sentences"] = sentences  # workers are forked and share them
        with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("fork")) as pool:
            sizes = pool.map(_write_shared, [context] * shards, range(shards), [documents] * shards, [kind] * shards)
            done.write_text(str(sum(sizes)))
    return int(done.read_text())


_shared: dict[str, Sequence[Sequence[str]]] = {}


def _write_shared(context: Context, index: int, documents: int, kind: str) -> int:
    return write_shard(context, _shared["sentences"], index, documents, kind)


# -- the stage, in a process of its own --------------------------------------------------------------------------------


def run_stage(folder: Path, shards: int) -> None:
    """Run the stage on a run folder, and print the counts of its commits; steps are written down as they begin."""
    logging.disable(logging.WARNING)
    context = context_of(folder, shards)
    marks = (folder / "steps").open("w")

    def marked(name: str) -> Callable[..., object]:
        function = getattr(stage_code, name)

        def step(*arguments: object) -> object:
            for each in (name, "rest"):
                print(each, file=marks, flush=True)
                if each == name:
                    found = function(*arguments)
            return found

        return step

    for name in _STEPS:
        setattr(stage_code, name, marked(name))
    items = [WorkItem(shard, (), 1e9) for shard in context.all_shards()]
    context.run.begin(NEAR_DEDUP, context.stage_keys[NEAR_DEDUP.name])
    stage_code.run_near_dedup(Engine(workers=WORKERS, preload=code_modules([NEAR_DEDUP])), context, items)
    commits = context.run.commits(NEAR_DEDUP.name, context.stage_keys[NEAR_DEDUP.name])
    print(json.dumps(totals(commits)))


def totals(commits: Sequence[ShardCommit]) -> dict[str, int]:
    """Return the sums of the counts of all work items, and the numbers of commits and of files of evidence."""
    found = {"commits": len(commits), "files": sum(len(commit.files) for commit in commits)}
    for commit in commits:
        for name, count in commit.counts.items():
            found[name] = found.get(name, 0) + count
    return found


def descendants(process: int) -> Iterator[int]:
    """Yield a process and all that it has started, directly or through others."""
    yield process
    with contextlib.suppress(OSError):
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                for child in children.read_text().split():
                    yield from descendants(int(child))


def watched(folder: Path, shards: int) -> dict[str, float]:
    """Run the stage as a process with low priority, and return CPU seconds by step, memory peaks and counts."""
    command = [sys.executable, __file__, str(folder), str(shards)]
    (folder / "steps").unlink(missing_ok=True)
    for name in NEAR_DEDUP.folders:
        shutil.rmtree(folder / "run" / name, ignore_errors=True)
    begin = time.perf_counter()
    process = subprocess.Popen(
        ["nice", "-n", "2", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    used: dict[int, float] = {}
    peaks: dict[int, int] = {}
    by_step: dict[str, float] = {}
    while process.poll() is None:
        steps = (folder / "steps").read_text().split() if (folder / "steps").exists() else []
        step = steps[-1] if steps else "start"
        if step == "run_shards":
            step = "sign" if steps.count(step) == 1 else "verdicts"
        for each in descendants(process.pid):
            seconds, peak = process_usage(each)
            if peak:
                by_step[step] = by_step.get(step, 0.0) + max(0.0, seconds - used.get(each, 0.0))
                used[each], peaks[each] = seconds, max(peak, peaks.get(each, 0))
        time.sleep(_LOOK_SECONDS)
    assert process.stdout is not None
    printed = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"the stage ended with exit code {process.returncode}")
    figures = {f"{name}_cpu_seconds": seconds for name, seconds in by_step.items()}
    figures |= {"cpu_seconds": sum(by_step.values()), "wall_seconds": time.perf_counter() - begin}
    figures |= {"driver_peak_bytes": peaks.pop(process.pid), "worker_peak_bytes": max(peaks.values(), default=0)}
    counts: dict[str, float] = json.loads(printed.splitlines()[-1])
    return figures | counts


def scale(
    sentences: Sequence[str], sizes: Sequence[int], shards: int | None, work: Path, kind: str = "drawn"
) -> dict[str, float]:
    """Return the figures of the stage on corpora of several sizes, each under its size, and the exponent of CPU."""
    split = [sentence.split() for sentence in sentences]
    figures: dict[str, float] = {}
    for size in sizes:
        count = shards or max(WORKERS, -(-size // _SHARD_DOCUMENTS))
        folder = work / f"{kind}-{size}-{count}"
        folder.mkdir(parents=True, exist_ok=True)
        size_bytes = write_corpus(folder, split, size, count, kind)
        found = {"shards": count, "bytes": size_bytes, **watched(folder, count)}
        print(
            f"{size:,} documents in {count} shards: " + ", ".join(f"{k} {v:,.6g}" for k, v in found.items()), flush=True
        )
        figures |= {f"scale_{size}_{name}": value for name, value in found.items()}
    if len(sizes) > 1:
        first, last = (figures[f"scale_{size}_cpu_seconds"] for size in (sizes[0], sizes[-1]))
        figures["scale_exponent"] = math.log(last / first) / math.log(sizes[-1] / sizes[0])
    return figures


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    run_stage(Path(sys.argv[1]), int(sys.argv[2]))
