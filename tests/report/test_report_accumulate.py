import functools
import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.report.accumulate import (
    ShardSummary,
    accumulate_shard,
    merge_summaries,
    read_columns,
    sample_ranks,
)
from massivetext.report.tallies import (
    EXAMPLES,
    SAMPLES,
    DocumentTally,
    GroupTally,
    Histogram,
    RejectedInput,
    RejectReason,
    RuleTally,
    SampledDocument,
    TestSetTally,
    add_picks,
)
from massivetext.runs.context import Context
from massivetext.signals import registry


@pytest.fixture(scope="module")
def summaries(context: Context) -> list[ShardSummary]:
    return [accumulate_shard(context, read_columns(context, shard)) for shard in context.all_shards()]


@pytest.fixture(scope="module")
def whole(summaries: list[ShardSummary]) -> ShardSummary:
    return functools.reduce(merge_summaries, summaries)


def test_funnel_counts_documents_words_and_bytes_after_each_stage(whole: ShardSummary) -> None:
    # Of 11 documents the rules drop 4 (10 + 10 + 70 + 101 words of 672), then a copy of 60 words, a near copy of 65 and
    # an overlapping document of 66; a word has 6 bytes.
    funnel = whole.sources["web"].funnel

    assert funnel == {
        "ingest": DocumentTally(11, 672, 672 * 6),
        "judge": DocumentTally(7, 481, 481 * 6),
        "exact-dedup": DocumentTally(6, 421, 421 * 6),
        "near-dedup": DocumentTally(5, 356, 356 * 6),
        "decontaminate": DocumentTally(4, 290, 290 * 6),
    }


def test_a_stage_that_does_not_judge_a_source_keeps_all_its_documents(whole: ShardSummary) -> None:
    funnel = whole.sources["wikipedia"].funnel

    assert funnel["exact-dedup"] == funnel["near-dedup"] == funnel["ingest"] == DocumentTally(2, 500, 3000)
    assert funnel["decontaminate"] == DocumentTally(1, 200, 1200)


def tally(**counts: int) -> RuleTally:
    # A word has 6 bytes.
    return RuleTally(**counts, failed_bytes=6 * counts["failed_words"], unique_bytes=6 * counts["unique_words"])


def test_rules_count_all_first_and_only_failures_with_their_words(whole: ShardSummary) -> None:
    assert whole.sources["web"].rules == {
        # The German document fails everything, and language first.
        "lang/language": tally(failed=1, first=1, unique=0, failed_words=10, unique_words=0),
        # It also has too few words; two others fail nothing but this.
        "gopher/word_count": tally(failed=3, first=2, unique=2, failed_words=121, unique_words=111),
        # The document that also fails the report-only rule fails this one alone: that rule drops nothing.
        "gopher/duplicate_line_frac": tally(failed=2, first=1, unique=1, failed_words=80, unique_words=70),
        # A report-only rule is never the first; one document would be lost if it dropped.
        "trial/stop": tally(failed=3, first=0, unique=1, failed_words=160, unique_words=80),
    }


def test_histograms_divide_the_documents_by_the_verdict_of_the_rules(whole: ShardSummary) -> None:
    # Bins of 0.01: six kept documents have no duplicate lines and one 0.3; of the dropped two have none and two 0.5.
    found = whole.sources["web"].histograms["duplicate_line_frac"]

    assert {at: count for at, count in enumerate(found.kept, found.first) if count} == {0: 6, 30: 1}
    assert {at: count for at, count in enumerate(found.dropped, found.first) if count} == {0: 2, 50: 2}
    assert len(found.kept) == len(found.dropped) == 51  # bins after the last document are not stored


@given(st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=6, max_size=6), max_size=5))
def test_histograms_add_up_bin_by_bin_whatever_bins_they_store(shards: list[list[tuple[int, int]]]) -> None:
    def histogram(bins: list[tuple[int, int]]) -> Histogram:
        return Histogram.of_counts([kept for kept, _ in bins], [dropped for _, dropped in bins])

    nothing = [(0, 0)] * 6
    sums = [
        (sum(kept), sum(dropped))
        for kept, dropped in (zip(*bin_, strict=True) for bin_ in zip(nothing, *shards, strict=True))
    ]

    assert functools.reduce(Histogram.__add__, map(histogram, shards), histogram(nothing)) == histogram(sums)


def test_text_signals_have_no_histogram(whole: ShardSummary) -> None:
    assert "language" not in whole.sources["web"].histograms
    assert set(whole.sources["web"].histograms) == set(registry.SIGNALS) - {"language", "second_language"}


def test_languages(whole: ShardSummary) -> None:
    assert whole.sources["web"].languages == {
        "de": GroupTally(1, 0, 10, 60),
        "en": GroupTally(10, 7, 181, 1086),  # 10 + 70 + 101 words
    }


def test_rules_that_fail_together_are_counted_in_pairs(whole: ShardSummary) -> None:
    # Language, word count, duplicate lines, stop: the German document fails all four, another the last two.
    assert whole.sources["web"].overlaps == ((1, 1, 1, 1), (1, 3, 1, 1), (1, 1, 2, 2), (1, 1, 2, 3))
    assert whole.sources["wikipedia"].overlaps == ((0,),)


def test_removed_documents_with_a_url_are_sampled_for_their_hosts(whole: ShardSummary) -> None:
    assert {pick.host for pick in whole.sources["web"].removed_hosts} == {"example.com", "other.example"}
    assert len(whole.sources["web"].removed_hosts) == 2


def test_quarantine_is_counted_by_reason_with_examples_in_order_of_file_and_offset(whole: ShardSummary) -> None:
    # Offsets are numbers although they are text: 90 comes before 100.
    reason = whole.sources["web"].rejected["bad_record"]

    assert reason.count == 3
    assert [(each.origin, each.offset) for each in reason.examples] == [
        ("a.warc", "7"),
        ("b.warc", "90"),
        ("b.warc", "100"),
    ]
    assert whole.sources["web"].skipped == {"image": 1}
    assert whole.sources["wikipedia"].rejected == {}


def test_near_similarity_counts_removed_documents_by_their_closest_copy(whole: ShardSummary) -> None:
    assert {at: count for at, count in enumerate(whole.sources["web"].near_similarity) if count} == {90: 1}


def test_contamination_counts_documents_not_pairs(whole: ShardSummary) -> None:
    # Document 5 of the second shard overlaps two items of one test set; document 4 of the first stays.
    web = whole.sources["web"]
    quiz = web.contamination["quiz"]

    # Item 9 is in two documents. The removed document has 66 words.
    assert (quiz.overlapping, quiz.removed, quiz.words, quiz.items) == (2, 1, 66, {"7": 1, "9": 2})
    assert quiz.parts == {"answer": 1, "full": 1, "question": 1}
    assert [hit.jaccard for hit in quiz.top] == [0.85, 0.1, 0.05]
    assert web.overlapping == 2


def test_a_page_recognised_by_its_title_counts_as_removed_without_a_common_ngram(whole: ShardSummary) -> None:
    assert whole.sources["wikipedia"].contamination["wikitext"].removed == 1


def test_samples_of_a_rule_begin_with_documents_that_it_alone_removes(whole: ShardSummary) -> None:
    picks = whole.sources["web"].samples["rule/gopher/word_count"]

    assert [pick.rank for pick in picks] == [0, 0, 1]
    assert {(pick.shard, pick.row) for pick in picks[:2]} == {(0, 1), (1, 2)}
    assert (picks[2].shard, picks[2].row) == (0, 2)


def test_samples_of_removed_and_kept_documents(whole: ShardSummary) -> None:
    samples = whole.sources["web"].samples

    assert [(pick.shard, pick.row) for pick in samples["near"]] == [(1, 4)]
    assert [(pick.shard, pick.row) for pick in samples["contaminated"]] == [(1, 5)]
    assert {(pick.shard, pick.row) for pick in samples["kept"]} == {(0, 0), (0, 4), (1, 0), (1, 1)}


def test_a_run_that_was_only_judged_is_counted_that_far(judged: Context) -> None:
    summary = functools.reduce(
        merge_summaries, [accumulate_shard(judged, read_columns(judged, shard)) for shard in judged.all_shards()]
    ).sources["web"]

    assert summary.funnel["decontaminate"] == summary.funnel["judge"]
    assert summary.contamination == {}
    assert "near" not in summary.samples


def test_merging_in_any_order_and_grouping_gives_the_same(summaries: list[ShardSummary], whole: ShardSummary) -> None:
    for order in itertools.permutations(summaries):
        a, b, c = order

        assert merge_summaries(merge_summaries(a, b), c) == merge_summaries(a, merge_summaries(b, c)) == whole


def test_summaries_survive_json(whole: ShardSummary) -> None:
    assert msgspec.json.decode(msgspec.json.encode(whole), type=ShardSummary) == whole


def test_another_seed_draws_another_sample() -> None:
    ids = [f"{each:032x}" for each in range(50)]

    assert sample_ranks(ids, 0).tolist() == sample_ranks(ids, 0).tolist()
    assert sample_ranks(ids, 0).argsort().tolist() != sample_ranks(ids, 1).argsort().tolist()
    assert int(sample_ranks(ids, 0).max()) < 2**63


# -- laws of addition --------------------------------------------------------------------------------------------------

_REASONS = st.builds(
    RejectReason,
    st.integers(0, 9),
    st.lists(
        st.builds(RejectedInput, st.sampled_from("ab"), st.integers(0, 2000).map(str), st.just("broken")),
        max_size=30,
    ).map(lambda each: tuple(sorted(each, key=lambda line: line.order)[:EXAMPLES])),
)
_TEST_SETS = st.builds(
    TestSetTally,
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 99),
    st.dictionaries(st.sampled_from("xyz"), st.integers(1, 9)),
    st.dictionaries(st.sampled_from("pq"), st.integers(1, 9)),
    st.just(()),
)
_PICKS = st.lists(
    st.builds(
        SampledDocument, st.integers(0, 1), st.integers(0, 99), st.just("web"), st.integers(0, 3), st.integers(0, 9)
    ),
    max_size=8,
).map(lambda picks: tuple(sorted(picks)[:SAMPLES]))


@given(_REASONS, _REASONS, _REASONS)
def test_reasons_add_in_any_order(a: RejectReason, b: RejectReason, c: RejectReason) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)


@given(_TEST_SETS, _TEST_SETS, _TEST_SETS)
def test_test_sets_add_in_any_order(a: TestSetTally, b: TestSetTally, c: TestSetTally) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)


@given(_PICKS, _PICKS, _PICKS)
def test_picks_add_in_any_order(
    a: tuple[SampledDocument, ...], b: tuple[SampledDocument, ...], c: tuple[SampledDocument, ...]
) -> None:
    assert add_picks(a, b, SAMPLES) == add_picks(b, a, SAMPLES)
    assert add_picks(add_picks(a, b, SAMPLES), c, SAMPLES) == add_picks(a, add_picks(b, c, SAMPLES), SAMPLES)
