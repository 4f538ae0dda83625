"""Canaries are made: a sample of the documents of every source, copies of them, their signals and rule verdicts."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from massivetext.canaries.planting import (
    FEWEST_BASE_WORDS,
    MOST_BASE_WORDS,
    TRUTH,
    VARIANTS,
    BaseDocument,
    Canary,
    SourceTraits,
    bases_wanted,
    choose_items,
    make_canaries,
)
from massivetext.decontaminate.evaluation_items import EvaluationItem
from massivetext.decontaminate.test_set_files import evaluation_files, read_test_set
from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.hashing import keyed_ranks
from massivetext.jobs.judge import judge_shard
from massivetext.jobs.measure import measure_shard
from massivetext.recipe import CanaryOptions
from massivetext.rules import Rule
from massivetext.runs import documents
from massivetext.runs.canary_names import CANARIES as FOLDER
from massivetext.runs.canary_run import CanaryRun, canary_commit
from massivetext.runs.context import Context
from massivetext.runs.run_log import count_work
from massivetext.runs.store import ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.schema import DOCUMENTS, document_id, text_hash
from massivetext.signals.definitions import UNSAFE_PHRASES
from massivetext.signals.safety import read_phrases
from massivetext.stages import JUDGE
from massivetext.stages.canaries_stage import CANARIES
from massivetext.storage import files as fs

STAGE = CANARIES.name
_SAMPLE_COST, _PLANT_SECONDS = 1 / 1e9, 5.0
_BASES = pa.schema(
    [pa.field(name, kind, nullable=False) for name, kind in (("rank", pa.uint64()), ("row", pa.uint32()))]
)
_STRONGEST = 3.0  # weight of the unsafe phrases that canaries hold
_REPETITION_SIGNAL = "duplicate_line_frac"
_UNSAFE_SIGNAL = "unsafe_phrase_weight"
_ITEMS = "items"  # commit and file of the test items


def run_canaries(engine: Engine, context: Context, items: Sequence[WorkItem]) -> None:
    """Write canaries/: the documents, signals and rule verdicts of all canaries, and the truth about them."""
    run_shards(engine, context, [ShardStage(STAGE, sample_bases, "bases/")], scale_costs(items, _SAMPLE_COST))
    if context.run.shard_commit(STAGE, context.stage_keys[STAGE], _ITEMS) is None:
        _write_items(context)
    planted = [WorkItem(shard, (), _PLANT_SECONDS) for shard in context.canary_shards()]
    run_shards(engine, context, [ShardStage(STAGE, plant_shard, f"{FOLDER}/")], planted)


def _options(context: Context) -> CanaryOptions:
    options = context.recipe.canaries
    assert not isinstance(options, msgspec.UnsetType)
    return options


def sample_bases(context: Context, item: WorkItem) -> ShardCommit:
    """Write which documents of a shard canaries may be made from: kept by the rules, of the smallest hashes."""
    shard, run = item.shard, context.run
    words = run.read_table("signals", shard, ["word_count"])["word_count"].to_numpy()
    kept = run.read_table(context.verdicts_of(JUDGE.name), shard, ["kept"])["kept"].to_numpy()
    rows = np.flatnonzero(kept & (words >= FEWEST_BASE_WORDS) & (words <= MOST_BASE_WORDS))
    ids = run.read_table("documents", shard, ["id"])["id"].take(pa.array(rows)).to_pylist()
    ranks = keyed_ranks("canaries", context.recipe.seed, ids)
    chosen = np.lexsort((rows, ranks))[: bases_wanted(_options(context))]
    table = pa.table({"rank": ranks[chosen], "row": rows[chosen].astype(np.uint32)}, schema=_BASES)
    file = CanaryRun(run.folder).write_table("bases", shard, table)
    return ShardCommit(f"bases/{shard.name}", (file,), {"sampled": len(chosen)})


def plant_shard(context: Context, item: WorkItem) -> ShardCommit:
    """Write the canaries of a source with their truth, their signals and their rule verdicts, and return the commit."""
    shard, of_canaries = item.shard, context.for_canaries()
    bases = list(_read_bases(context, shard.source))
    recipe = context.recipe
    canaries = make_canaries(bases, _traits(context, shard.source), _options(context), recipe.near, recipe.seed)
    files = [
        of_canaries.run.write_table("documents", shard, _documents(context, shard.source, canaries)),
        of_canaries.run.write_table("truth", shard, _truth(canaries)),
    ]
    counts = {"documents": len(canaries)}
    for process in (measure_shard, judge_shard):
        commit = process(of_canaries, item)
        files += commit.files
        counts |= commit.counts
    count_work(len(canaries))
    return canary_commit(ShardCommit(shard.name, tuple(files), counts))


def _read_bases(context: Context, source: str) -> Iterator[BaseDocument]:
    """Yield the documents of a source that canaries are made from, in the order of their keyed hashes."""
    run, shards = CanaryRun(context.run.folder), context.shards(source)
    sampled = list(fs.concurrently(run.folder, lambda shard: run.read_table("bases", shard), shards))
    ranks = np.concatenate([each["rank"].to_numpy() for each in sampled])
    rows = np.concatenate([each["row"].to_numpy() for each in sampled]).astype(np.int64)
    numbers = np.repeat(np.arange(len(shards)), [each.num_rows for each in sampled])
    chosen = np.lexsort((rows, numbers, ranks))[: bases_wanted(_options(context))]
    found: dict[tuple[int, int], BaseDocument] = {}
    for number in np.unique(numbers[chosen]).tolist():
        wanted = np.sort(rows[chosen][numbers[chosen] == number])
        refs = context.document_refs(shards[number], wanted).tolist()
        read = documents.read_tables(
            context.run, shards[number], ["id", "text", "html_bytes", "link_text_frac"], wanted
        )
        each = (document for _, table in read for document in table.to_pylist())
        for row, ref, document in zip(wanted.tolist(), refs, each, strict=True):
            found[number, row] = BaseDocument(ref=ref, **document)
    return (found[at] for at in zip(numbers[chosen].tolist(), rows[chosen].tolist(), strict=True))


def _traits(context: Context, source: str) -> SourceTraits:
    options = context.recipe.sources[source]
    signals = {signal for rule in context.rules[source] if _can_remove(rule) for signal in rule.signals}
    phrases: Sequence[str] = ()
    if _UNSAFE_SIGNAL in signals:
        strongest = (
            " ".join(phrase) for phrase, weight in read_phrases(UNSAFE_PHRASES).items() if weight >= _STRONGEST
        )
        phrases = sorted(strongest)
    return SourceTraits(
        deduplicates=options.deduplicates,
        phrases=phrases,
        removes_boilerplate=_REPETITION_SIGNAL in signals,
        items=_items(context, source) if options.decontaminate else (),
    )


def _can_remove(rule: Rule) -> bool:
    return not rule.report_only


def _write_items(context: Context) -> None:
    """Write the test items that canaries hold, of test sets whose items drop documents or are cut out."""
    options, tests = _options(context), context.recipe.decontaminate
    chosen: list[EvaluationItem] = []
    if "item" in options.kinds and "containment" in tests.methods:
        files = evaluation_files(tests.test_sets, context.root)
        items = [item for file in files for item in read_test_set(file, tests)]
        items = [item for item in items if tests.action_of(item.test_set) != "mark"]
        chosen = choose_items(items, _items_per_source(context) * len(context.shard_counts), context.recipe.seed)
    written = fs.write_bytes(context.run.path(FOLDER, f"{_ITEMS}.json"), msgspec.json.encode(chosen))
    commit = ShardCommit(_ITEMS, (context.run.committed(written),), {"items": len(chosen)})
    context.run.commit_shard(STAGE, context.stage_keys[STAGE], commit)


def _items_per_source(context: Context) -> int:
    return _options(context).per_source * len(VARIANTS)


def _items(context: Context, source: str) -> list[EvaluationItem]:
    """Return the test items of a source: other ones than those of other sources, if there are enough."""
    data = fs.read_bytes(context.run.path(FOLDER, f"{_ITEMS}.json"))
    items = msgspec.json.decode(data, type=list[EvaluationItem])
    first = _items_per_source(context) * context.source_number(source)
    return [items[(first + at) % len(items)] for at in range(min(_items_per_source(context), len(items)))]


def _documents(context: Context, source: str, canaries: Sequence[Canary]) -> pa.Table:
    """Return canaries as documents without URL, title and metadata, which say what no document says."""
    keys = [f"{canary.kind}/{number}" for number, canary in enumerate(canaries)]
    edits: list[dict[str, object]] | None = [] if source in context.edits else None
    columns = {
        "id": [document_id(f"{FOLDER}/{source}", FOLDER, key) for key in keys],
        "text": [canary.text for canary in canaries],
        "text_hash": [text_hash(canary.text) for canary in canaries],
        "origin": [FOLDER] * len(canaries),
        "key": keys,
        "url": [None] * len(canaries),
        "title": [None] * len(canaries),
        "metadata": ["{}"] * len(canaries),
        "html_bytes": [canary.base.html_bytes for canary in canaries],
        "link_text_frac": [canary.base.link_text_frac for canary in canaries],
        "edits": [edits] * len(canaries),
    }
    return pa.Table.from_pydict(columns, schema=DOCUMENTS)


def _truth(canaries: Sequence[Canary]) -> pa.Table:
    rows = [
        {**canary._asdict(), "base": canary.base.ref, "base_id": canary.base.id, "text": None} for canary in canaries
    ]
    return pa.Table.from_pylist(rows, schema=TRUTH)
