import io
import json
import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from corpus_commands import ask
from handmade_run import Writer
from rich.console import Console

from massivetext.cli.messages import safe_text
from massivetext.cli.trace_command import print_trace
from massivetext.report import trace
from massivetext.report.examples import DocumentLocation
from massivetext.report.trace import find_documents, trace_document
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.schema import document_id

WEB0, WEB1, WIKI = Shard("web", 0, 2), Shard("web", 1, 2), Shard("wikipedia", 0, 1)


@pytest.mark.parametrize(
    "url", ["https://example.com/kept/", "https://example.com/kept", "http://example.com/kept", "example.com/kept/"]
)
def test_a_url_is_found_with_and_without_scheme_and_final_slash(context: Context, url: str) -> None:
    assert find_documents(context, url).documents == [DocumentLocation(WEB0, 0)]


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("http://www.example.com:80/kept?utm_source=x#top", DocumentLocation(WEB0, 0)),
        ("www.example.com/kept", DocumentLocation(WEB0, 0)),
        ("https://other.example:8080", DocumentLocation(WEB0, 2)),
    ],
)
def test_another_form_of_a_url_finds_the_documents_of_its_page(
    context: Context, url: str, location: DocumentLocation
) -> None:
    assert find_documents(context, url).documents == [location]


def test_a_fragment_of_a_url_is_not_enough(context: Context) -> None:
    assert find_documents(context, "example.com").documents == []


def test_an_id_is_found(context: Context) -> None:
    assert find_documents(context, document_id("web", "web.warc", "1/4")).documents == [DocumentLocation(WEB1, 4)]


def test_a_fragment_of_an_origin_finds_its_documents_and_what_was_rejected(context: Context) -> None:
    assert len(find_documents(context, "wikipedia.wa").documents) == 2
    assert [line["offset"] for line in find_documents(context, "b.warc").quarantined] == ["100", "90", "5"]


def test_quarantine_is_found_by_url(context: Context) -> None:
    (line,) = find_documents(context, "lost.example/page").quarantined

    assert (line["source"], line["reason"], line["skipped"]) == ("web", "image", True)


def test_a_lookup_finds_what_a_search_of_all_documents_finds(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["http://lost.example/page", "wikipedia.wa", "b.warc", "no such document"]
    for shard in context.all_shards():
        table = context.run.read_table("documents", shard, ["id", "url"])
        names += [name for column in table.columns for name in column.to_pylist() if name]
    looked_up = [find_documents(context, name) for name in names]
    monkeypatch.setattr(trace, "has_lookup", lambda _files: False)

    assert looked_up == [find_documents(context, name) for name in names]
    assert sum(len(found.documents) for found in looked_up) > 20


def test_an_unknown_text_finds_nothing(context: Context) -> None:
    found = find_documents(context, "no such document")

    assert (found.documents, found.quarantined) == ([], [])


def test_a_document_that_fails_rules(context: Context) -> None:
    trace = trace_document(context, DocumentLocation(WEB0, 2))

    assert trace.dropped_by == "judge"
    assert [rule.passed for rule in trace.rules] == [False] * 4
    assert [stage.kept for stage in trace.stages] == [False, None, None, None]
    assert {signal.name: signal.value for signal in trace.signals}["duplicate_line_frac"] == 0.5


def test_an_exact_copy_names_what_is_kept_instead(context: Context) -> None:
    trace = trace_document(context, DocumentLocation(WEB1, 3))

    assert trace.dropped_by == "exact-dedup"
    keeper = trace.stages[1].keeper
    assert keeper is not None
    assert (keeper.id, keeper.url) == (document_id("web", "web.warc", "0/0"), "https://example.com/kept/")


def test_a_near_copy_names_its_keeper_and_every_measured_pair(context: Context) -> None:
    trace = trace_document(context, DocumentLocation(WEB1, 4))

    assert trace.dropped_by == "near-dedup"
    assert trace.stages[2].similarity == 0.9
    assert [(pair.id, pair.jaccard, pair.containment) for pair in trace.pairs] == [
        (document_id("web", "web.warc", "1/0"), 0.9, 0.95),
        (document_id("web", "web.warc", "0/0"), 0.5, 0.6),
    ]


def test_an_overlap_names_the_items(context: Context) -> None:
    trace = trace_document(context, DocumentLocation(WEB1, 5))

    assert trace.dropped_by == "decontaminate"
    assert [(each.test_set, each.item, each.words) for each in trace.overlaps] == [("quiz", "7", 40), ("quiz", "9", 6)]


def test_a_kept_document_of_a_source_that_is_not_deduplicated(context: Context) -> None:
    trace = trace_document(context, DocumentLocation(WIKI, 0))

    assert trace.dropped_by is None
    assert [stage.kept for stage in trace.stages] == [True, None, None, True]
    assert trace.pairs == ()
    assert trace.sequences == ()


def test_a_run_that_was_only_judged(judged: Context) -> None:
    trace = trace_document(judged, DocumentLocation(WEB1, 5))

    assert [stage.stage for stage in trace.stages] == ["judge"]
    assert trace.dropped_by is None


def test_the_tokens_of_all_documents_fill_every_record_once(fresh: Writer) -> None:
    # Groups of 2 draws, 8 tokens per record. web: draws of 10 + 7 and 9 + 9 tokens give 2 + 2 records; 3 are
    # used; wikipedia: 5 + 4 and 20 + 3 give 1 + 2; 2 are used. 5 records in 2 files.
    draws = {
        WEB0: [(0, 0, 10), (4, 2, 9)],
        WEB1: [(0, 1, 7), (0, 3, 9)],
        WIKI: [(0, 0, 5), (0, 1, 4), (0, 2, 20), (0, 3, 3)],
    }
    fresh.tokenizer()
    fresh.records(draws, {"web": 3, "wikipedia": 2})
    locations = [
        DocumentLocation(WEB0, 0),
        DocumentLocation(WEB0, 4),
        DocumentLocation(WEB1, 0),
        DocumentLocation(WIKI, 0),
    ]

    found = [piece for location in locations for piece in trace_document(fresh.context, location).sequences]

    covered = Counter(
        (piece.file, piece.record, piece.position + offset) for piece in found for offset in range(piece.tokens)
    )
    files = {"train-00000-of-00002.array_record": 3, "train-00001-of-00002.array_record": 2}
    assert covered == Counter(
        (file, record, position) for file, size in files.items() for record in range(size) for position in range(8)
    )


def test_a_document_that_was_not_drawn_is_in_no_record(fresh: Writer) -> None:
    fresh.tokenizer()
    fresh.records({WEB0: [(0, 0, 16), (0, 1, 8)], WIKI: [(0, 0, 8), (0, 1, 8)]}, {"web": 3, "wikipedia": 2})

    assert trace_document(fresh.context, DocumentLocation(WEB0, 4)).sequences == ()


# -- on a terminal -----------------------------------------------------------------------------------------------------


def printed(context: Context, *locations: DocumentLocation, quarantined: str = "", every: bool = True) -> str:
    console = Console(file=io.StringIO(), width=160, color_system=None)
    lines = find_documents(context, quarantined).quarantined if quarantined else []
    print_trace(console, [trace_document(context, location) for location in locations], lines, every=every)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_trace_is_printed_in_words(context: Context) -> None:
    story = printed(context, DocumentLocation(WEB0, 2))

    assert "dropped by judge" in story
    assert "fails lang/language, gopher/word_count and gopher/duplicate_line_frac" in story
    assert "50 to 100" in story


def test_the_answer_comes_first_in_three_lines(context: Context) -> None:
    lost, kept, copy = (
        printed(context, DocumentLocation(shard, row), every=False).splitlines()
        for shard, row in ((WEB0, 2), (WEB0, 0), (WEB1, 3))
    )
    items = [printed(context, DocumentLocation(shard, row), every=False) for shard, row in ((WEB1, 5), (WIKI, 1))]

    assert [len(lines) for lines in (lost, kept, copy)] == [3, 3, 3]
    assert lost[0] == (
        "Removed by judge: fails lang/language (de; passes: en), gopher/word_count (10; passes: 50 to 100) and "
        "gopher/duplicate_line_frac (0.5; passes: at most 0.3)."
    )
    assert kept[0].startswith("Kept by judge, exact-dedup, near-dedup and decontaminate; none of its tokens are in the")
    assert kept[1].split("  ")[1:] == ["web", "https://example.com/kept/"]
    assert (
        kept[2]
        == "60 words, language en, passes 4 of 4 rules, compared with 1 document. --all prints every signal and rule."
    )
    assert "is marked by trial/stop" in lost[2]
    assert copy[0].startswith(
        f"Removed by exact-dedup: a copy of {kept[1].split()[0]} of web, https://example.com/kept/"
    )
    assert "Removed by decontaminate: overlaps item 7 of quiz (full), “" in items[0]
    assert "Removed by decontaminate: has a title of wikitext: Moses." in items[1]


def test_tokens_in_the_records_are_in_the_answer(fresh: Writer) -> None:
    fresh.tokenizer()
    fresh.records({WEB0: [(0, 0, 16), (0, 1, 8)], WIKI: [(0, 0, 8), (0, 1, 8)]}, {"web": 3, "wikipedia": 2})

    assert "24 tokens are in " in printed(fresh.context, DocumentLocation(WEB0, 0), every=False).splitlines()[0]


def test_everything_is_there_as_json(fresh: Writer, tmp_path: Path) -> None:
    fresh.state()
    expected = trace_document(fresh.context, DocumentLocation(WEB0, 2))
    done = ask("trace", fresh.run.folder, expected.document.id, "--json", folder=tmp_path)
    answer = json.loads(done.out)

    assert answer == {"documents": [json.loads(msgspec.json.encode(expected))], "quarantined": []}


@pytest.mark.parametrize("width", [60, 100])
def test_names_are_not_broken(context: Context, width: int) -> None:
    trace = trace_document(context, DocumentLocation(WEB0, 2))
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_trace(console, [trace], [], every=True)
    assert isinstance(console.file, io.StringIO)
    words = set(console.file.getvalue().split())

    assert {signal.name for signal in trace.signals} | {rule.rule for rule in trace.rules} <= words


def test_what_the_source_says_is_printed(context: Context) -> None:
    licence = {"licence": "MIT", "licence_evidence": "LICENSE: MIT"}
    trace = msgspec.structs.replace(trace_document(context, DocumentLocation(WEB0, 1)), metadata=licence)
    console = Console(file=io.StringIO(), width=160, color_system=None)
    print_trace(console, [trace], [], every=True)

    assert isinstance(console.file, io.StringIO)
    assert re.search(r"licence_evidence +LICENSE: MIT", console.file.getvalue())


def test_metadata_is_read(fresh: Writer) -> None:
    column = fresh.context.run.read_table("documents", WEB0, ["metadata"])["metadata"]
    stored = [msgspec.json.decode(value) for value in column.to_pylist()]

    assert [trace_document(fresh.context, DocumentLocation(WEB0, row)).metadata for row in range(2)] == stored[:2]


def test_markup_in_documents_is_text(context: Context) -> None:
    assert "https://example.com/<b>?a=1&b=2" in printed(context, DocumentLocation(WEB0, 1))


def test_many_documents_are_listed_one_per_line(context: Context) -> None:
    story = printed(context, *(DocumentLocation(WEB0, row) for row in range(4)))

    assert story.count("dropped by judge") == 3
    assert "signals" not in story


def test_quarantine_is_printed(context: Context) -> None:
    assert "broken at 90" in printed(context, quarantined="b.warc")


def test_characters_that_steer_a_terminal_are_replaced() -> None:
    assert safe_text("a\x1b[31mred[bold]\n").plain == "a\ufffd[31mred[bold]\n"
