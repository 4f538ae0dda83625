"""Guards: warnings about rules, and how a run reacts to them."""

from pathlib import Path

import pytest
from builders import write_texts
from command import massivetext

from massivetext.recipe import GuardOptions
from massivetext.report.guards import RuleCounts, alarms

NEVER = "Rule r never fires on the 1,001 documents of source web."
OFTEN = "Rule r by itself removes 60% of source web."


@pytest.mark.parametrize(
    ("documents", "failed", "report_only", "expected"),
    [
        (1000, 0, (), []),
        (1001, 0, (), [(NEVER, "warn")]),
        (10, 5, (), []),
        (10, 6, (), [(OFTEN, "warn")]),
        (10, 6, ("r",), []),
    ],
)
def test_a_rule_that_never_fires_or_too_often_is_named(
    documents: int, failed: int, report_only: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    counts = RuleCounts(documents, 0, {"r": failed}, frozenset(report_only))

    assert list(alarms(GuardOptions(), "web", counts)) == expected


# 1,982 of 2,000 documents: 99.1%; 1,960: 98%, which may be.
def test_a_source_that_loses_too_much_is_named_with_the_rules_that_did_it() -> None:
    failed = {"a": 20, "b": 500, "c": 900, "d": 700, "e": 900, "f": 30, "marked": 2000}
    (alarm,) = alarms(GuardOptions(), "web", RuleCounts(2000, 1982, failed, frozenset({"marked"})))

    assert alarm.action == "stop"
    assert alarm.message == (
        "Source web loses 99.1% of its 2,000 documents to its rules, "
        "most to c (45%), e (45%), d (35%), b (25%), f (2%)."
    )
    assert list(alarms(GuardOptions(), "web", RuleCounts(2000, 1960, failed, frozenset({"marked"})))) == []


def test_ignored_alarms_are_not_given() -> None:
    options = GuardOptions(
        never_fires="ignore", fires_too_often="ignore", loses_too_much="ignore", empty_source="ignore"
    )

    assert list(alarms(options, "web", RuleCounts(2000, 1999, {"a": 0, "b": 1999}))) == []
    assert list(alarms(options, "web", RuleCounts(2000, 2000, {"a": 0, "b": 2000}))) == []


@pytest.mark.parametrize("documents", [1, 10, 2000])
def test_a_source_of_any_size_without_a_document_left_stops_the_run(documents: int) -> None:
    (alarm,) = alarms(GuardOptions(), "web", RuleCounts(documents, documents, {"a": documents, "b": 0}))

    assert alarm == (
        f"sources.web: no document is left: all {documents:,} fail its rules, most a (100%).",
        "stop",
    )


def test_a_source_without_any_document_stops_the_run() -> None:
    (alarm,) = alarms(GuardOptions(), "web", RuleCounts(0, 0, {}))

    assert alarm == ("sources.web: no document is left: its inputs gave none, and the quarantine says why.", "stop")
    assert [a.action for a in alarms(GuardOptions(empty_source="warn"), "web", RuleCounts(0, 0, {}))] == ["warn"]


RECIPE = """
name = "guarded"
[sources.news]
kind = "news"
inputs = ["news.jsonl"]
weight = 1.0
rules = ["short.toml"]
[guards]
enough_documents = 10
loses_above = LOSS
[records]
sequence_length = 16
[tokenizer]
vocabulary_size = 300
"""
SHORT = """
[[rule]]
signal = "word_count"
max = 30
source = "ours"
[[rule]]
signal = "hash_to_word_ratio"
max = 0.5
source = "ours"
[[rule]]
signal = "blocked_host"
max = 0
source = "ours"
"""


def test_a_run_stops_where_a_source_loses_too_much_and_goes_on_when_it_may(tmp_path: Path) -> None:
    texts = [f"Number {n} of the news. " + "The river runs down to the sea. " * (1 if n < 15 else 9) for n in range(60)]
    write_texts(tmp_path / "news.jsonl", texts)
    (tmp_path / "short.toml").write_text(SHORT)
    recipe, command = tmp_path / "recipe.toml", ("run", "recipe.toml", "--output", "run", "--until", "exact-dedup")
    recipe.write_text(RECIPE.replace("LOSS", "0.7"))
    stopped = massivetext(*command, folder=tmp_path, check=False)
    errors = " ".join(stopped.stderr.split())

    assert stopped.returncode == 2
    assert "Rule short/hash_to_word_ratio never fires on the 60 documents of source news." in stopped.stdout
    assert "blocked_host" not in stopped.stdout  # the recipe names no list of hosts
    assert "Source news loses 75.0% of its 60 documents to its rules, most to short/word_count (75%)" in errors
    assert "change [guards] in the recipe" in errors
    assert not (tmp_path / "run/exact-dedup").exists()
    assert massivetext(*command, folder=tmp_path, check=False).returncode == 2

    judged = (tmp_path / "run/judge/manifest.json").stat().st_mtime_ns
    recipe.write_text(RECIPE.replace("LOSS", "0.8"))
    massivetext(*command, folder=tmp_path)
    assert (tmp_path / "run/exact-dedup/manifest.json").exists()
    assert (tmp_path / "run/judge/manifest.json").stat().st_mtime_ns == judged
