"""The stage that compares documents with test items: what decides its output, and what does not."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from tiny_run import tiny_context

from massivetext.engines.engine import Engine
from massivetext.jobs.screen_documents import run_decontaminate
from massivetext.recipe import DecontaminateOptions
from massivetext.runs.context import Context
from massivetext.runs.stage import verdict_sets
from massivetext.runs.work_items import WorkItem
from massivetext.schema import DUPLICATE_VERDICTS
from massivetext.stages import DECONTAMINATE, STAGES

STAGE = DECONTAMINATE.name
QUIZ = (
    '{"id": "bridge", "question": "Which engineer has drawn the long iron bridge over the northern river in a single '
    'winter night", "answer": "Anna Petrowna Sidorenko"}\n'
    '{"id": "speech", "question": "We hold that every town has a right to its own clock and nobody may set it '
    'without asking the people", "answer": "Assembly of Clockmakers"}\n'
)
BRIDGE = "Which engineer has drawn the long iron bridge over the northern river in a single winter night"
SPEECH = "We hold that every town has a right to its own clock and nobody may set it without asking the people"
SHIP = "A tall ship leaves its harbour with forty seven barrels of salted fish and returns empty"
EXAM = f'{{"id": "1", "question": "{SHIP}"}}\n'


def filler(count: int, name: str) -> str:
    return " ".join(f"{name}{number}" for number in range(count))


TEXTS = [
    filler(80, "plain"),
    f"{filler(30, 'some')} {BRIDGE} {filler(30, 'more')}",
    *(f"{filler(30, f'quote{at}x')} {SPEECH} {filler(30, 'end')}" for at in range(4)),
    f"{filler(30, 'leak')} {SPEECH}. Assembly of Clockmakers {filler(30, 'end')}",
    f"{filler(90, 'sea')} {SHIP} {filler(90, 'wave')}",
    SPEECH,
    "",
]


def screened(
    folder: Path, shards: Sequence[Sequence[str]], engine: Engine | None = None, swap: bool = False, **options: Any
) -> Context:
    """A run of one source up to this stage, with two test sets."""
    context = tiny_context(str(folder), {"books": shards})
    (folder / "quiz.jsonl").write_text(QUIZ)
    (folder / "exam.jsonl").write_text(EXAM)
    names = ("quiz.jsonl", "exam.jsonl")
    chosen = DecontaminateOptions(test_sets=names[::-1] if swap else names, **options)
    recipe = msgspec.structs.replace(context.recipe, decontaminate=chosen)
    context = dataclasses.replace(context, recipe=recipe, verdicts=verdict_sets(recipe, STAGES))
    for shard in context.all_shards():
        count = len(shards[shard.index])
        nothing = {"kept": [True] * count, "cluster": [None] * count, "similarity": [None] * count}
        for data_set in ("verdicts/exact", "verdicts/near"):
            context.run.write_table(data_set, shard, pa.table(nothing, schema=DUPLICATE_VERDICTS))
    context.run.begin(DECONTAMINATE, context.stage_keys[STAGE])
    run_decontaminate(engine or Engine(), context, [WorkItem(shard, (), 1.0) for shard in context.all_shards()])
    return context


def by_text(context: Context, shards: Sequence[Sequence[str]]) -> dict[str, object]:
    """Return the verdict and the hits of each document by its text."""
    found: dict[str, object] = {}
    for shard in context.all_shards():
        verdicts = context.run.read_table("verdicts/contamination", shard).to_pylist()
        hits = context.run.read_table("contamination", shard).to_pylist()
        for row, text in enumerate(shards[shard.index]):
            mine = [{**hit, "row": None} for hit in hits if hit["row"] == row]
            found[text] = (verdicts[row], mine)
    return found


def removed(context: Context, shards: Sequence[Sequence[str]]) -> list[str]:
    kept = [mask for shard in context.all_shards() for mask in context.kept(shard).tolist()]
    texts = [text for each in shards for text in each]
    return [text[:6] for text, is_kept in zip(texts, kept, strict=True) if not is_kept]


def files(context: Context) -> dict[str, bytes]:
    folder = Path(context.run.folder)
    kept = sorted([*(folder / "contamination").rglob("*"), *(folder / "verdicts/contamination").rglob("*")])
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept if path.is_file()}


@pytest.mark.parametrize("options", [{}, {"quoted_by": 3}, {"action": "cut", "cut_words": 2, "least_words": 5}])
def test_workers_and_the_order_of_test_sets_change_no_byte_and_shards_no_verdict(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    whole, apart = [TEXTS], [TEXTS[::2], [], TEXTS[1::2]]
    one = screened(tmp_path / "one", whole, **options)
    two = screened(tmp_path / "two", apart, **options)
    workers = screened(tmp_path / "workers", apart, Engine(workers=2), swap=True, **options)

    assert files(workers) == files(two)
    assert len(files(two)) > 2
    assert by_text(two, apart) == by_text(one, whole)


def test_items_that_many_documents_quote_remove_those_that_hold_more(tmp_path: Path) -> None:
    shards = [TEXTS[:4], TEXTS[4:]]

    everything = ["some0 ", *(f"quote{at}" for at in range(4)), "leak0 ", "sea0 s", "We hol"]
    assert removed(screened(tmp_path / "all", shards), shards) == everything
    # The speech is in six documents: four quotations, one with the answer, and one that is nothing else.
    assert removed(screened(tmp_path / "six", shards, quoted_by=6), shards) == everything
    few = screened(tmp_path / "few", shards, quoted_by=5)
    assert removed(few, shards) == ["some0 ", "leak0 ", "sea0 s", "We hol"]
    commits = {each.task: each.counts for each in few.run.commits(STAGE, few.stage_keys[STAGE])}
    assert commits["quoted"] == {"quoted:quiz": 1}
