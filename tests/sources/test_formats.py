"""The registry of formats is whole and cheap; recipes name formats, and old recipes keep their keys."""

import dataclasses
import importlib.metadata
import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from command import ROOT

from massivetext.errors import UserError
from massivetext.extract import extractors
from massivetext.orchestration.plan import compute_stage_keys
from massivetext.recipe import KINDS, IngestOptions, KindName, LoadedRecipe, SourceOptions, load_recipe, parse_recipe
from massivetext.runs.stage import RunPlan, Splits
from massivetext.runs.store import json_sha256
from massivetext.schema import Document
from massivetext.sources import FORMATS, Format, find_format
from massivetext.sources.reading import read_split
from massivetext.sources.splits import Split
from massivetext.stages import INGEST

HEAVY = ("trafilatura", "lxml", "fastwarc", "charset_normalizer", "pyarrow", "numpy")
WEIGHTS = {"web": "0.5", "books": "0.1", "news": "0.1", "code": "0.1", "wikipedia": "0.1", "c4": "0.1"}
SIX_KINDS = 'name = "old"\n' + "".join(
    f'[sources.{kind}]\nkind = "{kind}"\ninputs = ["{kind}/*"]\nweight = {weight}\n' for kind, weight in WEIGHTS.items()
)
# Of the release before recipes could name a format, with "0" as version of every library; the recipe since the defaults
# of `[decontaminate]` have changed.
RECORDED_RECIPE = "ea9c74560984ca685ce55db5988ef66294a7bd52b02a3c4480ec613ff3501dd4"
RECORDED_INGEST_KEY = "eaf23a3a1e225710ab32d590478ab79cc4ce5c125b7f935dc2fd190227248f88"


def one_source(kind: str, *lines: str) -> str:
    head = f'name = "a"\n[sources.it]\n{kind}\ninputs = ["*"]\nweight = 1.0\n'
    return head + "\n".join(lines) + "\n"


def options(kind: str, *lines: str) -> SourceOptions:
    return parse_recipe(one_source(f'kind = "{kind}"', *lines), "x.toml").sources["it"]


def refusal(kind: str, *lines: str) -> str:
    with pytest.raises(UserError) as caught:
        parse_recipe(one_source(kind, *lines), "x.toml")
    return str(caught.value)


# -- the registry ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_every_format_is_whole(known: Format) -> None:
    reader = known.load_reader()
    module = inspect.getmodule(reader)

    assert list(inspect.signature(reader).parameters)[1] in ("options", "_options")
    assert (reader.__doc__ or "").startswith("Yield ")
    assert module is not None
    assert module.__doc__
    assert known.title
    assert known.file_names
    assert known.read_cost > known.skip_cost > 0
    assert known.options <= set(SourceOptions.__struct_fields__)


def test_every_format_has_a_name_and_a_module_of_its_own() -> None:
    assert len({known.name for known in FORMATS}) == len(FORMATS)
    assert len({inspect.getmodule(known.load_reader()) for known in FORMATS}) == len(FORMATS)


def test_every_kind_has_a_format_that_reads_what_it_requires() -> None:
    assert tuple(KINDS) == get_args(KindName)
    assert all(kind.requires <= find_format(kind.format).options for kind in KINDS.values())


def test_the_recipe_that_explains_all_options_names_every_format() -> None:
    text = (ROOT / "pipelines" / "massivetext.toml").read_text(encoding="utf-8")

    assert [known.name for known in FORMATS if f'"{known.name}"' not in text] == []


def test_an_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(UserError) as caught:
        find_format("warx")

    assert str(caught.value).startswith("unknown format 'warx'; known formats: 'warc' (web crawl: WARC, WET or ARC; or")
    assert all(f"'{known.name}' ({known.title})" in str(caught.value) for known in FORMATS)


def test_a_recipe_is_loaded_without_any_reader() -> None:
    code = (
        "import sys; from massivetext.recipe import load_recipe; load_recipe('massivetext'); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


# -- recipes -----------------------------------------------------------------------------------------------------------


def test_a_kind_has_the_format_of_its_readers_by_default() -> None:
    assert {kind: options(kind).format_name for kind in KINDS} == {
        "web": "warc",
        "books": "text",
        "news": "documents",
        "code": "repository",
        "wikipedia": "mediawiki",
        "c4": "documents",
        "documents": "documents",
    }


def test_the_format_says_how_bytes_are_read_and_the_kind_what_applies() -> None:
    news = options("news", 'format = "warc"')

    assert news.format_name == "warc"
    assert (news.rule_sets, news.deduplicates) == (("language",), True)


def test_news_are_read_from_warc(tmp_path: Path) -> None:
    page = b"<html><body><p>" + b"The river rose again on Monday, and the town waited. " * 20 + b"</p></body></html>"
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    head = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: %d\r\n\r\n" % len(
        http
    )
    (tmp_path / "a.warc").write_bytes(head + http + b"\r\n\r\n")
    split = Split("a.warc", str(tmp_path / "a.warc"), (tmp_path / "a.warc").stat().st_size)
    (found,) = read_split(split, options("news", 'format = "warc"'), IngestOptions())

    assert isinstance(found, Document)
    assert found.text.startswith("The river rose again on Monday")


def test_a_source_without_a_kind_is_refused_with_the_kinds() -> None:
    assert refusal('format = "warc"') == (
        "x.toml: sources.it.kind: want one of books, c4, code, documents, news, web, wikipedia, got none"
    )


def test_an_unknown_format_is_refused_with_its_place() -> None:
    assert refusal('kind = "news"', 'format = "wob"').startswith(
        "x.toml: sources.it.format: unknown format 'wob'; known formats: 'warc' ("
    )


def test_code_is_refused_in_a_format_that_does_not_read_licences() -> None:
    assert refusal('kind = "code"', 'format = "jsonl"') == (
        "x.toml: sources.it.format: want a format that reads licences, which kind 'code' needs (repository); "
        "got 'documents'"
    )


def test_licences_are_refused_for_a_format_that_does_not_read_them() -> None:
    assert options("news", 'format = "repository"', 'licences = ["MIT"]').licences == ("MIT",)
    assert refusal('kind = "news"', 'licences = ["MIT"]') == (
        "x.toml: sources.it.licences: want licences only for a format that reads them (repository); "
        "got format 'documents'; remove the licences"
    )


# -- keys --------------------------------------------------------------------------------------------------------------


def ingest_key(text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0")
    monkeypatch.setattr(extractors, "salient_version", lambda: "0")
    recipe = parse_recipe(text, "old.toml")
    splits: Splits = {
        name: [
            (Split(f"{name}.gz", f"/nowhere/{name}/{name}.gz", 1000, "v1"),),
            (Split("b.gz", "/nowhere/b.gz", 2000, "v2", 1, 2),),
        ]
        for name in recipe.sources
    }
    loaded = LoadedRecipe(recipe=recipe, path="old.toml", root="/nowhere")
    libraries = ("trafilatura", "lxml", "fastwarc", "mwparserfromhell", "charset-normalizer")
    stage = dataclasses.replace(INGEST, version=2, libraries=libraries)  # the stage when the key was recorded
    return compute_stage_keys(RunPlan(loaded, splits, dict.fromkeys(recipe.sources, ()), {}), [stage])["ingest"]


def test_an_old_recipe_keeps_its_hash_and_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json_sha256(parse_recipe(SIX_KINDS, "old.toml")) == RECORDED_RECIPE
    assert ingest_key(SIX_KINDS, monkeypatch) == RECORDED_INGEST_KEY


def test_the_default_format_by_name_changes_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    named = SIX_KINDS
    for kind in (known for known in KINDS.values() if known.name in WEIGHTS):
        named = named.replace(f'kind = "{kind.name}"', f'kind = "{kind.name}"\nformat = "{kind.format}"')

    assert named.count("format = ") == len(WEIGHTS)
    assert parse_recipe(named, "old.toml") == parse_recipe(SIX_KINDS, "old.toml")
    assert json_sha256(parse_recipe(named, "old.toml")) == RECORDED_RECIPE
    assert ingest_key(named, monkeypatch) == RECORDED_INGEST_KEY


def test_the_default_format_by_name_reads_the_same_documents(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "one", "url": "u"}\n{"text": 2}\n')
    split = Split("a.jsonl", str(tmp_path / "a.jsonl"), 40)
    plain, named = options("news"), options("news", 'format = "jsonl"')

    assert list(read_split(split, plain, IngestOptions())) == list(read_split(split, named, IngestOptions()))


def test_a_former_name_of_a_format_is_the_same_recipe_and_keeps_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    named = SIX_KINDS.replace('kind = "news"', 'kind = "news"\nformat = "jsonl"')

    assert parse_recipe(named, "old.toml") == parse_recipe(SIX_KINDS, "old.toml")
    assert ingest_key(named, monkeypatch) == RECORDED_INGEST_KEY
    assert (options("web", 'format = "jsonl"').format_name, options("web", 'format = "jsonl"').key_format) == (
        "documents",
        ("jsonl",),
    )


def test_fields_change_the_key_only_if_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SIX_KINDS.replace('kind = "news"', 'kind = "news"\nurl_field = "link"')

    assert ingest_key(other, monkeypatch) != RECORDED_INGEST_KEY


@pytest.mark.parametrize("line", ['text_field = "body"', 'url_field = "link"', 'metadata = ["a"]'])
def test_fields_are_refused_for_a_format_without_records(line: str) -> None:
    assert refusal('kind = "wikipedia"', line).startswith(
        f"x.toml: sources.it.{line.split()[0]}: want it only for a format that reads fields of records (documents, "
    )


def test_another_format_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SIX_KINDS.replace('kind = "news"', 'kind = "news"\nformat = "warc"')

    assert ingest_key(other, monkeypatch) != RECORDED_INGEST_KEY


@pytest.mark.parametrize("name", ["massivetext", "quickstart"])
def test_built_in_recipes_name_no_format(name: str) -> None:
    assert all(source.key_format == () for source in load_recipe(name).recipe.sources.values())
