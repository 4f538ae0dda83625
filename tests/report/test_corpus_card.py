"""The card of the data: a head that a hub reads, and figures of the report."""

import re

import msgspec
import pytest
import yaml
from handmade_run import Writer
from whole_report import report_of

from massivetext.report import corpus_card
from massivetext.report.corpus_card import render_card
from massivetext.report.run_report import RunReport
from massivetext.report.tallies import DocumentTally, GroupTally
from massivetext.runs.context import Context
from massivetext.runs.store import Shard


@pytest.fixture(scope="module")
def report(context: Context) -> RunReport:
    return report_of(context)


def card_of(context: Context, report: RunReport) -> str:
    return render_card(report, {each.stage: each for each in context.verdicts})


def head_of(card: str) -> dict[str, object]:
    """Return the head as the Hub reads it."""
    start, head, _ = card.split("---\n", 2)
    assert start == ""
    read: dict[str, object] = yaml.safe_load(head)
    return read


def rows_of(card: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its own heading."""
    table = card.partition(f"\n## {heading}\n")[2].partition("| ---")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[1:]]


def test_the_head_has_the_fields_of_the_hub(context: Context, report: RunReport) -> None:
    assert head_of(card_of(context, report)) == {
        "pretty_name": "tiny",
        "license": "unknown",
        "language": ["en"],
        "size_categories": ["n<1K"],
        "task_categories": ["text-generation"],
        "tags": ["pretraining", "massivetext"],
        "configs": [
            {"config_name": "default", "data_files": "*/part-*", "default": True},
            {"config_name": "web", "data_files": "web/part-*"},
            {"config_name": "wikipedia", "data_files": "wikipedia/part-*"},
        ],
    }


@pytest.mark.parametrize(
    ("kept", "category"), [(0, "n<1K"), (999, "n<1K"), (1_000, "1K<n<10K"), (10**6, "1M<n<10M"), (10**12, "100B<n<1T")]
)
def test_the_size_is_that_of_the_kept_documents(context: Context, report: RunReport, kept: int, category: str) -> None:
    source = report.sources["web"]
    left = msgspec.structs.replace(source, funnel={**source.funnel, "decontaminate": DocumentTally(kept)})
    resized = msgspec.structs.replace(report, sources={"web": left})

    assert head_of(card_of(context, resized))["size_categories"] == [category]


def test_the_figures_are_those_of_the_report(context: Context, report: RunReport) -> None:
    card = card_of(context, report)

    # 11 + 2 documents; kept are 4 of web (290 words) and 1 of wikipedia (200 words), of 6 bytes each.
    assert rows_of(card, "Sources") == [
        ["web", "web", "11", "4", "36.4%", "290", "1.7 kB"],
        ["wikipedia", "wikipedia", "2", "1", "50.0%", "200", "1.2 kB"],
    ]
    assert ["web", "gopher/word_count", "word_count: 50 to 100", "3", "2", "paper, A.1"] in rows_of(card, "Filtering")
    assert rows_of(card, "Test sets")[0] == ["quiz", "10", "2", "1"]
    assert "1 document was removed for having the text of another one." in card
    assert "cut" not in card.partition("## Test sets")[2]
    assert report.contamination is not None
    cut = msgspec.structs.replace(report, contamination=msgspec.structs.replace(report.contamination, cut=1))
    assert "Of 1 document the passages were cut out; the rest is kept." in card_of(context, cut)


def test_a_source_called_default_is_no_configuration_of_all(context: Context, report: RunReport) -> None:
    named = msgspec.structs.replace(report, sources={"default": report.sources["web"]})
    configs = head_of(card_of(context, named))["configs"]
    assert configs == [
        {"config_name": "ALL", "data_files": "*/part-*", "default": True},
        {"config_name": "default", "data_files": "default/part-*"},
    ]


def test_nothing_in_a_card_is_markup_of_others(context: Context, report: RunReport) -> None:
    evil = "<script>|`[x](http://a.example)`\n## *_\x1b[31m\u2028"
    source = report.sources["web"]
    tally = GroupTally(9, 9)
    hostile = msgspec.structs.replace(source, languages={evil: tally, "en": tally}, skipped={evil: 3})
    card = card_of(context, msgspec.structs.replace(report, recipe=f'"{evil}\\', sources={evil: hostile}))

    head = head_of(card)
    assert head["pretty_name"] == f'"{evil}\\'
    assert head["language"] == ["en"]
    body = card.split("---\n", 2)[2]
    assert "<script>" not in body
    assert not re.search(r"(?<!\\)[\[\]*]", body)
    assert [line for line in body.splitlines() if line.startswith("#") and "script" in line] == [
        line for line in body.splitlines() if line.startswith("# ") and "script" in line
    ]
    assert all(character.isprintable() or character == "\n" for character in card)


def test_code_in_a_remark_stays_code_and_texts_do_not_become_any() -> None:
    assert corpus_card._prose('76% unread. `records.mode = "pack"` helps *a* lot.') == (
        '76% unread. `records.mode = "pack"` helps \\*a\\* lot.'
    )
    assert corpus_card._text("a_b _c_ `d`") == "a_b \\_c\\_ \\`d\\`"


def test_a_whole_run_has_its_mixture(fresh: Writer) -> None:
    fresh.tokenizer()
    fresh.records({Shard("web", 0, 2): [(0, 0, 8)], Shard("wikipedia", 0, 1): [(0, 0, 8)]}, {"web": 3, "wikipedia": 2})
    card = card_of(fresh.context, report_of(fresh.context))

    assert rows_of(card, "Tokens") == [
        ["web", "60.00%", "60.00%", "24", "50.0%"],
        ["wikipedia", "40.00%", "40.00%", "16", "50.0%"],
    ]
    assert "50.0% of the kept text (1.5 kB) is not in the records." in card


def test_a_judged_run_has_a_card_of_what_there_is(judged: Context) -> None:
    card = card_of(judged, report_of(judged))

    assert "as far as the stage judge" in card
    assert "## Deduplication" not in card
    assert "## Tokens" not in card
