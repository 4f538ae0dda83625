"""A run with url-dedup and what every command says of it; the recipe without it is as before."""

import json
import shutil
from pathlib import Path

import pytest
from builders import file_hashes, write_recipe
from corpus_commands import ask

import massivetext
from massivetext.demo import prose
from massivetext.demo.chance import Chance
from massivetext.runs.store import Run
from massivetext.runs.verify import verify_run

PLACE = "http://www.a.test/news/1"


def text(number: int) -> str:
    return prose.essay(Chance(3, number), "history", 150).text


# In each source: two crawls of page 1, of which that of c4 in May is the latest; a page without a copy; a text without
# a URL, equal in both sources; and a page of its own whose text is that of the removed crawl of news.
ROWS = {
    "c4": [
        (f"{PLACE}?utm_source=feed", "2024-05-01", text(1)),
        ("https://a.test/c4", "2024-01-01", text(2)),
        (None, "", text(3)),
        (PLACE, "2024-01-01", text(4)),
    ],
    "news": [
        ("https://a.test/news/1/#top", "2024-03-01", text(5)),
        ("https://a.test/other", "2020-01-01", text(5)),
        (None, "", text(3)),
        ("https://a.test/2", "2024-01-01", text(6)),
    ],
}
SOURCES = {
    name: {"inputs": [f"{name}*.jsonl"], "rules": [], "date_field": "date", "url_field": "url", "weight": 0.5}
    for name in ROWS
}
URL = '[dedup]\nurl = "latest"\n'


def write(folder: Path, more: str = URL, files: int = 1) -> Path:
    """Write the corpus and its recipe; the rows of a source are in some files."""
    folder.mkdir(exist_ok=True)
    for name, rows in ROWS.items():
        for number in range(files):
            lines = [json.dumps(dict(zip(("url", "date", "text"), row, strict=True))) for row in rows[number::files]]
            (folder / f"{name}{number}.jsonl").write_text("\n".join(lines) + "\n")
    return write_recipe(folder, SOURCES, more, name="pages", seed=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    massivetext.run(write(folder), folder / "run", until="decontaminate")
    return folder


def test_the_funnel_has_its_counts_and_verify_accounts_for_its_files(folder: Path) -> None:
    opened = massivetext.open(folder / "run")
    funnel = opened.funnel()

    # Of c4 one crawl of January goes, of news that of March; then the text without URL that is in both.
    assert {stage: funnel.total(stage).documents for stage in funnel.stages} == {
        **dict.fromkeys(("read", "rules"), 8),
        "url dedup": 6,
        **dict.fromkeys(("exact dedup", "near dedup", "test sets"), 5),
    }
    assert verify_run(Run(str(folder / "run"))) == []
    totals = Run(str(folder / "run")).need("url-dedup").totals()
    assert (totals["tested"], totals["without_url"], totals["removed"]) == (6, 2, 2)


def test_trace_names_the_kept_document_and_the_url(folder: Path) -> None:
    kept = massivetext.open(folder / "run").trace(f"{PLACE}?utm_source=feed")
    said = ask("trace", "run", "https://a.test/news/1/#top", folder=folder).out

    assert said.splitlines()[0] == (
        f"Removed by url-dedup: its canonical URL, a.test/news/1, is also that of {kept.document.id} of c4, "
        f"{PLACE}?utm_source=feed."
    )
    everything = " ".join(ask("trace", "run", "https://a.test/news/1/#top", "--all", folder=folder).out.split())
    assert "canonical URL" in everything
    found = json.loads(ask("trace", "run", PLACE, "--json", folder=folder).out)["documents"]
    verdict = next(each for each in found[0]["stages"] if each["stage"] == "url-dedup")
    assert (verdict["kept"], verdict["canonical_url"], verdict["similarity"]) == (False, "a.test/news/1", None)
    assert verdict["keeper"]["id"] == kept.document.id
    assert [each.kept for each in kept.stages if each.stage != "decontaminate"] == [True] * 4


def test_every_question_to_a_run_knows_the_stage(folder: Path) -> None:
    opened = massivetext.open(folder / "run")
    removed = [row["removed_by"] for batch in opened.verdicts() for row in batch.to_pylist()]
    queried = opened.sql("SELECT removed_by, count(*) AS n FROM verdicts GROUP BY ALL ORDER BY ALL").to_pylist()

    assert removed.count("url-dedup") == 2
    assert {row["removed_by"]: row["n"] for row in queried} == {"exact-dedup": 1, "url-dedup": 2, None: 5}
    assert opened.sql("SELECT count(*) AS n FROM kept", after="url-dedup").to_pylist() == [{"n": 6}]
    assert {each.url for each in opened.sample(10, stage="url-dedup")} == {PLACE, "https://a.test/news/1/#top"}
    checked = " ".join(ask("check", "recipe.toml", folder=folder).out.split())
    assert "url-dedup" in checked
    assert "of documents with one canonical URL" in checked
    planned = json.loads(ask("plan", "recipe.toml", "--json", folder=folder).out)["plans"][0]
    assert "url-dedup" in [step["step"] for step in planned["steps"]]


def test_the_report_has_the_pages(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "run", tmp_path / "run")
    assert ask("report", "run", folder=tmp_path).code == 0
    found = json.loads((tmp_path / "run/report/report.json").read_text())
    page = (tmp_path / "run/report/index.html").read_text()

    assert (found["urls"]["count"], found["urls"]["removed"]) == (1, 2)
    assert found["urls"]["largest"][0]["sources"] == {"c4": 2, "news": 1}
    assert "2 were removed as documents of the same URL" in page
    assert "Largest clusters: url dedup" in page
    assert "swatch other" in page  # six segments of the funnel have six colours


def test_files_change_no_verdict_and_the_result_again_loses_nothing(folder: Path, tmp_path: Path) -> None:
    massivetext.run(write(tmp_path / "apart", files=3), tmp_path / "apart/run", until="decontaminate", workers=2)
    opened = {each: massivetext.open(each) for each in (folder / "run", tmp_path / "apart/run")}

    def kept(run: massivetext.OpenedRun) -> list[tuple[str, str]]:
        return sorted((row["url"] or "", row["text"]) for batch in run.documents() for row in batch.to_pylist())

    one, other = (kept(each) for each in opened.values())
    # Ids depend on files, so the copy without URL that stays may be that of another source: its text is the same.
    assert one == other
    again = tmp_path / "again"
    again.mkdir()
    lines = [
        json.dumps({"url": row["url"], "date": json.loads(row["metadata"]).get("date", ""), "text": row["text"]})
        for batch in opened[folder / "run"].documents(columns=["url", "metadata", "text"])
        for row in batch.to_pylist()
    ]
    (again / "news.jsonl").write_text("\n".join(lines) + "\n")
    recipe = write_recipe(again, {"news": {**SOURCES["news"], "weight": 1.0}}, URL, name="pages", seed=1)
    massivetext.run(recipe, again / "run", until="near-dedup")
    assert massivetext.open(again / "run").funnel().total("near dedup").documents == len(lines) == 5


def test_a_run_without_the_stage_is_compared_with_one_that_has_it(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "plain")
    write_recipe(tmp_path / "plain", SOURCES, "", name="pages", seed=1)
    massivetext.run(tmp_path / "plain/recipe.toml", tmp_path / "plain/run", until="decontaminate")
    plain, asked = massivetext.open(tmp_path / "plain/run"), massivetext.open(folder / "run")

    # The crawl of January with a text of its own goes for its URL alone; of the two equal texts of news it is chance
    # which one the run without the stage keeps.
    lost, gained = plain.diff(asked), asked.diff(plain)
    assert {example.removed_by for example in lost.lost} == {"url-dedup"}
    assert {example.removed_by for example in gained.gained} == {"url-dedup"}
    by_url = [each["url-dedup"] for each in lost.stages.values() if "url-dedup" in each]
    assert sum(each.lost.documents for each in by_url) == len(lost.lost) in (1, 2)
    assert sum(each.gained.documents for each in by_url) == 0
    assert not [note for each in (lost, gained) for note in each.notes if "not complete" in note]


def test_without_the_option_the_stage_does_not_exist(folder: Path, tmp_path: Path) -> None:
    asked = massivetext.check(write(tmp_path / "plain"))
    plain = massivetext.check(write_recipe(tmp_path / "plain", SOURCES, "", name="pages", seed=1))
    assert asked.stage_keys is not None
    assert plain.stage_keys is not None
    same = [stage for stage, key in plain.stage_keys.items() if asked.stage_keys[stage] == key]

    assert set(asked.stage_keys) - set(plain.stage_keys) == {"url-dedup"}
    assert same == ["ingest", "measure", "judge"]
    said = ask("run", "plain/recipe.toml", "--output", "out", "--until", "url-dedup", folder=tmp_path)
    assert said.code == 2
    assert "in a run of this recipe, got 'url-dedup'" in " ".join(said.err.split())


def test_a_run_that_goes_on_without_the_option_forgets_the_stage(tmp_path: Path) -> None:
    run = tmp_path / "run"
    massivetext.run(write(tmp_path), run, until="exact-dedup")
    assert (run / "verdicts/url").is_dir()
    massivetext.run(write(tmp_path, ""), run, until="exact-dedup")
    massivetext.run(write(tmp_path / "other", ""), tmp_path / "other/run", until="exact-dedup")

    assert verify_run(Run(str(run))) == []
    assert massivetext.open(run).funnel().stages == ("read", "rules", "exact dedup")
    ours, theirs = file_hashes(run), file_hashes(tmp_path / "other/run")
    assert {name: ours.get(name) for name in theirs if name.startswith("verdicts/")} == {
        name: each for name, each in theirs.items() if name.startswith("verdicts/")
    }
    assert not [name for name in ours if "url" in name]
