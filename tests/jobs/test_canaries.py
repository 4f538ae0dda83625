"""Canaries in the stages: they change nothing about documents, and are decided as documents of the last ranks."""

import dataclasses
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from builders import file_hashes
from tiny_run import Texts, tiny_context

from massivetext.canaries.altered_texts import jaccard_of
from massivetext.canaries.planting import TRUTH
from massivetext.engines.engine import Engine
from massivetext.jobs.exact_dedup import run_exact_dedup
from massivetext.jobs.near_dedup import run_near_dedup
from massivetext.recipe import CanaryOptions, NearOptions
from massivetext.runs.context import Context
from massivetext.runs.work_items import WorkItem
from massivetext.schema import RULE_VERDICTS, Document, documents_table, is_canary
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP


def family(number: int, variants: int, random: Random) -> list[str]:
    """Return windows of a text; those at most 11 words apart are near duplicates, of (108 - 11) / (108 + 11)."""
    words = [f"w{number}x{at}" for at in range(150)]
    starts = [random.randint(0, 30) for _ in range(variants)]
    return [" ".join(words[start : start + 120]) for start in starts]


def corpus(seed: int) -> tuple[Texts, list[str]]:
    """Return documents, of which some share crowded buckets, and canaries that lie between them."""
    random = Random(seed)
    documents = [text for number in range(6) for text in family(number, random.randint(1, 9), random)]
    canaries = [text for number in range(6) for text in family(number, 4, random)] + documents[:3]
    random.shuffle(documents)
    middle = len(documents) // 2
    return {"books": [documents[:middle]], "news": [documents[middle:], []]}, canaries


def with_canaries(context: Context, texts: list[str]) -> Context:
    """Write texts as canaries of the source books."""
    context = dataclasses.replace(context, recipe=msgspec.structs.replace(context.recipe, canaries=CanaryOptions()))
    of_canaries = context.for_canaries()
    for shard in context.canary_shards():
        mine = texts if shard.source == "books" else []
        documents = [Document(text, "canaries", str(row)) for row, text in enumerate(mine)]
        sizes = {name: pa.array([len(text) for text in mine], pa.int64()) for name in ("word_count", "byte_count")}
        verdicts = pa.table({"kept": [True] * len(mine), "failed": [0] * len(mine)}, schema=RULE_VERDICTS)
        of_canaries.run.write_table("documents", shard, documents_table(shard.source, documents))
        of_canaries.run.write_table("signals", shard, pa.table(sizes))
        of_canaries.run.write_table("verdicts/rules", shard, verdicts)
        of_canaries.run.write_table("truth", shard, pa.Table.from_pylist([], schema=TRUTH))
    return context


def deduplicated(folder: Path, texts: Texts, canaries: list[str] | None, near: NearOptions) -> Context:
    context = tiny_context(str(folder), texts)
    context = dataclasses.replace(context, recipe=msgspec.structs.replace(context.recipe, near=near))
    if canaries is not None:
        context = with_canaries(context, canaries)
    items = [WorkItem(shard, (), 1.0) for shard in context.all_shards()]
    for stage, run in ((EXACT_DEDUP, run_exact_dedup), (NEAR_DEDUP, run_near_dedup)):
        context.run.begin(stage, context.stage_keys[stage.name])
        run(Engine(), context, items)
    return context


def own_files(folder: Path) -> dict[str, str]:
    """Return the hashes of all files but those of canaries, and of commits, which name them."""
    found = file_hashes(folder)
    return {name: value for name, value in found.items() if "canar" not in name and "/commits/" not in name}


@pytest.mark.parametrize("clusters", ["representative", "transitive"])
def test_documents_are_decided_as_without_canaries(tmp_path: Path, clusters: str) -> None:
    texts, canaries = corpus(1)
    near = msgspec.convert({"max_bucket": 3, "clusters": clusters}, NearOptions)
    without = deduplicated(tmp_path / "without", texts, None, near)
    deduplicated(tmp_path / "with", texts, canaries, near)

    assert own_files(tmp_path / "with") == own_files(tmp_path / "without")
    for data_set in ("verdicts/exact", "verdicts/near", "duplicates"):  # there is something to be equal
        assert any(name.startswith(data_set) for name in own_files(tmp_path / "without"))
    kept = [without.run.read_table("verdicts/near", shard)["kept"].to_pylist() for shard in without.all_shards()]
    assert {True, False} <= {each for verdicts in kept for each in verdicts}


def compared(context: Context) -> tuple[list[bool], list[bool]]:
    """Return which canaries near-deduplication kept, and which comparing all with all would keep."""
    of_canaries, near = context.for_canaries(), context.recipe.near
    (shard,) = [shard for shard in context.canary_shards() if shard.source == "books"]
    came = of_canaries.kept(shard, before=NEAR_DEDUP.name)
    texts = of_canaries.run.read_table("documents", shard)["text"].to_pylist()
    kept = []
    for own in context.all_shards():
        all_texts = context.run.read_table("documents", own)["text"].to_pylist()
        kept += [all_texts[row] for row in np.flatnonzero(context.kept(own, before="decontaminate"))]
    wanted = []
    for text, has_come in zip(texts, came.tolist(), strict=True):
        alone = has_come and not any(jaccard_of(text, other, near) > near.threshold for other in kept)
        kept += [text] * alone
        wanted.append(alone)
    found = came & of_canaries.run.read_table("verdicts/near", shard)["kept"].to_numpy()
    return found.tolist(), wanted


@pytest.mark.parametrize("max_bucket", [3, 64])
def test_canaries_are_decided_as_comparing_all_with_all_would(tmp_path: Path, max_bucket: int) -> None:
    texts, canaries = corpus(3)
    near = NearOptions(max_bucket=max_bucket, bands=64, rows=4)  # finds every pair above the threshold
    found, wanted = compared(deduplicated(tmp_path, texts, canaries, near))

    assert found == wanted
    assert {True, False} <= set(wanted)


def test_an_equal_copy_is_removed_for_its_document_and_never_the_other_way(tmp_path: Path) -> None:
    text = " ".join(f"w{at}" for at in range(120))
    context = deduplicated(tmp_path, {"books": [[text]], "news": [["other words"]]}, [text, text], NearOptions())
    of_canaries = context.for_canaries()
    (shard, _) = context.canary_shards()
    verdicts = of_canaries.run.read_table("verdicts/exact", shard)

    assert verdicts["kept"].to_pylist() == [False, False]
    assert not is_canary(verdicts["cluster"].to_numpy()).any()
    assert context.run.read_table("verdicts/exact", context.all_shards()[0])["kept"].to_pylist() == [True]


def test_references_of_canaries_lead_to_their_shards(tmp_path: Path) -> None:
    context = with_canaries(tiny_context(str(tmp_path), {"books": [["a"]], "news": [["b"], ["c"]]}), ["d"])
    of_canaries = context.for_canaries()
    for mine, shards in ((context, context.all_shards()), (of_canaries, context.canary_shards())):
        for shard in shards:
            located, place = context.locate(mine.number_of_shard(shard))

            assert (place, located.of_canaries) == (shard, mine.of_canaries)
            assert is_canary(mine.document_refs(shard, np.array([0, 9]))).tolist() == [mine.of_canaries] * 2
