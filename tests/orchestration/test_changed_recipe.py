"""A changed recipe redoes the stages that the change affects, and no file of the old recipe is left."""

import json
from pathlib import Path

import pytest
from builders import write_recipe, write_texts
from command import massivetext

from massivetext.runs.store import Run, Shard
from massivetext.runs.verify import verify_run

SHARD = Shard("news", 0, 1)
TEXTS = [
    f"The {word} of the village, and those that have been with it, went to the river to be seen. " for word in "abc"
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_texts(tmp_path / "a.jsonl", [text * 20 for text in (*TEXTS, TEXTS[0])])
    (tmp_path / "mine.toml").write_text('[[rule]]\nsignal = "word_count"\nmin = 1\nsource = "ours: a test"\n')
    write_recipe(
        tmp_path,
        {"news": {"inputs": ["a.jsonl"], "rules": ["mine.toml"]}},
        '[guards]\nempty_source = "warn"\n',
        name="changed",
    )
    run(tmp_path, "exact-dedup")
    return tmp_path


def run(folder: Path, until: str) -> Run:
    massivetext("run", "recipe.toml", "--output", "run", "--workers", "1", "--until", until, folder=folder)
    return Run(str(folder / "run"))


def test_a_changed_rule_redoes_judging_and_not_measuring(folder: Path) -> None:
    before = (folder / "run/signals/news/part-00000-of-00001.parquet").stat().st_mtime_ns
    (folder / "mine.toml").write_text('[[rule]]\nsignal = "word_count"\nmin = 10_000\nsource = "ours: a test"\n')
    done = run(folder, "exact-dedup")

    assert done.need("judge").totals()["kept"] == 0
    assert done.need("exact-dedup").totals()["tested"] == 0
    assert (folder / "run/signals/news/part-00000-of-00001.parquet").stat().st_mtime_ns == before


def test_paragraphs_are_asked_for_their_language_where_the_recipe_says_so(folder: Path) -> None:
    german = "Der Gemeinderat hat am Dienstag über die Brücke beraten, die seit dem Sturm im März gesperrt ist."
    text = "\n\n".join([TEXTS[0], TEXTS[1], TEXTS[2], german])
    (folder / "a.jsonl").write_text(json.dumps({"text": text}))
    shares = []
    for more in ("", "[measure]\nparagraph_languages = true\n"):
        with (folder / "recipe.toml").open("a") as recipe:
            recipe.write(more)
        shares += run(folder, "judge").read_table("signals", SHARD)["language_paragraph_frac"].to_pylist()

    assert shares == [1.0, 0.8]  # one of five excerpts is in the last paragraph


def test_a_changed_block_list_redoes_measuring(folder: Path) -> None:
    pages = [json.dumps({"text": text, "url": f"http://www.{host}/"}) for text, host in zip(TEXTS, "abc", strict=True)]
    (folder / "a.jsonl").write_text("\n".join(pages).replace("www.b/", "www.b.test/"))
    (folder / "mine.toml").write_text('[[rule]]\nsignal = "blocked_host"\nmax = 0\nsource = "ours: a test"\n')
    recipe = (folder / "recipe.toml").read_text()
    (folder / "recipe.toml").write_text(f'{recipe}[blocklists]\nhosts = ["lists/*"]\n')
    (folder / "lists").mkdir()
    removed = []
    for host in ("b.test", "elsewhere.test"):
        (folder / "lists/hosts").write_text(f"{host}\n")
        removed.append(run(folder, "judge").need("judge").totals()["removed"])

    assert removed == [1, 0]


def test_a_wrong_block_list_is_told_in_one_sentence(folder: Path) -> None:
    recipe = (folder / "recipe.toml").read_text()
    (folder / "recipe.toml").write_text(f'{recipe}[blocklists]\nhosts = ["hosts"]\n')
    (folder / "hosts").write_text("a.test\nno host\n")
    command = ("run", "recipe.toml", "--output", "run", "--workers", "1")
    wrong = massivetext(*command, folder=folder, check=False)
    (folder / "hosts").unlink()
    missing = massivetext(*command, folder=folder, check=False)

    assert (wrong.returncode, missing.returncode) == (2, 2)
    assert "hosts, line 2: want a host such as example.com" in " ".join(wrong.stderr.split())
    assert "blocklists.hosts: hosts: no such file below" in " ".join(missing.stderr.split())


def test_what_the_old_recipe_left_behind_the_last_stage_is_cleared(folder: Path) -> None:
    assert (folder / "run/verdicts/exact").exists()
    (folder / "mine.toml").write_text('[[rule]]\nsignal = "word_count"\nmin = 2\nsource = "ours: a test"\n')
    done = run(folder, "judge")

    assert verify_run(done) == []
    assert done.manifest("exact-dedup") is None
    assert not (folder / "run/verdicts/exact").exists()


def test_an_unchanged_recipe_may_stop_earlier_and_loses_nothing(folder: Path) -> None:
    done = run(folder, "judge")

    assert verify_run(done) == []
    assert done.need("exact-dedup").totals()["removed"] == 1


def test_a_file_that_has_gone_is_made_again(folder: Path) -> None:
    lost = folder / "run/signals/news/part-00000-of-00001.parquet"
    data = lost.read_bytes()
    lost.unlink()
    done = run(folder, "exact-dedup")

    assert lost.read_bytes() == data
    assert verify_run(done) == []


def test_what_a_kill_left_in_the_root_is_cleared(folder: Path) -> None:
    (folder / "run/.tmp-0123-run.json").write_text("half")
    done = run(folder, "exact-dedup")

    assert verify_run(done) == []
