"""What crosses every shuffle of every job, and how large its graph is: never more than its budget, never a text.

The budgets are those of docs/design.md ("What crosses a shuffle"). Run with ``-s`` to see what was measured.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from builders import quickstart_recipe
from shuffle_meter import CLUSTER, Job, Meter, Shuffle

from massivetext.engines.engine import DistributeLanes
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe
from massivetext.records.pieces import HEAD
from massivetext.records.tokens import round_tokens_path
from massivetext.runs.context import Context
from massivetext.runs.store import Run, Shard
from massivetext.runs.work_items import Lane, WorkItem
from massivetext.sources.splits import Split
from massivetext.stages.finished import open_context

ELEMENT = 40  # bytes that Beam adds to an element: time, window and pane 13, lengths and key the rest
WORK_ITEM = 160  # bytes of a work item, without its input files
SPLIT = 250  # bytes of an input file, or a slice of one, in a work item of ingest: name, path, version
NUMBER = 40  # bytes of a lane that is the number of a shard, including Beam's own
GRAPH = 64 * 1024  # bytes of a graph, except what grows with shards and input files
GRAPH_SHARD, GRAPH_SPLIT = 20, 150  # bytes of graph per shard and per input file; lanes are compressed there
LARGEST = 4 * 2**20  # bytes of one element


@dataclass(frozen=True)
class Facts:
    """The numbers of a run that the budgets depend on.

    Attributes:
        shards: shards of all sources.
        splits: input files, or slices of large ones.
        hashed: documents before exact deduplication.
        copies: exact duplicates that were removed.
        signed: documents before near-deduplication.
        lsh_partitions: LSH partitions of all bands.
        shard_groups: groups of shards whose shingles one worker makes.
        pair_partitions: partitions of candidate pairs.
        record_tokens: tokens of all records.
        pieces: upper bound of the pieces of documents in the records.
    """

    shards: int
    splits: int
    hashed: int
    copies: int
    signed: int
    lsh_partitions: int
    bands: int
    shard_groups: int
    pair_partitions: int
    record_tokens: int
    pieces: int


Budget = Callable[[Facts, Shuffle], float]

# (stage, shuffle) -> bytes that may cross it. ELEMENTS also bounds the number of elements, so ELEMENT hides nothing.
BUDGETS: dict[tuple[str, str], Budget] = {
    # 128 bits of hash, a 64-bit rank and a 64-bit document reference per document.
    ("exact-dedup", "GroupByHash"): lambda f, s: 32 * f.hashed + ELEMENT * s.elements,
    # The document references of a removed copy and of its keeper.
    ("exact-dedup", "GroupByShard"): lambda f, s: 16 * f.copies + ELEMENT * s.elements,
    # A bucket hash and a document reference per document and band.
    ("near-dedup", "GroupByLshPartition"): lambda f, s: 16 * f.signed * f.bands + ELEMENT * s.elements,
    # The number of a group of shards, and how many files have its shingles; pairs and shingles are in files.
    ("near-dedup", "MeasurePairs/GroupByShardGroup"): lambda f, s: 60 * f.shard_groups,
    ("near-dedup", "MeasurePairs/GroupByPairPartition"): lambda f, s: 60 * f.shard_groups * f.pair_partitions,
    # The tokens, two bytes each with a vocabulary below 65,536, and the position of each piece.
    ("records", "GroupByShard"): lambda f, s: 2 * f.record_tokens + HEAD.itemsize * f.pieces + ELEMENT * s.elements,
    ("ingest", "DistributeLanes/GroupByLane"): lambda f, s: WORK_ITEM * f.shards + SPLIT * f.splits,
}
DEALT = {"near-dedup", "exact-dedup", "decontaminate", "tokenizer", "records", "report"}
BUDGETS |= {(stage, "DistributeLanes/GroupByLane"): lambda f, s: WORK_ITEM * f.shards for stage in DEALT}

ELEMENTS: dict[tuple[str, str], Callable[[Facts], int]] = {
    ("exact-dedup", "GroupByHash"): lambda f: 64 * f.shards,  # partitions of every shard
    ("exact-dedup", "GroupByShard"): lambda f: (64 + 1) * f.shards,
    ("near-dedup", "GroupByLshPartition"): lambda f: f.lsh_partitions * (f.shards + 1),
    ("near-dedup", "MeasurePairs/GroupByShardGroup"): lambda f: f.shard_groups,
    ("near-dedup", "MeasurePairs/GroupByPairPartition"): lambda f: f.shard_groups * f.pair_partitions,
}


@dataclass(frozen=True)
class Audit:
    """A run that was measured."""

    meter: Meter
    context: Context
    facts: Facts

    def shuffles(self) -> Iterator[tuple[Job, Shuffle]]:
        """Yield every shuffle with its job."""
        for job in self.meter.jobs:
            for shuffle in job.shuffles.values():
                yield job, shuffle


def facts_of(context: Context) -> Facts:
    run = context.run
    exact, near, records = (run.need(stage) for stage in ("exact-dedup", "near-dedup", "records"))
    splits = run.need("ingest").fact("shards", dict[str, list[object]]).values()
    tokens = sum(records.fact("tokens", dict[str, int]).values())
    drawn = records.totals("tokens/round-")["draws"]
    lsh_partitions = sum(commit.task.startswith("candidates/cell-") for commit in near.tasks)
    return Facts(
        shards=len(context.all_shards()),
        splits=sum(map(len, splits)),
        hashed=exact.totals()["tested"],
        copies=exact.totals()["removed"],
        signed=near.totals("signatures/")["signed"],
        lsh_partitions=lsh_partitions,
        bands=context.recipe.near.bands,
        shard_groups=sum(commit.task.startswith("shingles/group-") for commit in near.tasks),
        pair_partitions=sum(commit.task.startswith("pairs/part-") for commit in near.tasks),
        record_tokens=tokens,
        pieces=drawn + tokens // context.recipe.records.sequence_length,
    )


@pytest.fixture(scope="module", params=["embedded", "cluster"])
def audit(request: pytest.FixtureRequest, quickstart: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    folder = tmp_path_factory.mktemp("audit")
    recipe = quickstart_recipe(quickstart, folder)
    meter = Meter()
    engine = meter.engine(beam_args=CLUSTER if request.param == "cluster" else ())
    with meter.watching():
        driver = prepare(load_recipe(str(recipe)), str(folder / "run"), engine, listener=meter.listen)
        driver.run()
    context = open_context(Run(str(folder / "run")))
    audit = Audit(meter, context, facts_of(context))
    print("\n" + shown(audit))
    return audit


def shown(audit: Audit) -> str:
    """Return what was measured as a table."""
    documents = audit.facts.hashed
    lines = [
        f"{'stage':<14}{'shuffle':<22}{'graph':>9}{'elements':>9}{'bytes':>11}{'largest':>9}{'group':>9}{'a doc':>8}"
    ]
    for job in audit.meter.jobs:
        graph = f"{len(job.graph):,}"
        for shuffle in job.shuffles.values():
            numbers = (shuffle.elements, shuffle.size, shuffle.largest, shuffle.largest_group)
            cells = "".join(f"{number:>{width},}" for number, width in zip(numbers, (9, 11, 9, 9), strict=True))
            lines.append(f"{job.stage:<14}{shuffle.name:<22}{graph:>9}{cells}{shuffle.size / documents:>8.1f}")
            graph = ""
    return "\n".join(lines)


@pytest.mark.slow
def test_every_shuffle_is_known_and_keeps_to_its_budget(audit: Audit) -> None:
    seen = set()
    for job, shuffle in audit.shuffles():
        name = (job.stage, shuffle.name)
        seen.add(name)
        assert shuffle.size <= BUDGETS[name](audit.facts, shuffle), name
        assert name not in ELEMENTS or shuffle.elements <= ELEMENTS[name](audit.facts), name

    assert seen == set(BUDGETS)


@pytest.mark.slow
def test_budgets_are_close_to_what_is_measured(audit: Audit) -> None:
    # A budget far above the measured size would not notice growth.
    for name in (("exact-dedup", "GroupByHash"), ("near-dedup", "GroupByLshPartition"), ("records", "GroupByShard")):
        shuffle = next(s for job, s in audit.shuffles() if (job.stage, s.name) == name)

        assert shuffle.size > 0.75 * BUDGETS[name](audit.facts, shuffle), name


@pytest.mark.slow
def test_no_element_is_large(audit: Audit) -> None:
    for job, shuffle in audit.shuffles():
        assert shuffle.largest <= LARGEST, (job.stage, shuffle.name)


@pytest.mark.slow
def test_no_graph_holds_more_than_the_names_of_shards_and_input_files(audit: Audit) -> None:
    for job in audit.meter.jobs:
        splits = audit.facts.splits if job.stage == "ingest" else 0

        assert len(job.graph) <= GRAPH + GRAPH_SHARD * audit.facts.shards + GRAPH_SPLIT * splits, job.stage


@pytest.mark.slow
def test_no_text_crosses_a_shuffle_or_lies_in_a_graph(audit: Audit) -> None:
    windows = list(text_windows(audit.context))
    assert len(windows) > 5000
    for job, shuffle in audit.shuffles():
        assert not any(window in shuffle.data for window in windows), (job.stage, shuffle.name)
    for job in audit.meter.jobs:
        assert not any(window in job.graph for window in windows), job.stage


@pytest.mark.slow
def test_tokens_cross_the_shuffle_of_the_records_alone(audit: Audit) -> None:
    windows = list(token_windows(audit.context))
    assert len(windows) > 1000
    for job, shuffle in audit.shuffles():
        found = sum(window in shuffle.data for window in windows)

        if (job.stage, shuffle.name) == ("records", "GroupByShard"):
            assert found > 0.2 * len(
                windows
            )  # the others are in draws that are not used, or a sequence ends within them
        else:
            assert found == 0, (job.stage, shuffle.name)


@pytest.mark.slow
def test_a_cluster_writes_the_same_bytes(audit: Audit, quickstart: Path) -> None:
    theirs = Run(str(quickstart / "run"))
    for stage in ("exact-dedup", "near-dedup", "decontaminate", "tokenizer", "records"):
        ours = {file.path: file.sha256 for file in audit.context.run.need(stage).files()}
        assert ours == {file.path: file.sha256 for file in theirs.need(stage).files()}, stage


def text_windows(context: Context) -> Iterator[bytes]:
    """Yield 24 bytes each from the beginning, the middle and the end of every text."""
    for shard in context.all_shards():
        for text in context.run.read_table("documents", shard, ["text"])["text"].to_pylist():
            data = text.encode()
            if len(data) >= 24:
                yield from {data[:24], data[len(data) // 2 - 12 :][:24], data[-24:]}


def token_windows(context: Context) -> Iterator[bytes]:
    """Yield twelve tokens from the middle of each draw of the first round."""
    for shard in context.all_shards():
        path = round_tokens_path(context.run, 0, shard)
        for tokens in pq.read_table(path, columns=["tokens"])["tokens"].to_pylist():
            if len(tokens) >= 64:
                middle = len(tokens) // 4 * 2
                yield tokens[middle - 12 : middle + 12]


# -- what grows in a graph ---------------------------------------------------------------------------------------------


def graph_bytes(lanes: list[object]) -> int:
    pipeline = beam.Pipeline(runner="FnApiRunner")
    pipeline | DistributeLanes(lanes)
    return len(pipeline.to_runner_api().SerializeToString(deterministic=True))


def work_item(number: int, shards: int) -> WorkItem:
    return WorkItem(Shard("web", number, shards), (), 12.5)


def item_with_input(number: int, shards: int) -> WorkItem:
    name = f"crawl-data/CC-MAIN-2024-10/segments/{number:013d}/warc/CC-MAIN-{number * 7919:020d}-{number:05d}.warc.gz"
    version = f'"{number * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128:032x}-128"'
    return WorkItem(
        Shard("web", number, shards), (Split(name, f"s3://crawl/{name}", 10**9 + number, version, 0, 1),), 12.5
    )


@pytest.mark.parametrize(
    ("lane", "most"),
    [
        (lambda number, shards: [number], 10),  # exact-dedup, near-dedup, records
        (lambda number, shards: Lane((work_item(number, shards),), None), 12),  # stages of shards
        (lambda number, shards: Lane((item_with_input(number, shards),), None), GRAPH_SPLIT),  # ingest
    ],
    ids=["number", "shard", "shard with its input"],
)
def test_a_graph_grows_by_a_few_bytes_a_shard(lane: Callable[[int, int], object], most: int) -> None:
    small, large = (graph_bytes([lane(number, count) for number in range(count)]) for count in (2000, 6000))

    assert (large - small) / 4000 <= most


# -- the meter itself --------------------------------------------------------------------------------------------------


def test_the_meter_sees_what_crosses() -> None:
    meter = Meter()
    rows = [(b"a", b"a text that should not travel"), (b"b", b"x"), (b"a", b"more")]

    def build(pipeline: beam.Pipeline) -> None:
        create = beam.Create(rows, reshuffle=False)  # type: ignore[no-untyped-call]
        typed = create.with_output_types(tuple[bytes, bytes])  # type: ignore[no-untyped-call]
        pipeline | typed | "Group" >> beam.GroupByKey()  # type: ignore[no-untyped-call]

    with meter.watching():
        meter.listen("some-stage", "run", 1)
        meter.engine().run(build, lanes=1)
    (job,) = meter.jobs
    shuffle = job.shuffles["Group"]
    overhead = [shuffle.largest - len(rows[0][1])]

    assert job.stage == "some-stage"
    assert shuffle.elements == 3
    assert b"a text that should not travel" in shuffle.data
    # Keys, values, and the same number of bytes that Beam adds to each element.
    assert shuffle.size == sum(len(value) + overhead[0] for _, value in rows)
    assert overhead[0] < ELEMENT
    assert shuffle.largest_group == len(rows[0][1]) + len(rows[2][1]) + 2 * overhead[0]
