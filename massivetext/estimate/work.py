"""Model of the work of every step of a run: work items, CPU time, shuffles, memory, and the work of the driver.

The formulas follow the code of the stages; ``tests/estimate/test_work.py`` checks that they agree.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.row_types import BUCKET_ROW, REMOVED_ROW, TEXT_HASH_ROW, text_hash_row
from massivetext.estimate import rates
from massivetext.estimate.volumes import RunVolume, SourceVolume
from massivetext.recipe import KINDS
from massivetext.records.pieces import HEAD
from massivetext.runs.stage import Stage, resolve
from massivetext.sources import find_format
from massivetext.stages import (
    CANARIES,
    DECONTAMINATE,
    EXACT_DEDUP,
    NEAR_DEDUP,
    RECORDS,
    REPORT,
    STAGES,
    TOKENIZER,
    URL_DEDUP,
    steps,
)

_COPIES = 4  # of a partition in memory: as received, concatenated, its order, its sorted columns
_TABLES = 3  # copies of the signatures of a shard in memory: array, table, file
_CLUSTER_BYTES = 24  # per clustered document, and per pair above the threshold
_LAYOUT_BYTES = 30  # per draw, in every worker that cuts sequences: the layout of all draws
_ROW_GROUP_BYTES = 4 * 2**20
_SHARD_GROUP_BYTES, _MOST_SHARD_GROUPS = 64 * 2**20, 1024  # of text; see jobs/near_shingles.py
_TASK_BYTES = 400  # per shard in the graph of a job, with the name of its input file
_COMMIT_BYTES = 2000  # per commit of a shard in the memory of the driver


class Phase(NamedTuple):
    """A phase of a step: work items that the workers process in parallel.

    Attributes:
        name: name of the phase.
        tasks: number of work items.
        cpu_seconds: CPU time of all work items, at the rates of rates.py.
        longest_seconds: CPU time of the longest work item.
        shuffle_bytes: bytes that are sent between workers before the phase.
        held_bytes: memory that one worker needs beside that of its process.
        waiting_seconds: time that all workers together wait for the store of the run; negligible on a disk.
    """

    name: str
    tasks: float
    cpu_seconds: float
    longest_seconds: float
    shuffle_bytes: float = 0.0
    held_bytes: float = 0.0
    waiting_seconds: float = 0.0


class StepWork(NamedTuple):
    """Work of a step: the stages that share their jobs.

    Attributes:
        phases: phases of its jobs, in order.
        jobs: number of Beam jobs.
        requests: number of requests of the driver to the store of the run; `storage.files.AT_ONCE` at a time.
        driver_seconds: CPU time of the driver outside the jobs, at the rates of rates.py.
        driver_bytes: memory that the driver needs beside that of its process.
        graph_bytes: size of the graph of the largest job.
        stored_with: quantity that the bytes written by the step are proportional to.
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
        """CPU time of all phases and the driver, at the rates of rates.py."""
        return self.driver_seconds + sum(phase.cpu_seconds for phase in self.phases)


class ShardWork(NamedTuple):
    """The work of a stage on the shards of one source.

    Attributes:
        cpu_seconds: CPU time of all shards, at the rates of rates.py.
        longest_seconds: CPU time of the longest shard.
    """

    cpu_seconds: float
    longest_seconds: float


def model_work(corpus: RunVolume, stages: Sequence[Stage] = STAGES) -> dict[tuple[str, ...], StepWork]:
    """Return the work of each step of a run, by the names of the stages that share its jobs.

    Optional stages that judge no source are left out: they are no part of the run.
    """
    return {
        tuple(stage.name for stage in step): _step(corpus, step)
        for step in steps(stages)
        if not step[0].is_optional
        or corpus.judged_by(step[0].name)
        or (step[0].name == CANARIES.name and corpus.canaries)
    }


def _step(corpus: RunVolume, step: Sequence[Stage]) -> StepWork:
    if step[0].process is not None:
        return _shard_step(corpus, step)
    (stage,) = step
    if stage.work is not None:
        return resolve(stage.work)(corpus)
    judged = corpus.judged_by(stage.name)
    phase = _shardwise("verdicts", judged, [rates.VERDICT * v.before(stage.name).documents for v in judged])
    return _whole(corpus, stage, (phase,) if judged else (), jobs=1, stored_with=corpus.before(stage.name).documents)


def _shard_step(corpus: RunVolume, step: Sequence[Stage]) -> StepWork:
    """Return the work of stages that go through the shards together; a stage without an estimate adds none."""
    total = longest = 0.0
    estimates: list[Callable[[SourceVolume], ShardWork]] = [
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


def _shardwise(name: str, volumes: list[SourceVolume], cpu: list[float], *, held: float = 0.0) -> Phase:
    """Return a phase with one work item per shard. Its longest work item is a full shard of the slowest source."""
    longest = max((seconds * each.largest_share for each, seconds in zip(volumes, cpu, strict=True)), default=0.0)
    tasks = sum(volume.shards for volume in volumes)
    return Phase(name, tasks, sum(cpu), longest, tasks * _TASK_BYTES if tasks else 0.0, held)


def ingest(volume: SourceVolume) -> ShardWork:
    """Return the work of reading the input of a source. Each slice of a divided file reads the whole file."""
    read_as = find_format(volume.format_name)
    times = rates.EXTRACTOR_TIMES.get(volume.extractor, 1.0) if read_as.name == KINDS["web"].format else 1.0
    read, passed = times * read_as.read_cost / 1e6 * volume.inputs.raw_bytes, read_as.skip_cost / 1e6
    longest = read * volume.largest_share + passed * _passed_by_one(volume)
    return ShardWork(read + passed * volume.inputs.reread_bytes, longest)


def measure(volume: SourceVolume) -> ShardWork:
    """Return the work of measuring the texts of a source."""
    seconds = rates.MEASURE * volume.ingested.bytes
    return ShardWork(seconds, seconds * volume.largest_share)


def _passed_by_one(volume: SourceVolume) -> float:
    # A slice of a divided file skips the rest of the file; a shard of whole files skips nothing.
    return max(0.0, volume.inputs.largest_file - volume.shard_bytes) if volume.inputs.reread_bytes else 0.0


def url_dedup(corpus: RunVolume) -> StepWork:
    """Return the work of keeping one document per canonical URL."""
    return _by_hash(corpus, URL_DEDUP, rates.URL, rates.URL_VERDICT, text_hash_row(2).itemsize)


def exact_dedup(corpus: RunVolume) -> StepWork:
    """Return the work of exact deduplication."""
    work = _by_hash(corpus, EXACT_DEDUP, rates.HASH, rates.VERDICT, TEXT_HASH_ROW.itemsize)
    if not work.phases or not corpus.earlier_documents:
        return work
    read, compare, write = work.phases
    row_bytes = text_hash_row(2).itemsize  # the first column of the ranks tells earlier documents from others
    documents = corpus.before(EXACT_DEDUP.name).documents
    rows = documents + corpus.earlier_documents
    compare = compare._replace(
        cpu_seconds=rates.COMPARE * rows,
        longest_seconds=rates.COMPARE * rows / compare.tasks,
        shuffle_bytes=row_bytes * rows,
        held_bytes=_COPIES * row_bytes * rows / compare.tasks,
    )
    return work._replace(phases=(read, _of_earlier("hash earlier", corpus, rates.EARLIER), compare, write))


def _of_earlier(name: str, corpus: RunVolume, rate: float) -> Phase:
    """Return a phase that reads the documents of earlier corpora, from its rate per document."""
    seconds = rate * corpus.earlier_documents
    shards = max(1.0, corpus.earlier_shards)
    return Phase(name, shards, seconds, seconds / shards, shards * _TASK_BYTES)


def _by_hash(corpus: RunVolume, stage: Stage, reading: float, writing: float, row_bytes: int) -> StepWork:
    """Return the work of a stage that keeps one of the documents with equal hashes, from its rates per document."""
    tested = corpus.judged_by(stage.name)
    documents = corpus.before(stage.name).documents
    removed = documents - corpus.after(stage.name).documents
    partitions = max(64.0, sum(1 / volume.largest_share for volume in tested) / 8)
    read = _shardwise("hash", tested, [reading * v.before(stage.name).documents for v in tested])
    compare = Phase(
        "compare",
        partitions,
        rates.COMPARE * documents,
        rates.COMPARE * documents / partitions,
        row_bytes * documents,
        _COPIES * row_bytes * documents / partitions,
    )
    write = _shardwise("verdicts", tested, [writing * v.before(stage.name).documents for v in tested])
    phases = (read, compare, write._replace(shuffle_bytes=REMOVED_ROW.itemsize * removed)) if tested else ()
    return _whole(corpus, stage, phases, jobs=1, stored_with=documents)


def near_dedup(corpus: RunVolume) -> StepWork:
    """Return the work of near-duplicate removal."""
    tested = corpus.judged_by(NEAR_DEDUP.name)
    documents = corpus.before(NEAR_DEDUP.name).documents
    compared = documents + corpus.earlier_documents
    band_rows, shards = compared * corpus.bands, sum(volume.shards for volume in tested)
    text_bytes = math.ceil(corpus.before(NEAR_DEDUP.name).bytes)
    lsh_layout = LshPartitions.for_documents(math.ceil(compared), corpus.bands, text_bytes=text_bytes)
    signatures = max((v.ingested.documents * v.largest_share for v in tested), default=0.0) * corpus.signature_bytes
    sign = _shardwise(
        "sign", tested, [rates.SIGN * v.before(NEAR_DEDUP.name).bytes for v in tested], held=_TABLES * signatures
    )
    read = _shardwise(
        "read bands", tested, [rates.BAND * corpus.bands * v.before(NEAR_DEDUP.name).documents for v in tested]
    )
    earlier = _of_earlier("read bands of earlier", corpus, rates.EARLIER + rates.EARLIER_BAND * corpus.bands)
    partition_rows, row_bytes = compared / lsh_layout.partitions_per_band, BUCKET_ROW.itemsize
    bucket = Phase(
        "find candidates",
        lsh_layout.lsh_partition_count,
        rates.BUCKET * band_rows,
        rates.BUCKET * partition_rows,
        row_bytes * band_rows,
        _COPIES * row_bytes * partition_rows,
    )
    # Each pair partition is read from every LSH partition.
    waiting = lsh_layout.pair_partitions * lsh_layout.lsh_partition_count * rates.REQUEST
    merge = Phase("bring pairs together", lsh_layout.pair_partitions, 0.0, 0.0, waiting_seconds=waiting)
    shingle = _shingles_of_pairs(corpus, tested, lsh_layout.pair_partitions)
    verifying = rates.VERIFY * corpus.candidates
    # Each pair partition reads its section of the shingles of every group of shards.
    waiting = lsh_layout.pair_partitions * shingle.tasks * rates.REQUEST
    verify = Phase(
        "verify",
        lsh_layout.pair_partitions,
        verifying,
        verifying / lsh_layout.pair_partitions,
        waiting_seconds=waiting,
    )
    write = _shardwise("verdicts", tested, [rates.VERDICT * v.before(NEAR_DEDUP.name).documents for v in tested])
    whole = _whole(
        corpus,
        NEAR_DEDUP,
        (sign, read, *([earlier] if corpus.earlier_documents else []), bucket, merge, shingle, verify, write)
        if tested
        else (),
        jobs=4,
        stored_with=documents,
    )
    return whole._replace(
        requests=whole.requests
        + (
            rates.REQUESTS_OF_NEAR_DEDUP
            + rates.REQUESTS_PER_LSH_PARTITION * lsh_layout.lsh_partition_count
            + rates.REQUESTS_PER_FILE * lsh_layout.pair_partitions
            if shards
            else 0
        ),
        driver_seconds=rates.CLUSTER * corpus.candidates,
        driver_bytes=whole.driver_bytes + _COPIES * _CLUSTER_BYTES * (corpus.candidates + corpus.clustered),
    )


def _shingles_of_pairs(corpus: RunVolume, tested: list[SourceVolume], pair_partitions: int) -> Phase:
    """Return the phase that makes the shingles of the documents in candidate pairs; one worker per group of shards.

    Each of these texts is read once, with its row group. At most both documents of every pair are different.
    """
    before = corpus.before(NEAR_DEDUP.name)
    paired = min(2 * corpus.candidates, before.documents)
    text = sum(volume.ingested.bytes for volume in tested)
    row_groups = max(1.0, text / _ROW_GROUP_BYTES, sum(volume.shards for volume in tested))
    read = row_groups * -math.expm1(-paired / row_groups)
    seconds = rates.READ * text * read / row_groups
    if before.documents:
        seconds += rates.SHINGLE * before.bytes * paired / before.documents
    shards = sum(volume.shards for volume in tested)
    groups = max(1, min(math.ceil(text / _SHARD_GROUP_BYTES), _MOST_SHARD_GROUPS, shards))
    waiting = rates.REQUEST * (read + groups * pair_partitions)
    return Phase("shingles of pairs", groups, seconds, seconds / groups, waiting_seconds=waiting)


def canaries(corpus: RunVolume) -> StepWork:
    """Return the work of making canaries: one work item per source."""
    if not corpus.canaries:
        return _whole(corpus, CANARIES, (), jobs=0, stored_with=0.0)
    sources = len(corpus.sources)
    seconds = rates.CANARY * corpus.canaries
    plant = Phase("plant", sources, seconds, seconds / sources)
    return _whole(corpus, CANARIES, (plant,), jobs=2, stored_with=corpus.canaries)


def decontaminate(corpus: RunVolume) -> StepWork:
    """Return the work of test-set filtering."""
    tested = corpus.judged_by(DECONTAMINATE.name)
    phase = _shardwise("screen", tested, [rates.SCREEN * v.before(DECONTAMINATE.name).bytes for v in tested])
    documents = corpus.before(DECONTAMINATE.name).documents
    whole = _whole(corpus, DECONTAMINATE, (phase,) if tested else (), jobs=1, stored_with=documents)
    return whole._replace(driver_seconds=rates.INDEX if tested else 0.0)


def tokenizer(corpus: RunVolume) -> StepWork:
    """Return the work of sampling texts and training the tokenizer."""
    volumes = list(corpus.sources.values())
    phase = _shardwise("sample", volumes, [rates.SAMPLE_COST * v.kept.bytes for v in volumes])
    whole = _whole(
        corpus, TOKENIZER, (phase,) if corpus.sampled_bytes else (), jobs=1, stored_with=corpus.sampled_bytes
    )
    return whole._replace(
        driver_seconds=rates.TRAIN * corpus.sampled_bytes,
        driver_bytes=whole.driver_bytes + rates.TRAIN_MEMORY * corpus.sampled_bytes,
    )


def records(corpus: RunVolume) -> StepWork:
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
        size + HEAD.itemsize * sum(draws),
        _COPIES * size / files,
    )
    whole = _whole(corpus, RECORDS, (encode, cut, write), jobs=2, stored_with=sum(v.drawn_tokens for v in volumes))
    return whole._replace(
        requests=whole.requests + rates.REQUESTS_PER_FILE * files,
        driver_bytes=whole.driver_bytes + _LAYOUT_BYTES * max(draws),
    )


def report(corpus: RunVolume) -> StepWork:
    """Return the work of the report."""
    volumes = list(corpus.sources.values())
    phase = _shardwise("summarise", volumes, [rates.REPORT * v.ingested.documents for v in volumes])
    whole = _whole(corpus, REPORT, (phase,), jobs=1, stored_with=corpus.shards)
    return whole._replace(driver_seconds=rates.MERGE * corpus.shards)


def _whole(corpus: RunVolume, stage: Stage, phases: tuple[Phase, ...], *, jobs: int, stored_with: float) -> StepWork:
    shards = corpus.shards if phases else 0
    return StepWork(
        phases=phases,
        jobs=jobs if phases else 0,
        requests=rates.REQUESTS.get(stage.name, 1) * shards,
        driver_seconds=0.0,
        driver_bytes=_COMMIT_BYTES * shards,
        graph_bytes=_TASK_BYTES * shards,
        stored_with=stored_with,
    )
