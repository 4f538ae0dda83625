"""What differs between two runs: nothing for a run and itself, what was planted and nothing else for two."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import write_recipe
from corpus_commands import ask
from handmade_documents import ROWS, WEB, WIKI0

import massivetext
from massivetext.corpus.run_diff import NOT_READ, Amount, RunDiff, diff_runs
from massivetext.corpus.signal_drift import DriftFound
from massivetext.runs.store import Shard

ALIGNED = ("documents", "signals", "verdicts/rules", "verdicts/exact", "verdicts/near", "verdicts/contamination")


def _path(folder: Path, data_set: str, shard: Shard) -> Path:
    return folder / data_set / f"{shard.name}.parquet"


def _plant(folder: Path, data_set: str, shard: Shard, row: int, **values: object) -> None:
    """Change values of one document in a stored file, and the SHA-256 of the file in the manifest of signals."""
    path = _path(folder, data_set, shard)
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[row] |= values
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    if data_set == "signals":
        manifest = folder / "measure/manifest.json"
        state = json.loads(manifest.read_bytes())
        for task in state["tasks"]:
            for file in task["files"]:
                file["sha256"] = "another" if file["path"].endswith(f"{shard.name}.parquet") else file["sha256"]
        manifest.write_text(json.dumps(state))


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "copy")


def _reordered(folder: Path) -> None:
    """Move the documents of web from shard to shard, with all that is known of them."""
    first, second = WEB
    sizes = len(ROWS[first]), len(ROWS[second])
    order = np.random.default_rng(3).permutation(sum(sizes))
    for data_set in ALIGNED:
        both = pa.concat_tables(pq.read_table(_path(folder, data_set, shard)) for shard in WEB)
        pq.write_table(both.take(order[: sizes[0]]), _path(folder, data_set, first))
        pq.write_table(both.take(order[sizes[0] :]), _path(folder, data_set, second))


def test_a_run_does_not_differ_from_itself(finished: Path) -> None:
    found = massivetext.open(finished).diff(finished)
    done = ask("diff", finished, finished, folder=finished)

    assert found.is_empty
    assert (found.stages, found.rules, found.languages, found.hosts, found.drift) == ({}, {}, {}, {}, {})
    assert (found.gained, found.lost, found.notes, found.settings) == ((), (), (), {})
    assert found.sources["web"].common == found.sources["web"].read_after == 11
    assert done.out == "Nothing differs up to decontaminate: documents, texts, verdicts, signals and settings.\n"


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_the_order_of_documents_and_shards_is_no_difference(finished: Path, copy: Path, at_once: int) -> None:
    _reordered(copy)
    before, after = (massivetext.open(folder).context for folder in (finished, copy))

    assert diff_runs(before, after, at_once=at_once).is_empty


# Row 4 of the second shard is a near duplicate, row 0 of the first is kept.
def _keep_a_copy(folder: Path) -> None:
    _plant(folder, "verdicts/near", WEB[1], 4, kept=True, cluster=None, similarity=None)


def _lose_a_document(folder: Path) -> None:
    _plant(folder, "verdicts/rules", WEB[0], 0, kept=False, failed=2)


@pytest.mark.parametrize("move", [False, True])
def test_a_planted_copy_is_gained_and_nothing_else(finished: Path, copy: Path, move: bool) -> None:
    _keep_a_copy(copy)
    if move:
        _reordered(copy)
    found = massivetext.open(finished).diff(copy)
    one = Amount(1, 65, 65 * 6)

    assert {stage: (each.gained, each.lost) for stage, each in found.stages["web"].items()} == {
        "near-dedup": (one, Amount())
    }
    assert {source: (each.gained, each.lost) for source, each in found.sources.items()} == {
        "web": (one, Amount()),
        "wikipedia": (Amount(), Amount()),
    }
    assert list(found.languages["web"]) == ["en"]
    assert (found.rules, found.drift, found.hosts, found.lost, found.notes) == ({}, {}, {}, (), ())
    assert [(each.removed_by, each.rules, each.document.source) for each in found.gained] == [("near-dedup", (), "web")]
    assert [each.lost for each in massivetext.open(copy).diff(finished).stages["web"].values()] == [one]


def test_a_planted_verdict_is_lost_by_its_rule_and_host(finished: Path, copy: Path) -> None:
    _lose_a_document(copy)
    found = massivetext.open(finished).diff(copy)
    rule = found.rules["web"]["gopher/word_count"]

    assert list(found.rules) == ["web"]
    assert list(found.rules["web"]) == ["gopher/word_count"]
    assert (rule.failed_before + 1, rule.newly, rule.no_longer, rule.gained, rule.lost) == (
        rule.failed_after,
        1,
        0,
        0,
        1,
    )
    assert rule.passes_before == rule.passes_after == "50 to 100"
    assert [(each.removed_by, each.rules) for each in found.lost] == [("judge", ("gopher/word_count",))]
    assert {host: each.lost.documents for host, each in found.hosts["web"].items()} == {"example.com": 1}
    assert (found.gained, found.drift, found.settings) == ((), {}, {})


def test_a_planted_value_of_a_signal_drifts_alone(finished: Path, copy: Path) -> None:
    _plant(copy, "signals", WIKI0, 0, duplicate_line_frac=0.5)
    drift = massivetext.open(finished).diff(copy).drift

    assert list(drift) == ["wikipedia"]
    assert list(drift["wikipedia"].signals) == ["duplicate_line_frac"]
    found = drift["wikipedia"].signals["duplicate_line_frac"]
    assert (found.distance, found.mean_before, found.mean_after) == (0.5, 0.0, 0.25)
    assert [(each.before, each.after) for each in found.bins] == [(2, 1), (0, 1)]


def test_a_value_that_moves_within_a_bin_shows_in_the_mean(finished: Path, copy: Path) -> None:
    _plant(copy, "signals", WIKI0, 0, duplicate_line_frac=0.001)
    found = massivetext.open(finished).diff(copy).drift["wikipedia"].signals["duplicate_line_frac"]

    assert (found.distance, found.mean_before, found.mean_after) == (0.0, 0.0, 0.0005)


def test_texts_of_other_languages_are_compared_by_their_values(finished: Path, copy: Path) -> None:
    _plant(copy, "signals", WIKI0, 1, language="de")
    found = massivetext.open(finished).diff(copy).drift["wikipedia"]

    assert found.signals["language"].values == {"en": (2, 1), "de": (0, 1)}
    assert found.signals["language"].distance == 0.5
    assert found != DriftFound()


def test_a_changed_text_is_counted(finished: Path, copy: Path) -> None:
    _plant(copy, "documents", WEB[0], 2, text_hash=b"0123456789abcdef")
    found = massivetext.open(finished).diff(copy)

    assert (found.sources["web"].changed_texts, found.sources["web"].common, found.is_empty) == (1, 11, False)
    assert not any((found.stages, found.rules, found.drift, found.gained, found.lost))


def _drop_row(folder: Path, shard: Shard, row: int) -> None:
    for data_set in ALIGNED:
        path = _path(folder, data_set, shard)
        if path.exists():
            table = pq.read_table(path)
            pq.write_table(pa.concat_tables([table.slice(0, row), table.slice(row + 1)]), path)


def test_a_document_that_was_not_read_is_lost(finished: Path, copy: Path) -> None:
    _drop_row(copy, WEB[1], 0)
    found = massivetext.open(finished).diff(copy)

    assert {stage: each.lost.documents for stage, each in found.stages["web"].items()} == {NOT_READ: 1}
    assert (found.sources["web"].common, found.sources["web"].read_after) == (10, 10)
    assert [each.removed_by for each in found.lost] == [NOT_READ]


def _rename_ids(folder: Path) -> None:
    for shard in ROWS:
        path = _path(folder, "documents", shard)
        table = pq.read_table(path)
        ids = pa.array([each[::-1] for each in table["id"].to_pylist()])
        pq.write_table(table.set_column(0, table.schema.field("id"), ids), path)


def test_runs_without_common_documents_say_so(finished: Path, copy: Path) -> None:
    _rename_ids(copy)
    found = massivetext.open(finished).diff(copy)
    web = found.sources["web"]

    assert found.notes[0].startswith("The runs have no document in common. Documents are matched by id")
    assert (web.common, web.before, web.after, web.gained, web.lost) == (0, web.lost, web.gained, web.gained, web.lost)
    assert not found.drift
    assert "no document in common" in ask("diff", finished, copy, folder=finished).out


def test_a_run_that_is_not_finished_is_compared_as_far_as_it_has_come(finished: Path, judged: Path) -> None:
    run = massivetext.open(finished)
    found = run.diff(judged)

    assert (found.up_to, found.sources["web"].gained, found.sources["web"].lost) == ("judge", Amount(), Amount())
    assert found.notes[0].startswith(f"{judged} is not finished (exact-dedup, near-dedup, decontaminate not complete)")
    with pytest.raises(massivetext.StageError, match=f"{judged}: stage 'exact-dedup' is not complete"):
        run.diff(judged, up_to="near-dedup")


def test_a_source_of_one_run_alone_is_lost(finished: Path, copy: Path) -> None:
    manifest = copy / "ingest/manifest.json"
    state = json.loads(manifest.read_bytes())
    state["facts"]["shards"].pop(WIKI0.name)
    manifest.write_text(json.dumps(state))
    found = massivetext.open(finished).diff(copy)

    assert found.notes == (f"{copy} has no source wikipedia.",)
    assert found.settings == {}
    assert {stage: each.lost.documents for stage, each in found.stages["wikipedia"].items()} == {NOT_READ: 1}
    assert found.sources["web"].gained == found.sources["web"].lost == Amount()
    with pytest.raises(massivetext.UserError, match="source: want one of web, wikipedia, got 'wob'"):
        massivetext.open(finished).diff(copy, sources=["wob"])


def test_no_run_and_another_version_are_refused(finished: Path, copy: Path) -> None:
    state = json.loads((copy / "run.json").read_bytes())
    state["run"]["format"] = 2
    (copy / "run.json").write_text(json.dumps(state))
    with pytest.raises(massivetext.UserError, match="want format 1, got 2: another version of massivetext"):
        massivetext.open(finished).diff(copy)

    refused = ask("diff", finished, copy / "none", folder=finished)
    assert (refused.code, "no run here" in refused.err) == (2, True)


@pytest.fixture(scope="module")
def changed(real: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunDiff]:
    """A run of one changed limit, up to the rules, and how it differs."""
    folder = shutil.copytree(real, tmp_path_factory.mktemp("changed") / "real")
    settings = ("--set", "gopher/word_count.min=120")
    assert ask("whatif", "run", *settings, "--write", "mine.toml", folder=folder).code == 0
    rules = {"c4": {"inputs": ["c4.jsonl"], "rules": ["mine.toml"]}, "news": {"inputs": ["news.jsonl"]}}
    massivetext.run(write_recipe(folder, rules), folder / "run", until="judge")
    return folder, massivetext.open(real / "run").diff(folder / "run")


def test_a_changed_limit_is_what_differs_and_counts_as_whatif_does(real: Path, changed: tuple[Path, RunDiff]) -> None:
    found = changed[1]
    asked = massivetext.open(real / "run").whatif({"gopher/word_count.min": 120}).sources["c4"]
    c4 = found.sources["c4"]

    assert found.settings == {"recipe.sources.c4.rules": ('["gopher"]', '["mine.toml"]')}
    assert list(found.rules) == ["c4"]
    assert list(found.rules["c4"]) == ["mine/word_count"]
    assert found.rules["c4"]["mine/word_count"].passes_after == "120 to 100,000"
    assert (c4.gained.documents, c4.lost.documents) == (asked.gained, asked.lost)
    assert asked.lost > 0
    assert (c4.after.documents, c4.after.words, c4.after.bytes) == (
        asked.after.documents,
        asked.after.words,
        asked.after.bytes,
    )
    assert list(found.stages) == list(found.languages) == ["c4"]
    assert list(found.stages["c4"]) == ["judge"]
    assert found.drift == {}
    assert {(each.removed_by, each.rules) for each in found.lost} == {("judge", ("mine/word_count",))}
    back = massivetext.open(changed[0] / "run").diff(real / "run")
    assert {(each.removed_by, each.rules) for each in back.gained} == {("judge", ("mine/word_count",))}
    assert list(back.rules["c4"]) == ["gopher/word_count"]


def test_the_command_prints_what_differs_and_the_same_as_json(
    real: Path, changed: tuple[Path, RunDiff], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    folder, found = changed
    done = ask("diff", real / "run", folder / "run", folder=folder)
    answer = json.loads(ask("diff", real / "run", folder / "run", "--json", folder=folder).out)

    for text in (
        "│ mine/word_count ",
        "│ 50 to 100,000 ",
        "│ → 120 to 100,000 ",
        "removes it by mine/word_count",
        "is not finished",
    ):
        assert text in done.out
    assert answer["sources"]["c4"]["lost"]["documents"] == found.sources["c4"].lost.documents
    assert len(answer["lost"]) == len(found.lost) > 0


@pytest.mark.parametrize("change", [_keep_a_copy, _lose_a_document])
def test_damage_is_named(finished: Path, copy: Path, change: Callable[[Path], None]) -> None:
    change(copy)
    path = _path(copy, "documents", WEB[1])
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(massivetext.StageError, match=f"{path}: cannot be read"):
        massivetext.open(finished).diff(copy)
