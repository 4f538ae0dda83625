"""Write the figures that `massivetext plan` uses if the user names no finished run, and measure the rates of its model.

    massivetext run tests/real/shared_data.toml --output RUN --workers 1
    python benchmarks/reference.py RUN "our reference run of MONTH YEAR: ..."

No other work may run on the machine meanwhile: the CPU times of this run become those of every plan. For each step
this also prints the CPU time that ``massivetext/estimate/rates.py`` gives, so that you can compare both; and the rates
of that module that functions of one shard have, measured again in a copy of the run: the median of three rounds, CPU
time. The last line is one JSON object with them. ``--rates`` measures these alone, and writes nothing.
"""

import dataclasses
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import pyarrow as pa
from rounds import median_cpu_seconds

from massivetext.decontaminate.test_set_files import build_index, evaluation_files
from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.near_duplicates import near_shingle_sets
from massivetext.dedup.row_types import REMOVED_ROW
from massivetext.dedup.shingle_files import count_shared
from massivetext.earlier.earlier_corpora import EarlierCorpora
from massivetext.earlier.earlier_run import EarlierRun
from massivetext.estimate import rates
from massivetext.estimate.measured import measure_run
from massivetext.estimate.work import model_work
from massivetext.jobs.exact_dedup import hashed_documents, write_exact_verdicts
from massivetext.jobs.near_candidates import read_bands
from massivetext.jobs.near_dedup import sign_shard
from massivetext.jobs.screen_documents import screen_shard
from massivetext.jobs.url_dedup import hashed_urls, write_url_verdicts
from massivetext.recipe import DedupOptions
from massivetext.runs.context import Context
from massivetext.runs.stage import verdict_sets
from massivetext.runs.store import Run, Shard, canonical_json
from massivetext.runs.work_items import WorkItem
from massivetext.schema import EARLIER, shard_number
from massivetext.stages import DECONTAMINATE, EXACT_DEDUP, NEAR_DEDUP, STAGES, URL_DEDUP
from massivetext.stages.finished import open_context

TARGET = Path(__file__).resolve().parents[1] / "massivetext/estimate/reference.json"
_ROUNDS, _URLS = 3, 30_000
T = TypeVar("T")


def main(folder: str, origin: str) -> None:
    """Measure a run, write ``reference.json``, and print the CPU seconds of each step as modelled and as measured."""
    if origin != "--rates":
        measured = measure_run(Run(folder), origin)
        TARGET.write_bytes(canonical_json(measured))
        for names, todo in model_work(measured.corpus).items():
            seconds = sum(measured.stages[name].cpu_seconds or 0.0 for name in names)
            print(f"{', '.join(names):<24} {todo.cpu_seconds:8.1f} s modelled {seconds:8.1f} s measured")
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        found = measured_rates(open_context(Run(copy)))
    for name, rate in found.items():
        print(f"{name:<12} {rate:.3g} s measured, {getattr(rates, name):.3g} s in rates.py")
    print(json.dumps(found))


def measured_rates(context: Context) -> dict[str, float]:
    """Return rates by their names in ``massivetext/estimate/rates.py``, from the functions of the stages."""
    shards = [shard for shard in context.all_shards() if context.judged_by(NEAR_DEDUP.name, shard.source)]
    nothing = np.zeros(0, REMOVED_ROW)
    documents = _left(context, shards, EXACT_DEDUP.name)[0]
    found = {
        "HASH": _cpu(lambda shard: hashed_documents(context, shard), shards) / documents,
        "VERDICT": _cpu(lambda shard: write_exact_verdicts(context, shard, nothing), shards) / documents,
        "SIGN": _cpu(lambda shard: sign_shard(context, WorkItem(shard, (), 0.0)), shards)
        / _left(context, shards, NEAR_DEDUP.name)[1],
    }
    near, news = context.recipe.near, [shard for shard in shards if shard.source == "news"]
    documents = _left(context, news, NEAR_DEDUP.name)[0]
    layout = LshPartitions.for_documents(documents, near.bands)
    every = range(layout.lsh_partition_count)
    seconds = _cpu(lambda shard: list(read_bands(context, layout, every, shard)), news)
    found["BAND"] = seconds / documents / near.bands
    texts = context.run.read_table("documents", news[0], ["text"])["text"].combine_chunks()
    pairs = np.arange(len(texts) - 1)
    sets = near_shingle_sets(texts, np.arange(len(texts), dtype=np.uint64), near)
    size = sum(map(len, (text.encode() for text in texts.to_pylist())))
    found["SHINGLE"] = _cpu(lambda _: near_shingle_sets(texts, sets.refs, near), [None]) / size
    found["VERIFY"] = _cpu(lambda _: count_shared(sets, pairs, pairs + 1), [None]) / len(pairs)
    tested = [shard for shard in context.all_shards() if context.judged_by(DECONTAMINATE.name, shard.source)]
    seconds = _cpu(lambda shard: screen_shard(context, WorkItem(shard, (), 0.0)), tested)
    options = context.recipe.decontaminate
    files = evaluation_files(options.test_sets, context.root)
    found["INDEX"] = _cpu(lambda _: build_index(files, options), [None])
    found["SCREEN"] = seconds / _left(context, tested, DECONTAMINATE.name)[1]
    return found | _of_urls(context) | _earlier(context)


def _of_urls(context: Context) -> dict[str, float]:
    """Return the rates of url-dedup on the web, whose documents have URLs and dates."""
    recipe = msgspec.structs.replace(context.recipe, dedup=DedupOptions(url="latest"))
    context = dataclasses.replace(context, recipe=recipe, verdicts=verdict_sets(recipe, STAGES))
    shard, nothing = context.shards("web")[0], np.zeros(0, REMOVED_ROW)
    for data_set in ("documents", "signals", "verdicts/rules"):  # a shard as large as in a corpus
        table = context.run.read_table(data_set, shard)
        context.run.write_table(data_set, shard, pa.concat_tables([table] * (_URLS // table.num_rows + 1)))
    documents = _left(context, [shard], URL_DEDUP.name)[0]
    return {
        "URL": _cpu(lambda each: hashed_urls(context, each), [shard]) / documents,
        "URL_VERDICT": _cpu(lambda each: write_url_verdicts(context, each, nothing), [shard]) / documents,
    }


def _earlier(context: Context) -> dict[str, float]:
    """Return the rates of reading the run as an earlier corpus."""
    run = EarlierRun(context.run.folder)
    corpora = EarlierCorpora(["it"], [run], context.recipe.seed)
    news = [number for number, shard in enumerate(run.shards) if shard.source == "news"]  # the most documents per shard
    numbers = [shard_number(EARLIER, number) for number in news]
    documents = sum(len(corpora.rows(number).refs) for number in numbers)
    bands = range(context.recipe.near.bands)
    seconds = _cpu(lambda number: corpora.ranks(corpora.rows(number), 2), numbers)
    reading = _cpu(lambda number: corpora.buckets(number, bands), numbers)
    return {"EARLIER": seconds / documents, "EARLIER_BAND": reading / documents / len(bands)}


def _left(context: Context, shards: Sequence[Shard], stage: str) -> tuple[int, int]:
    """Return the documents that reach a stage, and the UTF-8 bytes of their texts."""
    documents = size = 0
    for shard in shards:
        kept = context.kept(shard, before=stage)
        sizes = context.run.read_table("signals", shard, ["byte_count"])["byte_count"].to_numpy()
        documents, size = documents + int(kept.sum()), size + int(sizes[kept].sum())
    return documents, size


def _cpu(work: Callable[[T], object], items: Sequence[T]) -> float:
    """Return the CPU seconds of some work on all items: the median of the rounds, after an item that does not count."""
    work(items[0])
    return median_cpu_seconds(lambda: [work(item) for item in items], _ROUNDS)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
