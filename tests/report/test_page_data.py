"""The data of the page: stops of sliders, values as numbers of stops, the sample, and the documents."""

import base64
import json
import math
import zlib

import hypothesis.strategies as st
import numpy as np
import pytest
from handmade_run import Writer
from hypothesis import given
from whole_report import page_data_of, report_of

from massivetext.report.limit_stops import limit_stops, stop_codes
from massivetext.report.page_data import PageData, pack_page_data
from massivetext.report.remarks import remarks
from massivetext.report.sections.building_blocks import share_out
from massivetext.report.value_sample import sample_bounds
from massivetext.runs.context import Context
from massivetext.runs.store import Shard

SIGNALS = ("word_count", "duplicate_line_frac", "mean_word_length")
values = st.floats(0, 1, allow_subnormal=False) | st.integers(0, 100).map(lambda percent: percent / 100)


@given(st.sampled_from(SIGNALS), st.lists(values, min_size=1), st.lists(values, min_size=1), st.floats(1, 1e6))
def test_numbers_of_stops_compare_as_values_do(
    signal: str, found: list[float], limits: list[float], scale: float
) -> None:
    if signal != "duplicate_line_frac":
        found, limits = ([math.floor(each * scale) * 1.0 for each in some] for some in (found, limits))
    stops = limit_stops(signal, limits, min(found), max(found))
    codes = stop_codes(np.array(found), stops)

    assert list(stops) == sorted(set(stops))
    assert set(limits) <= set(stops)
    for number, stop in enumerate(stops):
        assert [code >= 2 * number for code in codes] == [value >= stop for value in found]
        assert [code <= 2 * number for code in codes] == [value <= stop for value in found]


def test_stops_are_round() -> None:
    assert limit_stops("word_count", [50, 100], 3, 118.0)[-4:] == (99, 100, 110, 118)
    assert limit_stops("duplicate_line_frac", [0.3, 0.155], 0.14, 0.17) == (
        0.14,
        0.15,
        0.155,
        0.16,
        0.17,
        *_percents(18, 30),
    )


def _percents(first: int, last: int) -> tuple[float, ...]:
    return tuple(percent / 100 for percent in range(first, last + 1))


def test_a_value_beyond_the_stops_is_refused() -> None:
    with pytest.raises(ValueError, match="want values from 1 to 2, got others"):
        stop_codes(np.array([3.0]), (1.0, 2.0))


@pytest.fixture(scope="module")
def data(context: Context) -> PageData:
    return page_data_of(context, report_of(context))


def test_the_sample_of_a_small_source_is_all_of_it(context: Context, data: PageData) -> None:
    web = data.sources["web"]

    assert sample_bounds(context) == {"web": 2**63, "wikipedia": 2**63}
    assert (web.sample.size, web.read.documents) == (11, 11)
    # The rules keep 60 + 80 + 50 + 100 + 60 + 65 + 66 words.
    assert (sum(web.sample.words), web.passed.words) == (web.read.words, 481)
    assert sorted(web.sample.codes) == ["duplicate_line_frac", "language", "stop_word_count", "word_count"]


def test_large_sources_share_what_small_ones_leave(context: Context) -> None:
    # Both have 5 of 10; wikipedia has 2 documents, so web has 8 of 11.
    assert sample_bounds(context, 10) == {"web": 2**63 * 8 // 11, "wikipedia": 2**63}
    assert sample_bounds(context, 2) == {"web": 2**63 // 11, "wikipedia": 2**63 // 2}
    assert sample_bounds(context, 0) == {"web": 0, "wikipedia": 0}


def test_documents_have_their_bins_values_and_fates(data: PageData) -> None:
    number = next(at for at, signal in enumerate(data.signals) if signal.name == "word_count")
    shown = {each.document.key: each for each in data.sources["web"].documents}

    assert len(shown) == 11
    assert {key: each.removed_by for key, each in shown.items()} == {
        "0/0": None, "0/1": "judge", "0/2": "judge", "0/3": "judge", "0/4": None, "1/0": None, "1/1": None,
        "1/2": "judge", "1/3": "exact-dedup", "1/4": "near-dedup", "1/5": "decontaminate",
    }  # fmt: skip
    assert shown["0/0"].values == {"duplicate_line_frac": 0, "language": "en", "stop_word_count": 5, "word_count": 60}
    borders, bins = data.signals[number].borders, shown["0/0"].bins
    assert bins is not None
    assert borders[bins[number]] <= 60 < borders[bins[number] + 1]


def test_histograms_are_those_of_the_report(context: Context, data: PageData) -> None:
    for name, source in report_of(context).sources.items():
        for signal, found in source.histograms.items():
            _, passed, failed = data.sources[name].histograms[signal]
            assert [pair for pair in zip(passed, failed, strict=True) if any(pair)] == [
                (each.kept, each.dropped) for each in found
            ]


def test_a_judged_run_has_data_too(judged: Context) -> None:
    shown = page_data_of(judged, report_of(judged)).sources["web"].documents

    assert {each.removed_by for each in shown} == {None, "judge"}


def test_packed_data_are_json_and_always_the_same(context: Context, data: PageData) -> None:
    packed = pack_page_data(data)
    read = json.loads(zlib.decompress(base64.b64decode(packed)))

    assert packed == pack_page_data(page_data_of(context, report_of(context)))
    assert read["sources"]["web"]["rules"][1]["passes"][0]["min"] == 50
    assert read["stages"]["judge"] == "rules"


def test_samples_take_turns() -> None:
    assert share_out([["a", "b", "c"], [], ["d", "e"]], 3) == ["a", "b", "d"]
    assert share_out([["a", "b", "c"], ["d", "e"]], 9) == ["a", "b", "c", "d", "e"]
    assert share_out([], 3) == []


def test_what_no_record_has_is_worth_a_look_first(fresh: Writer) -> None:
    fresh.tokenizer()
    fresh.records({Shard("web", 0, 2): [(0, 0, 8)], Shard("wikipedia", 0, 1): [(0, 0, 8)]}, {"web": 3, "wikipedia": 2})
    report = report_of(fresh.context)

    assert remarks(report)[0].startswith(
        "50.0% of the kept text (1.5 kB) is not in the records. The number of sequences"
    )
