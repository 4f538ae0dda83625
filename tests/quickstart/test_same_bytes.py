"""The same recipe gives the same bytes: again, with other workers, with its inputs in another order, after kills."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builders import file_hashes, quickstart_recipe
from command import massivetext

KILLS = 5
DATA_SETS = (
    "documents",
    "quarantine",
    "signals",
    "verdicts",
    "duplicates",
    "contamination",
    "tokenizer",
    "tokens",
    "records",
    "report",
)


@pytest.mark.slow
def test_one_worker_writes_what_two_wrote(quickstart: Path, tmp_path: Path) -> None:
    recipe = quickstart_recipe(quickstart, tmp_path)
    massivetext("run", recipe, "--output", "run", "--workers", "1", folder=tmp_path)

    assert file_hashes(tmp_path / "run/records") == file_hashes(quickstart / "run/records")
    for data_set in DATA_SETS:
        assert file_hashes(tmp_path / "run" / data_set) == file_hashes(quickstart / "run" / data_set), data_set


@pytest.mark.slow
def test_inputs_in_another_order_give_the_same_records(quickstart: Path, tmp_path: Path) -> None:
    files = sorted(path.name for path in (quickstart / "massivetext-demo/web").iterdir())
    listed = ", ".join(f'"massivetext-demo/web/{name}"' for name in reversed(files))
    recipe = quickstart_recipe(quickstart, tmp_path, ('"massivetext-demo/web/*.warc.gz"', listed))
    massivetext("run", recipe, "--output", "run", "--workers", "2", "--until", "records", folder=tmp_path)

    ours, theirs = file_hashes(tmp_path / "run/records"), file_hashes(quickstart / "run/records")
    records = [name for name in theirs if name.endswith(".array_record")]
    assert records
    assert {name: ours[name] for name in records} == {name: theirs[name] for name in records}


@pytest.mark.slow
def test_a_run_killed_five_times_ends_with_the_same_bytes(quickstart: Path, tmp_path: Path) -> None:
    recipe = quickstart_recipe(quickstart, tmp_path)
    command = [sys.executable, "-m", "massivetext", "run", str(recipe), "--output", "run", "--workers", "2"]
    moments = random.Random("kills")
    killed = 0
    while killed < KILLS:
        process = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(timeout=moments.uniform(3.0, 12.0))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
        else:
            shutil.rmtree(tmp_path / "run")  # it was complete before it was killed: start again
    time.sleep(1)
    massivetext("run", recipe, "--output", "run", "--workers", "2", folder=tmp_path)

    for data_set in DATA_SETS:
        assert file_hashes(tmp_path / "run" / data_set) == file_hashes(quickstart / "run" / data_set), data_set
    verified = massivetext("verify", "run", folder=tmp_path)
    assert "every file is as it was written" in verified.stdout
