from pathlib import Path

import pytest
from builders import write_recipe

from massivetext.extract import extractors
from massivetext.orchestration.plan import compute_stage_keys, make_plan
from massivetext.recipe import load_recipe
from massivetext.stages import STAGES

SOURCES = {"web": {"inputs": ["page.html"]}}


def ingest_key(folder: Path, more: str = "") -> str:
    return compute_stage_keys(make_plan(load_recipe(str(write_recipe(folder, SOURCES, more)))), STAGES)["ingest"]


def test_another_extractor_or_another_model_is_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.html").write_text("<p>A page.</p>")
    by_rules, salient = ingest_key(tmp_path), ingest_key(tmp_path, '[ingest]\nextractor = "salient"\n')
    monkeypatch.setattr(extractors, "salient_version", lambda: "another model")
    other_model = ingest_key(tmp_path, '[ingest]\nextractor = "salient"\n')

    assert len({by_rules, salient, other_model}) == 3
    assert ingest_key(tmp_path) == by_rules
