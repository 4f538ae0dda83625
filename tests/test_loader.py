import builtins
import itertools
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_records import SHARDS, write_sequences

from massivetext.loader import Features, load, on_devices
from massivetext.records.record_format import SequenceRecord

LENGTH, SEQUENCES = 6, 50


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """50 sequences of 6 tokens; the first token of slot i is 100 + i; crops begin at 0 and 4."""
    path = tmp_path_factory.mktemp("records")
    write_sequences(
        path,
        [
            SequenceRecord(np.array([100 + slot, 11, 12, 13, 14, 15]), np.array([0, 4]), 0, slot)
            for slot in range(SEQUENCES)
        ],
        realised={"web": SEQUENCES},
        weights={"web": Decimal(1)},
        sequence_length=LENGTH,
        vocab_size=300,
    )
    return str(path)


def slots(batch: Features) -> list[int]:
    return [int(first) - 100 for first in batch["inputs"][:, 0]]


def one(folder: str, batch_size: int = 10, **options: Any) -> list[list[int]]:
    """The slots of each batch of a single process."""
    return [slots(b) for b in load(folder, batch_size, 3, **{"process_index": 0, "process_count": 1, **options})]


def test_rows_become_inputs_targets_segments_and_positions(folder: str) -> None:
    batch = next(load(folder, 2, 3, shuffle=False, process_index=0, process_count=1))

    assert sorted(batch) == ["inputs", "inputs_position", "inputs_segmentation", "targets"]
    assert all((values.shape, str(values.dtype)) == ((2, LENGTH), "int32") for values in batch.values())
    assert batch["inputs"][0].tolist() == [100, 11, 12, 13, 14, 15]
    assert batch["targets"][0].tolist() == [11, 12, 13, 14, 15, 0]
    assert batch["inputs_segmentation"][0].tolist() == [1, 1, 1, 1, 2, 2]
    assert batch["inputs_position"][0].tolist() == [0, 1, 2, 3, 0, 1]


def test_an_epoch_holds_every_sequence_once_in_a_shuffled_order(folder: str) -> None:
    order = [slot for batch in one(folder, epochs=1) for slot in batch]

    assert sorted(order) == list(range(SEQUENCES))
    # The stored order is shard after shard: neighbours differ by 4. Shuffled, hardly any do.
    assert sum(b - a == SHARDS for a, b in itertools.pairwise(order)) < 10


def test_unshuffled_is_the_stored_order(folder: str) -> None:
    order = [slot for batch in one(folder, epochs=1, shuffle=False) for slot in batch]

    assert order == [slot for shard in range(SHARDS) for slot in range(shard, SEQUENCES, SHARDS)]


def test_epochs_differ_and_go_on_without_end(folder: str) -> None:
    batches = load(folder, 10, 3, process_index=0, process_count=1)
    epochs = [[slot for _ in range(5) for slot in slots(next(batches))] for _ in range(3)]

    assert all(sorted(epoch) == list(range(SEQUENCES)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_seeds_differ_and_the_same_seed_repeats(folder: str) -> None:
    def order(seed: int) -> list[list[int]]:
        return [slots(b) for b in load(folder, 10, seed, epochs=1, process_index=0, process_count=1)]

    assert order(3) == order(3)
    assert order(3) != order(1000)


@pytest.mark.parametrize("count", [2, 5])
def test_processes_are_disjoint_and_complete_and_share_global_batches(folder: str, count: int) -> None:
    parts = [one(folder, epochs=1, process_index=index, process_count=count) for index in range(count)]

    assert all(len(batch) == 10 // count for part in parts for batch in part)
    together = [sorted(slot for part in parts for slot in part[step]) for step in range(5)]
    assert together == [sorted(batch) for batch in one(folder, epochs=1)]
    assert sorted(slot for batch in together for slot in batch) == list(range(SEQUENCES))


@pytest.mark.parametrize("done", [0, 1, 7])
def test_restored_position_continues_bit_by_bit(folder: str, done: int) -> None:
    def started() -> Any:
        return load(folder, 10, 3, process_index=1, process_count=2)

    batches = started()
    for _ in range(done):
        next(batches)
    state = batches.get_state()
    wanted = [next(batches) for _ in range(6)]

    resumed = started()
    resumed.set_state(state)
    for batch in wanted:
        again = next(resumed)
        assert all(np.array_equal(again[name], batch[name]) for name in batch)


def test_rows_that_fill_no_batch_are_left_out(folder: str) -> None:
    assert [len(batch) for batch in one(folder, batch_size=20, epochs=1)] == [20, 20]


def test_jax_says_which_process_this_is(folder: str) -> None:
    pytest.importorskip("jax")

    assert [slots(batch) for batch in load(folder, 10, 3, epochs=1)] == one(folder, epochs=1)


def test_batch_spreads_over_devices(folder: str) -> None:
    jax = pytest.importorskip("jax")
    mesh = jax.make_mesh((jax.device_count(),), ("data",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    batch = next(load(folder, 10, 3, process_index=0, process_count=1))
    placed = on_devices(batch, sharding)

    assert placed["inputs"].sharding == sharding
    assert np.array_equal(placed["inputs"], batch["inputs"])


@pytest.mark.parametrize(
    ("batch_size", "options", "message"),
    [
        (10, {"process_index": 0, "process_count": 3}, "a batch_size that 3 processes divide evenly, got 10"),
        (0, {}, "a batch_size that 1 processes divide evenly, got 0"),
        (51, {"epochs": 1}, "at most 50 rows, got 51"),
        (10, {"process_index": 2, "process_count": 2}, "0 <= process_index < process_count, got 2 and 2"),
        (10, {"process_index": 0, "process_count": None}, "both process_index and process_count or neither"),
    ],
)
def test_impossible_requests_are_refused(folder: str, batch_size: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        one(folder, batch_size, **options)


@pytest.mark.parametrize("package", ["grain", "jax"])
def test_missing_package_says_what_to_install(folder: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == package:
            raise ImportError(f"No module named {name!r}")
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(ImportError, match=r"pip install massivetext\[jax\]"):
        load(folder, 10, 3)


def test_importing_the_loader_needs_neither_grain_nor_jax() -> None:
    program = "import sys, massivetext.loader; print(sorted({'grain', 'jax'} & set(sys.modules)))"
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)

    assert done.stdout.strip() == "[]"
