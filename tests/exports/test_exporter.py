"""An export is whole or recognised as unfinished, is continued, checked, and never overwrites what is not its own."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import file_hashes
from exported_runs import in_file_order, rows_of, write_run
from object_store import Store, object_store

from massivetext.cli.main import run_command_line
from massivetext.errors import MassivetextError, StageError, UserError
from massivetext.loader import load
from massivetext.records.array_record import ARRAY_RECORD
from massivetext.records.exports.export_format import ExportFormat
from massivetext.records.exports.export_formats import EXPORT_FORMATS, export_format
from massivetext.records.exports.exporter import ExportProgress, export_records
from massivetext.records.reader import check_records, read_dataset
from massivetext.records.record_format import SequenceRecord

ROWS = rows_of(7, 16, 300)
every_format = pytest.mark.parametrize("export", EXPORT_FORMATS, ids=lambda one: one.name)
PARQUET = export_format("parquet")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of seven rows in three shards."""
    write_run(tmp_path / "run", {"train": ROWS})
    return tmp_path / "run"


class StopAfter:
    """Raises KeyboardInterrupt after so many shards."""

    def __init__(self, shards: int) -> None:
        self.shards = shards

    def __call__(self, progress: ExportProgress) -> None:
        if progress.shards_done == self.shards:
            raise KeyboardInterrupt


def read_rows(export: ExportFormat, run: Path, target: Path, split: str = "train") -> list[SequenceRecord]:
    """Return the rows of an export in the order of its files."""
    dataset = read_dataset(str(run / "records"))
    manifest = json.loads((target / "export.json").read_bytes())
    return [
        row
        for shard in manifest["splits"][split]["shards"]
        for row in export.read_shard([str(target / file["path"]) for file in shard["files"]], dataset)
    ]


@every_format
def test_an_export_holds_the_rows_of_the_run(run: Path, tmp_path: Path, export: ExportFormat) -> None:
    result = export_records(str(run), export, str(tmp_path / "out"))
    found = read_rows(export, run, tmp_path / "out")

    assert [row.tokens.tolist() for row in found] == [row.tokens.tolist() for row in in_file_order(ROWS)]
    assert (result.was_complete, result.resumed) == (False, 0)
    assert result.manifest.splits["train"].sequences == 7
    assert {file.path for file in result.manifest.all_files()} == file_hashes(tmp_path / "out").keys() - {"export.json"}


@every_format
@pytest.mark.parametrize(("train", "validation"), [(1, 0), (2, 1)])
def test_splits_may_be_tiny_or_empty(tmp_path: Path, export: ExportFormat, train: int, validation: int) -> None:
    rows = {"train": rows_of(train, 16, 300), "validation": rows_of(validation, 16, 300, seed=1)}
    write_run(tmp_path / "run", rows)
    manifest = export_records(str(tmp_path / "run"), export, str(tmp_path / "out")).manifest

    assert {name: split.sequences for name, split in manifest.splits.items()} == {
        "train": train,
        "validation": validation,
    }
    for name, each in rows.items():
        found = read_rows(export, tmp_path / "run", tmp_path / "out", name)
        assert [row.tokens.tolist() for row in found] == [row.tokens.tolist() for row in in_file_order(each)]


@every_format
def test_two_exports_have_the_same_bytes(run: Path, tmp_path: Path, export: ExportFormat) -> None:
    for name in ("a", "b"):
        export_records(str(run), export, str(tmp_path / name))

    assert file_hashes(tmp_path / "a") == file_hashes(tmp_path / "b")


@every_format
@pytest.mark.parametrize("shards", [1, 2, 3])
def test_an_export_that_was_stopped_is_continued(run: Path, tmp_path: Path, export: ExportFormat, shards: int) -> None:
    export_records(str(run), export, str(tmp_path / "whole"))
    with pytest.raises(KeyboardInterrupt):
        export_records(str(run), export, str(tmp_path / "out"), StopAfter(shards))
    assert not (tmp_path / "out/export.json").exists()

    result = export_records(str(run), export, str(tmp_path / "out"))

    assert result.resumed == shards
    assert file_hashes(tmp_path / "out") == file_hashes(tmp_path / "whole")


def test_a_shard_without_its_record_is_written_anew(run: Path, tmp_path: Path) -> None:
    export_records(str(run), PARQUET, str(tmp_path / "whole"))
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        export_records(str(run), PARQUET, str(out), StopAfter(2))
    (out / "export.commits/train-00000-of-00003.json").unlink()
    (out / "export.commits/train-00001-of-00003.json").write_text('{"files": [')
    (out / "data/.tmp-0123-train-00002-of-00003.parquet").write_bytes(b"half")
    result = export_records(str(run), PARQUET, str(out))

    assert result.resumed == 0
    assert file_hashes(out) == file_hashes(tmp_path / "whole")


def test_a_rerun_checks_every_byte_and_writes_nothing(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_records(str(run), PARQUET, str(out))
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    result = export_records(str(run), PARQUET, str(out))

    assert result.was_complete
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


@every_format
def test_any_damaged_file_of_a_finished_export_is_named(run: Path, tmp_path: Path, export: ExportFormat) -> None:
    out = tmp_path / "out"
    export_records(str(run), export, str(out))
    for path in [each for each in out.rglob("*") if each.is_file() and each.stat().st_size]:
        whole = path.read_bytes()
        for damaged in (whole[:-1], bytes([whole[0] ^ 1]) + whole[1:]):
            path.write_bytes(damaged)
            with pytest.raises(MassivetextError, match=f"{path.name}.*(the export is damaged|is damaged|want schema)"):
                export_records(str(run), export, str(out))
        path.unlink()
        if path.name != "export.json":
            with pytest.raises(StageError, match=f"{path.name}: is missing.*remove the folder"):
                export_records(str(run), export, str(out))
        path.write_bytes(whole)


def test_half_an_export_without_its_beginning_is_refused(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_records(str(run), PARQUET, str(out))
    (out / "export.json").unlink()

    with pytest.raises(UserError, match=r"is not part of this export.*empty folder"):
        export_records(str(run), PARQUET, str(out))


@pytest.mark.parametrize("name", ["notes.txt", "README.md", "data/train-00000-of-00003.parquet", "data/other.parquet"])
def test_files_of_somebody_else_are_not_touched(run: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(UserError, match=f"{name}: is not part of this export"):
        export_records(str(run), PARQUET, str(tmp_path / "out"))

    assert file_hashes(tmp_path / "out").keys() == {name}
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["notes.txt", "README.md", "data/train-00002-of-00003.parquet"])
def test_files_that_somebody_puts_into_an_unfinished_export_are_not_touched(
    run: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        export_records(str(run), PARQUET, str(out), StopAfter(1))
    (out / name).write_text("mine")
    with pytest.raises(MassivetextError, match=f"{name}: (is not part of this export|exists with other bytes)"):
        export_records(str(run), PARQUET, str(out))

    assert (out / name).read_text() == "mine"


@pytest.mark.parametrize("stopped", [True, False])
def test_a_folder_with_another_export_is_refused(run: Path, tmp_path: Path, stopped: bool) -> None:
    write_run(tmp_path / "other", {"train": rows_of(7, 16, 300, seed=3)})
    out = tmp_path / "out"
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            export_records(str(run), PARQUET, str(out), StopAfter(1))
    else:
        export_records(str(run), PARQUET, str(out))
    before = file_hashes(out)
    for folder, one in (("other", PARQUET), ("run", export_format("bin"))):
        with pytest.raises(UserError, match=r"another format|not part of this export"):
            export_records(str(tmp_path / folder), one, str(out))

    assert file_hashes(out) == before


@pytest.mark.parametrize("cut", [0, 100, -1])
def test_a_truncated_shard_of_the_run_is_named_and_gives_no_shard(run: Path, tmp_path: Path, cut: int) -> None:
    path = run / "records/train-00001-of-00003.array_record"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(StageError, match=r"train-00001-of-00003.*is not as the run wrote it; run `massivetext verify`"):
        export_records(str(run), PARQUET, str(tmp_path / "out"))

    assert sorted(each.name for each in (tmp_path / "out/data").iterdir()) == ["train-00000-of-00003.parquet"]
    assert not (tmp_path / "out/export.json").exists()


def test_a_missing_shard_tokenizer_or_description_is_named(run: Path, tmp_path: Path) -> None:
    for name, message in (
        ("records/train-00001-of-00003.array_record", "train-00001"),
        ("tokenizer/tokenizer.model", "tokenizer.model: is missing"),
        ("records/dataset.json", "dataset.json"),
    ):
        whole = (run / name).read_bytes()
        (run / name).unlink()
        with pytest.raises(StageError, match=message):
            export_records(str(run), PARQUET, str(tmp_path / "out"))
        (run / name).write_bytes(whole)


def test_another_tokenizer_is_refused(run: Path, tmp_path: Path) -> None:
    (run / "tokenizer/tokenizer.model").write_bytes(b"another")

    with pytest.raises(StageError, match="is not the tokenizer of the records"):
        export_records(str(run), PARQUET, str(tmp_path / "out"))


def test_rows_that_were_written_wrongly_are_found(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_one(paths: list[str], rows: Iterator[SequenceRecord], dataset: object) -> None:
        flat.write_shard(paths, list(rows)[:-1], dataset)  # type: ignore[arg-type]

    flat = export_format("bin")
    broken = ExportFormat(
        name="bin",
        title="broken",
        columns=flat.columns,
        shard_files=flat.shard_files,
        write_shard=lose_one,  # type: ignore[arg-type]
        read_shard=flat.read_shard,
        beside=flat.beside,
        usage="",
    )
    with pytest.raises(StageError, match="want the 3 rows of the run, read back 2"):
        export_records(str(run), broken, str(tmp_path / "out"))

    assert not list((tmp_path / "out").glob("train-*"))


def test_a_target_within_the_run_is_refused(run: Path) -> None:
    before = file_hashes(run)
    for target in (run, run / "records", run / "new"):
        with pytest.raises(UserError, match=r"--to: .*want a folder outside the run"):
            export_records(str(run), PARQUET, str(target))

    assert file_hashes(run) == before


def test_the_tfds_export_is_a_folder_of_records_too(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_records(str(run), export_format("tfds"), str(out))

    assert check_records(str(out)) == []
    batch = next(load(str(out), 7, 0, shuffle=False, process_index=0, process_count=1))
    assert batch["inputs"].shape == (7, 16)
    for path in (run / "records").glob("*.array_record"):
        assert (out / path.name).read_bytes() == path.read_bytes()
        assert ARRAY_RECORD.count(str(out / path.name)) in (2, 3)


# -- object stores -----------------------------------------------------------------------------------------------------


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty bucket."""
    with object_store() as made:
        yield made


@every_format
def test_an_export_to_and_from_an_object_store_has_the_same_bytes(
    run: Path, tmp_path: Path, store: Store, export: ExportFormat
) -> None:
    export_records(str(run), export, str(tmp_path / "local"))
    for path in run.rglob("*"):
        if path.is_file():
            store.put(f"run/{path.relative_to(run)}", path.read_bytes())
    with pytest.raises(KeyboardInterrupt):
        export_records(f"{store.url}/run", export, f"{store.url}/out", StopAfter(1))
    result = export_records(f"{store.url}/run", export, f"{store.url}/out")
    wanted = {name: (tmp_path / "local" / name).read_bytes() for name in file_hashes(tmp_path / "local")}

    assert result.resumed == 1
    assert {key.removeprefix("out/"): store.read(key) for key in store.listing("out/")} == wanted
    assert export_records(f"{store.url}/run", export, f"{store.url}/out").was_complete


def test_a_foreign_object_is_not_touched(run: Path, store: Store) -> None:
    store.put("out/README.md", b"mine")
    with pytest.raises(UserError, match=r"README.md: is not part of this export"):
        export_records(str(run), PARQUET, f"{store.url}/out")

    assert store.listing() == ["out/README.md"]


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_command_exports_and_checks(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["export", "run", "--records", "parquet", "--to", "out"]
    assert run_command_line(arguments) == 0
    assert "out: 7 sequences of 16 tokens as parquet, 6 files" in capsys.readouterr().out
    assert run_command_line(arguments) == 0
    assert "was complete, and every byte is as it was written" in capsys.readouterr().out

    (tmp_path / "out/README.md").write_text("x")
    assert run_command_line(arguments) == 1
    assert "README.md: has 1 bytes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["export", "nowhere", "--records", "bin", "--to", "out"], "nowhere: no run here; give the folder", 2),
        (["export", "run", "--records", "csv", "--to", "out"], "--records: want one of tfds, .*; got 'csv'", 2),
        (["export", "run", "--records", "bin"], "Missing option '--to'", 2),
        (["export", "run", "--to", "out"], "export: want --format .* or --records .*; got neither", 2),
        (["export", "run", "--to", "out", "--records", "bin", "--format", "parquet"], "got both", 2),
        (["export", "run", "--records", "bin", "--to", "out", "--removed"], "--removed: is used with --format", 2),
        (["export", "run", "--records", "bin", "--to", "run/x"], "--to: run/x: want a folder outside the run", 2),
        (["export", "run", "--records", "bin", "--to", "file"], "--to: file: .*is a file; give another folder", 2),
        (["export", "run", "--records", "bin", "--to", "http://x/y"], "want a local path, s3:// or gs://", 2),
        (["export", "unfinished", "--records", "bin", "--to", "out"], "stage 'records' is not complete", 1),
    ],
)
def test_what_is_wrong_with_arguments_is_said(
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
    code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    shutil.copytree(run, tmp_path / "unfinished")
    (tmp_path / "unfinished/records/manifest.json").unlink()

    assert run_command_line(arguments) == code
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(capsys.readouterr().err.replace("\n", " "))
