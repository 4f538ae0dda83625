# mypy: allow-untyped-calls
"""The transforms on the corpus of the quickstart, against what its run has decided."""

from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from beam_rows import outputs

from massivetext import transforms
from massivetext.recipe import Recipe
from massivetext.runs.context import Context
from massivetext.runs.store import Run
from massivetext.stages.finished import open_context

Verdicts = dict[str, dict[str, tuple[Any, ...]]]  # stage -> id -> what it says
STAGES = ("judge", "exact-dedup", "near-dedup", "decontaminate")


def said_by_the_run(context: Context) -> Verdicts:
    """The verdicts of a run, on the documents that each stage was given; copies by the ids of what is kept."""
    ids: dict[int, str] = {}
    for shard in context.all_shards():
        names = context.run.read_table("documents", shard, ["id"])["id"].to_pylist()
        addresses = context.document_refs(shard, np.arange(len(names))).tolist()
        ids |= dict(zip(addresses, names, strict=True))
    said: Verdicts = {stage: {} for stage in STAGES}
    for shard in context.all_shards():
        rows = context.document_refs(shard, np.arange(shard_rows(context, shard))).tolist()
        for stage in STAGES:
            if context.judged_by(stage, shard.source):
                table = context.run.read_table(context.verdicts_of(stage), shard)
                given = np.ones(len(rows), np.bool_) if stage == "judge" else context.kept(shard, before=stage)
                for row in np.flatnonzero(given).tolist():
                    said[stage][ids[rows[row]]] = _said(context, shard, stage, table.slice(row, 1).to_pylist()[0], ids)
    return said


def shard_rows(context: Context, shard: Any) -> int:
    return len(context.run.read_table("documents", shard, ["id"]))


def _said(context: Context, shard: Any, stage: str, row: dict[str, Any], ids: dict[int, str]) -> tuple[Any, ...]:
    if stage == "judge":
        names = [rule.name for rule in context.rules[shard.source]]
        return row["kept"], [name for bit, name in enumerate(names) if row["failed"] >> bit & 1]
    if stage == "decontaminate":
        return row["kept"], row["jaccard"], row["containment"]
    return row["kept"], None if row["kept"] else ids[row["cluster"]], row["similarity"]


def build(pipeline: beam.Pipeline, recipe: Recipe) -> dict[str, Any]:
    """The stages up to the tokenizer, of transforms."""
    outcome: dict[str, Any] = {}
    left: dict[str, Any] = {}
    for name, source in recipe.sources.items():
        measured = (pipeline | f"{name}Read" >> transforms.ReadDocuments(source.kind, source.inputs, source=name))[
            "documents"
        ] | f"{name}Measure" >> transforms.MeasureSignals()
        judged = measured | f"{name}Judge" >> transforms.JudgeRules(source.rule_sets)
        outcome[f"judge/{name}"] = judged | f"{name}Verdict" >> beam.Map(
            lambda row: beam.Row(id=row.id, kept=row.kept, failed=row.failed)
        )
        left[name] = judged | f"{name}Kept" >> beam.Filter(lambda row: row.kept)
    several = [rows for name, rows in left.items() if recipe.sources[name].deduplicates]
    documents = several | "Together" >> beam.Flatten()
    outcome["exact-dedup"] = documents | transforms.MarkExactDuplicates(seed=recipe.seed)
    distinct = {"documents": documents, "verdicts": outcome["exact-dedup"]} | "Distinct" >> transforms.ApplyVerdicts()
    outcome["near-dedup"] = distinct | transforms.MarkNearDuplicates(seed=recipe.seed)
    clean = {"documents": distinct, "verdicts": outcome["near-dedup"]} | "Clean" >> transforms.ApplyVerdicts()
    options = recipe.decontaminate
    for name, source in recipe.sources.items():
        rows = clean | f"{name}Again" >> beam.Filter(lambda row, name: row.source == name, name)
        screened = (rows if source.deduplicates else left[name]) | f"{name}Screen" >> transforms.MarkContamination(
            options.test_sets, containment=options.containment, by_title=source.kind == "wikipedia"
        )
        outcome[f"decontaminate/{name}"] = screened | f"{name}Contaminated" >> beam.Map(
            lambda row: beam.Row(id=row.id, kept=not row.contaminated, jaccard=row.jaccard, containment=row.containment)
        )
    return {name.replace("/", "."): rows for name, rows in outcome.items()}


@pytest.mark.slow
def test_every_verdict_is_that_of_the_run(quickstart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = open_context(Run(str(quickstart / "run")))
    monkeypatch.chdir(quickstart)
    found: Verdicts = {stage: {} for stage in STAGES}
    for name, rows in outputs(lambda pipeline: build(pipeline, context.recipe)).items():
        for row in rows:
            document_id = row.pop("id")
            found[name.split(".")[0]][document_id] = tuple(row.values())

    expected = said_by_the_run(context)
    for stage in STAGES:
        assert found[stage] == expected[stage], stage
    assert sum(not kept for kept, *_ in found["near-dedup"].values()) > 10
