"""Exported documents are those of the run, whole, in order, with the same bytes however often an export is stopped."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
import zstandard
from builders import file_hashes, read_file
from client_programs import SCRIPTS, Client
from corpus_commands import ask
from handmade_documents import WEB
from object_store import object_store

import massivetext
from massivetext.cli.export_command import DOCUMENT_EXPORTS
from massivetext.corpus.document_export import DocumentsProgress, export_documents
from massivetext.corpus.document_files import DOCUMENT_FORMATS, document_format, json_lines
from massivetext.errors import StageError, UserError
from massivetext.schema import Document

JSONL, PARQUET, HF = DOCUMENT_FORMATS


def _lines(folder: Path) -> list[dict[str, object]]:
    paths = sorted(folder.rglob("*.jsonl.zst"))
    texts = [zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read().decode() for path in paths]
    return [json.loads(line) for text in texts for line in text.split("\n") if line]


def _expected(folder: Path, *, kept: bool = True) -> list[dict[str, object]]:
    columns = ["id", "source", "url", "title", "text", "metadata"]
    batches = massivetext.open(folder).documents(kept=kept, columns=columns)
    rows = [row for batch in batches for row in batch.to_pylist()]
    for row in rows:
        row["metadata"] = json.loads(row["metadata"])
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def test_the_formats_of_the_help_are_those_that_there_are() -> None:
    assert tuple(each.name for each in DOCUMENT_FORMATS) == DOCUMENT_EXPORTS


def test_json_lines_hold_the_documents_that_are_kept(real: Path, tmp_path: Path) -> None:
    result = export_documents(massivetext.open(real / "run"), JSONL, str(tmp_path / "out"))
    found = _lines(tmp_path / "out")

    assert found == _expected(real / "run")
    assert len(found) == sum(source.documents for source in result.manifest.sources.values()) > 60
    assert not list((tmp_path / "out").glob("export.commits*"))


def test_parquet_holds_the_same_rows(real: Path, tmp_path: Path) -> None:
    run = massivetext.open(real / "run")
    results = [export_documents(run, each, str(tmp_path / each.name)) for each in DOCUMENT_FORMATS]
    table = pa.concat_tables(pq.read_table(path) for path in sorted((tmp_path / "parquet").rglob("*.parquet")))

    assert table.column_names == ["id", "source", "url", "title", "text", "metadata"]
    assert b"".join(map(json_lines, table.to_batches())) == b"".join(
        json_lines(batch) for batch in run.documents(columns=table.column_names)
    )
    lines, parquet, hf = (
        {source: [shard.rows_sha256 for shard in each.shards] for source, each in result.manifest.sources.items()}
        for result in results
    )
    assert lines == parquet == hf


@pytest.mark.parametrize("name", DOCUMENT_EXPORTS)
def test_ingested_again_the_texts_are_the_same(real: Path, tmp_path: Path, name: str) -> None:
    run = massivetext.open(real / "run")
    export_documents(run, document_format(name), str(tmp_path / "out"))
    read = [each for path in sorted((tmp_path / "out").rglob("part-*")) for each in read_file("documents", path)]
    rows = [row for batch in run.documents(columns=["id", "text"]) for row in batch.to_pylist()]

    assert all(isinstance(each, Document) for each in read)
    assert [(each.metadata["id"], each.text) for each in read if isinstance(each, Document)] == [
        (row["id"], row["text"]) for row in rows
    ]


def test_removed_documents_come_with_their_reasons_and_signals(finished: Path, tmp_path: Path) -> None:
    export: list[str | Path] = [
        "export",
        finished,
        "--format",
        "jsonl.zst",
        "--to",
        "out",
        "--removed",
        "--signal",
        "word_count",
    ]
    done = ask(*export, "--source", "web", folder=tmp_path)
    found = _lines(tmp_path / "out")

    assert "7 documents removed by the stages up to decontaminate, as jsonl.zst, 2 files" in done.out
    assert [(row["removed_by"], row["word_count"]) for row in found] == [
        ("judge", 10),
        ("judge", 10),
        ("judge", 70),
        ("judge", 101),
        ("exact-dedup", 60),
        ("near-dedup", 65),
        ("decontaminate", 66),
    ]
    assert found[0]["failed_rules"] == ["gopher/word_count"]


def test_hf_has_a_card_that_says_which_files_are_which(real: Path, tmp_path: Path) -> None:
    run = massivetext.open(real / "run")
    export_documents(run, HF, str(tmp_path / "all"))
    export_documents(run, HF, str(tmp_path / "some"), removed=True, sources=["c4"], signals=["word_count"])
    cards = {name: (tmp_path / name / "README.md").read_text() for name in ("all", "some")}
    heads = {name: yaml.safe_load(card.split("---\n")[1]) for name, card in cards.items()}

    for name, sources in (("all", ["c4", "news"]), ("some", ["c4"])):
        configs = {each["config_name"]: each["data_files"] for each in heads[name]["configs"]}
        assert configs == {"default": "*/part-*"} | {source: f"{source}/part-*" for source in sources}
        for pattern in configs.values():
            paths = [*(tmp_path / name).glob(pattern)]
            assert paths
            assert all(path.suffix == ".parquet" for path in paths)
    assert "`metadata`, `removed_by`, `failed_rules`, `word_count`" in cards["some"]
    assert f"{sum(1 for _ in _rows(tmp_path / 'some'))} documents removed by the stages" in cards["some"]


def _rows(folder: Path) -> list[dict[str, object]]:
    return [row for path in sorted(folder.rglob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_the_card_of_a_whole_export_is_that_of_the_run(quickstart: Path, tmp_path: Path) -> None:
    run = massivetext.open(quickstart / "run")
    export_documents(run, HF, str(tmp_path / "out"))
    assert (tmp_path / "out/README.md").read_bytes() == (quickstart / "run/report/card.md").read_bytes()

    (tmp_path / "out/README.md").write_text("mine")
    with pytest.raises(StageError, match=r"README\.md"):
        export_documents(run, HF, str(tmp_path / "out"))


DATASETS = Client("hf_documents", "hf", "datasets", "datasets").python()

if DATASETS is not None:  # see client_programs

    def test_datasets_loads_an_export(finished: Path, tmp_path: Path) -> None:
        export_documents(massivetext.open(finished), HF, str(tmp_path / "out"))
        done = subprocess.run(
            [str(DATASETS), SCRIPTS / "read_hf_documents.py", tmp_path / "out", "default", "web"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")},
        )
        expected = _expected(finished)
        assert json.loads(done.stdout) == {
            "default": sorted(str(row["text"]) for row in expected),
            "web": sorted(str(row["text"]) for row in expected if row["source"] == "web"),
        }


class _Stopped(Exception):  # noqa: N818 - it stands for a kill
    pass


@pytest.mark.parametrize("name", DOCUMENT_EXPORTS)
def test_an_export_that_was_stopped_goes_on_to_the_same_bytes(finished: Path, tmp_path: Path, name: str) -> None:
    run, chosen = massivetext.open(finished), document_format(name)
    export_documents(run, chosen, str(tmp_path / "whole"))
    for stop_after in (1, 2):

        def stop(progress: DocumentsProgress, shards: int = stop_after) -> None:
            if progress.shards_done == shards:
                raise _Stopped

        with pytest.raises(_Stopped):
            export_documents(run, chosen, str(tmp_path / "out"), stop)
    result = export_documents(run, chosen, str(tmp_path / "out"))

    assert (result.resumed, result.was_complete) == (2, False)
    assert file_hashes(tmp_path / "out") == file_hashes(tmp_path / "whole")


def test_an_export_to_and_from_an_object_store_has_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    export_documents(massivetext.open(finished), HF, str(tmp_path / "local"))
    with object_store() as store:
        for path in finished.rglob("*"):
            if path.is_file():
                store.put(f"run/{path.relative_to(finished)}", path.read_bytes())
        run = massivetext.open(f"{store.url}/run")
        export_documents(run, HF, f"{store.url}/out")
        assert export_documents(run, HF, f"{store.url}/out").was_complete
        found = {key.removeprefix("out/"): store.read(key) for key in store.listing("out/")}

    assert found == {name: (tmp_path / "local" / name).read_bytes() for name in file_hashes(tmp_path / "local")}


def test_a_finished_export_is_checked(finished: Path, tmp_path: Path) -> None:
    export: list[str | Path] = ["export", finished, "--format", "parquet", "--to", "out"]
    # Four of web, and one of wikipedia: the other is a test item by its title.
    first, again = ask(*export, folder=tmp_path), ask(*export, folder=tmp_path)
    assert "5 documents kept by the stages up to decontaminate, as parquet, 3 files" in first.out
    assert "was complete, and every byte is as it was written" in again.out

    path = next((tmp_path / "out" / "web").iterdir())
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    damaged = ask(*export, folder=tmp_path)
    assert (damaged.code, "its bytes have changed: the export is damaged" in damaged.err) == (1, True)

    other = ask(*export[:2], "--format", "jsonl.zst", "--to", "out", folder=tmp_path)
    assert (other.code, "holds an export of something else or another format" in other.err) == (2, True)


def test_texts_that_are_not_as_ingest_wrote_them_are_not_exported(finished: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(finished, tmp_path / "run")
    path = folder / "documents" / f"{WEB[1].name}.parquet"
    pq.write_table(pq.read_table(path), path, compression="none")

    with pytest.raises(StageError, match=f"{path}: is not as the run wrote it"):
        export_documents(massivetext.open(folder), JSONL, str(tmp_path / "out"))
    assert not (tmp_path / "out/export.json").exists()


def test_what_cannot_be_exported_is_said(finished: Path, judged: Path, tmp_path: Path) -> None:
    run, half = massivetext.open(finished), massivetext.open(judged)
    out = str(tmp_path / "out")
    with pytest.raises(UserError, match=r"--to: .* want a folder outside the run"):
        export_documents(run, JSONL, f"{finished}/out")
    with pytest.raises(UserError, match="source: want one of web, wikipedia, got 'news'"):
        export_documents(run, JSONL, out, sources=["news"])
    with pytest.raises(UserError, match="signals: want signals that the run has measured, got 'text'"):
        export_documents(run, JSONL, out, signals=["text"])
    with pytest.raises(StageError, match="stage 'exact-dedup' is not complete, so it is not known what the run keeps"):
        export_documents(half, JSONL, out)
    with pytest.raises(UserError, match=r"--format: want one of jsonl.zst, parquet, hf; got 'csv'"):
        document_format("csv")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(UserError, match=r"mine.txt: is not part of this export, and nothing is written beside it"):
        export_documents(run, JSONL, out)

    assert export_documents(half, JSONL, str(tmp_path / "judged"), after="judge").manifest.after == "judge"
