"""A source format in one file: declared as a value, given to the functions that look formats up, read by a run."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from massivetext.errors import StageError, UserError
from massivetext.jobs.ingest import ingest_shard
from massivetext.orchestration.plan import compute_stage_keys, make_items, make_plan
from massivetext.recipe import IngestOptions, load_recipe
from massivetext.runs.context import Context
from massivetext.runs.stage import verdict_sets
from massivetext.runs.store import Run
from massivetext.runs.work_items import WorkItem
from massivetext.schema import Document, Rejected
from massivetext.sources import FORMATS, Format
from massivetext.sources.reading import read_split
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split
from massivetext.sources.streams.compressed import open_stream
from massivetext.stages import STAGES
from massivetext.text import clean

# -- the format --------------------------------------------------------------------------------------------------------


def read_percent_records(split: Split, _options: ReadOptions, limits: ReadLimits) -> Iterator[Document | Rejected]:
    """Yield the records of a file, which lines of ``%%`` separate; the document key is the ordinal of the record."""
    with open_stream(split.path) as stream:
        for number, record in enumerate(re.split(rb"^%%\n", stream.read(), flags=re.MULTILINE)):
            if number % split.slice_count != split.slice_index:
                continue
            if len(record) > limits.max_record_bytes:
                detail = f"record {number} is too large"
                yield Rejected(split.name, str(number), len(record), "record_too_large", detail)
                continue
            try:
                yield Document(clean(record.decode()), split.name, str(number))
            except UnicodeDecodeError as error:
                yield Rejected(split.name, str(number), len(record), "bad_utf8", f"record {number}: {error}")


PERCENT = Format(
    name="percent",
    title="text, records separated by lines of %%",
    load_reader=lambda: read_percent_records,
    file_names=("*.fortune",),
    read_cost=0.1,
    skip_cost=0.05,
)

# -- its use -----------------------------------------------------------------------------------------------------------

WITH_PERCENT = (*FORMATS, PERCENT)
RECORDS = b"one\n%%\ntwo\ntwo\n%%\n" + b"x" * 100 + b"\n%%\nfour\n%%\nf\xfcnf\n"
TEXTS = ["one", "two\ntwo", "four"]
RECIPE = """
name = "toy"
[ingest]
max_record_bytes = 50
[sources.sayings]
kind = "books"
format = "percent"
inputs = ["*.fortune"]
weight = 1.0
rules = []
shard_bytes = 50
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe with a source of the format, and its only input file."""
    (tmp_path / "a.fortune").write_bytes(RECORDS)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tmp_path / "recipe.toml"


def planned(recipe: Path, formats: Sequence[Format]) -> tuple[Context, list[WorkItem]]:
    """A run of the recipe before it starts, and its work items."""
    loaded = load_recipe(str(recipe), formats)
    plan = make_plan(loaded, formats=formats)
    context = Context(
        run=Run(str(recipe.parent / "run")),
        recipe=loaded.recipe,
        root=loaded.root,
        stage_keys=compute_stage_keys(plan),
        shard_counts={name: len(shards) for name, shards in plan.splits.items()},
        rules=plan.rules,
        verdicts=verdict_sets(loaded.recipe, STAGES),
    )
    return context, make_items(plan, formats)


def test_it_is_read_as_the_built_in_formats_are(recipe: Path) -> None:
    options = load_recipe(str(recipe), WITH_PERCENT).recipe.sources["sayings"]
    path = recipe.parent / "a.fortune"
    split = Split(name="a.fortune", path=str(path), size=path.stat().st_size)
    documents = list(read_split(split, options, IngestOptions(), WITH_PERCENT))

    assert [d.text for d in documents if isinstance(d, Document)] == [TEXTS[0], TEXTS[1], "x" * 100, TEXTS[2]]


def test_its_shards_are_ingested_in_slices(recipe: Path) -> None:
    context, items = planned(recipe, WITH_PERCENT)
    commits = [ingest_shard(context, item, WITH_PERCENT) for item in items]
    files = [context.run.shard_file("documents", item.shard) for item in items]
    found = [text for path in files for text in pq.read_table(path)["text"].to_pylist()]

    assert len(items) == 3  # 135 bytes in slices of at most 50
    assert sorted(found) == sorted(TEXTS)
    assert sum(commit.counts["rejected"] for commit in commits) == 2
    assert sum(commit.counts.get("rejected:bad_utf8", 0) for commit in commits) == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (IndexError("past the end"), r"the reader of format 'percent' failed: IndexError: past the end"),
        (OSError("bad block"), r"the reader of format 'percent' failed: OSError: bad block"),
        (FileNotFoundError("words.txt"), r"the reader of format 'percent' failed: FileNotFoundError: words\.txt"),
        (MemoryError(), r"this machine has no memory left to read it; give fewer --workers"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_reader_that_raises_is_named_with_its_file(recipe: Path, error: Exception, message: str) -> None:
    def fail(_split: Split, _options: ReadOptions, _limits: ReadLimits) -> Iterator[Document | Rejected]:
        raise error

    formats = (*FORMATS, dataclasses.replace(PERCENT, load_reader=lambda: fail))
    (recipe.parent / "a.fortune").write_bytes(RECORDS[:40])  # one shard
    context, items = planned(recipe, formats)

    with pytest.raises(StageError, match=rf"a\.fortune: {message}"):
        ingest_shard(context, items[0], formats)


def test_without_the_value_the_name_is_unknown(recipe: Path) -> None:
    known = ", ".join(f"'{known.name}' ({known.title})" for known in FORMATS)
    with pytest.raises(UserError) as caught:
        load_recipe(str(recipe))

    assert str(caught.value) == (f"{recipe}: sources.sayings.format: unknown format 'percent'; known formats: {known}")
