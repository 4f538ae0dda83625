"""Documents that are removed by their titles, ids and URLs."""

import dataclasses
import json
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from tiny_run import tiny_context

from massivetext.decontaminate.removal_lists import ListedEntry
from massivetext.engines.engine import Engine
from massivetext.errors import UserError
from massivetext.jobs.listed_documents import ListedDocuments
from massivetext.jobs.screen_documents import run_decontaminate
from massivetext.recipe import DecontaminateOptions
from massivetext.runs.stage import verdict_sets
from massivetext.runs.work_items import WorkItem
from massivetext.schema import DUPLICATE_VERDICTS
from massivetext.stages import DECONTAMINATE, STAGES


def entry(kind: str, value: str) -> ListedEntry:
    return ListedEntry(kind, "seen", value, "seen.txt, line 1")


DOCUMENTS = pa.table(
    {
        "id": ["aa", "bb", "cc", "dd"],
        "title": ["The Bridge!", None, "the bridge", "Other"],
        "url": ["https://www.a.test/x/?utm_source=y", "http://b.test/", None, "nothing"],
        "metadata": ["{}", json.dumps({"id": "77"}), "{}", "{}"],
    }
)


@pytest.mark.parametrize(
    ("kind", "value", "rows"),
    [
        ("title", "The_Bridge", [0]),  # case counts, punctuation does not
        ("title", "Otherwise", []),
        ("id", "bb", [1]),
        ("id", "77", [1]),  # that of the input
        ("url", "http://a.test/x", [0]),
        ("url", "b.test", [1]),
        ("url", "https://b.test/other", []),
    ],
)
def test_a_document_is_found_by(kind: str, value: str, rows: list[int]) -> None:
    found = list(ListedDocuments.of([entry(kind, value)]).find(DOCUMENTS, np.ones(4, np.bool_)))

    assert [row for row, _ in found] == rows
    assert all((hit.item, hit.method, hit.removes) == (value, kind, True) for _, hit in found)


def test_only_documents_that_are_asked_for_are_found() -> None:
    listed = ListedDocuments.of([entry("id", "aa"), entry("id", "bb")])

    assert [row for row, _ in listed.find(DOCUMENTS, np.array([False, True, True, True]))] == [1]


@pytest.mark.parametrize(("kind", "value"), [("url", "http://"), ("title", "!?")])
def test_an_entry_that_names_nothing_is_refused(kind: str, value: str) -> None:
    with pytest.raises(UserError, match=f"seen.txt, line 1: want a {kind}, got '{value[:2]}"):
        ListedDocuments.of([entry(kind, value)])


def test_lists_alone_make_the_stage_remove_documents(tmp_path: Path) -> None:
    context = tiny_context(str(tmp_path), {"books": [["first text", "second text"], ["third text"]]})
    ids = [context.run.read_table("documents", shard, ["id"])["id"].to_pylist() for shard in context.all_shards()]
    (tmp_path / "ids.txt").write_text(f"{ids[0][1]}\n")
    recipe = msgspec.structs.replace(context.recipe, decontaminate=DecontaminateOptions(ids=("ids.txt",)))
    context = dataclasses.replace(context, recipe=recipe, verdicts=verdict_sets(recipe, STAGES))
    for data_set in ("verdicts/exact", "verdicts/near"):
        for shard, own in zip(context.all_shards(), ids, strict=True):
            nothing = {"kept": [True] * len(own), "cluster": [None] * len(own), "similarity": [None] * len(own)}
            context.run.write_table(data_set, shard, pa.table(nothing, schema=DUPLICATE_VERDICTS))
    context.run.begin(DECONTAMINATE, context.stage_keys[DECONTAMINATE.name])
    run_decontaminate(Engine(), context, [WorkItem(shard, (), 1.0) for shard in context.all_shards()])

    assert [context.kept(shard).tolist() for shard in context.all_shards()] == [[True, False], [True]]
    hits = context.run.read_table("contamination", context.all_shards()[0]).to_pylist()
    assert [(hit["row"], hit["test_set"], hit["item"], hit["part"]) for hit in hits] == [(1, "ids", ids[0][1], "id")]
    index = next(
        each
        for each in context.run.commits(DECONTAMINATE.name, context.stage_keys[DECONTAMINATE.name])
        if each.task == "index"
    )
    assert index.counts == {"items": 1, "items:ids": 1}
