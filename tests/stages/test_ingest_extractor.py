import importlib.metadata
from pathlib import Path

import pytest
from builders import write_recipe

from massivetext.errors import UserError
from massivetext.extract import extractors
from massivetext.orchestration.plan import compute_stage_keys, make_plan
from massivetext.recipe import load_recipe
from massivetext.stages import STAGES

SOURCES = {"web": {"inputs": ["page.html"]}}


def ingest_key(folder: Path, extractor: str | None = None) -> str:
    page = folder / "page.html"
    if not page.is_file():  # a file that is written again is another input
        page.write_text("<p>A page.</p>")
    more = "" if extractor is None else f'[ingest]\nextractor = "{extractor}"\n'
    return compute_stage_keys(make_plan(load_recipe(str(write_recipe(folder, SOURCES, more)))), STAGES)["ingest"]


def test_another_extractor_or_another_model_is_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_default, by_rules, salient = (ingest_key(tmp_path, name) for name in (None, "trafilatura", "salient"))
    monkeypatch.setattr(extractors, "salient_version", lambda: "another model")
    other_model = ingest_key(tmp_path, "salient")

    assert len({by_default, by_rules, salient, other_model}) == 4
    assert ingest_key(tmp_path, "trafilatura") == by_rules
    assert ingest_key(tmp_path) != by_default


def test_an_extractor_that_is_not_installed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"2.0 of {name}")
    installed = ingest_key(tmp_path, "resiliparse")

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    assert len(installed) == len(ingest_key(tmp_path))
    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(UserError, match=r"ingest.extractor: resiliparse: is not installed.*massivetext\[resiliparse\]"):
        extractors.extractor_version("resiliparse")
