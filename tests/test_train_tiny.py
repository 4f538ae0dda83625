"""The example that trains on records: its losses are the same after a kill, on eight devices and in two processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_records import write_sequences

from massivetext.records.record_format import SequenceRecord

pytest.importorskip("jax")
pytest.importorskip("optax")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
LENGTH, SEQUENCES, STEPS = 64, 40, 12
SMALL = ("--width=48", "--layers=1", "--context=32", f"--steps={STEPS}", "--save-every=2")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 sequences in which each token is the one before it plus 1 (source web) or plus 3 (source code)."""
    folder = tmp_path_factory.mktemp("records")
    write_sequences(
        folder,
        [
            SequenceRecord(
                4 + (slot * 7 + np.arange(LENGTH) * (1 + 2 * (slot % 4 == 3))) % 60,
                np.array([0, 20]),
                int(slot % 4 == 3),
                slot,
            )
            for slot in range(SEQUENCES)
        ],
        realised={"web": 30, "code": 10},
        weights={"web": Decimal("0.75"), "code": Decimal("0.25")},
        sequence_length=LENGTH,
        vocab_size=64,
    )
    return folder


def start(records: Path, output: Path, *options: str, devices: int = 2) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, str(ROOT / "examples/train_tiny.py"), str(records), "--output", str(output)]
    return subprocess.Popen(
        [*command, *SMALL, *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=400)
    assert process.returncode == 0, errors[-3000:]


def losses(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / "losses.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def alone(records: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Output of one process with two devices, never stopped."""
    output = tmp_path_factory.mktemp("alone")
    finish(start(records, output))
    return output


def test_it_learns_and_draws_the_loss_of_each_source(alone: Path) -> None:
    found = losses(alone)

    assert [each["step"] for each in found] == list(range(1, STEPS + 1))
    first, last = (each["all"][0] / each["all"][1] for each in (found[0], found[-1]))
    assert last < first - 0.5
    for each in found:
        assert np.allclose(np.sum(list(each["sources"].values()), axis=0), each["all"])
    picture = (alone / "loss.svg").read_text()
    assert all(f">{name}<" in picture for name in ("all", "web", "code"))


def test_killed_and_resumed_it_has_the_same_losses_and_parameters(records: Path, alone: Path, tmp_path: Path) -> None:
    process = start(records, tmp_path)
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        if (tmp_path / "checkpoint.npz").exists() and len(losses_so_far(tmp_path)) % 2:
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    stopped = losses_so_far(tmp_path)
    finish(start(records, tmp_path))

    assert len(stopped) < STEPS, "the process was to be killed before its end"
    assert (tmp_path / "losses.jsonl").read_bytes() == (alone / "losses.jsonl").read_bytes()
    with np.load(alone / "checkpoint.npz") as one, np.load(tmp_path / "checkpoint.npz") as other:
        assert one.files == other.files
        assert all(np.array_equal(one[name], other[name]) for name in one.files)


def losses_so_far(output: Path) -> list[str]:
    """The complete lines of the file of losses."""
    path = output / "losses.jsonl"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def test_eight_devices_have_the_losses_of_two(records: Path, alone: Path, tmp_path: Path) -> None:
    finish(start(records, tmp_path, devices=8))

    assert (tmp_path / "losses.jsonl").read_bytes() == (alone / "losses.jsonl").read_bytes()


def test_one_device_has_the_same_losses_but_for_rounding(records: Path, alone: Path, tmp_path: Path) -> None:
    finish(start(records, tmp_path, devices=1))

    for one, two in zip(losses(tmp_path), losses(alone), strict=True):
        assert one["all"][0] == pytest.approx(two["all"][0], rel=1e-4)


def test_two_processes_have_the_losses_of_one(records: Path, alone: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    processes = [
        start(records, tmp_path, f"--coordinator={address}", "--processes=2", f"--process={number}", devices=4)
        for number in range(2)
    ]
    for process in processes:
        finish(process)

    assert (tmp_path / "losses.jsonl").read_bytes() == (alone / "losses.jsonl").read_bytes()


def test_another_seed_does_not_continue_a_checkpoint(records: Path, alone: Path) -> None:
    process = start(records, alone, "--seed=1")
    _, errors = process.communicate(timeout=400)

    assert process.returncode == 1
    assert "the state belongs to other batches: seed is 0 there and 1 here" in errors
