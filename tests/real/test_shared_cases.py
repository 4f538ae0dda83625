"""Small files of users that once went wrong, in ../shared/cases, with their right result."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest
from builders import read_file
from command import ROOT, massivetext

import massivetext as massivetext_run
from massivetext.dedup.similarity import similarity
from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected
from massivetext.shingles import shingle_hashes
from massivetext.signals import measure

Result: TypeAlias = tuple[list[Document], list[Rejected]]
CASES = ROOT.parent / "shared" / "cases"


@pytest.fixture(scope="module")
def cases() -> Path:
    """The folder of shared cases; tests that need it skip where it is missing, but never in CI."""
    if not CASES.is_dir():
        message = f"the folder of cases is missing: {CASES.parent.name}/{CASES.name} beside the project"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return CASES


def texts(result: Result) -> list[str]:
    return [document.text for document in result[0]]


def reasons(result: Result) -> list[str]:
    return [rejected.reason for rejected in result[1]]


def is_one_damaged_book(result: Result) -> bool:
    (book,) = result[0]
    return (book.encoding, book.replaced, book.text.count("\ufffd")) == ("utf-8", 1, 1) and "Café Müller" in book.text


def is_refused_for_its_licence(result: Result) -> bool:
    return texts(result) == [] and reasons(result) == ["licence"] and "unknown" in result[1][0].detail


def breaks_words(result: Result) -> bool:
    (text,) = texts(result)
    lines = ["Solomon Grundy,", "Born on Monday,", "Christened on Tuesday.", "One.", "Two."]
    return all(line in text.split("\n") for line in lines) and "is 93 m tall; Munich (München; x) has 77,006" in text


def has_the_other_streams(result: Result) -> bool:
    keys = [int(document.key) for document in result[0]]
    return keys == [*range(1, 11), *range(21, 50)] and reasons(result) == ["damaged"]


def names_the_window(result: Result) -> bool:
    return reasons(result) == ["damaged"] and "max_zstd_window = 268435456" in result[1][0].detail


def is_the_book(result: Result) -> bool:
    (text,) = texts(result)
    return text.startswith("CHAPTER I\n\nIt was a bright cold day") and "Gutenberg" not in text and len(text) > 1000


RIGHT: dict[str, tuple[str, Callable[[Result], bool]]] = {
    "sources/one_bad_byte_book.txt": ("books", is_one_damaged_book),
    "sources/bigdate.parquet": ("documents", lambda result: texts(result) == ["a", "b"]),
    "sources/tz.parquet": ("documents", lambda result: texts(result) == ["a"]),
    "sources/mit_plus_noncommercial.tar.gz": ("code", is_refused_for_its_licence),
    "sources/mit_plus_commons_clause.tar.gz": ("code", is_refused_for_its_licence),
    "sources/apache_1_1.tar.gz": ("code", lambda result: texts(result) == [] and "licence" in reasons(result)),
    "sources/macos.zip": ("code", lambda result: [each.metadata["licence"] for each in result[0]] == ["MIT"]),
    "sources/br_merges_words.xml": ("wikipedia", breaks_words),
    "sources/multi_bad.xml.bz2": ("wikipedia", has_the_other_streams),
    "sources/long28.jsonl.zst": ("documents", names_the_window),
    "sources/earlyfooter_fr.txt": ("books", is_the_book),
    "own-data/array.json": ("documents", lambda result: texts(result) == ["one two"]),
    "own-data/news.csv": ("documents", lambda result: texts(result) == ["some, text"]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_file_that_went_wrong_is_read_right(cases: Path, name: str) -> None:
    kind, is_right = RIGHT[name]
    found = read_file(kind, cases / name)
    result = [d for d in found if isinstance(d, Document)], [r for r in found if isinstance(r, Rejected)]

    assert is_right(result), result


HARBOUR = "The harbour town wakes early"
CRAWLS: dict[str, tuple[list[str], list[str], str, str]] = {  # what each page begins with, reasons, encoding, damage
    "chunked_truncated.warc": ([HARBOUR], [], "utf-8", "chunked: it breaks off"),
    "cp1252_said_utf8.warc": (["Früh am Morgen"], [], "cp1252", ""),
    "deflate_raw.warc": ([HARBOUR], [], "utf-8", ""),
    "first_bytes_flipped.warc.gz": ([HARBOUR] * 4, ["damaged"], "utf-8", ""),
    "gzip_trailing_garbage.warc": ([HARBOUR], [], "utf-8", "gzip: 70 bytes follow it"),
    "gzip_undeclared.warc": ([HARBOUR], [], "utf-8", ""),
    "member_junk.warc.gz": ([HARBOUR] * 4, ["bad_record"], "utf-8", ""),
    "meta_description_says_charset.warc": (["Утром рыбаки"], [], "cp1251", ""),
    "portuguese_cp1252_undeclared.warc": (["De manhã cedo"], [], "cp1252", ""),
    "utf8_said_1251.warc": (["Утром рыбаки"], [], "utf-8", ""),
    "zstd_dict.warc.zst": ([HARBOUR] * 5, [], "utf-8", ""),
}


@pytest.mark.parametrize("name", CRAWLS)
def test_a_crawl_that_went_wrong_is_read_right(cases: Path, name: str) -> None:
    beginnings, refused, encoding, damage = CRAWLS[name]
    found = read_file("web", cases / "web" / name)
    result = [d for d in found if isinstance(d, Document)], [r for r in found if isinstance(r, Rejected)]

    for text, beginning in zip(texts(result), beginnings, strict=True):
        assert text.removeprefix("Harbour town\n\n").startswith(beginning)
    assert reasons(result) == refused
    assert {document.encoding for document in result[0]} == {encoding}
    assert {str(document.metadata.get("body_damage", "")) for document in result[0]} == {damage}


@pytest.mark.slow
def test_a_large_window_is_read_where_the_recipe_allows_it(cases: Path) -> None:
    found = read_file("documents", cases / "sources/long28.jsonl.zst", IngestOptions(max_zstd_window=1 << 28))

    assert all(isinstance(each, Document) for each in found)
    assert found


def test_a_sentence_of_one_language_is_measured(cases: Path) -> None:
    found = read_file("documents", cases / "sources/measure_crash_ja.jsonl")
    sentences = [document.text for document in found if isinstance(document, Document)]

    assert measure(sentences)["language"].to_pylist() == ["ja", "en"]


@pytest.mark.slow
def test_copies_test_items_and_versions_of_a_page_are_found(cases: Path, tmp_path: Path) -> None:
    for path in (cases / "dedup").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    recipe = (tmp_path / "containment.toml").read_text() + '[dedup]\nurl = "latest"\n'
    (tmp_path / "containment.toml").write_text(recipe)
    for name in ("default", "containment"):
        massivetext("run", f"{name}.toml", "--output", name, "--until", "decontaminate", folder=tmp_path)
    lines = [msgspec.json.decode(line) for line in (tmp_path / "in.jsonl").read_bytes().splitlines()]
    texts = {line["id"]: line["text"] for line in lines}
    keys = list(texts)  # the key of a document is its line
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name in ("default", "containment"):
        context = massivetext_run.open(str(tmp_path / name)).context
        (shard,) = context.all_shards()
        order = [int(key) for key in context.run.read_table("documents", shard, ["key"])["key"].to_pylist()]
        for stage in ("near-dedup", "decontaminate", *(["url-dedup"] if name == "containment" else [])):
            rows = context.run.read_table(context.verdicts_of(stage), shard).to_pylist()
            found[f"{name} {stage}"] = {keys[line]: row for line, row in zip(order, rows, strict=True)}
        by_row = dict(enumerate(keys[line] for line in order))
        removed = {key: row for key, row in found[f"{name} near-dedup"].items() if not row["kept"]}

        # Of 20 windows, each 0.825 like the next, at least every third stays; what goes resembles what stays.
        assert 9 <= len(removed) <= 13
        for key, row in removed.items():
            kept = by_row[row["cluster"] & 0xFFFFFFFF]
            measured = similarity(shingle_hashes(texts[key]), shingle_hashes(texts[kept])).jaccard
            assert kept not in removed
            assert row["similarity"] == pytest.approx(measured, abs=1e-12)
            assert measured > 0.8
    leaks = {"leak-full", "leak-question", "leak-upper"}
    assert leaks == {key for key, row in found["default decontaminate"].items() if not row["kept"]}
    assert leaks <= {key for key, row in found["containment decontaminate"].items() if not row["kept"]}
    # An item of nine words alone drops no document, but it is found, and what matches is shown.
    run = massivetext_run.open(str(tmp_path / "default"))
    ids = [
        row["id"]
        for batch in run.documents("news", columns=["id", "text"])
        for row in batch.to_pylist()
        if row["text"] == texts["leak-short"]
    ]
    shown = massivetext("trace", "default", *ids, "--all", folder=tmp_path).stdout
    assert shown.count("Which planet is known as the red planet? Mars") == 2
    versions = {key: row for key, row in found["containment url-dedup"].items() if not row["kept"]}
    assert len(versions) == 1
    assert versions.keys() < {"url1", "url2"}


@pytest.mark.slow
def test_a_source_without_documents_is_an_error_with_its_remedy(cases: Path, tmp_path: Path) -> None:
    for name in ("content_default.toml", "content.jsonl"):
        (tmp_path / name).write_bytes((cases / "own-data" / name).read_bytes())
    done = massivetext(
        "run", "content_default.toml", "--output", "run", "--until", "ingest", folder=tmp_path, check=False
    )

    assert done.returncode == 2
    assert "no document could be read" in done.stderr
    assert "set text_field" in done.stderr
