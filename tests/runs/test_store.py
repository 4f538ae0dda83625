"""A run folder: committed work is complete, interrupted work resumes, and every changed byte is found."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_run import damaged_parquet, finish, tiny_context

from massivetext.errors import StageError, UserError
from massivetext.runs import store
from massivetext.runs.store import CommittedFile, Manifest, Run, RunState, Shard, ShardCommit, StageState
from massivetext.runs.verify import verify_run
from massivetext.stages import JUDGE, MEASURE, STAGES
from massivetext.storage import files as fs

SHARD = Shard("news", 3, 64)
KEY, OTHER = "a" * 64, "b" * 64


@pytest.fixture(params=["local", "relative", "memory"])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """An empty run, on each kind of filesystem and spelling."""
    monkeypatch.chdir(tmp_path)
    folder = {"local": str(tmp_path / "run"), "relative": "run", "memory": f"memory://{tmp_path.name}"}[request.param]
    yield Run(folder)
    fs.remove(folder)


def write(run: Run, name: str, data: bytes = b"data") -> CommittedFile:
    """Write a file of a run and return its entry."""
    return run.committed(fs.write_bytes(run.path(name), data))


def paths(run: Run) -> list[str]:
    return [fs.relative(info.path, run.folder) for info in fs.find(run.folder)]


def done(run: Run, stage: str, key: str, task: str, *names: str) -> ShardCommit:
    """Write some files of a work item and its commit."""
    commit = ShardCommit(task, tuple(write(run, name, task.encode()) for name in names), {"documents": 1})
    run.commit_shard(stage, key, commit)
    return commit


# -- shards ------------------------------------------------------------------------------------------------------------


def test_parts_are_named_after_their_shard(run: Run) -> None:
    assert SHARD.name == "news/part-00003-of-00064"
    assert run.shard_file("verdicts/exact", SHARD) == f"{run.folder}/verdicts/exact/news/part-00003-of-00064.parquet"
    assert run.shard_file("quarantine", SHARD, ".jsonl").endswith("/quarantine/news/part-00003-of-00064.jsonl")


def test_a_table_is_read_as_it_was_written(run: Run) -> None:
    table = pa.table({"a": [1, 2, 3], "b": ["x", None, "ü"]})
    file = run.write_table("signals", SHARD, table)

    assert file == CommittedFile(
        "signals/news/part-00003-of-00064.parquet", fs.size(run.path(file.path)), file.sha256, 3
    )
    assert file.sha256 == fs.digest(run.path(file.path))
    assert run.read_table("signals", SHARD) == table
    assert run.read_table("signals", SHARD, ["b"]).column_names == ["b"]


def test_the_same_table_is_the_same_bytes(run: Run) -> None:
    table = pa.table({"a": list(range(1000))})

    assert run.write_table("signals", SHARD, table).sha256 == run.write_table("signals", SHARD, table).sha256


def test_a_missing_table_is_told_with_its_path(run: Run) -> None:
    with pytest.raises(
        StageError, match=r"signals/news/part-00003-of-00064.parquet: cannot be read .*massivetext verify"
    ):
        run.read_table("signals", SHARD)


@pytest.mark.parametrize("damage", ["empty", "cut", "footer", "data"])
def test_a_damaged_table_is_told_with_its_path(run: Run, damage: str) -> None:
    file = run.write_table("signals", SHARD, pa.table({"a": list(range(1000))}))
    path = run.path(file.path)
    fs.write_bytes(path, damaged_parquet(fs.read_bytes(path))[damage])

    with pytest.raises(StageError, match=r"signals/news/part-00003-of-00064.parquet: cannot be read"):
        run.read_table("signals", SHARD)


def test_a_commit_is_read_as_it_was_written(run: Run) -> None:
    commit = done(run, "measure", KEY, SHARD.name, "signals/a", "signals/b")

    assert run.shard_commit("measure", KEY, SHARD.name) == commit
    assert run.commits("measure", KEY) == [commit]


def test_a_commit_is_of_its_stage_key_and_task_alone(run: Run) -> None:
    done(run, "measure", KEY, SHARD.name)

    assert run.shard_commit("judge", KEY, SHARD.name) is None
    assert run.shard_commit("measure", OTHER, SHARD.name) is None
    assert run.shard_commit("measure", KEY, "news/part-00004-of-00064") is None
    assert run.commits("measure", OTHER) == []


def test_commits_are_in_the_order_of_their_tasks(run: Run) -> None:
    for task in ("b/part-1", "a/part-2", "a/part-10"):
        done(run, "measure", KEY, task)
    run.begin(MEASURE, KEY)  # its own marker is no commit

    assert [commit.task for commit in run.commits("measure", KEY)] == ["a/part-10", "a/part-2", "b/part-1"]


@pytest.mark.parametrize("data", [None, b"", b"dat", b"data+"])
def test_a_commit_whose_file_has_gone_or_changed_its_size_is_none(run: Run, data: bytes | None) -> None:
    file = write(run, "signals/a")
    run.commit_shard("measure", KEY, ShardCommit("t", (file, write(run, "signals/b")), {}))
    fs.remove(run.path("signals/a"))
    if data is not None:
        fs.write_bytes(run.path("signals/a"), data)

    assert run.shard_commit("measure", KEY, "t") is None


@pytest.mark.parametrize("data", [b"", b"{", b'{"task": 3}', b"\xff\xff", b"\x00" * 200])
def test_a_commit_that_cannot_be_read_is_none(run: Run, data: bytes) -> None:
    done(run, "measure", KEY, "t")
    (name,) = [name for name in paths(run) if name.endswith("t.json")]
    fs.write_bytes(run.path(name), data)

    assert run.shard_commit("measure", KEY, "t") is None


def test_a_half_written_commit_is_not_seen(run: Run) -> None:
    with fs.publish(run.path("measure", "commits", KEY[:16], "t.json")) as temporary:
        Path(temporary).write_bytes(b'{"task":')

        assert run.shard_commit("measure", KEY, "t") is None
        assert run.commits("measure", KEY) == []
        Path(temporary).write_bytes(b'{"task":"t","files":[],"counts":{}}')


# -- stages ------------------------------------------------------------------------------------------------------------


def test_every_stage_says_what_it_owns_and_nothing_is_owned_twice() -> None:
    owned = [folder for stage in STAGES for folder in stage.folders]

    assert all(stage.name in stage.folders for stage in STAGES)
    assert len(set(owned)) == len(owned)
    assert not any(first != second and second.startswith(f"{first}/") for first in owned for second in owned)


def test_beginning_again_with_the_same_key_keeps_what_is_done(run: Run) -> None:
    run.begin(MEASURE, KEY)
    commit = done(run, "measure", KEY, "t", "signals/a")
    run.begin(MEASURE, KEY)

    assert run.shard_commit("measure", KEY, "t") == commit


def test_beginning_with_another_key_clears_what_the_stage_owns_and_nothing_else(run: Run) -> None:
    write(run, "documents/a")
    write(run, "verdicts/exact/a")
    run.begin(JUDGE, KEY)
    done(run, "judge", KEY, "t", "verdicts/rules/a", "judge/extra")
    run.begin(JUDGE, OTHER)

    assert run.shard_commit("judge", KEY, "t") is None
    assert [name for name in paths(run) if "/commits/" not in name] == ["documents/a", "verdicts/exact/a"]
    run.begin(JUDGE, KEY)  # the first attempt is not found again
    assert run.shard_commit("judge", KEY, "t") is None


def test_files_of_unknown_origin_are_cleared_at_the_first_beginning(run: Run) -> None:
    write(run, "signals/left-over")
    run.begin(MEASURE, KEY)

    assert [name for name in paths(run) if "/commits/" not in name] == []


def test_beginning_takes_the_manifest_away(run: Run) -> None:
    run.begin(MEASURE, KEY)
    run.commit(MEASURE, Manifest("measure", KEY, {}, ()))
    run.begin(MEASURE, KEY)

    assert run.manifest("measure") is None


def test_a_committed_stage_holds_its_files_and_no_others(run: Run) -> None:
    run.begin(MEASURE, KEY)
    commits = [done(run, "measure", KEY, task, f"signals/{task}") for task in ("s", "t")]
    write(run, "signals/stray")
    write(run, "signals/.tmp-0123-t")
    write(run, "measure/stray")
    write(run, "documents/of-another-stage")
    manifest = Manifest("measure", KEY, {"ingest": OTHER}, tuple(commits), {"fact": 1})
    digest = run.commit(MEASURE, manifest)

    assert paths(run) == ["documents/of-another-stage", "measure/manifest.json", "signals/s", "signals/t"]
    assert run.manifest("measure") == run.need("measure") == manifest
    assert digest == fs.digest(run.path("measure/manifest.json"))
    assert [fs.read_bytes(run.path(file.path)) for file in manifest.files()] == [b"s", b"t"]


def test_a_kill_before_the_manifest_is_written_costs_no_shard(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.begin(MEASURE, KEY)
    commit = done(run, "measure", KEY, "t", "signals/t")
    write(run, "signals/stray")
    write_bytes = fs.write_bytes

    def killed(path: str, data: bytes) -> None:
        if path.endswith("manifest.json"):
            raise KeyboardInterrupt
        write_bytes(path, data)

    monkeypatch.setattr(fs, "write_bytes", killed)
    with pytest.raises(KeyboardInterrupt):
        run.commit(MEASURE, Manifest("measure", KEY, {}, (commit,)))
    run.begin(MEASURE, KEY)

    assert run.manifest("measure") is None
    assert run.shard_commit("measure", KEY, "t") == commit


def test_totals_are_sums_over_tasks() -> None:
    tasks = (
        ShardCommit("news/a", (), {"documents": 2, "rejected:bad_json": 1}),
        ShardCommit("news/b", (), {"documents": 3}),
        ShardCommit("web/a", (), {"documents": 10, "bytes": 5}),
    )
    manifest = Manifest("ingest", KEY, {}, tasks)

    assert manifest.totals() == {"bytes": 5, "documents": 15, "rejected:bad_json": 1}
    assert manifest.totals("news/") == {"documents": 5, "rejected:bad_json": 1}
    assert manifest.totals("books/") == {}


def test_a_stage_that_is_not_complete_is_said_to_be(run: Run) -> None:
    assert run.manifest("measure") is None
    with pytest.raises(StageError, match="stage 'measure' is not complete; run `massivetext run` again"):
        run.need("measure")


@pytest.mark.parametrize("data", [b"", b"{}", b'{"stage": "\xff"}', b"\x00"])
def test_a_damaged_manifest_says_what_to_do(run: Run, data: bytes) -> None:
    write(run, "measure/manifest.json", data)

    with pytest.raises(
        StageError, match=r"measure/manifest.json: is damaged; delete it and run again to redo the stage"
    ):
        run.manifest("measure")


def test_equal_values_have_equal_bytes_and_keys() -> None:
    first, second = {"a": 1, "b": [1.5, None]}, {"b": [1.5, None], "a": 1}

    assert store.canonical_json(first) == store.canonical_json(second)
    assert store.json_sha256(first) == store.json_sha256(second)
    assert store.json_sha256(first) != store.json_sha256({"a": 1, "b": [1.5]})
    # SHA-256 of `{"a":1}`: another result would redo every existing run.
    assert store.json_sha256({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


# -- run.json ----------------------------------------------------------------------------------------------------------


def state(**changes: Any) -> RunState:
    plain = RunState(
        format=store.FORMAT,
        name="a",
        recipe={"name": "a", "near": {"threshold": 0.8}},
        recipe_sha256="0" * 64,
        root="/data",
        seed=2**61,
        versions={"numpy": "2.0"},
        complete=True,
        until="report",
        stages=(),
    )
    return msgspec.structs.replace(plain, **changes)


def test_the_state_is_read_as_it_was_written(run: Run) -> None:
    assert run.state() is None
    written = state(stages=(StageState("ingest", KEY, OTHER, 0.125), StageState("measure", KEY)))
    run.write_state(written)

    assert run.state() == written


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"run": "\xff"}', b"\x00\xff"])
def test_a_damaged_state_is_no_state(run: Run, data: bytes) -> None:
    write(run, "run.json", data)

    with pytest.raises(UserError, match=r"run.json: is damaged, or not the state of a run"):
        run.state()
    assert len(verify_run(run)) == 1
    assert "run.json: is damaged, or not the state of a run" in verify_run(run)[0]


# -- verify ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small finished run: two sources, three shards, three stages."""
    folder = tmp_path_factory.mktemp("verify") / "run"
    finish(tiny_context(str(folder), {"news": [["one two", "three"], ["four"]], "wikipedia": [["ü"]]}, dropped={"ü"}))
    return folder


@pytest.fixture
def finished(made: Path, tmp_path: Path) -> Path:
    """A copy of the run, to be damaged."""
    return Path(shutil.copytree(made, tmp_path / "run"))


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flipped(data: bytes, offset: int, mask: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ mask]) + data[offset + 1 :]


def test_a_run_is_as_it_was_written(made: Path) -> None:
    assert verify_run(Run(str(made))) == []
    assert len(files(made)) == 13  # three data sets of three shards, three manifests, run.json


def test_a_run_can_be_verified_by_any_name(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made.parent)

    assert verify_run(Run("run")) == verify_run(Run(f"{made}/")) == verify_run(Run(f"file://{made}")) == []


def test_a_changed_byte_is_found_in_every_file(finished: Path) -> None:
    for path in files(finished):
        data = path.read_bytes()
        for offset in {0, 1, len(data) // 3, len(data) // 2, len(data) - 2, len(data) - 1}:
            for mask in (0x01, 0x80, 0xFF):
                path.write_bytes(flipped(data, offset, mask))
                problems = verify_run(Run(str(finished)))

                assert problems, f"{path.name} at {offset}"
                assert str(path) in problems[0]
        path.write_bytes(data)
    assert verify_run(Run(str(finished))) == []


def test_the_state_counts_to_the_byte(finished: Path) -> None:
    path = finished / "run.json"
    data = path.read_bytes()
    for offset in range(0, len(data), 5):
        path.write_bytes(flipped(data, offset, 1 << offset % 8))

        assert len(verify_run(Run(str(finished)))) == 1, offset


@given(st.data())
def test_no_changed_byte_goes_unseen(made: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files(made)))
    whole = path.read_bytes()
    offset, mask = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 255))
    path.write_bytes(flipped(whole, offset, mask))
    try:
        problems = verify_run(Run(str(made)))
    finally:
        path.write_bytes(whole)

    assert problems
    assert str(path) in problems[0]


@pytest.mark.parametrize(
    ("name", "damage", "expected"),
    [
        ("signals/news/part-00000-of-00002.parquet", Path.unlink, "is missing"),
        ("judge/manifest.json", Path.unlink, "is missing"),
        (
            "documents/news/part-00001-of-00002.parquet",
            lambda path: path.write_bytes(path.read_bytes()[:-1]),
            "bytes, want",
        ),
        ("documents/news/part-00001-of-00002.parquet", lambda path: path.write_bytes(b""), "has 0 bytes, want"),
        (
            "documents/news/part-00001-of-00002.parquet",
            lambda path: path.write_bytes(path.read_bytes() + b"\0"),
            "bytes, want",
        ),
        ("run.json", lambda path: path.write_bytes(path.read_bytes()[:-1]), "is not as it was written"),
        ("run.json", lambda path: path.write_bytes(path.read_bytes() + b"\n"), "is not as it was written"),
        ("documents/news/added.parquet", lambda path: path.write_bytes(b""), "is not part of the run"),
        ("notes.txt", lambda path: path.write_bytes(b"mine"), "is not part of the run"),
        ("judge/commits/x/begun", lambda path: fs.write_bytes(str(path), b""), "is not part of the run"),
    ],
)
def test_missing_cut_and_added_files_are_found(
    finished: Path, name: str, damage: Callable[[Path], object], expected: str
) -> None:
    damage(finished / name)
    problems = [problem for problem in verify_run(Run(str(finished))) if str(finished / name) in problem]

    assert len(problems) == 1
    assert expected in problems[0]


def test_every_damaged_file_is_told(finished: Path) -> None:
    (finished / "signals/news/part-00000-of-00002.parquet").unlink()
    path = finished / "documents/wikipedia/part-00000-of-00001.parquet"
    path.write_bytes(flipped(path.read_bytes(), 100, 1))

    assert verify_run(Run(str(finished))) == [
        f"{path}: its bytes have changed (SHA-256 differs from the manifest)",
        f"{finished}/signals/news/part-00000-of-00002.parquet: is missing",
    ]


def test_rows_that_are_not_those_of_the_manifest_are_found(tmp_path: Path) -> None:
    run = Run(str(tmp_path))
    file = msgspec.structs.replace(run.write_table("signals", SHARD, pa.table({"a": [1, 2]})), rows=3)
    digest = run.commit(MEASURE, Manifest("measure", KEY, {}, (ShardCommit("t", (file,), {}),)))
    run.write_state(state(stages=(StageState("measure", KEY, digest),)))

    assert pq.read_metadata(run.shard_file("signals", SHARD)).num_rows == 2
    assert verify_run(run) == [f"{run.shard_file('signals', SHARD)}: has 2 rows, want 3"]


def test_an_incomplete_run_says_so(tmp_path: Path) -> None:
    run = Run(str(tmp_path))
    run.write_state(state(complete=False))

    assert verify_run(run) == [f"{tmp_path}: the run is not complete; run it again to go on"]
    for number in range(30):
        fs.write_bytes(run.path("tokens", f"{number}.parquet"), b"")
    assert verify_run(run)[1:] == [f"{run.path('tokens')}: 30 files of no complete stage"]


def test_a_folder_without_a_run_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"no run here \(no run.json\); give the folder that `massivetext run` wrote to"
    ):
        verify_run(Run(str(tmp_path)))
