"""All five real sources in one run, and its records read back by grain."""

from pathlib import Path

import numpy as np
import pytest
from command import ROOT, massivetext

from massivetext.loader import load
from massivetext.records.reader import check_records, open_records
from massivetext.runs.store import Run

pytestmark = pytest.mark.slow

SEQUENCES = 4096
PARTS = {  # of shared_data.toml: what is replaced -> by what
    "web/*.warc.gz": "web/pages-00.warc.gz",
    "gutenberg/*.txt": "gutenberg/*[13].txt",
    "code/*": "code/[a-r]*",
    "training_bytes = 16_777_216": "training_bytes = 8_388_608",
    "sequences = 8192": f"sequences = {SEQUENCES}",
}


@pytest.fixture(scope="module")
def run(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over a third of the real data, with every source and every format of files."""
    folder = tmp_path_factory.mktemp("shared-data")
    text = (ROOT / "tests/real/shared_data.toml").read_text().replace("../../../shared/data", str(shared_data))
    for all_of_it, a_part in PARTS.items():
        assert all_of_it in text
        text = text.replace(all_of_it, a_part)
    (folder / "recipe.toml").write_text(text)
    massivetext("run", "recipe.toml", "--output", "run", "--workers", "2", folder=folder)
    return folder / "run"


def test_the_realised_mixture_is_the_target_within_one_sequence_a_source(run: Path) -> None:
    records = open_records(str(run / "records"))
    counted = np.bincount([record.source for record in records], minlength=5)

    assert len(records) == SEQUENCES
    for source in records.dataset.sources:
        target = float(records.dataset.mixture.weights[source.name]) * SEQUENCES
        assert abs(counted[source.id] - target) < 1


def test_the_loader_reads_every_token_in_a_global_shuffle(run: Path) -> None:
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

    assert sequences == SEQUENCES
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
