from dataclasses import replace

import msgspec
import pytest
from handmade_run import Writer
from whole_report import report_of

from massivetext.recipe import GuardOptions
from massivetext.report.duplicates import read_pairs
from massivetext.report.run_report import RunReport
from massivetext.report.summary import _warnings
from massivetext.report.tallies import DocumentTally, GroupTally
from massivetext.rules import Bounds
from massivetext.runs.context import Context
from massivetext.runs.store import Shard, canonical_json


@pytest.fixture(scope="module")
def report(context: Context) -> RunReport:
    return report_of(context)


def test_totals_are_sums_over_sources(report: RunReport) -> None:
    assert [report.total(stage).documents for stage in report.judged] == [13, 9, 8, 7, 5]


def test_rules_are_in_their_order_with_bounds_and_citation(report: RunReport) -> None:
    rules = report.sources["web"].rules

    assert [rule.rule for rule in rules] == [
        "lang/language",
        "gopher/word_count",
        "gopher/duplicate_line_frac",
        "trial/stop",
    ]
    assert rules[1].passes == (Bounds(signal="word_count", min=50, max=100),)
    assert [bounds.signal for bounds in rules[3].passes] == ["stop_word_count", "word_count"]
    assert rules[1].citation == "paper, A.1"
    assert rules[3].report_only


def test_histograms_hold_the_bins_that_are_not_empty(report: RunReport) -> None:
    bins = report.sources["wikipedia"].histograms["word_count"]

    # 200 and 300 words: the bins from 200 to 251 and from 251 to 316.
    assert [(each.low, each.high, each.kept, each.dropped) for each in bins] == [(200, 251, 1, 0), (251, 316, 1, 0)]


def test_a_sound_run_has_no_warnings(report: RunReport) -> None:
    assert report.warnings == ()


def test_a_source_with_nothing_left_gives_a_warning(report: RunReport) -> None:
    source = report.sources["wikipedia"]
    empty = msgspec.structs.replace(source, funnel={**source.funnel, "decontaminate": DocumentTally()})
    unread = msgspec.structs.replace(source, funnel=dict.fromkeys(source.funnel, DocumentTally()), rules=())

    assert _warnings(GuardOptions(), {"a": empty, "b": unread}, report.stages) == [
        "Nothing is left of source a.",
        "Source b has no documents.",
    ]


def test_exact_clusters(report: RunReport) -> None:
    assert report.exact is not None
    assert (report.exact.count, report.exact.removed, report.exact.sizes) == (1, 1, ((2, 1),))
    assert report.exact.largest[0].kept.url == "https://example.com/kept/"
    assert report.exact.largest[0].sources == {"web": 2}


def test_near_duplicates(report: RunReport) -> None:
    near = report.near

    assert near is not None
    assert (near.candidates, near.verified, near.rejected_frac) == (2, 1, 0.5)
    assert near.similarities == ((0.5, 1), (0.9, 1))
    assert near.clusters.sizes == ((2, 1),)


def test_a_near_duplicate_is_shown_with_what_it_resembles_most(report: RunReport) -> None:
    (pair,) = report.sources["web"].near

    assert (pair.removed.key, pair.other.key) == ("1/4", "1/0")
    assert (pair.jaccard, pair.containment) == (0.9, 0.95)


def test_pairs_of_a_document_come_most_similar_first(writer: Writer) -> None:
    copy, first = writer.document_ref(Shard("web", 1, 2), 4), writer.document_ref(Shard("web", 1, 2), 0)

    assert [pair[2] for pair in read_pairs(writer.context, [copy])] == [0.9, 0.5]
    assert read_pairs(writer.context, [first]) == [(first, copy, 0.9, 0.95)]
    assert len(read_pairs(writer.context, [first, copy])) == 3


def test_contamination_by_test_set_with_those_that_nothing_overlaps(report: RunReport) -> None:
    found = report.contamination

    assert found is not None
    assert (found.items, found.tested, found.overlapping, found.removed) == (12, 13, 3, 2)
    assert [(each.name, each.items, each.items_hit, each.overlapping, each.removed) for each in found.test_sets] == [
        ("quiz", 10, 2, 2, 1),
        ("unseen", 1, 0, 0, 0),
        ("wikitext", 1, 1, 1, 1),
    ]
    assert found.test_sets[0].top[0].document.key == "1/5"


def test_examples_show_the_failed_rules_with_their_values(report: RunReport) -> None:
    shown = report.sources["web"].dropped["gopher/word_count"][2]

    assert [(failure.rule, failure.values) for failure in shown.failures] == [
        ("lang/language", {"language": "de"}),
        ("gopher/word_count", {"word_count": 10}),
        ("gopher/duplicate_line_frac", {"duplicate_line_frac": 0.5}),
        ("trial/stop", {"stop_word_count": 0, "word_count": 10}),
    ]


def test_hosts_are_in_the_order_of_what_they_lose(report: RunReport) -> None:
    assert list(report.sources["web"].hosts.items()) == [
        ("example.com", GroupTally(2, 1, 10, 60)),
        ("other.example", GroupTally(1, 0, 10, 60)),
    ]
    assert report.sources["wikipedia"].hosts == {}


def test_excerpts_are_cut_and_say_how_long_the_text_is(report: RunReport) -> None:
    (kept,) = report.sources["wikipedia"].kept

    assert (kept.excerpt, kept.characters) == ("x" * 300, 400)


def test_an_early_stop_gives_a_report_of_what_there_is(judged: Context) -> None:
    report = report_of(judged)

    assert report.stages == ("ingest", "measure", "judge")
    assert (report.exact, report.near, report.contamination, report.tokenizer, report.mixture) == (None,) * 5
    assert report.total("judge").documents == 9


def test_a_stage_that_another_recipe_left_behind_does_not_count(fresh: Writer) -> None:
    keys = {**fresh.context.stage_keys, "near-dedup": "of another recipe"}

    assert report_of(replace(fresh.context, stage_keys=keys)).stages == ("ingest", "measure", "judge", "exact-dedup")


def test_tokenizer_and_mixture(fresh: Writer) -> None:
    fresh.tokenizer()
    fresh.records({Shard("web", 0, 2): [(0, 0, 8)], Shard("wikipedia", 0, 1): [(0, 0, 8)]}, {"web": 3, "wikipedia": 2})

    report = report_of(fresh.context)

    assert report.tokenizer is not None
    assert report.tokenizer.vocabulary_size == 300
    # 400 times "x", which the model has never seen twice: one token per byte.
    assert report.tokenizer.bytes_per_token["wikipedia"] == 1.0
    assert report.mixture is not None
    web = report.mixture["web"]
    assert (web.weight, web.sequences, web.tokens, web.realised, web.epochs) == ("0.6", 3, 24, 0.6, 1.5)


def test_the_report_has_neither_clock_nor_machine_paths(report: RunReport, context: Context) -> None:
    assert context.run.folder not in canonical_json(report).decode()
    assert canonical_json(report) == canonical_json(report_of(context))
