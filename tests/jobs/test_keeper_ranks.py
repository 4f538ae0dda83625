"""Which of several copies stays: the preferences of a recipe, in exact and near deduplication."""

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from near_runs import deduplicated
from tiny_run import Texts, tiny_context

from massivetext.dedup.keeper import combine_ranks, earliest_first, keeper_rank, latest_first, source_preference
from massivetext.engines.engine import Engine
from massivetext.errors import UserError
from massivetext.jobs.exact_dedup import run_exact_dedup
from massivetext.jobs.keeper_ranks import columns_for_ranks, rank_columns
from massivetext.recipe import DedupOptions, Recipe, parse_recipe
from massivetext.runs.context import Context
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP
from massivetext.stages.exact_dedup_stage import preferences_key

SOURCE = """name = "a"\n[sources.books]\nkind = "books"\ninputs = ["x"]\nweight = 1\n"""


def parsed(keep: str) -> Recipe:
    return parse_recipe(f"{SOURCE}[dedup]\nkeep = {keep}\n", "a.toml")


def test_the_random_choice_is_the_default_and_leaves_recipes_as_they_are() -> None:
    plain = parse_recipe(SOURCE, "a.toml")

    assert plain.preferences == parsed('["seed"]').preferences == ()
    assert "dedup" not in msgspec.to_builtins(plain)
    assert preferences_key(plain) == []
    assert preferences_key(parsed('["longest", "seed"]')) == [("longest",)]


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ('["oldest"]', 'keep: want "source:A>B", "longest", "latest" or "seed", got "oldest"'),
        ('["source:"]', 'got "source:"'),
        ('["source:books>"]', 'got "source:books>"'),
        ('["longest", "longest"]', 'want every preference and source once, got "longest" again'),
        ('["source:books>books"]', 'got "source:books>books" again'),
        ('["seed", "longest"]', 'want nothing after "seed", which tells all apart, got "longest"'),
        ('["source:books>web"]', "dedup.keep: want names of sources of this recipe (books), got 'web'"),
        ("[]", "dedup.keep"),
    ],
)
def test_a_wrong_preference_is_refused(keep: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        parsed(keep)

    assert message in str(refused.value)


def test_sources_are_preferred_in_their_order_and_before_others() -> None:
    assert [source_preference(source, "source:a>b") for source in ("b", "c", "a")] == [1, 2, 0]


def test_later_dates_come_first_and_unknown_ones_last() -> None:
    dates = ["2020-01-02", "2020-01-02T00:00:01Z", "", "2020-01-02T01:30:00+02:00", "in May", "0001-01-01T00:00+23:00"]
    order = np.argsort(latest_first(dates), kind="stable")

    # 01:30 at +02:00 is half past eleven of the day before, in UTC.
    assert [dates[at] for at in order] == [dates[1], dates[0], dates[3], dates[5], "", "in May"]


def test_earlier_dates_come_first_and_unknown_ones_last() -> None:
    dates = ["2020-01-02", "", "20191231235959", "2019-12-31T23:59:59.5Z", "20191331000000", "19995"]
    order = np.argsort(earliest_first(dates), kind="stable")

    assert [dates[at] for at in order] == [dates[2], dates[3], dates[0], "", dates[4], "19995"]
    assert latest_first(["20191231235959"]) == latest_first(["2019-12-31T23:59:59Z"])


def test_the_first_column_that_differs_decides() -> None:
    columns = [np.array(column, np.uint64) for column in ([1, 0, 1, 1], [0, 9, 0, 5], [7, 1, 7, 0])]

    assert combine_ranks(columns).tolist() == [1, 0, 1, 2]
    assert combine_ranks([np.zeros(0, np.uint64)]).tolist() == []


LONG = " ".join(f"w{at}" for at in range(200))
TEXTS: Texts = {
    "books": [[LONG, "a copy of both"]],
    "news": [["a copy of both", f"{LONG} tail of it"], ["a copy of both"]],
    "web": [[f"{LONG} tail", "a copy of both"]],
}


def kept(context: Context, stage: str) -> dict[str, list[list[bool]]]:
    data_set = context.verdicts_of(stage)
    return {
        source: [context.run.read_table(data_set, shard)["kept"].to_pylist() for shard in context.shards(source)]
        for source in TEXTS
    }


@pytest.mark.parametrize("order", ["books>news>web", "web>books", "news"])
def test_equal_texts_stay_where_the_recipe_prefers_them(tmp_path: Path, order: str) -> None:
    context = tiny_context(str(tmp_path), TEXTS)
    options = DedupOptions(keep=(f"source:{order}",))
    context = dataclasses.replace(context, recipe=msgspec.structs.replace(context.recipe, dedup=options))
    context.run.begin(EXACT_DEDUP, context.stage_keys["exact-dedup"])
    run_exact_dedup(Engine(), context, ())
    found = {
        source: sum(
            stays
            for shard, texts in zip(shards, TEXTS[source], strict=True)
            for stays, text in zip(shard, texts, strict=True)
            if text == "a copy of both"
        )
        for source, shards in kept(context, EXACT_DEDUP.name).items()
    }

    assert found == {source: int(source == order.split(">")[0]) for source in TEXTS}


@pytest.mark.parametrize(
    ("keep", "stays"),
    [
        (("longest",), ("news", 0, 1)),
        (("source:books>web", "longest"), ("books", 0, 0)),
        (("source:web",), ("web", 0, 0)),
        (("latest", "longest"), ("news", 0, 1)),  # the test has no dates
    ],
)
def test_near_duplicates_stay_where_the_recipe_prefers_them(
    tmp_path: Path, keep: tuple[str, ...], stays: tuple[str, int, int]
) -> None:
    context = deduplicated(tmp_path, TEXTS, keep=keep)
    found = {
        (source, shard, row)
        for source, shards in kept(context, NEAR_DEDUP.name).items()
        for shard, verdicts in enumerate(shards)
        for row, each in enumerate(verdicts)
        if each and TEXTS[source][shard][row].startswith("w0")
    }

    assert found == {stays}


def test_the_columns_of_a_rank(tmp_path: Path) -> None:
    context = tiny_context(str(tmp_path), TEXTS)
    (shard,) = context.shards("books")
    table = context.run.read_table("documents", shard)
    column = table.schema.get_field_index("metadata")
    dated = [['{"date":"2020-01-01"}', "{}"]]
    context.run.write_table(
        "documents", shard, table.set_column(column, table.schema.field(column), pa.array(dated[0]))
    )
    options = DedupOptions(keep=("source:web>books", "longest", "latest", "seed"))
    context = dataclasses.replace(context, recipe=msgspec.structs.replace(context.recipe, dedup=options))
    stored = context.run.read_table("documents", shard, columns_for_ranks(context.recipe))
    columns = rank_columns(context, shard, np.array([0, 1]), stored)

    assert columns[:, 0].tolist() == [1, 1]
    assert columns[:, 1].tolist() == [2**64 - 1 - len(LONG), 2**64 - 1 - len("a copy of both")]
    assert columns[0, 2] < columns[1, 2] == 2**64 - 1
    assert columns[:, 3].tolist() == keeper_rank(table["id"].to_pylist(), context.recipe.seed).tolist()
