"""The corpus as a whole: its files, the same bytes each time, all or nothing."""

import bz2
import gzip
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from builders import file_hashes
from command import ROOT

from massivetext import demo
from massivetext.demo import bench, wiki
from massivetext.demo import demo_corpus as corpus_module
from massivetext.demo.truth import PlantedLocation

_MEDIAWIKI = "{http://www.mediawiki.org/xml/export-0.10/}"


def test_the_same_seed_gives_the_same_bytes_in_another_process(corpus: Path, tmp_path: Path) -> None:
    code = "import sys, pathlib; from massivetext import demo; demo.write_demo(pathlib.Path(sys.argv[1]), seed=1)"
    environment = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "again")], check=True, env=environment)

    assert file_hashes(tmp_path / "again") == file_hashes(corpus)


def test_another_seed_gives_another_corpus(corpus: Path) -> None:
    items = bench.items(2)
    dump = wiki.build(2, items[:5]).files["articles.xml.bz2"]

    assert bench.to_file(items) != (corpus / "bench/items.jsonl.gz").read_bytes()
    assert dump != (corpus / "wikipedia/articles.xml.bz2").read_bytes()


def test_it_is_small_and_complete(corpus: Path) -> None:
    names = file_hashes(corpus).keys()
    counts = Counter(name.split("/")[0] for name in names)

    assert counts == {"web": 4, "books": 26, "news": 4, "code": 25, "wikipedia": 1, "bench": 1, "truth.json": 1}
    assert sum((corpus / name).stat().st_size for name in names) < 10 * 2**20


def test_a_folder_that_holds_something_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(ValueError, match="want a missing or empty folder"):
        demo.write_demo(tmp_path)
    with pytest.raises(ValueError, match="got a file"):
        demo.write_demo(tmp_path / "mine")

    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_empty_folder_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "_files", lambda seed: iter([(f"web/{seed}", b"x")]))
    (tmp_path / "empty").mkdir()
    demo.write_demo(tmp_path / "empty")
    demo.write_demo(tmp_path / "deep/down", seed=3)

    assert (tmp_path / "empty/web/1").read_bytes() == (tmp_path / "deep/down/web/3").read_bytes() == b"x"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "empty"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def files(seed: int) -> Iterator[tuple[str, bytes]]:
        yield "web/a", b"x"
        raise OSError("disk full")

    monkeypatch.setattr(corpus_module, "_files", files)
    with pytest.raises(OSError, match="disk full"):
        demo.write_demo(tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def test_a_planted_page_lies_where_the_truth_says(corpus: Path, truth: demo.Truth) -> None:
    for case in truth.cases:
        if case.place.source != "web" or case.outcome == "unreadable":
            continue
        member = zlib.decompressobj(31)
        with (corpus / "web" / case.place.origin).open("rb") as handle:
            handle.seek(int(case.place.key or -1))
            record = member.decompress(handle.read(1 << 16))
        assert member.eof
        assert f"WARC-Target-URI: {case.place.url}\r\n".encode() in record[:2000]


def test_damaged_pages_cannot_be_inflated(corpus: Path, truth: demo.Truth) -> None:
    for case in (*truth.cases_of_kind("damaged_record"), *truth.cases_of_kind("garbled_record")):
        data = (corpus / "web" / case.place.origin).read_bytes()[int(case.place.key or -1) :]
        with pytest.raises(zlib.error):
            zlib.decompressobj(31).decompress(data)


def test_every_page_has_an_address_of_its_own(corpus: Path, truth: demo.Truth) -> None:
    urls = Counter(url for path in (corpus / "web").iterdir() for url in addresses(path.read_bytes()))

    # Damaged members may hide their own address, and no other.
    assert max(urls.values()) == 1
    assert truth.documents["web"] <= len(urls) <= truth.documents["web"] + len(truth.cases_of_kind("not_found")) * 5


def addresses(data: bytes) -> Iterator[str]:
    """Addresses of the responses of a WARC file, read member by member."""
    at = 0
    while at < len(data):
        member = zlib.decompressobj(31)
        try:
            record = member.decompress(data[at : at + (1 << 16)])
        except zlib.error:
            at = data.index(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", at + 1)
            continue
        at += min(1 << 16, len(data) - at) - len(member.unused_data)
        head = record.split(b"\r\n\r\n", 1)[0].decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:])
        if fields["WARC-Type"] == "response":
            yield fields["WARC-Target-URI"]


def test_news_lines_are_readable_but_for_the_planted_ones(corpus: Path, truth: demo.Truth) -> None:
    wrong = {case.place.origin: set[str]() for case in truth.cases if case.place.source == "news"}
    for case in truth.cases_of_kind("bad_json"):
        wrong[case.place.origin].add(case.place.key or "")
    textless = {(case.place.origin, case.place.key or "") for case in truth.cases_of_kind("no_text")}
    assert len(textless) == 6
    at: dict[tuple[str, str], str] = {}
    for name in ("news-00.jsonl.gz", "news-01.jsonl.gz"):
        for number, line in enumerate(gzip.decompress((corpus / "news" / name).read_bytes()).splitlines()):
            if str(number) in wrong[name]:
                with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
                    json.loads(line)
                continue
            record = json.loads(line)
            text_field = "body" if (name, str(number)) in textless else "text"
            assert list(record) == ["id", "url", "title", text_field, "date"]
            if text_field == "body":
                continue
            at[name, str(number)] = record["url"]
    planted = {(c.place.origin, c.place.key or ""): c.place.url for c in truth.cases if c.place.source == "news"}

    assert len(at) == 1_000
    assert len(planted.keys() & at.keys()) > 90
    assert all(at[place] == planted[place] for place in planted.keys() & at.keys())


def test_one_news_file_breaks_off_and_one_is_empty(corpus: Path, truth: demo.Truth) -> None:
    cut = (corpus / "news/news-02.jsonl.gz").read_bytes()
    with pytest.raises(EOFError):
        gzip.decompress(cut)
    lines = zlib.decompressobj(31).decompress(cut).splitlines()
    urls = [json.loads(line)["url"] for line in lines[:-1]]

    assert (corpus / "news/news-03.jsonl.gz").stat().st_size == 0
    assert {case.place.url for case in truth.cases_of_kind("before_truncation")} == set(urls[:5])
    assert not {case.place.url for case in truth.cases_of_kind("behind_truncation")} & set(urls)
    assert truth.documents["news"] == 1_000 + len(urls)


def test_the_wiki_dump_is_sound_xml(corpus: Path, truth: demo.Truth) -> None:
    root = ElementTree.fromstring(bz2.decompress((corpus / "wikipedia/articles.xml.bz2").read_bytes()))
    pages = root.findall(f"{_MEDIAWIKI}page")
    spaces = Counter(page.findtext(f"{_MEDIAWIKI}ns") for page in pages)
    redirects = sum(page.find(f"{_MEDIAWIKI}redirect") is not None for page in pages)
    ids = {page.findtext(f"{_MEDIAWIKI}id"): page.findtext(f"{_MEDIAWIKI}title") for page in pages}

    assert root.tag == f"{_MEDIAWIKI}mediawiki"
    assert spaces == {"0": 270, "1": 15, "10": 5}
    assert redirects == 20
    assert truth.documents["wikipedia"] == 250
    assert all(ids[c.place.key] == c.place.title for c in truth.cases if c.place.source == "wikipedia")


def test_code_is_filled_in_and_python_compiles(corpus: Path) -> None:
    counts: Counter[str] = Counter()
    for path in (corpus / "code").iterdir():
        for name, data in members(path):
            counts[name.rpartition(".")[2]] += 1
            if name.endswith(".py"):
                compile(data, name, "exec")
            assert not re.search(rb"@[A-Za-z]+@", data), name

    assert min(counts[ending] for ending in ("py", "c", "js", "go", "rs", "sh")) >= 20
    assert sum(counts[ending] for ending in ("py", "c", "js", "go", "rs", "sh")) >= 200


@pytest.mark.parametrize(
    ("kind", "phrase"),
    [
        ("licence_mit", "Permission is hereby granted, free of charge"),
        ("licence_bsd-3-clause", "Redistribution and use in source and binary forms"),
        ("licence_apache-2.0", "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION"),
        ("licence_gpl-3.0-or-later", "GNU GENERAL PUBLIC LICENSE"),
    ],
)
def test_licences_can_be_recognised(corpus: Path, truth: demo.Truth, kind: str, phrase: str) -> None:
    cases = truth.cases_of_kind(kind)
    for case in cases:
        files = dict(members(corpus / "code" / case.place.origin))
        (licence,) = (data for name, data in files.items() if "LICENSE" in name or "COPYING" in name)
        assert phrase in licence.decode()
        assert case.place.key is None or case.place.key in files

    assert len(cases) == 5


def test_repositories_without_a_licence_have_none(corpus: Path, truth: demo.Truth) -> None:
    for case in truth.cases_of_kind("no_licence"):
        assert not [n for n, d in members(corpus / "code" / case.place.origin) if "LICEN" in n or b"SPDX" in d]


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Files of an archive."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as zipped:
            yield from ((name, zipped.read(name)) for name in zipped.namelist())
    else:
        with tarfile.open(fileobj=io.BytesIO(path.read_bytes()), mode="r:gz") as tarred:
            for member in tarred:
                handle = tarred.extractfile(member)
                assert handle is not None
                yield member.name, handle.read()


def test_books_have_notices_that_are_no_part_of_them(corpus: Path) -> None:
    with_notice = 0
    for path in sorted((corpus / "books").iterdir()):
        text = path.read_text(encoding="utf-8")
        assert 30_000 < len(text.encode()) < 200_000
        assert max(map(len, text.splitlines())) <= 120
        starts, ends = text.count("*** START OF "), text.count("*** END OF ")
        assert starts == ends
        with_notice += starts

    assert with_notice == 12


def test_the_evaluation_set(corpus: Path) -> None:
    lines = gzip.decompress((corpus / "bench/items.jsonl.gz").read_bytes()).splitlines()
    items = [json.loads(line) for line in lines]

    assert len({item["id"] for item in items}) == len(items) == 150
    assert all(list(item) == ["id", "benchmark", "text"] for item in items)
    assert all(60 <= len(item["text"].split()) <= 160 for item in items)
    assert all(item["text"].endswith("?") for item in items)


def test_the_truth_names_each_place_once(truth: demo.Truth) -> None:
    ids = Counter(case.id for case in truth.cases)
    places: Counter[PlantedLocation] = Counter(case.place for case in truth.cases if case.place.key is not None)

    assert max(ids.values()) == 1
    assert max(places.values()) == 1


def test_the_truth_has_enough_of_each_kind(truth: demo.Truth) -> None:
    counts = Counter(case.kind for case in truth.cases)
    single = {"empty_file", "truncated_file", "book_same", "book_revised", "book_rewritten"}

    assert min(count for kind, count in counts.items() if kind not in single) >= 5
    assert max(counts.values()) <= 40


def test_similar_pairs_lie_on_both_sides_of_the_threshold(truth: demo.Truth) -> None:
    for group in truth.groups().values():
        lowest = min(case.similarity or 0.0 for case in group)
        assert len(group) >= 2
        assert {case.outcome for case in group} == ({"copies"} if lowest > 0.8 else {"kept"})
        assert abs(lowest - 0.8) > 0.04  # far enough for a title or a date beside the text
