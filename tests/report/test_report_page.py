import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
import vl_convert
from handmade_run import Writer
from whole_report import page_data_of, page_of, report_of

from massivetext.report import charts, html_page
from massivetext.report.html_page import render_page
from massivetext.report.markup import Html, Number, element, escape, format_code, html_table, script_json
from massivetext.report.run_report import RunReport
from massivetext.report.wording import describe_bounds, describe_rule, join_words, verdict
from massivetext.rules import Bounds
from massivetext.runs.context import Context
from massivetext.runs.store import Shard


@pytest.fixture(scope="module")
def report(context: Context) -> RunReport:
    return report_of(context)


@pytest.fixture(scope="module")
def page(context: Context, report: RunReport) -> str:
    return page_of(context, report)


class Elements(HTMLParser):
    """Every element with its attributes, the texts of scripts, and all other text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self._open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts[-1] += data
        else:
            self.text += data


def test_a_text_cannot_end_a_script_or_begin_an_element(page: str) -> None:
    elements = Elements(page)

    # The charts, the data, the library and the script of the page; some documents are in sections about what they are.
    assert len(elements.scripts) == 4
    assert re.fullmatch("[A-Za-z0-9+/=]+", elements.scripts[1])
    assert not any("alert" in script for script in (elements.scripts[0], elements.scripts[3]))
    assert [tag for tag, _ in elements.found].count("script") == 4
    assert not {"b", "img", "iframe"} & {tag for tag, _ in elements.found}


def test_json_in_a_script_cannot_end_it() -> None:
    value = {"text": "</script><!--&\u2028\u2029"}
    script = script_json("it", value)

    assert re.findall("[<>&\u2028\u2029]", script.removeprefix('<script type="application/json" id="it">')) == [
        "<",
        ">",
    ]
    assert json.loads(Elements(script).scripts[0]) == value


def test_the_page_asks_the_network_for_nothing(page: str) -> None:
    elements = Elements(page)
    links = [value for _, found in elements.found for name, value in found.items() if name in ("src", "href", "action")]
    assert all(link is not None and link.startswith("#") for link in links)
    (policy,) = [found["content"] for tag, found in elements.found if found.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "url(" not in page.partition("</style>")[0]


def test_every_chart_has_an_element_and_every_element_a_chart_and_a_description(page: str) -> None:
    elements = Elements(page)
    elements_of_charts = {found["data-chart"]: found for _, found in elements.found if "data-chart" in found}

    assert set(elements_of_charts) == set(json.loads(elements.scripts[0]))
    assert all(found["role"] == "img" and found["aria-label"] for found in elements_of_charts.values())


def test_sections_are_named_and_tables_have_captions(page: str) -> None:
    elements = Elements(page)
    tags = [tag for tag, _ in elements.found]
    ids = {found["id"] for _, found in elements.found if "id" in found}

    assert tags.count("h1") == 1
    assert tags.count("caption") == tags.count("table") > 5
    assert all(found["aria-labelledby"] in ids for tag, found in elements.found if tag == "section")


def test_the_verdict_comes_first(page: str) -> None:
    assert "5 of 13 documents kept" in page.partition("</h1>")[0]


def test_the_same_report_gives_the_same_bytes(context: Context, report: RunReport, page: str) -> None:
    again = msgspec.json.decode(msgspec.json.encode(report), type=RunReport)

    assert render_page(again, context.verdicts, page_data_of(context, report)) == page


def test_every_chart_can_be_drawn(page: str) -> None:
    specs = json.loads(Elements(page).scripts[0])
    for name in specs:
        assert "<svg" in vl_convert.vegalite_to_svg({**specs[name], "width": 300})


def test_a_judged_run_has_a_page_that_says_what_is_still_to_come(judged: Context) -> None:
    page = page_of(judged)

    assert "still to come: exact-dedup, near-dedup, decontaminate, tokenizer and records" in page
    assert 'id="duplicates"' not in page


def test_a_whole_run_has_every_section(fresh: Writer) -> None:
    fresh.tokenizer()
    fresh.records({Shard("web", 0, 2): [(0, 0, 8)], Shard("wikipedia", 0, 1): [(0, 0, 8)]}, {"web": 3, "wikipedia": 2})

    page = page_of(fresh.context)

    assert "still to come" not in page
    assert re.findall('<section id="([a-z]+)"', page) == [
        "funnel",
        "rules",
        "signals",
        "samples",
        "duplicates",
        "contamination",
        "mixture",
        "tokenizer",
        "quarantine",
        "next",
    ]


def test_styles_and_script_are_beside_the_module() -> None:
    folder = Path(charts.__file__).parent

    assert {path.stem for path in (folder / "page").glob("*.js")} == set(html_page._SCRIPTS)
    assert (folder / "page" / "page.css").is_file()


# -- elements and words ------------------------------------------------------------------------------------------------


def test_text_is_escaped_and_markup_is_not() -> None:
    assert escape('<b> & "it\'s"') == "&lt;b&gt; &amp; &quot;it&#x27;s&quot;"
    assert escape(Html("<b>")) == "<b>"
    assert escape(1234567) == "1,234,567"
    assert escape(None) == ""


def test_attributes_are_escaped_and_left_out_where_none() -> None:
    assert element("p", "a", class_='"x"', hidden=True, id=None) == '<p class="&quot;x&quot;" hidden>a</p>'


def test_backticks_mark_code() -> None:
    assert format_code("a `b<c` d") == "a <code>b&lt;c</code> d"


def test_numbers_lean_right_and_the_first_cell_is_a_heading() -> None:
    shown = html_table("caption", ["name", "count", "share"], [["a", 1000, Number("5%")]])

    assert '<th scope="row">a</th><td class="number">1,000</td><td class="number">5%</td>' in shown
    assert '<th class="number" scope="col">count</th>' in shown


def test_a_table_without_rows_is_nothing() -> None:
    assert html_table("caption", ["name"], []) == ""


@pytest.mark.parametrize(
    ("passes", "expected"),
    [
        (Bounds(signal="word_count", min=50, max=100_000), "50 to 100,000"),
        (Bounds(signal="word_count", max=0.3), "at most 0.3"),
        (Bounds(signal="word_count", max=0), "at most 0"),
        (Bounds(signal="word_count", min=2), "at least 2"),
        (Bounds(signal="word_count", allow=("en", "de")), "en or de"),
    ],
)
def test_bounds_in_words(passes: Bounds, expected: str) -> None:
    assert describe_bounds(passes) == expected


def test_a_group_names_its_signals_and_a_single_one_only_where_asked() -> None:
    words, share_ = Bounds(signal="words", min=50), Bounds(signal="share", max=0.3)

    assert (
        describe_rule([words, share_], share_)
        == "words: at least 50, or share: at most 0.3, where share is at most 0.3"
    )
    assert describe_rule([words, share_], named=False) == "words: at least 50, or share: at most 0.3"
    assert (describe_rule([words]), describe_rule([words], named=False)) == ("words: at least 50", "at least 50")


@pytest.mark.parametrize(
    ("phrases", "expected"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_join_words(phrases: list[str], expected: str) -> None:
    assert join_words(phrases) == expected


def test_the_verdict_says_what_was_removed_and_what_is_left(context: Context, report: RunReport) -> None:
    # 290 + 200 words and 6 bytes each.
    assert verdict(report, {each.stage: each for each in context.verdicts}) == (
        "Of 13 documents from 2 sources, 4 were removed by rules, 1 as exact duplicates, 1 as near duplicates and 2 as "
        "overlapping a test set. What is left has 490 words in 2.9 kB of text."
    )
