"""The stages of a run as values, in the order in which they run: what they are called, read, write and depend on.

To add a stage, declare it in a module of this package and add it to :data:`STAGES`. What a stage computes is in
``massivetext.jobs``, or in its own module where it is short.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from massivetext.runs.stage import Stage
from massivetext.stages.canaries_stage import CANARIES as CANARIES
from massivetext.stages.decontaminate_stage import DECONTAMINATE as DECONTAMINATE
from massivetext.stages.exact_dedup_stage import EXACT_DEDUP as EXACT_DEDUP
from massivetext.stages.ingest_stage import INGEST as INGEST
from massivetext.stages.judge_stage import JUDGE as JUDGE
from massivetext.stages.measure_stage import MEASURE as MEASURE
from massivetext.stages.near_dedup_stage import NEAR_DEDUP as NEAR_DEDUP
from massivetext.stages.records_stage import RECORDS as RECORDS
from massivetext.stages.report_stage import REPORT as REPORT
from massivetext.stages.tokenizer_stage import TOKENIZER as TOKENIZER
from massivetext.stages.url_dedup_stage import URL_DEDUP as URL_DEDUP

STAGES: tuple[Stage, ...] = (
    INGEST,
    MEASURE,
    JUDGE,
    URL_DEDUP,
    CANARIES,
    EXACT_DEDUP,
    NEAR_DEDUP,
    DECONTAMINATE,
    TOKENIZER,
    RECORDS,
    REPORT,
)
# Every library whose version can change what some stage writes.
LIBRARIES = tuple(sorted({library for stage in STAGES for library in stage.libraries}))


def require_order(stages: Sequence[Stage]) -> None:
    """Refuse a stage with verdicts that others would not know of when they read which documents are kept.

    Raises:
        ValueError: names the stage.
    """
    names = [stage.name for stage in stages]
    first = names.index(JUDGE.name) if JUDGE in stages else 0
    last = names.index(TOKENIZER.name) if TOKENIZER in stages else len(stages)
    for place, stage in enumerate(stages):
        if stage.verdicts is not None and not first <= place < last:
            raise ValueError(
                f"stage '{stage.name}': want a place after '{JUDGE.name}' and before '{TOKENIZER.name}', because it "
                "has verdicts"
            )


def code_modules(stages: Sequence[Stage]) -> tuple[str, ...]:
    """Return the names of the modules that hold the code of some stages, so that processes can import them early."""
    paths = (path for stage in stages for path in (stage.process, stage.run) if isinstance(path, str))
    return tuple(sorted({path.partition(":")[0] for path in paths}))


def steps(stages: Sequence[Stage]) -> Iterator[tuple[Stage, ...]]:
    """Yield the stages in groups that share one Beam job: neighbours with a function per shard, or one stage alone."""
    for per_shard, group in groupby(stages, key=lambda stage: stage.process is not None):
        if per_shard:
            yield tuple(group)
        else:
            yield from ((stage,) for stage in group)
