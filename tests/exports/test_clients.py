"""The readers of trainers get the rows of the run from its exports; see docs/training.md."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from client_programs import INSTALLED, SCRIPTS, Client, missing
from exported_runs import in_file_order, rows_of, write_run
from handmade_documents import WORDS

from massivetext.recipe import TokenizerOptions
from massivetext.records.exports.export_formats import export_format
from massivetext.records.exports.exporter import export_records
from massivetext.records.record_format import SequenceRecord
from massivetext.tokenizer.trainer import train_tokenizer

LENGTH = 64
ROWS = {"train": rows_of(40, LENGTH, 4000), "validation": rows_of(5, LENGTH, 4000, seed=1)}
WIDE_ROWS = {"train": rows_of(40, LENGTH, 70_000), "validation": rows_of(5, LENGTH, 70_000, seed=1)}
LINES = [f"the river {one} rises in the hills of {other}" for one in WORDS for other in WORDS]
RUNS = {4000: ROWS, 70_000: WIDE_ROWS}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run per vocabulary; MaxText wants a tokenizer that it can load."""
    folder = tmp_path_factory.mktemp("clients")
    model = train_tokenizer(LINES, TokenizerOptions(vocabulary_size=300))
    for vocabulary, rows in RUNS.items():
        write_run(folder / str(vocabulary), rows, length=LENGTH, vocabulary=vocabulary, model=model)
    return folder


def columns(row: SequenceRecord) -> tuple[object, ...]:
    return (int(row.seq_id), int(row.source), row.doc_starts.tolist(), row.tokens.tolist())


@pytest.mark.parametrize(("vocabulary", "split"), [(4000, "train"), (4000, "validation"), (70_000, "train")])
@pytest.mark.parametrize("client", INSTALLED, ids=lambda client: client.name)
def test_a_client_reads_the_rows_of_the_run(
    runs: Path, tmp_path: Path, client: Client, vocabulary: int, split: str
) -> None:
    target, output = runs / f"{client.format}_{vocabulary}", tmp_path / "rows.npz"
    export_records(str(runs / str(vocabulary)), export_format(client.format), str(target))
    command = [str(client.python()), str(SCRIPTS / f"read_{client.script}.py"), str(target), split, str(output)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found = np.load(output)
    wanted = in_file_order(RUNS[vocabulary][split])
    print(f"{found['version']} read {len(found['tokens'])} rows of {client.format}")

    tokens = [row.tokens.tolist() for row in wanted]
    got = found["tokens"].tolist()
    assert got == tokens if client.in_order else sorted(got) == sorted(tokens)
    if "seq_id" in found:
        starts = np.split(found["doc_starts"], np.cumsum(found["doc_counts"])[:-1])
        rows = zip(found["tokens"], starts, found["source"], found["seq_id"], strict=True)
        assert sorted(columns(SequenceRecord(*row)) for row in rows) == sorted(map(columns, wanted))


def test_a_client_that_is_not_installed_is_named() -> None:
    assert {client.script for client in INSTALLED} >= {"numpy", "pyarrow", "grain"}
    assert all("docs/training.md" in line for line in missing())
