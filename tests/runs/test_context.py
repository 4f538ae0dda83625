"""A run as its workers and readers see it."""

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tiny_run import RULE, finish, tiny_context

from massivetext.errors import StageError, UserError
from massivetext.runs.context import Context
from massivetext.runs.store import Run, Shard
from massivetext.schema import CONTAMINATION_VERDICTS, DUPLICATE_VERDICTS
from massivetext.stages import STAGES
from massivetext.stages.finished import open_context

TEXTS = {"wikipedia": [["one two", "x"]], "news": [["one two", "three four five"], ["ü ü", "y", "z z"]]}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return tiny_context(str(tmp_path), TEXTS, dropped={"x", "y"}, test_sets=("bench.jsonl",))


def verdict(context: Context, stage: str, shard: Shard, kept: list[bool]) -> None:
    """Write a verdict of one of the later stages."""
    schema = CONTAMINATION_VERDICTS if stage == "decontaminate" else DUPLICATE_VERDICTS
    columns = [pa.array(kept), *(pa.nulls(len(kept), field.type) for field in list(schema)[1:])]
    context.run.write_table(context.verdicts_of(stage), shard, pa.table(columns, schema=schema))


def test_sources_are_numbered_in_the_order_of_their_names(context: Context) -> None:
    assert (context.source_number("news"), context.source_number("wikipedia")) == (0, 1)


def test_shards_are_in_the_order_of_source_and_index(context: Context) -> None:
    assert context.all_shards() == [Shard("news", 0, 2), Shard("news", 1, 2), Shard("wikipedia", 0, 1)]
    assert [shard.name for shard in context.shards("news")] == ["news/part-00000-of-00002", "news/part-00001-of-00002"]


def test_addresses_grow_with_source_shard_and_row(context: Context) -> None:
    addresses = [int(a) for shard in context.all_shards() for a in context.document_refs(shard, np.arange(2))]

    assert addresses == sorted(addresses)
    assert addresses == [0, 1, 1 << 32, (1 << 32) + 1, 1 << 56, (1 << 56) + 1]


def test_stages_judge_the_sources_that_the_paper_says(context: Context) -> None:
    # A.1.1: no deduplication of Wikipedia.
    judged = {
        stage: [name for name in sorted(TEXTS) if context.judged_by(stage, name)]
        for stage in (each.stage for each in context.verdicts)
    }

    assert judged == {
        "judge": ["news", "wikipedia"],
        "exact-dedup": ["news"],
        "near-dedup": ["news"],
        "decontaminate": ["news", "wikipedia"],
    }


def test_without_test_sets_nothing_is_decontaminated(tmp_path: Path) -> None:
    assert not tiny_context(str(tmp_path), TEXTS).judged_by("decontaminate", "news")


def test_kept_is_what_all_stages_before_have_kept(context: Context) -> None:
    shard = Shard("news", 1, 2)  # the second of three texts has failed a rule
    verdict(context, "exact-dedup", shard, [True, True, False])
    verdict(context, "near-dedup", shard, [True, True, True])
    verdict(context, "decontaminate", shard, [False, True, True])

    assert context.kept(shard, before="exact-dedup").tolist() == [True, False, True]
    assert context.kept(shard, before="near-dedup").tolist() == [True, False, False]
    assert context.kept(shard, before="decontaminate").tolist() == [True, False, False]
    assert context.kept(shard, before="tokenizer").tolist() == [False, False, False]
    assert context.kept(shard).tolist() == [False, False, False]


def test_a_stage_that_does_not_judge_a_source_drops_nothing_of_it(context: Context) -> None:
    shard = Shard("wikipedia", 0, 1)
    verdict(context, "decontaminate", shard, [True, True])

    assert context.kept(shard, before="decontaminate").tolist() == [True, False]
    assert context.kept(shard).tolist() == [True, False]


def test_a_missing_verdict_is_no_verdict(context: Context) -> None:
    with pytest.raises(StageError, match=r"verdicts/exact/news/part-00000-of-00002.parquet: cannot be read"):
        context.kept(Shard("news", 0, 2))


def test_before_every_verdict_there_is_nothing_to_keep(context: Context) -> None:
    with pytest.raises(AssertionError, match=r"stage .judge. comes before every verdict on source .news."):
        context.kept(Shard("news", 0, 2), before="judge")


def test_tally_counts_documents_words_and_bytes_of_what_is_left(context: Context) -> None:
    shard = Shard("news", 1, 2)  # "ü ü" has 5 bytes, "y" 1, "z z" 3

    assert context.count_kept(shard, np.array([True, False, True])) == {"kept": 2, "kept_words": 4, "kept_bytes": 8}
    assert context.count_kept(shard, np.zeros(3, np.bool_)) == {"kept": 0, "kept_words": 0, "kept_bytes": 0}


def test_a_finished_run_gives_its_context_back(context: Context) -> None:
    finish(context)
    again = open_context(Run(context.run.folder))

    assert again.recipe == context.recipe
    assert again.shard_counts == context.shard_counts
    assert again.rules == {"news": (RULE,), "wikipedia": (RULE,)}
    assert again.root == context.root
    assert again.stage_keys == {stage.name: context.stage_keys[stage.name] for stage in STAGES[:3]}
    assert again.all_shards() == context.all_shards()


def test_a_folder_without_a_run_has_no_context(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run here; give the folder that `massivetext run` wrote to"):
        open_context(Run(str(tmp_path)))


def test_a_run_that_is_not_judged_has_no_context(context: Context) -> None:
    finish(context)
    (Path(context.run.folder) / "judge" / "manifest.json").unlink()

    with pytest.raises(StageError, match="stage 'judge' is not complete; run `massivetext run` again"):
        open_context(context.run)


def test_a_context_can_be_sent_to_workers(context: Context) -> None:
    again = pickle.loads(pickle.dumps(context))

    assert again.run.folder == context.run.folder
    assert again.recipe == context.recipe
    assert len(pickle.dumps(context)) < 10_000
