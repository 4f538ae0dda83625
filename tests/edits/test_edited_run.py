"""A run with line edits: what is written, counted, reported and traced, and what a changed edit redoes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from builders import write_texts
from command import massivetext

from massivetext import edits, recipe
from massivetext.cli.check_tables import check_tables
from massivetext.demo import prose
from massivetext.demo.chance import Chance
from massivetext.orchestration.plan import compute_stage_keys, load_edits, load_rules, make_plan
from massivetext.runs.stage import RunPlan
from massivetext.runs.store import Run
from massivetext.runs.verify import verify_run

MENU = "Home\nAbout us\n\nWe use cookies to know you better.\n"
ESSAYS = [prose.essay(Chance(1, "edits", number), "history", 60).text for number in range(6)]
# Whole texts, texts with lines to drop, one with citations, and one of nothing but such lines.
TEXTS = [*ESSAYS[:3], *(f"{MENU}\n{text}" for text in ESSAYS[3:5]), f"{ESSAYS[5]}[1] [edit]", MENU]
OWN = '[[rule]]\nname = "short"\naction = "drop_short"\nmin_words = {words}\nsource = "ours: for the test"\n'
RECIPE = """
name = "edited"
[sources.news]
kind = "news"
inputs = ["a.jsonl"]
weight = 0.5
rules = ["refinedweb"]
edits = ["c4", "own.toml"]
[sources.c4]
kind = "c4"
inputs = ["a.jsonl"]
weight = 0.5
rules = ["refinedweb"]
"""


def write(folder: Path) -> Path:
    """The corpus, twice in a recipe, which edits it once."""
    write_texts(folder / "a.jsonl", TEXTS)
    (folder / "own.toml").write_text(OWN.format(words=2))
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write(tmp_path_factory.mktemp("edited"))
    massivetext("run", "recipe.toml", "--output", "run", "--workers", "1", "--until", "judge", folder=made)
    massivetext("report", "run", folder=made)
    return made


def rows(folder: Path, data_set: str, source: str) -> list[dict[str, Any]]:
    """All rows of a source's only shard."""
    found: list[dict[str, Any]] = pq.read_table(
        folder / f"run/{data_set}/{source}/part-00000-of-00001.parquet"
    ).to_pylist()
    return found


def report(folder: Path) -> dict[str, Any]:
    """The report on every source as data."""
    found: dict[str, Any] = json.loads((folder / "run/report/report.json").read_bytes())["sources"]
    return found


def test_only_the_source_that_asks_for_it_is_edited(folder: Path) -> None:
    rules = edits.load_edit("c4") + edits.load_edit("own.toml", folder)

    assert [row["text"] for row in rows(folder, "documents", "c4")] == [text.strip() for text in TEXTS]
    assert {row["edits"] for row in rows(folder, "documents", "c4")} == {None}
    for row, text in zip(rows(folder, "documents", "news"), TEXTS, strict=True):
        left, taken = edits.edit(text.strip(), rules)

        assert (row["text"], row["edits"]) == (left, [each._asdict() for each in taken])


def test_no_row_is_lost_where_every_line_is_dropped(folder: Path) -> None:
    edited, whole = rows(folder, "documents", "news"), rows(folder, "documents", "c4")

    assert [row["key"] for row in edited] == [row["key"] for row in whole]
    assert edited[-1]["text"] == ""


def test_the_report_counts_what_is_missing_from_the_texts(folder: Path) -> None:
    edited, whole = rows(folder, "documents", "news"), rows(folder, "documents", "c4")
    found = report(folder)["news"]["edited"]
    counts: Counter[str] = Counter()
    for rule in found["rules"]:
        counts.update({what: rule[what] for what in ("lines", "characters", "words")})
    gone = [_sizes(before["text"]) - _sizes(after["text"]) for before, after in zip(whole, edited, strict=True)]

    # The line with the citations loses those and stays.
    assert counts["lines"] == sum(each["lines"] for each in gone) + 1
    assert counts["characters"] == sum(each["characters"] for each in gone)
    assert counts["words"] == sum(each["words"] for each in gone)
    assert found["documents"] == sum(
        before["text"] != after["text"] for before, after in zip(whole, edited, strict=True)
    )
    assert (found["edits"], found["emptied"]) == (["c4", "own.toml"], 1)
    assert report(folder)["c4"]["edited"] is None


def _sizes(text: str) -> Counter[str]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return Counter(lines=len(lines), characters=len("".join(lines)), words=len(text.split()))


def test_every_rule_is_in_the_report_with_what_it_took(folder: Path) -> None:
    rules = {rule["rule"]: rule for rule in report(folder)["news"]["edited"]["rules"]}

    assert list(rules) == [*(rule.name for rule in edits.load_edit("c4")), "own/short"]
    assert rules["own/short"]["lines"] == 0  # C4 has dropped them already
    # Three menus with two lines without an end; the words of "Home" and "About us".
    assert (rules["c4/no_end_mark"]["lines"], rules["c4/no_end_mark"]["words"]) == (6, 9)
    assert (rules["c4/policy"]["lines"], rules["c4/policy"]["words"]) == (3, 21)
    assert (rules["c4/citation_markers"]["lines"], rules["c4/citation_markers"]["characters"]) == (1, 10)


def test_the_page_shows_edits(folder: Path) -> None:
    page = (folder / "run/report/index.html").read_text(encoding="utf-8")

    assert "news: 4 documents of 7 changed, 1 of them emptied" in page
    assert "c4/citation_markers" in page


def test_rules_judge_the_share_of_words_that_were_taken(folder: Path) -> None:
    menu = len(MENU.split())
    shares = [menu / (menu + len(text.split())) for text in ESSAYS[3:5]]
    signals = [row["edited_word_frac"] for row in rows(folder, "signals", "news")]
    kept = [row["kept"] for row in rows(folder, "verdicts/rules", "news")]

    assert signals[:5] == pytest.approx([0, 0, 0, *shares])
    assert signals[6:] == [1]
    assert kept == [share <= 0.05 for share in signals]
    assert {row["edited_word_frac"] for row in rows(folder, "signals", "c4")} == {0}


def test_a_document_can_be_asked_what_it_lost(folder: Path) -> None:
    name = rows(folder, "documents", "news")[6]["id"]
    told = massivetext("trace", "run", name, "--all", folder=folder).stdout

    assert "taken out by line edits" in told
    assert "c4/no_end_mark" in told


def test_check_names_the_edits(folder: Path) -> None:
    loaded = recipe.load_recipe(str(folder / "recipe.toml"))
    stages = check_tables(RunPlan(loaded, {}, load_rules(loaded), load_edits(loaded)))[-1]
    ingest = next(cell for cell in stages.columns[2].cells if "quarantine" in str(cell))

    assert str(ingest).endswith("; line edits: c4 and own.toml in news")


def keys(folder: Path) -> dict[str, str]:
    """The keys of the stages."""
    loaded = recipe.load_recipe(str(folder / "recipe.toml"))
    return compute_stage_keys(make_plan(loaded))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "own.toml").write_text(OWN.format(words=3)),
        lambda folder: (folder / "recipe.toml").write_text(RECIPE.replace(', "own.toml"', "")),
        lambda folder: (folder / "recipe.toml").write_text(RECIPE.replace('"c4", "own.toml"', '"own.toml", "c4"')),
    ],
    ids=["another-bound", "one-edit-less", "another-order"],
)
def test_a_changed_edit_changes_the_key_of_every_stage(tmp_path: Path, change: Any) -> None:
    before = keys(write(tmp_path))
    change(tmp_path)
    after = keys(tmp_path)

    assert [stage for stage in before if before[stage] == after[stage]] == []


def test_a_changed_edit_redoes_ingest(folder: Path) -> None:
    (folder / "own.toml").write_text(OWN.format(words=10_000))
    massivetext("run", "recipe.toml", "--output", "run", "--workers", "1", "--until", "ingest", folder=folder)
    done = Run(str(folder / "run"))

    assert verify_run(done) == []
    assert {row["text"] for row in rows(folder, "documents", "news")} == {""}
    assert done.need("ingest").totals("news/")["emptied"] == len(TEXTS)
    assert {name for name in done.need("ingest").totals("c4/") if name.startswith("edited")} == set()
