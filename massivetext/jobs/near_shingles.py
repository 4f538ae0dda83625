"""Shingles of the documents in candidate pairs, on their way to the workers that compare them.

Each *pair partition* says which documents it needs, in a file with a section per *group of shards*. One worker per
group reads the texts of these documents, each once, and writes their shingles to files with a section per pair
partition. So no text is read twice, however many pairs it is in and however many shards there are.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from massivetext.dedup.candidates import Pairs
from massivetext.dedup.near_duplicates import near_shingle_sets
from massivetext.dedup.section_files import pack_sections, read_section, section_size
from massivetext.dedup.shingle_files import (
    ShingleSets,
    join_shingle_sets,
    merge_shingle_sets,
    pack_shingle_sets,
    select_shingle_sets,
)
from massivetext.earlier.earlier_corpora import earlier_corpora
from massivetext.jobs.near_candidates import CANDIDATES, STAGE
from massivetext.jobs.near_sizes import DEFAULT_SIZES, NearDedupSizes
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.run_log import count_work
from massivetext.runs.store import ShardCommit
from massivetext.schema import EARLIER, MAX_SHARDS, U64, row_numbers, shard_numbers
from massivetext.storage import files as fs

_MAX_GROUPS = 1024  # every group is read once by every pair partition

ShardGroups = list[list[int]]  # shard numbers, ascending


def plan_shard_groups(context: Context, sizes: NearDedupSizes = DEFAULT_SIZES) -> ShardGroups:
    """Return all shards in groups of about ``sizes.group_bytes``, at most 1,024; requires that all are signed."""
    commits = {commit.task: commit.counts for commit in context.run.commits(STAGE, context.stage_keys[STAGE])}
    corpora = earlier_corpora(context)
    found = [
        (context.number_of_shard(shard), commits[name]["signed_bytes"])
        for shard in context.all_shards()
        if (name := f"signatures/{shard.name}") in commits
    ]
    found += [(number, sizes.group_bytes) for number in (corpora.shard_numbers if corpora is not None else [])]
    most = max(sizes.group_bytes, -(-sum(size for _, size in found) // _MAX_GROUPS))
    return group_shards(sorted(found), most)


def group_shards(shards: Sequence[tuple[int, int]], most: int) -> ShardGroups:
    """Return shards, given (number, size) of each, in groups of neighbours; a group ends before it exceeds ``most``."""
    groups: ShardGroups = []
    total = 0
    for number, size in shards:
        if not groups or total + size > most:
            groups.append([])
            total = 0
        groups[-1].append(number)
        total += size
    return groups


# -- which documents are needed ----------------------------------------------------------------------------------------


def write_wanted(context: Context, groups: ShardGroups, pairs: Pairs, pair_partition: int, round_number: int) -> int:
    """Write the documents of the pairs of a pair partition, by the group of their shard; return the bytes written."""
    refs = np.unique(pairs)
    firsts = np.array([group[0] << 32 for group in groups[1:]], np.uint64)
    sections = np.split(refs, np.searchsorted(refs, firsts))
    data = pack_sections([section.astype("<u8").tobytes() for section in sections])
    fs.write_bytes(wanted_path(context, pair_partition, round_number), data)
    return len(data)


def read_wanted(
    context: Context, asking: Sequence[int], group: int, pair_partitions: int, round_number: int = 0
) -> list[U64]:
    """Return the documents of a group of shards that each pair partition needs; none where it does not ask."""

    def read(pair_partition: int) -> U64:
        with fs.open_read(wanted_path(context, pair_partition, round_number)) as handle:
            return np.frombuffer(read_section(handle, group), "<u8").astype(np.uint64)

    found = dict(zip(asking, fs.concurrently(context.run.folder, read, asking), strict=True))
    return [found.get(number, np.zeros(0, np.uint64)) for number in range(pair_partitions)]


# -- shingles of a group of shards -------------------------------------------------------------------------------------


def write_shingles(
    context: Context,
    shards: Sequence[int],
    group: int,
    wanted: Sequence[U64],
    round_number: int = 0,
    sizes: NearDedupSizes = DEFAULT_SIZES,
) -> ShardCommit:
    """Write the shingles of the wanted documents of a group of shards, and return the commit.

    The commit lists no file, because the files are deleted when the stage is complete.

    Args:
        context: the run.
        shards: numbers of the shards of the group.
        group: number of the group.
        wanted: documents that each pair partition needs, by its number.
        round_number: round that asks for the pairs, as in :class:`massivetext.jobs.near_verification.PairPart`.
        sizes: how much is held in memory.
    """
    every = np.unique(np.concatenate([np.zeros(0, np.uint64), *wanted]))
    held: list[ShingleSets] = []
    count = held_bytes = written = 0

    def spill() -> None:
        nonlocal held, held_bytes, count, written
        sets = join_shingle_sets(held)
        low, high = sets.refs[0], sets.refs[-1]
        chosen = [np.searchsorted(sets.refs, refs[(refs >= low) & (refs <= high)]) for refs in wanted]
        sections = [pack_shingle_sets(select_shingle_sets(sets, each)) if len(each) else b"" for each in chosen]
        data = pack_sections(sections)
        fs.write_bytes(shingle_path(context, group, count, round_number), data)
        count, written, held, held_bytes = count + 1, written + len(data), [], 0

    for sets in _read_shingles(context, shards, every):
        held.append(sets)
        held_bytes += sets.shingles.nbytes + sets.refs.nbytes
        count_work(len(sets.refs))
        if held_bytes >= sizes.spill_bytes:
            spill()
    if held:
        spill()
    counts = {"shingled": len(every), "spills": count, "shingle_bytes": written}
    return ShardCommit(shingles_name(group, round_number), (), counts)


def _read_shingles(context: Context, shards: Sequence[int], refs: U64) -> Iterator[ShingleSets]:
    """Yield the shingles of some documents in their order, one row group or shard at a time."""
    corpora, near = earlier_corpora(context), context.recipe.near
    bounds = np.searchsorted(refs, np.array([[number << 32, (number + 1) << 32] for number in shards], np.uint64))
    for number, (low, high) in zip(shards, bounds.tolist(), strict=True):
        wanted = refs[low:high]
        if not len(wanted):
            continue
        if number // MAX_SHARDS == EARLIER and corpora is not None:
            found = corpora.shingles(wanted)
            lengths = [len(found[ref]) for ref in wanted.tolist()]
            values = np.concatenate([found[ref] for ref in wanted.tolist()])
            yield ShingleSets(wanted, np.cumsum([0, *lengths]), values)
            continue
        mine, shard = context.locate(number)
        for rows, table in documents.read_tables(mine.run, shard, ["text"], row_numbers(wanted)):
            yield near_shingle_sets(table["text"].combine_chunks(), mine.document_refs(shard, rows), near)


def shingles_of_documents(context: Context, document_refs: U64) -> ShingleSets:
    """Return the shingles of documents, which are sorted, read in this process; of earlier corpora as stored there."""
    shards = np.unique(shard_numbers(document_refs)).tolist()
    return join_shingle_sets(list(_read_shingles(context, shards, document_refs)))


def shingles_to_join(context: Context, groups: ShardGroups, document_refs: U64) -> ShingleSets:
    """Return the shingles of documents, read in this process; with earlier corpora, the upper bits that all have."""
    corpora, shards = earlier_corpora(context), [number for group in groups for number in group]
    sets = join_shingle_sets(list(_read_shingles(context, shards, document_refs)))
    if corpora is None:
        return sets
    short = [corpora.short_shingles(sets.of(at), ref) for at, ref in enumerate(document_refs.tolist())]
    return ShingleSets(document_refs, np.cumsum([0, *map(len, short)]), np.concatenate(short))


def read_shingles(
    context: Context, spills: Sequence[tuple[int, int]], pair_partition: int, round_number: int, document_refs: U64
) -> ShingleSets:
    """Return the shingles of some documents of a pair partition.

    Args:
        context: the run.
        spills: (number, files) of each group of shards, ascending.
        pair_partition: number of the pair partition.
        round_number: as in :func:`write_shingles`.
        document_refs: the documents, ascending.
    """

    def read(file: tuple[int, int]) -> ShingleSets:
        with fs.open_read(shingle_path(context, *file, round_number)) as handle:
            sets = merge_shingle_sets([read_section(handle, pair_partition)])
        wanted = np.flatnonzero(np.isin(sets.refs, document_refs, assume_unique=True))
        return sets if len(wanted) == len(sets.refs) else select_shingle_sets(sets, wanted)

    return join_shingle_sets(list(fs.concurrently(context.run.folder, read, _files(spills))))


def count_shingle_bytes(
    context: Context, spills: Sequence[tuple[int, int]], pair_partition: int, round_number: int
) -> int:
    """Return the bytes of the shingles of all documents of a pair partition; arguments as :func:`read_shingles`."""

    def read(file: tuple[int, int]) -> int:
        with fs.open_read(shingle_path(context, *file, round_number)) as handle:
            return section_size(handle, pair_partition)

    return sum(fs.concurrently(context.run.folder, read, _files(spills)))


def _files(spills: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(group, spill) for group, count in spills for spill in range(count)]


def count_spills(context: Context, group: int, round_number: int = 0) -> int | None:
    """Return the number of files with the shingles of a group; None if they are not written, or one is missing."""
    commit = context.run.shard_commit(STAGE, context.stage_keys[STAGE], shingles_name(group, round_number))
    if commit is None:
        return None
    count = commit.counts["spills"]
    paths = [shingle_path(context, group, spill, round_number) for spill in range(count)]
    return count if all(fs.concurrently(context.run.folder, fs.exists, paths)) else None


def wanted_path(context: Context, pair_partition: int, round_number: int = 0) -> str:
    """Return the path of the file with the documents of a pair partition."""
    return context.run.path(CANDIDATES, f"{round_folder(round_number)}wanted-{pair_partition:05d}.u64")


def shingle_path(context: Context, group: int, spill: int, round_number: int = 0) -> str:
    """Return the path of a file with shingles of a group of shards."""
    return context.run.path(CANDIDATES, f"{round_folder(round_number)}shingles-{group:05d}-{spill:05d}.u64")


def shingles_name(group: int, round_number: int = 0) -> str:
    """Return the name of the work item that makes the shingles of a group of shards."""
    return f"shingles/{round_folder(round_number)}group-{group:05d}"


def round_folder(round_number: int) -> str:
    """Return what the names of files and work items of a round begin with; empty for round 0, the bands."""
    return f"round-{round_number:02d}/" if round_number else ""
