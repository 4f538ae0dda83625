"""What `massivetext init` makes of files that are no inputs, and of files of one ending that differ."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np

from massivetext.orchestration.first_recipe import FoundSource, find_sources, recipe_lines
from massivetext.orchestration.plan import make_plan
from massivetext.recipe import load_recipe

TEXT = "The river rises in the hills and runs to the sea, and the people of the valley have always lived with it. "
WAT = b"WARC/1.0\r\nWARC-Type: metadata\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}\r\n\r\n"


def look(folder: Path) -> list[FoundSource]:
    """Look at a folder; check that the recipe matches exactly the files that were counted."""
    found = find_sources([str(folder)])
    recipe = folder.parent / "recipe.toml"
    recipe.write_text("\n".join(recipe_lines("mine", found)))
    splits = make_plan(load_recipe(str(recipe))).splits
    counts = {name: sum(map(len, shards)) for name, shards in splits.items()}

    assert counts == {each.name: each.files for each in found if each.kind}
    return found


def details(found: list[FoundSource]) -> dict[str, str]:
    return {path.rpartition("/")[2]: each.detail for each in found if not each.kind for path in each.inputs}


def test_names_with_wildcard_characters_are_matched(tmp_path: Path) -> None:
    folder = tmp_path / "data [x]"
    folder.mkdir()
    (folder / "a [2023].txt").write_text(TEXT)
    (folder / "b*.md").write_text(TEXT)
    (folder / "c*.md").write_text(TEXT)

    assert [each.files for each in look(folder)] == [2, 1]


def test_links_and_names_that_are_no_inputs_are_left_out_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT)
    (folder / "gone.txt").symlink_to("/nowhere/x")
    (folder / "loop").symlink_to("..")
    Path(os.fsdecode(os.fsencode(folder) + b"/b\xff.txt")).write_text(TEXT)
    found = look(folder)

    assert [each.inputs[0].rpartition("/")[2] for each in found if each.kind] == ["a.txt"]
    assert set(details(found)) == {"gone.txt", "loop", "b\\xff.txt"}
    assert "where nothing is" in details(found)["gone.txt"]
    assert details(found)["loop"] == "a link to a folder that contains it"


def test_files_of_one_ending_with_different_fields_are_sources_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, field in (("a", "text"), ("b", "text"), ("c", "content")):
        (folder / f"{name}.jsonl").write_text(json.dumps({field: TEXT}))
    found = look(folder)

    assert sorted((each.fields.text, each.files) for each in found) == [("content", 1), ("text", 2)]


def test_a_table_without_names_of_columns_does_not_lose_its_first_row(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.csv").write_text(f'0,"{TEXT}"\n1,"{TEXT}"\n')
    (folder / "b.txt").write_text(TEXT)
    found = look(folder)

    assert [each.kind for each in found] == ["", "documents"]
    assert "add a line with the names of its columns" in details(found)["a.csv"]


def test_the_texts_of_lists_in_lists_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    paragraphs = [{"context": TEXT, "qas": [{"question": "Where?"}]}]
    (folder / "a.json").write_text(json.dumps({"version": "1", "data": [{"title": "T", "paragraphs": paragraphs}]}))
    found = look(folder)

    assert [each.fields.text for each in found] == ["data.paragraphs.context"]


def test_what_holds_no_texts_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "train").mkdir(parents=True)
    for name in ("dataset_dict.json", "train/state.json", "train/dataset_info.json"):
        (folder / name).write_text(json.dumps({"splits": ["train"], "description": TEXT}))
    (folder / "a.txt").write_text(TEXT)
    np.save(folder / "t.npy", np.arange(500, dtype=np.uint16))
    (np.arange(2000, dtype=np.uint16) % 200).tofile(folder / "t.bin")
    (folder / "a.wat").write_bytes(WAT)
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a.txt", TEXT)
    data = bytearray((folder / "a.zip").read_bytes())
    data[6] |= 1  # the flag of an encrypted member, in its header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (folder / "a.zip").write_bytes(data)
    found = look(folder)

    assert [each.inputs[0].rpartition("/")[2] for each in found if each.kind] == ["a.txt"]
    assert details(found)["*.json"] == "metadata of a data set of Hugging Face"
    assert "NumPy array" in details(found)["t.npy"]
    assert "which is not text" in details(found)["t.bin"]
    assert "WAT" in details(found)["a.wat"]
    assert "encrypted" in details(found)["a.zip"]


def test_an_archive_that_holds_a_crawl_is_a_source_of_web_pages(tmp_path: Path) -> None:
    folder = tmp_path / "crawls"
    folder.mkdir()
    with zipfile.ZipFile(folder / "site.wacz", "w") as archive:
        archive.writestr("indexes/index.cdx", "com,example)/ 2020 {}\n" * 20)
        archive.writestr("pages/pages.jsonl", '{"url": "http://example.com/", "text": "words of a page"}\n')
        archive.writestr("archive/data.warc", WAT)

    assert [each.kind for each in look(folder)] == ["web"]
