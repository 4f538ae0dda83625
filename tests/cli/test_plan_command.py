"""`massivetext plan` as a user calls it."""

import json
from pathlib import Path

import pytest
from command import massivetext
from corpus_commands import ask
from earlier_runs import run_of
from jsonl_corpus import write

from massivetext.recipe import NearOptions


def test_a_recipe_whose_inputs_are_not_there_is_planned_from_its_weights(tmp_path: Path) -> None:
    shown = massivetext("plan", "massivetext", "--workers", "1000", folder=tmp_path).stdout

    assert "The recipe's inputs are not there" in shown
    for title in ("1.0 TB of input on 1,000 workers", "10.0 TB of input", "100.0 TB of input"):
        assert title in shown
    for words in ("first bottleneck: ", "on Dataflow: ", "vCPU hours", "near-dedup", "Assumed: ", "not looked up"):
        assert words in shown


def test_inputs_that_are_there_come_first_and_prices_are_mine(tmp_path: Path) -> None:
    recipe = write(tmp_path / "corpus", shards=2, documents=3)
    raw = sum(path.stat().st_size for path in recipe.parent.glob("*.jsonl"))
    free = ("--price", "vcpu_hour=0", "--price", "ram_gb_hour=0", "--price", "shuffle_gb=2000000")
    shown = json.loads(massivetext("plan", recipe, "--json", *free, folder=tmp_path).stdout)

    assert [plan["raw_bytes"] for plan in shown["plans"]] == pytest.approx([raw, 1e12, 1e13, 1e14])
    assert shown["plans"][0]["shards"] == 4
    assert shown["plans"][0]["cost"]["compute"] == pytest.approx(2e6 * shown["plans"][0]["cost"]["shuffle_gb"])
    assert shown["prices"]["storage_gb_month"] > 0


def test_earlier_corpora_and_urls_cost_something(tmp_path: Path) -> None:
    run_of(tmp_path / "old", {"news": [["a text of some words", "another"], ["a third one"]]}, NearOptions())
    recipe = write(tmp_path / "corpus", shards=2, documents=3)
    plain = json.loads(ask("plan", recipe, "--json", folder=tmp_path).out)["plans"][0]
    options = '[dedup]\nagainst = ["../old", "nowhere"]\nurl = "latest"\n'
    recipe.write_text(recipe.read_text().replace("[tokenizer]", f"{options}[tokenizer]"))
    found = json.loads(ask("plan", recipe, "--json", folder=tmp_path).out)["plans"][0]
    shuffled = [{step["step"]: step["shuffle_bytes"] for step in plan["steps"]} for plan in (plain, found)]

    assert set(shuffled[1]) - set(shuffled[0]) == {"url-dedup"}
    # Three documents of an earlier corpus in two shards: 16 bytes per band, and the shards in the graph of the job.
    assert shuffled[1]["near-dedup"] - shuffled[0]["near-dedup"] == 3 * 32 * 16 + 2 * 400
    shown = ask("plan", recipe, folder=tmp_path).out
    assert "Earlier corpora that cannot be read are left out of the plan: nowhere." in " ".join(shown.split())


@pytest.mark.slow
def test_a_sample_is_scaled_up(quickstart: Path) -> None:
    arguments = ("plan", "quickstart", "--sample", "run", "--raw", "500GB", "--raw", "1TB", "--json")
    shown = json.loads(massivetext(*arguments, folder=quickstart).stdout)
    sample, reference = shown["measured"]
    small, large = shown["plans"]
    text = sum(dict(source["funnel"])["ingest"]["bytes"] for source in sample["corpus"]["sources"].values())

    assert text == pytest.approx(7.8e6, rel=0.05)
    assert sample["origin"] == f"the run in {quickstart / 'run'}"
    assert "reference run" in reference["origin"]
    assert large["documents"] == pytest.approx(2 * small["documents"])
    assert [plan["raw_bytes"] for plan in shown["plans"]] == pytest.approx([5e11, 1e12])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--raw", "much"), "--raw: want a size such as 500GB or 10TB, got 'much'"),
        (("--sample", "nowhere"), "no run here; give the folder of a finished run"),
        (("--price", "gpu=1"), "--price: want NAME=DOLLARS with one of vcpu_hour, ram_gb_hour"),
        (("--price", "vcpu_hour=cheap"), "got 'vcpu_hour=cheap'"),
        (("--price", "vcpu_hour=-1"), "got 'vcpu_hour=-1'"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_a_line(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    done = massivetext("plan", "news", *arguments, folder=tmp_path, check=False)

    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
