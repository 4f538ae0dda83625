"""URL deduplication of a run: which document of a page stays, and what its verdicts and counts say."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from builders import context_of, recipe_of
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.dedup.keeper import keeper_rank
from massivetext.dedup.row_types import REMOVED_ROW
from massivetext.engines.engine import Engine
from massivetext.jobs.exact_dedup import run_exact_dedup
from massivetext.jobs.hash_shuffle import resolve
from massivetext.jobs.url_dedup import STAGE, hashed_urls, run_url_dedup, warn_of_missing_fields, write_url_verdicts
from massivetext.recipe import DedupOptions, LoadedRecipe
from massivetext.recipe.structs import UrlChoice
from massivetext.runs.context import Context
from massivetext.runs.manifests import Manifest
from massivetext.runs.stage import stages_of
from massivetext.runs.store import json_sha256
from massivetext.schema import RULE_VERDICTS, URL_VERDICTS, Document, document_id, documents_table
from massivetext.signals.canonical_urls import canonical_url
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP, STAGES, URL_DEDUP


class Page(NamedTuple):
    key: str  # its document key: unique in its source
    url: str | None
    date: str = ""
    text: str = "a text"


Pages = Mapping[str, Sequence[Sequence[Page]]]  # by source: shards of pages


def deduplicated(
    folder: Path,
    pages: Pages,
    url: UrlChoice = "latest",
    keep: tuple[str, ...] = ("seed",),
    dropped: Sequence[str] = (),
    engine: Engine | None = None,
) -> Context:
    """A run of some pages up to url-dedup, made without Beam if no engine is given.

    Pages with their key in ``dropped`` have failed a rule.
    """
    recipe = msgspec.structs.replace(recipe_of(pages), dedup=DedupOptions(url=url, keep=keep))
    keys = {stage.name: json_sha256(stage.name) for stage in stages_of(recipe, STAGES)}
    counts = {source: len(shards) for source, shards in pages.items()}
    context = context_of(str(folder), recipe, keys, shard_counts=counts, rules=dict.fromkeys(pages, ()))
    for shard in context.all_shards():
        rows = pages[shard.source][shard.index]
        documents = [
            Document(row.text, "in", row.key, row.url, metadata={"date": row.date} if row.date else {}) for row in rows
        ]
        sizes = [len(row.text) for row in rows]
        kept = [row.key not in dropped for row in rows]
        signals = pa.table({"word_count": pa.array(sizes, pa.int64()), "byte_count": pa.array(sizes, pa.int64())})
        verdicts = pa.table({"kept": kept, "failed": [int(not each) for each in kept]}, schema=RULE_VERDICTS)
        context.run.write_table("documents", shard, documents_table(shard.source, documents))
        context.run.write_table("signals", shard, signals)
        context.run.write_table("verdicts/rules", shard, verdicts)
    context.run.begin(URL_DEDUP, keys[STAGE])
    if engine is not None:
        run_url_dedup(engine, context, ())
        return context
    shards = [shard for shard in context.all_shards() if context.judged_by(STAGE, shard.source)]
    batches = [hashed_urls(context, shard).tobytes() for shard in shards]
    removed = dict(resolve(b"", batches, len(recipe.preferences) + 2))
    for shard in shards:
        lost = np.frombuffer(removed.get(b"%d" % context.number_of_shard(shard), b""), REMOVED_ROW)
        context.run.commit_shard(STAGE, keys[STAGE], write_url_verdicts(context, shard, lost))
    return context


def verdicts(context: Context) -> dict[str, dict[str, object]]:
    """The verdicts by "source:key"; the kept document is named in the same way."""
    names: dict[object, str] = {}
    rows: dict[str, dict[str, object]] = {}
    for shard in context.all_shards():
        if not context.judged_by(STAGE, shard.source):
            continue
        table = context.run.read_table("verdicts/url", shard)
        assert table.schema == URL_VERDICTS
        keys = context.run.read_table("documents", shard, ["key"])["key"].to_pylist()
        numbers = context.document_refs(shard, pa.array(range(len(keys)), pa.int64()).to_numpy()).tolist()
        for number, key, row in zip(numbers, keys, table.to_pylist(), strict=True):
            names[number] = f"{shard.source}:{key}"
            rows[names[number]] = row
    return {name: {**row, "cluster": names.get(row["cluster"])} for name, row in rows.items()}


def kept(context: Context) -> set[str]:
    return {name for name, row in verdicts(context).items() if row["kept"]}


def counts(context: Context) -> dict[str, int]:
    commits = context.run.commits(STAGE, context.stage_keys[STAGE])
    return {name: sum(each.counts[name] for each in commits) for name in commits[0].counts}


PAGES: Pages = {
    "web": [
        [Page("old", "http://www.a.test/x?utm_source=n", "2024-01-01"), Page("alone", "http://a.test/y", "2020-01-01")],
        [Page("new", "https://a.test/x#part", "2024-03-01T00:00:00Z"), Page("undated", "http://a.test/x")],
        [],
    ],
    "news": [
        [Page("middle", "a://b", "2030-01-01"), Page("feed", "https://a.test/x/", "2024-02-01"), Page("no", None)]
    ],
    "wikipedia": [[Page("wiki", "http://a.test/x", "2029-01-01")]],
}


def test_of_one_url_the_latest_document_stays_over_shards_and_sources(tmp_path: Path) -> None:
    found = verdicts(deduplicated(tmp_path, PAGES, engine=Engine()))
    stays: dict[str, object] = {"kept": True, "cluster": None, "canonical_url": None}
    goes = {"kept": False, "cluster": "web:new", "canonical_url": "a.test/x"}

    # Wikipedia takes part in no deduplication.
    assert found == {
        **dict.fromkeys(("web:new", "web:alone", "news:middle", "news:no"), stays),
        **dict.fromkeys(("web:old", "web:undated", "news:feed"), goes),
    }


def test_documents_without_a_url_of_the_web_stay_and_are_counted(tmp_path: Path) -> None:
    context = deduplicated(tmp_path, PAGES)

    # 7 documents take part; "a://b" and None name no page.
    assert counts(context) == {
        "tested": 5,
        "without_url": 2,
        "removed": 3,
        "removed_undated": 1,
        "kept": 4,
        "kept_words": 4 * len("a text"),
        "kept_bytes": 4 * len("a text"),
    }
    assert len(hashed_urls(context, context.shards("news")[0])) == 1
    assert len(hashed_urls(context, context.shards("web")[2])) == 0


def test_the_first_or_the_longest_stays_if_the_recipe_says_so(tmp_path: Path) -> None:
    rows = [Page(f"{day}", "http://a.test", f"2024-01-0{day}" if day else "", "x" * (9 - day)) for day in (0, 3, 1, 2)]

    assert kept(deduplicated(tmp_path / "first", {"web": [rows]}, "first")) == {"web:1"}
    assert kept(deduplicated(tmp_path / "latest", {"web": [rows]}, "latest")) == {"web:3"}
    assert kept(deduplicated(tmp_path / "longest", {"web": [rows]}, "longest")) == {"web:0"}


def test_equal_dates_are_decided_as_in_near_dedup(tmp_path: Path) -> None:
    rows = [Page(f"{row}", "http://a.test", "2024-01-01", "x" * (row + 1)) for row in range(5)]
    ids = [document_id("web", "in", row.key) for row in rows]
    first = int(keeper_rank(ids, recipe_of(["web"]).seed).argmin())

    assert kept(deduplicated(tmp_path / "seed", {"web": [rows]})) == {f"web:{first}"}
    assert kept(deduplicated(tmp_path / "longest", {"web": [rows]}, keep=("longest",))) == {"web:4"}
    both: Pages = {"web": [rows], "news": [[Page("n", "https://a.test", "2024-01-01")]]}
    preferred = deduplicated(tmp_path / "source", both, keep=("source:news>web",))

    assert kept(preferred) == {"news:n"}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([Page("a", "http://a.test", "2024"), Page("b", "http://a.test", "2023")], []),
        ([Page("a", "http://a.test", "soon"), Page("b", "http://a.test")], ["1 of 1 removed documents have no date"]),
        ([Page("a", None), Page("b", "urn:isbn:1")], ["none of 2 documents has a URL of the web"]),
    ],
)
def test_it_is_said_if_dates_or_urls_are_missing(tmp_path: Path, rows: list[Page], said: list[str]) -> None:
    context = deduplicated(tmp_path, {"web": [rows]})
    key, commits = context.stage_keys[STAGE], tuple(context.run.commits(STAGE, context.stage_keys[STAGE]))
    context.run.commit(URL_DEDUP, Manifest(STAGE, key, {}, commits, {}))
    loaded, found = LoadedRecipe(recipe=context.recipe, path="recipe.toml", root=context.root), list[str]()
    warn_of_missing_fields(context, loaded, found.append, first=False)
    assert found == []
    warn_of_missing_fields(context, loaded, found.append, first=True)

    assert len(found) == len(said)
    assert all(part in whole for part, whole in zip(said, found, strict=True))


def test_a_document_that_a_rule_removed_takes_no_other_with_it(tmp_path: Path) -> None:
    context = deduplicated(tmp_path, PAGES, dropped=["new"])
    found = verdicts(context)

    assert found["web:old"]["cluster"] == found["web:undated"]["cluster"] == "news:feed"
    assert found["news:feed"]["kept"]
    assert found["web:new"] == {"kept": True, "cluster": None, "canonical_url": None}
    assert counts(context)["tested"] == 4


def test_exact_dedup_looks_at_what_url_dedup_has_kept(tmp_path: Path) -> None:
    # Both crawls of /a and the page /b have one text. /a of May is removed for /a of June, and is nobody's copy.
    rows = [Page("may", "http://a.test/a", "2024-05-01"), Page("june", "http://a.test/a", "2024-06-01")]
    context = deduplicated(tmp_path, {"web": [[*rows, Page("b", "http://a.test/b", "2024-01-01")]]})
    context.run.begin(EXACT_DEDUP, context.stage_keys[EXACT_DEDUP.name])
    run_exact_dedup(Engine(), context, ())
    (commit,) = context.run.commits(EXACT_DEDUP.name, context.stage_keys[EXACT_DEDUP.name])
    left = context.kept(context.all_shards()[0], before=NEAR_DEDUP.name)

    assert commit.counts["tested"] == 2
    assert not left[0]
    assert left.sum() == 1


_MADE = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["", "2024-01-01", "2024-01-02"]), st.booleans()), max_size=14
)


@settings(max_examples=25, deadline=None)
@given(made=_MADE, choice=st.sampled_from(["latest", "longest", "first"]), random=st.randoms(use_true_random=False))
def test_shards_and_order_change_nothing_and_a_second_time_removes_nothing(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[int, str, bool]], choice: UrlChoice, random: Random
) -> None:
    urls = ["http://a.test/{}", "https://www.a.test/{}/?gclid=1"]
    rows = [
        Page(str(key), urls[tracked].format(page) if page else None, date, "x" * (key % 3 + 1))
        for key, (page, date, tracked) in enumerate(made)
    ]
    folder = tmp_path_factory.mktemp("made")
    whole = verdicts(deduplicated(folder / "whole", {"web": [rows]}, choice))
    mixed = random.sample(rows, len(rows))
    assert verdicts(deduplicated(folder / "apart", {"web": [mixed[::2], [], mixed[1::2]]}, choice)) == whole

    left = [row for row in rows if whole[f"web:{row.key}"]["kept"]]
    pages = [canonical_url(row.url) for row in left if row.url is not None]
    assert len(set(pages)) == len(pages) == len({page for page, _, _ in made if page})
    again = deduplicated(folder / "again", {"web": [left]}, choice)
    assert all(row["kept"] for row in verdicts(again).values())


def test_workers_and_lanes_change_no_byte(tmp_path: Path) -> None:
    alone = deduplicated(tmp_path / "alone", PAGES)
    others = [deduplicated(tmp_path / str(workers), PAGES, engine=Engine(workers=workers)) for workers in (1, 2)]

    for shard in alone.all_shards():
        if alone.judged_by(STAGE, shard.source):
            files = {Path(each.run.shard_file("verdicts/url", shard)).read_bytes() for each in (alone, *others)}
            assert len(files) == 1
