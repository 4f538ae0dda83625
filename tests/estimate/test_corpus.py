"""Amounts of data of a recipe at one scale, from those measured at another."""

from decimal import Decimal

import msgspec
import pytest

from massivetext.errors import UserError
from massivetext.estimate.scaling import input_shares, input_volumes, parse_size, scale_volumes
from massivetext.estimate.volumes import InputVolume, RunVolume, SourceVolume, TextVolume
from massivetext.recipe import DecontaminateOptions, KindName, Recipe, RecordsOptions, SourceOptions, TokenizerOptions
from massivetext.sources.splits import Split

MB = 1_000_000
STEPS = ("ingest", "judge", "exact-dedup", "near-dedup", "decontaminate")


def volume(kind: KindName = "news", raw: float = 10 * MB, **changes: object) -> SourceVolume:
    """A source of 1,000 documents and 20 MB of text; every stage keeps nine tenths of what it receives."""
    counts = [TextVolume(1000 * 0.9**step, 20 * MB * 0.9**step) for step in range(5)]
    funnel = tuple(zip(STEPS, counts, strict=True))
    made = SourceVolume(
        kind=kind,
        inputs=InputVolume(raw, 2 * MB, 3 * MB),
        shard_bytes=MB,
        judged_by=STEPS[1:],
        funnel=funnel,
        draws=500,
        drawn_tokens=100_000,
    )
    return msgspec.structs.replace(made, **changes)


def ingested(count: TextVolume) -> tuple[tuple[str, TextVolume], ...]:
    """The funnel of a source with this volume of ingested text."""
    return (("ingest", count), *volume().funnel[1:])


def corpus(**sources: SourceVolume) -> RunVolume:
    return RunVolume(
        sources=sources,
        candidates=100,
        clustered=40,
        sampled_bytes=MB,
        record_tokens=50_000,
        token_bytes=2,
        bands=32,
        signature_bytes=1024,
        shard_record_bytes=8192,
    )


def recipe(*, records: RecordsOptions | None = None, test_sets: tuple[str, ...] = ("t",), **kinds: str) -> Recipe:
    weights = [Decimal(1) / len(kinds)] * len(kinds)
    sources = {
        name: msgspec.convert({"kind": kind, "inputs": ["*"], "weight": weight, "shard_bytes": MB}, SourceOptions)
        for (name, kind), weight in zip(kinds.items(), weights, strict=True)
    }
    return Recipe(
        name="r",
        sources=sources,
        decontaminate=DecontaminateOptions(test_sets=test_sets),
        tokenizer=TokenizerOptions(training_bytes=4 * MB),
        records=records or RecordsOptions(sequence_length=100),
    )


def test_inputs_of_whole_files_and_of_a_divided_one() -> None:
    # Two files of 10 and 20 bytes in one shard; a file of 90 in three slices that skip 60 each.
    shards = [
        (Split("a", "/a", 10), Split("b", "/b", 20)),
        *((Split("c", "/c", 90, slice_index=part, slice_count=3),) for part in range(3)),
    ]

    assert input_volumes({"news": shards}) == {"news": InputVolume(120, 90, 180)}


def test_ten_times_the_input_is_ten_times_everything_but_the_files() -> None:
    before, r = corpus(n=volume()), recipe(n="news")
    after = scale_volumes(r, {"n": before.sources["n"].inputs}, [before], 100 * MB)
    grown = after.sources["n"]

    assert grown.inputs == InputVolume(100 * MB, 2 * MB, 30 * MB)
    assert grown.shards == 100
    assert grown.ingested == TextVolume(10_000, 200 * MB)
    assert grown.kept.documents == pytest.approx(6561)  # 10,000 * 0.9**4
    assert after.candidates == pytest.approx(1000)
    assert after.clustered == pytest.approx(400)


def test_what_the_recipe_fixes_does_not_grow() -> None:
    before = corpus(n=volume())
    r = recipe(n="news", records=RecordsOptions(sequence_length=100, sequences=300))
    sizes = [scale_volumes(r, input_shares(r), [before], size) for size in (100 * MB, 1000 * MB)]

    assert [size.record_tokens for size in sizes] == [30_000, 30_000]
    assert [size.sampled_bytes for size in sizes] == [4 * MB, 4 * MB]
    # A draw has 200 tokens, ten give 20 rows less half a one: 1.1 * 300 / 1.95 draws.
    assert [size.sources["n"].draws for size in sizes] == pytest.approx([169.23, 169.23], abs=0.01)


def test_the_source_that_runs_out_first_decides_on_the_records() -> None:
    # Equal weights; a has 6,561 documents left, b a tenth: 656.1 draws of 200 tokens, 1.95 rows each, and as many of a.
    before = corpus(n=volume())
    r = recipe(a="news", b="news")
    inputs = {"a": InputVolume(100 * MB, 0, 0), "b": InputVolume(10 * MB, 0, 0)}
    after = scale_volumes(r, inputs, [before], None)

    assert after.record_tokens == pytest.approx(2 * 656.1 * 1.95 * 100)
    assert after.sources["a"].draws == pytest.approx(6561)


def test_what_a_source_does_not_take_part_in_keeps_all() -> None:
    before = corpus(n=volume(), w=volume("wikipedia", judged_by=("judge", "decontaminate")))
    r = recipe(n="news", w="wikipedia", test_sets=())
    after = scale_volumes(r, input_shares(r), [before], 20 * MB)

    assert after.sources["w"].judged_by == ("judge",)
    assert after.sources["w"].after("near-dedup") == after.sources["w"].after("judge")
    assert after.sources["n"].kept == after.sources["n"].after("near-dedup")
    assert after.before("exact-dedup") == after.sources["n"].after("judge")


def test_a_source_is_planned_from_its_namesake_then_from_its_kind_then_from_the_next_run() -> None:
    sample = corpus(a=volume(funnel=ingested(TextVolume(1, 10))), b=volume(funnel=ingested(TextVolume(2, 10))))
    other = corpus(x=volume("web", funnel=ingested(TextVolume(3, 10))), y=volume(funnel=ingested(TextVolume(4, 10))))
    r = recipe(b="news", c="news", d="web", e="c4")
    inputs = dict.fromkeys("bcde", InputVolume(10 * MB, 0, 0))
    after = scale_volumes(r, inputs, [sample, other], None)

    # c4 was measured nowhere: it is like news.
    assert {name: v.ingested.documents for name, v in after.sources.items()} == {"b": 2, "c": 1, "d": 3, "e": 1}


def test_a_kind_that_was_measured_nowhere_is_refused() -> None:
    r = recipe(b="books")

    with pytest.raises(UserError, match=r"^sources\.b: nothing of kind 'books' and format 'text' was measured"):
        scale_volumes(r, input_shares(r), [corpus(n=volume())], MB)


def test_a_ready_model_needs_no_sample() -> None:
    r = msgspec.structs.replace(recipe(n="news"), tokenizer=TokenizerOptions(model="m.model"))

    assert scale_volumes(r, input_shares(r), [corpus(n=volume())], MB).sampled_bytes == 0


@pytest.mark.parametrize(
    ("text", "size"),
    [("10TB", 1e13), ("1.5 gb", 1.5e9), ("64MiB", 64 * 2**20), ("1e12", 1e12), ("7", 7), ("2 PB", 2e15), ("3kB", 3000)],
)
def test_sizes(text: str, size: float) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "TB", "ten TB", "-1GB", "0", "10XB", "nan", "inf", "1TBB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--raw: want a size"):
        parse_size(text)
