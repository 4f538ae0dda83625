"""All five real sources in one run, and its records read back by grain."""

from pathlib import Path

import numpy as np
import pytest
from command import ROOT, massivetext

from massivetext.loader import load
from massivetext.records.reader import check_records, open_records
from massivetext.runs.store import Run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over all of the real data."""
    assert shared_data.is_dir()
    folder = tmp_path_factory.mktemp("shared-data")
    recipe = ROOT / "tests/real/shared_data.toml"
    massivetext("run", recipe, "--output", "run", "--workers", "2", folder=folder)
    return folder / "run"


def test_the_realised_mixture_is_the_target_within_one_sequence_a_source(run: Path) -> None:
    records = open_records(str(run / "records"))
    counted = np.bincount([record.source for record in records], minlength=5)

    assert len(records) == 8192
    for source in records.dataset.sources:
        target = float(records.dataset.mixture.weights[source.name]) * 8192
        assert abs(counted[source.id] - target) < 1


def test_grain_reads_every_token_in_a_global_shuffle(run: Path) -> None:
    dataset = open_records(str(run / "records")).dataset
    pad, size = dataset.special_ids.pad, dataset.vocab_size
    sequences, total, digest = 0, 0, 0
    for batch in load(str(run / "records"), batch_size=64, seed=11, epochs=1):
        inputs = np.asarray(batch["inputs"])
        assert inputs.min() >= 0
        assert inputs.max() < size
        assert not (inputs == pad).any()
        sequences, total = sequences + len(inputs), total + int(inputs.sum())
    for record in open_records(str(run / "records")):
        digest += int(np.asarray(record.tokens, np.int64).sum())

    assert sequences == 8192
    assert total == digest


def test_records_and_run_are_whole(run: Path) -> None:
    assert check_records(str(run / "records")) == []
    assert "every file is as it was written" in massivetext("verify", run, folder=run.parent).stdout


def test_every_source_has_survivors_and_losses_that_are_accounted_for(run: Path) -> None:
    manifests = Run(str(run))
    for source in ("web", "books", "news", "code", "wikipedia"):
        ingested = manifests.need("ingest").totals(f"{source}/")["documents"]
        judged = manifests.need("judge").totals(f"{source}/")

        assert judged["kept"] + judged["removed"] == ingested
        assert judged["kept"] > 0
