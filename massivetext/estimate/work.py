"""The work of every step of a run, from how much it meets: tasks, CPU, shuffles, memory and what the driver does alone.

The formulas follow the code of the stages; ``tests/estimate/test_work.py`` holds the two together.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from massivetext.dedup.lsh_partitions import CHUNK_PAIRS, LshPartitions
from massivetext.dedup.row_types import BUCKET_ROW, REMOVED_ROW, TEXT_HASH_ROW
from massivetext.estimate import rates
from massivetext.estimate.volumes import Corpus, Volume
from massivetext.records.sequences import PIECE
from massivetext.runs.stage import Stage, resolve
from massivetext.sources import find_format
from massivetext.stages import DECONTAMINATE, EXACT_DEDUP, NEAR_DEDUP, RECORDS, REPORT, STAGES, TOKENIZER, steps
from massivetext.storage import files as fs

_COPIES = 4  # of a group: as it came, joined, its order, its sorted columns
_TABLES = 3  # of a shard's signatures: as numbers, as a table, as a file
_CLUSTER_BYTES = 24  # a clustered document, a pair above the threshold
_LAYOUT_BYTES = 30  # a draw, while every worker that cuts works out where each draw lies
_ROW_GROUP_BYTES = 4 * 2**20
_TASK_BYTES = 400  # a shard with its input file, as part of the job's graph
_COMMIT_BYTES = 2000  # a shard's commit as an object of the driver


class Phase(NamedTuple):
    """A part of a step that workers share, shard by shard or group by group.

    Attributes:
        name: what is done.
        tasks: pieces that different workers can take.
        cpu_seconds: of all of them, at the speed that rates.py has.
        longest_seconds: of the longest one.
        shuffle_bytes: that cross the network between workers on their way into it.
        held_bytes: what one worker holds at a time beside itself.
        waiting_seconds: of workers for the store of the run, in all; it comes to little where that is a disk.
    """

    name: str
    tasks: float
    cpu_seconds: float
    longest_seconds: float
    shuffle_bytes: float = 0.0
    held_bytes: float = 0.0
    waiting_seconds: float = 0.0


class Work(NamedTuple):
    """A step.

    Attributes:
        phases: what its jobs do, one after the other.
        jobs: Beam jobs.
        requests: to the store of the run that the driver makes, as many at a time as `filesystem.AT_ONCE`.
        driver_seconds: CPU of the driver beside the jobs, at the speed that rates.py has.
        driver_bytes: what the driver holds at most.
        graph_bytes: of the largest job's graph.
        stored_with: what the bytes that it writes are proportional to.
    """

    phases: tuple[Phase, ...]
    jobs: int
    requests: float
    driver_seconds: float
    driver_bytes: float
    graph_bytes: float
    stored_with: float

    @property
    def cpu_seconds(self) -> float:
        """Of all phases and the driver, at the speed that rates.py has."""
        return self.driver_seconds + sum(phase.cpu_seconds for phase in self.phases)


class ShardWork(NamedTuple):
    """The work of a stage on the shards of one source.

    Attributes:
        cpu_seconds: CPU time for all shards, at the speed that rates.py has.
        longest_seconds: CPU time for the longest shard.
    """

    cpu_seconds: float
    longest_seconds: float


def work(corpus: Corpus, stages: Sequence[Stage] = STAGES) -> dict[tuple[str, ...], Work]:
    """Return the work of each step of a run, by the names of the stages that share its jobs."""
    return {tuple(stage.name for stage in step): _step(corpus, step) for step in steps(stages)}


def _step(corpus: Corpus, step: Sequence[Stage]) -> Work:
    if step[0].process is not None:
        return _shard_step(corpus, step)
    (stage,) = step
    if stage.work is not None:
        return resolve(stage.work)(corpus)
    judged = corpus.judged_by(stage.name)
    phase = _shardwise("verdicts", judged, [rates.VERDICT * v.before(stage.name).documents for v in judged])
    return _whole(corpus, stage, (phase,) if judged else (), jobs=1, stored_with=corpus.before(stage.name).documents)


def _shard_step(corpus: Corpus, step: Sequence[Stage]) -> Work:
    """Return the work of stages that go through the shards together; a stage without an estimate adds none."""
    total = longest = 0.0
    estimates: list[Callable[[Volume], ShardWork]] = [
        resolve(stage.shard_work) for stage in step if stage.shard_work is not None
    ]
    for volume in corpus.sources.values():
        works: list[ShardWork] = [estimate(volume) for estimate in estimates]
        total += sum(each.cpu_seconds for each in works)
        longest = max(longest, sum(each.longest_seconds for each in works))
    phase = Phase("read and judge", corpus.shards, total, min(longest, total), corpus.shards * _TASK_BYTES)
    whole = _whole(corpus, step[0], (phase,), jobs=1, stored_with=corpus.ingested.bytes)
    requests = sum(rates.REQUESTS.get(stage.name, 1) for stage in step)
    return whole._replace(requests=requests * corpus.shards)


def _shardwise(name: str, volumes: list[Volume], cpu: list[float], *, held: float = 0.0) -> Phase:
    """A phase of a task a shard; the longest is a shard of the source whose shards take longest."""
    longest = max((seconds * each.largest_share for each, seconds in zip(volumes, cpu, strict=True)), default=0.0)
    tasks = sum(volume.shards for volume in volumes)
    return Phase(name, tasks, sum(cpu), longest, tasks * _TASK_BYTES if tasks else 0.0, held)


def ingest(volume: Volume) -> ShardWork:
    """Return the work of reading the input of a source; the parts of a divided file each read all of it."""
    format_ = find_format(volume.format_name)
    read, passed = format_.read_cost / 1e6 * volume.inputs.raw_bytes, format_.skip_cost / 1e6
    longest = read * volume.largest_share + passed * _passed_by_one(volume)
    return ShardWork(read + passed * volume.inputs.reread_bytes, longest)


def measure(volume: Volume) -> ShardWork:
    """Return the work of measuring the texts of a source."""
    seconds = rates.MEASURE * volume.ingested.bytes
    return ShardWork(seconds, seconds * volume.largest_share)


def _passed_by_one(volume: Volume) -> float:
    # A part of a divided file reads all of the file; a shard of small files reads nothing in vain.
    return max(0.0, volume.inputs.largest_file - volume.shard_bytes) if volume.inputs.reread_bytes else 0.0


def exact_dedup(corpus: Corpus) -> Work:
    """Return the work of exact deduplication."""
    tested = corpus.judged_by(EXACT_DEDUP.name)
    documents = corpus.before(EXACT_DEDUP.name).documents
    removed = documents - corpus.after(EXACT_DEDUP.name).documents
    partitions = max(64.0, sum(1 / volume.largest_share for volume in tested) / 8)
    read = _shardwise("hash", tested, [rates.HASH * v.before(EXACT_DEDUP.name).documents for v in tested])
    compare = Phase(
        "compare",
        partitions,
        rates.COMPARE * documents,
        rates.COMPARE * documents / partitions,
        TEXT_HASH_ROW.itemsize * documents,
        _COPIES * TEXT_HASH_ROW.itemsize * documents / partitions,
    )
    write = _shardwise("verdicts", tested, [rates.VERDICT * v.before(EXACT_DEDUP.name).documents for v in tested])
    phases = (read, compare, write._replace(shuffle_bytes=REMOVED_ROW.itemsize * removed)) if tested else ()
    return _whole(corpus, EXACT_DEDUP, phases, jobs=1, stored_with=documents)


def near_dedup(corpus: Corpus) -> Work:
    """Return the work of near-duplicate removal."""
    tested = corpus.judged_by(NEAR_DEDUP.name)
    documents = corpus.before(NEAR_DEDUP.name).documents
    keyed, shards = documents * corpus.bands, sum(volume.shards for volume in tested)
    cells = LshPartitions.for_documents(math.ceil(documents), corpus.bands)
    signatures = max((v.ingested.documents * v.largest_share for v in tested), default=0.0) * corpus.signature_bytes
    sign = _shardwise(
        "sign", tested, [rates.SIGN * v.before(NEAR_DEDUP.name).bytes for v in tested], held=_TABLES * signatures
    )
    read = _shardwise(
        "read bands", tested, [rates.BAND * corpus.bands * v.before(NEAR_DEDUP.name).documents for v in tested]
    )
    cell, row = documents / cells.partitions_per_band, BUCKET_ROW.itemsize
    bucket = Phase(
        "find candidates",
        cells.lsh_partition_count,
        rates.BUCKET * keyed,
        rates.BUCKET * cell,
        row * keyed,
        _COPIES * row * cell,
    )
    # Each part is read out of every cell.
    waiting = cells.pair_partitions * cells.lsh_partition_count * rates.REQUEST
    merge = Phase("bring pairs together", cells.pair_partitions, 0.0, 0.0, waiting_seconds=waiting)
    groups, group_bytes = _row_groups_read(corpus, tested)
    verifying = rates.VERIFY * corpus.candidates + rates.READ * group_bytes * groups
    chunks = max(1, math.ceil(corpus.candidates / CHUNK_PAIRS))
    longest = verifying * min(1.0, CHUNK_PAIRS / max(1.0, corpus.candidates))
    verify = Phase("verify", chunks, verifying, longest, waiting_seconds=rates.REQUEST * groups)
    write = _shardwise("verdicts", tested, [rates.VERDICT * v.before(NEAR_DEDUP.name).documents for v in tested])
    whole = _whole(
        corpus,
        NEAR_DEDUP,
        (sign, read, bucket, merge, verify, write) if tested else (),
        jobs=4,
        stored_with=documents,
    )
    return whole._replace(
        requests=whole.requests
        + (rates.REQUESTS_A_CELL * cells.lsh_partition_count + rates.REQUESTS_A_FILE * chunks if shards else 0),
        driver_seconds=rates.CLUSTER * corpus.candidates,
        driver_bytes=whole.driver_bytes + _COPIES * _CLUSTER_BYTES * (corpus.candidates + corpus.clustered),
    )


def _row_groups_read(corpus: Corpus, tested: list[Volume]) -> tuple[float, float]:
    """Row groups of texts that verification reads, and the text of one.

    Pairs are verified in groups that share their two shards: in a small run most pairs share few row groups, in a large
    one nearly every pair reads two of its own.
    """
    shards = max(1, sum(volume.shards for volume in tested))
    shard_text = sum(volume.ingested.bytes for volume in tested) / shards
    meetings = shards * (shards + 1) / 2  # ways in which two shards meet
    met = meetings * -math.expm1(-corpus.candidates / meetings)
    groups = max(1.0, shard_text / _ROW_GROUP_BYTES)  # of a shard
    return 2 * min(corpus.candidates, met * groups), shard_text / groups


def decontaminate(corpus: Corpus) -> Work:
    """Return the work of test-set filtering."""
    tested = corpus.judged_by(DECONTAMINATE.name)
    phase = _shardwise("screen", tested, [rates.SCREEN * v.before(DECONTAMINATE.name).bytes for v in tested])
    documents = corpus.before(DECONTAMINATE.name).documents
    return _whole(corpus, DECONTAMINATE, (phase,) if tested else (), jobs=1, stored_with=documents)


def tokenizer(corpus: Corpus) -> Work:
    """Return the work of sampling texts and training the tokenizer."""
    volumes = list(corpus.sources.values())
    phase = _shardwise("sample", volumes, [rates.SAMPLE * v.kept.bytes for v in volumes])
    whole = _whole(
        corpus, TOKENIZER, (phase,) if corpus.sampled_bytes else (), jobs=1, stored_with=corpus.sampled_bytes
    )
    return whole._replace(
        # The passages are read file by file: each of those requests takes the time of as many as are made at a time.
        requests=whole.requests + (fs.AT_ONCE - 1) * (corpus.shards if corpus.sampled_bytes else 0),
        driver_seconds=rates.TRAIN * corpus.sampled_bytes,
        driver_bytes=whole.driver_bytes + rates.TRAIN_MEMORY * corpus.sampled_bytes,
    )


def records(corpus: Corpus) -> Work:
    """Return the work of drawing, encoding and writing the records."""
    volumes = list(corpus.sources.values())
    draws = [volume.draws for volume in volumes]
    size = corpus.record_tokens * corpus.token_bytes
    files = max(1.0, size / corpus.shard_record_bytes)
    encode = _shardwise("encode", volumes, [rates.ENCODE * v.drawn_tokens for v in volumes])
    cut = _shardwise("cut", volumes, [rates.CUT * v.drawn_tokens for v in volumes], held=_LAYOUT_BYTES * max(draws))
    write = Phase(
        "write",
        files,
        rates.WRITE * corpus.record_tokens,
        rates.WRITE * corpus.record_tokens / files,
        size + PIECE.itemsize * sum(draws),
        _COPIES * size / files,
    )
    whole = _whole(corpus, RECORDS, (encode, cut, write), jobs=2, stored_with=sum(v.drawn_tokens for v in volumes))
    return whole._replace(
        requests=whole.requests + rates.REQUESTS_A_FILE * files,
        driver_bytes=whole.driver_bytes + _LAYOUT_BYTES * max(draws),
    )


def report(corpus: Corpus) -> Work:
    """Return the work of the report."""
    volumes = list(corpus.sources.values())
    phase = _shardwise("summarise", volumes, [rates.REPORT * v.ingested.documents for v in volumes])
    whole = _whole(corpus, REPORT, (phase,), jobs=1, stored_with=corpus.shards)
    return whole._replace(driver_seconds=rates.MERGE * corpus.shards)


def _whole(corpus: Corpus, stage: Stage, phases: tuple[Phase, ...], *, jobs: int, stored_with: float) -> Work:
    shards = corpus.shards if phases else 0
    return Work(
        phases=phases,
        jobs=jobs if phases else 0,
        requests=rates.REQUESTS.get(stage.name, 1) * shards,
        driver_seconds=0.0,
        driver_bytes=_COMMIT_BYTES * shards,
        graph_bytes=_TASK_BYTES * shards,
        stored_with=stored_with,
    )
