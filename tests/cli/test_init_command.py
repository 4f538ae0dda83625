"""`massivetext init` writes a recipe that reads what is in a folder; `check` shows it."""

import json
from pathlib import Path

from command import massivetext

TEXT = "The river rises in the hills and runs to the sea, and the people of the valley have always lived with it. " * 3


def test_a_recipe_is_written_and_shows_what_it_reads(tmp_path: Path) -> None:
    data = tmp_path / "my data"
    (data / "deep").mkdir(parents=True)
    record = {"doc": {"content": TEXT}, "meta": {"url": "https://a.example"}, "summary": "short", "id": 3}
    for number in range(2):
        (data / f"deep/{number}.jsonl").write_text(json.dumps(record) + "\n")
    (data / "a.csv").write_text(f'id,text\n1,"{TEXT}"\n')
    (data / "a.pdf").write_bytes(b"%PDF-1.7")
    done = massivetext("init", data, "--output", "mine.toml", folder=tmp_path)
    recipe = (tmp_path / "mine.toml").read_text()

    assert 'text_field = "doc.content"' in recipe
    assert 'url_field = "meta.url"' in recipe
    assert 'id_field = "id"' in recipe
    assert "# left out: " in recipe
    assert "a PDF; convert it to text first" in recipe
    assert "The river rises in the hills" in done.stdout

    shown = massivetext("check", "mine.toml", folder=tmp_path).stdout

    assert "language en, https://a.example" in shown
    assert "exists already" in massivetext("init", data, "-o", "mine.toml", folder=tmp_path, check=False).stderr


def test_texts_in_another_language_get_no_english_rules(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/a.txt").write_text("Der Fluss entspringt in den Hügeln und fließt ins Meer. " * 5)
    massivetext("init", "d", folder=tmp_path)

    assert "rules = []  # the rules of this kind keep English only" in (tmp_path / "recipe.toml").read_text()


def test_a_folder_without_documents_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    assert "want a folder with files" in massivetext("init", "d", folder=tmp_path, check=False).stderr
    (tmp_path / "d/a.pdf").write_bytes(b"%PDF-1.7")

    assert "convert it to text first" in massivetext("init", "d", folder=tmp_path, check=False).stderr
