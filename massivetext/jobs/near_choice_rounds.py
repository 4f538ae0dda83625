"""The choice of the near-duplicates that are kept, without a process that holds all pairs: in rounds, by component.

It writes the same as :mod:`massivetext.jobs.near_representatives`, because documents of different components do not
influence each other. Every step is a job over numbered work items; each writes a file with a section for every work
item of the next step, and a commit, so an interrupted choice goes on where it was:

1. *link*: near-duplicate pairs and crowds as edges; *star*: components, in rounds until their counters say that no edge
   has changed (:mod:`massivetext.dedup.star_rounds`); *label*: the component of every document.
2. *rank*, by group of shards: rank of every document. *deal*: documents, pairs and crowds go to the worker of their
   component.
3. In rounds: *choose*: which documents stay, and which pairs are missing; *collect*: those that are not known, by pair
   partition; they are measured and dealt. The round in which none is missing is the last.
4. *finish*: clusters of each worker's components, which the driver merges, a group of shards at a time.

What one process holds: the documents of its components with 50 bytes each, and a window of their pairs. A component is
never divided.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.dedup import pair_files
from massivetext.dedup.candidates import distinct_pairs
from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.pair_windows import PairWindows
from massivetext.dedup.representatives import (
    I64,
    MAX_ROUNDS,
    Choice,
    components,
    first_kept,
    join_crowds,
    representatives_in,
    wanted_pairs,
)
from massivetext.dedup.section_files import pack_sections, read_section
from massivetext.dedup.star_rounds import both_directions, labels_of, large_star, small_star
from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.errors import StageError
from massivetext.hashing import mix64
from massivetext.jobs.near_candidates import CANDIDATES, STAGE, CrowdRows
from massivetext.jobs.near_clusters import CLUSTERS, pairs_above_threshold, read_rank_columns
from massivetext.jobs.near_representatives import (
    DESCRIBED,
    RankedDocuments,
    add_similarities,
    cluster_table,
    commit_choice,
    count_choice,
    join_by_shingles,
    largest_components,
    write_largest_components,
)
from massivetext.jobs.near_shingles import ShardGroups, plan_shard_groups
from massivetext.jobs.near_sizes import NearDedupSizes
from massivetext.jobs.near_verification import PairPart, pairs_path, read_pairs, verify_round, write_pairs
from massivetext.runs.attempts import guard_work_item
from massivetext.runs.context import Context
from massivetext.runs.store import CommittedFile, ShardCommit
from massivetext.schema import COMPONENTS, U64
from massivetext.storage import files as fs

Counts = dict[str, int]
F64 = npt.NDArray[np.float64]
_NUMBER = np.dtype("<u8")
_NONE = 2**64 - 1  # in place of a diameter that was not measured


class Choosing(NamedTuple):
    """A choice as its workers know it.

    Attributes:
        context: the run.
        lsh_partitions: how pairs are divided; there are as many workers of documents and of components.
        groups: all shards, in groups.
        crowds: rows of oversized buckets.
        sizes: how the work is divided.
    """

    context: Context
    lsh_partitions: LshPartitions
    groups: ShardGroups
    crowds: CrowdRows
    sizes: NearDedupSizes

    @property
    def workers(self) -> int:
        """Number of work items of most steps."""
        return self.lsh_partitions.pair_partitions

    def write(self, step: str, number: int, rows: U64, sections: I64, count: int) -> None:
        """Write rows of numbers, uint64[rows, columns], to the sections of a file."""
        order = np.argsort(sections, kind="stable")
        parts = np.split(rows[order], np.searchsorted(sections[order], np.arange(1, count)))
        fs.write_bytes(self._path(step, number), pack_sections([part.astype(_NUMBER).tobytes() for part in parts]))

    def read(self, step: str, section: int, columns: int, files: Sequence[int] | None = None) -> U64:
        """Return one section of the files of some work items of a step, by default of all workers."""

        def read(number: int) -> bytes:
            with fs.open_read(self._path(step, number)) as handle:
                return read_section(handle, section)

        wanted = range(self.workers) if files is None else files
        data = b"".join(fs.concurrently(self.context.run.folder, read, wanted))
        return np.frombuffer(data, _NUMBER).astype(np.uint64).reshape(-1, columns)

    def owners(self, numbers: U64) -> I64:
        """Return the number of the worker of each document or component."""
        return (mix64(numbers) % np.uint64(self.workers)).astype(np.int64)

    def groups_of(self, document_refs: U64) -> I64:
        """Return the number of the group of shards of each document."""
        firsts = np.array([group[0] << 32 for group in self.groups], np.uint64)
        return np.searchsorted(firsts, document_refs, side="right") - 1

    def _path(self, step: str, number: int) -> str:
        return self.context.run.path(CANDIDATES, f"choice/{step}-{number:05d}.u64")


def choose_in_rounds(
    engine: Engine,
    context: Context,
    lsh_partitions: LshPartitions,
    parts: Sequence[PairPart],
    crowds: CrowdRows,
    sizes: NearDedupSizes,
) -> None:
    """Choose the documents to keep, measure what that takes, write clusters and components, and commit them."""
    task = Choosing(context, lsh_partitions, plan_shard_groups(context, sizes), crowds, sizes)
    everyone = range(task.workers)
    run_step(engine, task, "link", _link, everyone)
    last, changed = 0, 1
    while changed:
        changed = 0
        for _ in range(2):
            last += 1
            counts = run_step(engine, task, f"star-{last:03d}", functools.partial(_star, last), everyone)
            changed += sum(each["changed"] for each in counts.values())
    run_step(engine, task, "label", functools.partial(_label, last), everyone)
    run_step(engine, task, "rank", _rank, range(len(task.groups)))
    dealt = {0: tuple(part.pair_partition for part in parts)}
    run_step(engine, task, "deal-00", functools.partial(_deal, 0), dealt[0])
    rounds, unmeasured, uncompared, most = 0, 0, 0, context.recipe.near.max_bucket
    for number in range(1, MAX_ROUNDS + 1):
        unmeasured, _ = _run_round(engine, task, number, dealt, joins=False)
        if not unmeasured and representatives_in(number, most) == most:
            unmeasured, uncompared = _run_round(engine, task, number, dealt, joins=True)
            if not unmeasured:
                break
        rounds += unmeasured > 0
    found = run_step(engine, task, "finish", functools.partial(_finish, dealt), everyone)
    totals = add_counts(found.values())
    totals |= {"rounds": rounds, "unmeasured_pairs": unmeasured, "uncompared_documents": uncompared}
    commit_choice(context, (_merge_clusters(task), write_largest_components(context, _merge_components(task))), totals)


def add_counts(counts: Iterable[Mapping[str, int]]) -> Counts:
    """Return the sum of each count over several workers; of a count of the largest, the largest."""
    totals: Counts = {}
    for each in counts:
        for name, count in each.items():
            before = totals.get(name, 0)
            totals[name] = max(before, count) if name.startswith("largest_") else before + count
    return totals


def _run_round(
    engine: Engine, task: Choosing, number: int, dealt: dict[int, tuple[int, ...]], *, joins: bool
) -> tuple[int, int]:
    """Run a round, and return the numbers of pairs that it has measured and of documents that it left uncompared."""
    name, everyone = f"{number:02d}{'-joined' * joins}", range(task.workers)
    chosen = run_step(engine, task, f"choose-{name}", functools.partial(_choose, number, dict(dealt), joins), everyone)
    uncompared = sum(each["uncompared"] for each in chosen.values())
    if not any(each["wanted"] for each in chosen.values()):
        return 0, uncompared
    collected = run_step(engine, task, f"collect-{name}", functools.partial(_collect, number, joins), everyone)
    parts = [PairPart(worker, number) for worker, counts in sorted(collected.items()) if counts["new"]]
    measured = sum(counts["new"] for counts in collected.values())
    if parts:
        verify_round(engine, task.context, task.lsh_partitions, task.groups, parts, measured, task.sizes)
        dealt[number] = tuple(part.pair_partition for part in parts)
        run_step(engine, task, f"deal-{number:02d}", functools.partial(_deal, number), dealt[number])
    return measured, uncompared


# -- steps -------------------------------------------------------------------------------------------------------------


def run_step(
    engine: Engine, task: Choosing, step: str, function: Callable[[Choosing, int], Counts], numbers: Sequence[int]
) -> dict[int, Mapping[str, int]]:
    """Run a function for some numbers that have no commit yet, as one job, and return the counts of all.

    Raises:
        StageError: one was not done.
    """
    context, names = task.context, {number: f"choice/{step}-{number:05d}" for number in numbers}

    def done() -> dict[int, Mapping[str, int]]:
        commits = context.run.done(STAGE, context.stage_keys[STAGE], list(names.values()))
        return {number: commits[name].counts for number, name in names.items() if name in commits}

    found = done()
    todo = [(number, names[number]) for number in numbers if number not in found]
    if todo:

        def build(pipeline: beam.Pipeline) -> None:
            pipeline | "DistributeLanes" >> DistributeLanes(todo) | "Step" >> beam.ParDo(_StepDoFn(task, function))

        engine.run(build, lanes=engine.lanes(len(todo)))
        found = done()
    for number, name in todo:
        if number not in found:
            raise StageError(f"{STAGE}: {name} was not done; run again to go on")
    return found


class _StepDoFn(beam.DoFn):
    def __init__(self, task: Choosing, function: Callable[[Choosing, int], Counts]) -> None:
        self._task, self._function = task, function

    def process(self, item: tuple[int, str]) -> None:
        number, name = item
        context = self._task.context
        with guard_work_item(context, STAGE, name):
            commit = ShardCommit(name, (), self._function(self._task, number))
            context.run.commit_shard(STAGE, context.stage_keys[STAGE], commit)


def _link(task: Choosing, number: int) -> Counts:
    ((pairs, _),) = pairs_above_threshold(task.context, [PairPart(number)])
    edges, crowds = [pairs], [np.zeros((0, 3), np.uint64)]
    for rows in task.crowds.share(number, task.workers):
        _, starts, numbers = np.unique(rows["bucket"], return_index=True, return_inverse=True)
        firsts = rows["document_ref"][starts][numbers.reshape(-1)]
        crowds.append(np.stack([firsts, rows["bucket"], rows["document_ref"]], axis=1))
        edges.append(crowds[-1][:, [0, 2]])
    both, crowd_rows = both_directions(np.concatenate(edges)), np.concatenate(crowds)
    task.write("edges-000", number, both, task.owners(both[:, 0]), task.workers)
    task.write("crowds", number, crowd_rows, task.owners(crowd_rows[:, 0]), task.workers)
    return {"edges": len(both)}


def _star(step: int, task: Choosing, number: int) -> Counts:
    star = large_star if step % 2 else small_star
    edges, changed = star(task.read(f"edges-{step - 1:03d}", number, 2))
    task.write(f"edges-{step:03d}", number, edges, task.owners(edges[:, 0]), task.workers)
    return {"edges": len(edges), "changed": changed}


def _label(last: int, task: Choosing, number: int) -> Counts:
    refs, labels = labels_of(distinct_pairs(task.read(f"edges-{last:03d}", number, 2)))
    task.write("labels", number, np.stack([refs, labels], axis=1), task.groups_of(refs), len(task.groups))
    return {"labelled": len(refs)}


def _labels(task: Choosing, number: int, document_refs: U64) -> U64:
    """Return the label of documents of a worker, in their order."""
    known = np.concatenate([task.read("labels", group, 2, [number]) for group in range(len(task.groups))])
    return known[np.searchsorted(known[:, 0], document_refs), 1] if len(document_refs) else document_refs


def _rank(task: Choosing, group: int) -> Counts:
    rows = task.read("labels", group, 2)
    rows = rows[np.argsort(rows[:, 0])]
    ranked = np.concatenate([rows, read_rank_columns(task.context, rows[:, 0])], axis=1)
    task.write("documents", group, ranked, task.owners(rows[:, 1]), task.workers)
    return {"columns": ranked.shape[1]}


def _deal(round_number: int, task: Choosing, number: int) -> Counts:
    ((pairs, jaccard),) = pairs_above_threshold(task.context, [PairPart(number, round_number)])
    rows = np.concatenate([pairs, jaccard.astype("<f8").view(_NUMBER)[:, None]], axis=1)
    labels = _labels(task, number, pairs[:, 0])
    task.write(f"pairs-{round_number:02d}", number, rows, task.owners(labels), task.workers)
    if not round_number:
        crowds = task.read("crowds", number, 3)
        labels = _labels(task, number, crowds[:, 0])
        task.write("members", number, crowds[:, 1:], task.owners(labels), task.workers)
    return {"dealt": len(pairs)}


class _Components(NamedTuple):
    """What the worker of some components knows.

    Attributes:
        documents: their documents.
        columns: rank of every document, by place.
        places: int64[k, 2]: near-duplicate pairs.
        jaccard: similarity of each pair.
    """

    documents: RankedDocuments
    columns: U64
    places: I64
    jaccard: F64


def _read_components(task: Choosing, number: int, dealt: Mapping[int, tuple[int, ...]]) -> _Components:
    context, groups = task.context, range(len(task.groups))
    width = 2 + read_rank_columns(context, np.zeros(0, np.uint64)).shape[1]
    rows = task.read("documents", number, width, groups)
    rows = rows[np.argsort(rows[:, 0])]
    order = np.lexsort((rows[:, 0], *reversed(rows[:, 2:].T)))
    documents = RankedDocuments(rows[:, 0], order)
    found = [task.read(f"pairs-{each:02d}", number, 3, workers) for each, workers in sorted(dealt.items())]
    pairs = np.concatenate([np.zeros((0, 3), np.uint64), *found])
    jaccard = np.ascontiguousarray(pairs[:, 2]).astype(_NUMBER).view("<f8").astype(np.float64)
    return _Components(documents, rows[order, 2:], documents.places(pairs[:, :2]), jaccard)


def _windows(task: Choosing, found: _Components) -> PairWindows:
    windows = PairWindows(len(found.documents), len(found.places), window_pairs=task.sizes.window_pairs)
    windows.add(found.places)
    return windows


def _choose(
    round_number: int, dealt: Mapping[int, tuple[int, ...]], joins: bool, task: Choosing, number: int
) -> Counts:
    found, near = _read_components(task, number, dealt), task.context.recipe.near
    documents = found.documents
    members = task.read("members", number, 2)
    crowds = [(members[:, 0], documents.places(members[:, 1]))]
    uncompared: I64 = np.zeros(0, np.int64)
    with _windows(task, found) as windows:
        keepers = first_kept(len(documents), windows)
        if joins:
            join = functools.partial(join_by_shingles, task.context, task.groups, documents)
            wanted, uncompared = join_crowds(crowds, keepers, join, near.max_bucket)
        else:
            before = np.arange(len(documents))
            if round_number > 1:
                before = task.read(f"keepers-{round_number - 1:02d}", 0, 1, [number])[:, 0].astype(np.int64)
            wanted = wanted_pairs(round_number, before, keepers, windows, crowds, near.max_bucket)
            kept = keepers.astype(np.uint64)[:, None]
            task.write(f"keepers-{round_number:02d}", number, kept, np.zeros(len(kept), np.int64), 1)
    pairs = np.sort(documents.refs[wanted], axis=1)
    partitions = pair_files.pair_partition_of(pairs, task.workers)
    task.write(f"wanted-{round_number:02d}{'-joined' * joins}", number, pairs, partitions, task.workers)
    return {"wanted": len(pairs), "uncompared": len(uncompared)}


def _collect(round_number: int, joins: bool, task: Choosing, number: int) -> Counts:
    pairs = task.read(f"wanted-{round_number:02d}{'-joined' * joins}", number, 2)
    parts = [PairPart(number, before) for before in range(round_number)]
    known = [read_pairs(task.context, part) for part in parts if fs.exists(pairs_path(task.context, part))]
    new = pair_files.without_pairs(pairs, np.concatenate([np.zeros((0, 2), np.uint64), *known]))
    if len(new):
        write_pairs(task.context, task.groups, PairPart(number, round_number), new)
    return {"new": len(new)}


# -- results -----------------------------------------------------------------------------------------------------------


def _finish(dealt: Mapping[int, tuple[int, ...]], task: Choosing, number: int) -> Counts:
    found = _read_components(task, number, dealt)
    documents = found.documents
    with _windows(task, found) as windows:
        keepers = first_kept(len(documents), windows)
        firsts = components(len(documents), windows)
        largest = largest_components(documents, keepers, firsts, windows)
    similarity = np.zeros(len(documents))
    add_similarities(similarity, found.places, found.jaccard, keepers)
    table = cluster_table(documents, keepers, firsts, similarity)
    rows = _numbers(table.set_column(2, "similarity", table["similarity"].fill_null(0.0)))
    task.write("clusters", number, rows, task.groups_of(rows[:, 0]), len(task.groups))
    places = documents.places(largest["component"].to_numpy())
    described = _numbers(largest.set_column(3, "diameter", largest["diameter"].fill_null(_NONE)))
    ranked = np.concatenate([described, found.columns[places]], axis=1)
    task.write("largest", number, ranked, np.zeros(len(ranked), np.int64), 1)
    counts = count_choice(Choice(keepers, 0, 0), firsts, documents)
    return {name: counts[name] for name in counts if name not in ("rounds", "unmeasured_pairs", "uncompared_documents")}


def _numbers(table: pa.Table) -> U64:
    """Return the columns of a table, without nulls, as numbers of 64 bits."""
    columns = [np.ascontiguousarray(column.to_numpy()) for column in table.columns]
    return np.stack([column.view(np.uint64) for column in columns], axis=1)


def _merge_clusters(task: Choosing) -> CommittedFile:
    """Write the clusters of all workers in one file, in the order of the documents."""
    schema = pa.schema([(name, pa.uint64()) for name in ("address", "keeper", "similarity", "component")])
    schema = schema.set(2, pa.field("similarity", pa.float64()))
    count = 0
    with fs.publish(task.context.run.path(CLUSTERS)) as new, pq.ParquetWriter(new, schema) as writer:
        for rows in _row_groups(task):
            similarity = np.ascontiguousarray(rows[:, 2]).view(np.float64)
            columns = [rows[:, 0], rows[:, 1], pa.array(similarity, mask=similarity == 0.0), rows[:, 3]]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=max(1, len(rows)))
            count += len(rows)
    return task.context.run.committed(new, count)


def _row_groups(task: Choosing) -> Iterator[U64]:
    """Yield the rows of the clusters in the order of the documents, as many at a time as a row group has."""
    held, size = np.zeros((0, 4), np.uint64), task.sizes.cluster_rows
    for group in range(len(task.groups)):
        rows = task.read("clusters", group, 4)
        held = np.concatenate([held, rows[np.argsort(rows[:, 0])]])
        whole = len(held) // size * size
        yield from np.split(held[:whole], range(size, whole, size)) if whole else ()
        held = held[whole:]
    if len(held):
        yield held


def _merge_components(task: Choosing) -> pa.Table:
    """Return the largest components of all workers, the largest first; of equal size, by rank."""
    width = len(COMPONENTS) + read_rank_columns(task.context, np.zeros(0, np.uint64)).shape[1]
    rows = task.read("largest", 0, width)
    order = np.lexsort((rows[:, 0], *reversed(rows[:, len(COMPONENTS) :].T), -rows[:, 1].astype(np.int64)))[:DESCRIBED]
    columns = dict(zip(COMPONENTS.names, rows[order, : len(COMPONENTS)].T, strict=True))
    unknown = columns["diameter"] == np.uint64(_NONE)
    return pa.table({**columns, "diameter": pa.array(columns["diameter"], mask=unknown)}, schema=COMPONENTS)
