# mypy: allow-untyped-calls
"""The transforms from Beam YAML: every one is provided under its own arguments, and the example runs."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from apache_beam.yaml.yaml_provider import load_providers
from command import ROOT

from massivetext import transforms
from massivetext.dedup.keeper import keeper_rank
from massivetext.schema import document_id

PROVIDERS = Path(transforms.__path__[0], "providers.yaml")
GOOD = "The council of the town said that it would be glad to have the old bridge back, and that it will pay for it."


def test_every_transform_is_provided() -> None:
    (provider,) = yaml.safe_load(PROVIDERS.read_text())
    public = {
        name: f"massivetext.transforms.{name}"
        for name in transforms.__all__
        if hasattr(getattr(transforms, name), "expand")
    }

    assert provider == {"type": "python", "transforms": public}
    assert len(public) == 10


def test_beam_yaml_reads_names_and_meanings_of_the_arguments() -> None:
    (provider,) = load_providers(str(PROVIDERS))
    for name in provider.provided_transforms():
        fields = provider.config_schema(name).fields
        signature = inspect.signature(getattr(transforms, name).__init__)

        assert [field.name for field in fields] == [one for one in signature.parameters if one != "self"]
        assert all(field.description for field in fields), name


@pytest.mark.slow
def test_the_example_runs(tmp_path: Path) -> None:
    story = " ".join(f"In the year {year} the town had {3 * year} houses and {7 * year} trees." for year in range(60))
    texts = [GOOD, GOOD, story, f"{story} It was sold."]
    (tmp_path / "news.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts) + "broken\n")
    variables = {"providers": str(PROVIDERS), "inputs": "news.jsonl", "output": str(tmp_path / "out")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "apache_beam.yaml.main", "--runner=FnApiRunner"),
            *(
                f"--yaml_pipeline_file={ROOT / 'examples' / 'beam_yaml.yaml'}",
                f"--jinja_variables={json.dumps(variables)}",
            ),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = {
        name: [
            json.loads(line) for path in (tmp_path / "out").glob(f"{name}*") for line in path.read_text().splitlines()
        ]
        for name in ("documents", "quarantine")
    }
    ids = [document_id("news", "news.jsonl", str(line)) for line in range(4)]
    kept = [pair[int(keeper_rank(pair, 0).argmin())] for pair in (ids[:2], ids[2:])]

    assert {row["id"]: row["text"] for row in found["documents"]} == {name: texts[ids.index(name)] for name in kept}
    assert {row["words"] for row in found["documents"]} == {len(texts[ids.index(name)].split()) for name in kept}
    assert [row["reason"] for row in found["quarantine"]] == ["bad_json"]
