"""Pages that ingest leaves out because a rule of their source would drop them for their URL, language or length."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from builders import context_of, recipe_of

from massivetext.extract.fast_text import FastText
from massivetext.jobs.ingest import ingest_shard
from massivetext.recipe.structs import IngestOptions, ScreenName
from massivetext.report.quarantined import count_rejects, read_quarantine
from massivetext.report.screening import ScreenTally, loss_interval, tally_screened
from massivetext.rules import Bounds, Rule, combine_rule_sets, load_rule_set
from massivetext.runs.context import Context
from massivetext.runs.store import Shard, ShardCommit, json_sha256
from massivetext.runs.work_items import WorkItem
from massivetext.signals import registry, rule_screen
from massivetext.signals.rule_screen import other_language
from massivetext.signals.screen_bounds import ScreenBounds, screen_bounds
from massivetext.sources.splits import plan_shards
from massivetext.stages import STAGES

SHARD = Shard("web", 0, 1)
ENGLISH = "The river rises in the hills and runs to the sea, and the people of the valley live with it. " * 6
GERMAN = "Der Fluss entspringt in den Bergen und fließt ins Meer, und die Leute im Tal leben mit ihm. " * 6
PAGES = {
    "http://a.example/en": ENGLISH,
    "http://a.example/de": GERMAN,
    "http://a.example/short": "Tea and cake.",
    "http://porn.a.example/hentai": ENGLISH,
    "http://a.example/mixed": f"{GERMAN[:180]}</p><p>{ENGLISH}",
}
EVERYTHING: tuple[ScreenName, ...] = ("url", "language", "length")
SCREENED = {
    "http://a.example/de": "screened_language",
    "http://a.example/short": "screened_length",
    "http://porn.a.example/hentai": "screened_url",
}


def rules() -> tuple[Rule, ...]:
    names = ("language", "gopher", "safesearch")
    return combine_rule_sets(load_rule_set(name, known=registry.types()) for name in names)


def response(url: str, text: str) -> bytes:
    block = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<body><p>{text}</p></body>".encode()
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nContent-Type: application/http\r\n"
    return f"{head}Content-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"


def ingest(
    folder: Path, screen: Sequence[ScreenName], pages: Sequence[str] = tuple(PAGES)
) -> tuple[Context, ShardCommit]:
    (folder / "input").mkdir(exist_ok=True)
    (folder / "input/a.warc").write_bytes(b"".join(response(url, PAGES[url]) for url in pages))
    (splits,) = plan_shards(["input/*.warc"], str(folder), 2**20, divisible=True)
    context = context_of(
        str(folder / "run"),
        msgspec.structs.replace(recipe_of(["web"]), ingest=IngestOptions(screen=tuple(screen))),
        {stage.name: json_sha256(stage.name) for stage in STAGES},
        shard_counts={"web": 1},
        rules={"web": rules()},
        root=str(folder),
    )
    return context, ingest_shard(context, WorkItem(SHARD, splits, 1.0))


def left_out(context: Context) -> dict[str | None, str]:
    return {each.url: each.reason for each in read_quarantine(context, SHARD)}


def test_pages_that_rules_would_drop_are_left_out_with_the_reason(tmp_path: Path) -> None:
    context, commit = ingest(tmp_path, EVERYTHING)

    assert left_out(context) == SCREENED
    assert context.run.read_table("documents", SHARD, ["url"])["url"].to_pylist() == [
        "http://a.example/en",
        "http://a.example/mixed",
    ]
    assert {name: count for name, count in commit.counts.items() if "screened" in name} == {
        f"skipped:{reason}": 1 for reason in SCREENED.values()
    }
    assert commit.counts["rejected"] == 0
    details = {each.reason: each.detail for each in read_quarantine(context, SHARD)}
    assert "its language is 'de' (" in details["screened_language"]
    assert details["screened_length"] == "there are 4 words on it at the most, and 50 are wanted"
    assert details["screened_url"].startswith("blocked_url_keyword_count is 2 by its URL")


@pytest.mark.parametrize("name", EVERYTHING)
def test_only_what_the_recipe_names_is_screened(tmp_path: Path, name: ScreenName) -> None:
    context, _ = ingest(tmp_path, [name])

    assert set(left_out(context).values()) == {f"screened_{name}"}
    assert len(left_out(context)) == 1


def test_without_the_option_nothing_is_screened(tmp_path: Path) -> None:
    context, commit = ingest(tmp_path, [])

    assert left_out(context) == {}
    assert commit.counts["documents"] == len(PAGES)


def test_what_is_extracted_all_the_same_is_marked_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_screen, "_SAMPLED_BELOW", np.uint64(2**63))
    context, commit = ingest(tmp_path, EVERYTHING)
    documents = context.run.read_table("documents", SHARD, ["url", "metadata"]).to_pylist()

    assert left_out(context) == {}
    marked = {each["url"]: msgspec.json.decode(each["metadata"]).get("screened") for each in documents}
    assert marked == {url: SCREENED.get(url, "").removeprefix("screened_") or None for url in PAGES}
    assert commit.counts["extracted_though_screened:language"] == 1
    kept = np.array([each["url"] == "http://a.example/de" for each in documents])
    assert tally_screened(context, SHARD, kept, {"screened_url": 99, "not_html": 5}) == {
        "language": ScreenTally(0, 1, 1),
        "length": ScreenTally(0, 1, 0),
        "url": ScreenTally(99, 1, 0),
    }


def test_the_sample_depends_on_the_page_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_screen, "_SAMPLED_BELOW", np.uint64(2**62))
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first, _ = ingest(tmp_path / "one", EVERYTHING, [*PAGES] * 8)
    second, _ = ingest(tmp_path / "two", EVERYTHING, [*PAGES] * 4)
    keys = [[each.offset for each in read_quarantine(context, SHARD)] for context in (first, second)]

    assert keys[0][: len(keys[1])] == keys[1]
    assert 0 < len(keys[0]) < 24


def test_skipped_records_are_tallied_from_the_quarantine(tmp_path: Path) -> None:
    context, _ = ingest(tmp_path, EVERYTHING)

    assert tally_screened(context, SHARD, np.ones(2, np.bool_), count_rejects(context, SHARD)[1]) == {
        reason.removeprefix("screened_"): ScreenTally(1) for reason in SCREENED.values()
    }


def test_only_rules_that_decide_alone_set_bounds() -> None:
    plain = rules()
    narrow = Rule(source="ours: a test", signal="language", allow=("en", "de"), name="narrow")
    loose = [
        Rule(source="ours: a test", name="any", any_of=(Bounds(signal="language", allow=("fr",)),) * 2),
        Rule(source="ours: a test", signal="word_count", min=900, where=Bounds(signal="byte_count", min=1)),
        Rule(source="ours: a test", signal="word_count", min=900, report_only=True),
        Rule(source="ours: a test", signal="word_count", max=900),
    ]
    found = screen_bounds([*plain, narrow, *loose], EVERYTHING)

    assert (found.languages, found.least_words) == (frozenset({"en"}), 50)
    assert [signal for signal, _, _ in found.urls] == ["blocked_host", "blocked_url", "blocked_url_keyword_count"]
    assert screen_bounds(plain, ["length"]) == ScreenBounds(least_words=50)
    assert screen_bounds(loose, EVERYTHING) == ScreenBounds()


def test_a_text_whose_language_is_not_sure_is_not_screened() -> None:
    english = frozenset({"en"})

    assert other_language(FastText(GERMAN, 100), english) is not None
    assert other_language(FastText(GERMAN, 100), frozenset({"en", "de"})) is None
    assert other_language(FastText(ENGLISH[:200] + GERMAN[:200], 100), english) is None
    assert other_language(FastText("Der Fluss.", 2), english) is None


@pytest.mark.parametrize(
    ("tally", "low", "high"),
    [  # Brown, Cai and DasGupta 2001, Interval estimation for a binomial proportion
        (ScreenTally(900, 10, 0), 0.0, 0.2775),
        (ScreenTally(900, 10, 5), 0.2366, 0.7634),
        (ScreenTally(900, 100, 1), 0.0018, 0.0545),
    ],
)
def test_the_loss_is_told_with_its_error(tally: ScreenTally, low: float, high: float) -> None:
    assert loss_interval(tally) == pytest.approx((low, high), abs=1e-4)
    assert loss_interval(ScreenTally(900)) is None
