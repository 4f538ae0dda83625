import builtins
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tiny_records import SHARDS, record, write_folder, write_sequences

from massivetext.loader import load
from massivetext.records.dataset import DatasetSplit, fingerprint
from massivetext.records.example import decode_by_protobuf
from massivetext.records.reader import open_records
from massivetext.records.record_format import SequenceRecord
from massivetext.records.row_features import Features

ROOT = Path(__file__).resolve().parents[1]
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
    return [int(row[0]) - 100 for row in np.asarray(batch["inputs"])]


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
    together = [[slot for part in parts for slot in part[step]] for step in range(5)]
    assert together == one(folder, epochs=1)
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


def test_an_iterator_that_is_given_up_joins_no_thread(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[threading.Thread] = []
    monkeypatch.setattr(threading.Thread, "join", lambda thread, timeout=None: joined.append(thread))
    before = set(threading.enumerate())
    batches = load(folder, 10, 3, process_index=0, process_count=1)
    next(batches)
    (reading,) = set(threading.enumerate()) - before
    del batches  # as the garbage collector does, in any thread and at any time
    monkeypatch.undo()
    reading.join(60)

    assert not joined  # the thread that collects may hold the locks that a join needs
    assert not reading.is_alive()


def test_jax_says_which_process_this_is(folder: str) -> None:
    pytest.importorskip("jax")

    assert [slots(batch) for batch in load(folder, 10, 3, epochs=1)] == one(folder, epochs=1)


def test_global_arrays_are_divided_along_an_axis_of_the_mesh(folder: str) -> None:
    jax = pytest.importorskip("jax")
    mesh = jax.make_mesh((jax.device_count(), 1), ("data", "model"))
    include = ("loss_mask", "source", "seq_id")
    batches = load(folder, 10, 3, include=include)
    wanted = next(load(folder, 10, 3, include=include))
    placed = next(batches.on(mesh))

    assert placed["inputs"].sharding == jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    assert {name: str(values.dtype) for name, values in placed.items()} == dict.fromkeys(wanted, "int32")
    assert all(np.array_equal(placed[name], wanted[name]) for name in wanted)


def test_a_mesh_takes_and_gives_the_state_of_any_other(folder: str) -> None:
    jax = pytest.importorskip("jax")
    mesh = jax.make_mesh((jax.device_count(),), ("rows",))
    batches = load(folder, 10, 3, process_index=1, process_count=5)
    next(batches)
    placed = batches.on(mesh, "rows")
    wanted = one(folder, epochs=1)

    assert slots(next(placed)) == wanted[1]
    assert placed.get_state()["next_batch"] == 2
    batches.set_state(placed.get_state())
    assert slots(next(batches)) == wanted[2][2:4]
    placed.set_state(batches.get_state() | {"next_batch": 0})
    assert slots(next(placed)) == wanted[0]


@pytest.mark.parametrize(("axis", "message"), [("model", r"want an axis of the mesh \(data\), got model")])
def test_axes_that_the_mesh_has_not_are_refused(folder: str, axis: str, message: str) -> None:
    jax = pytest.importorskip("jax")

    with pytest.raises(ValueError, match=message):
        load(folder, 10, 3).on(jax.make_mesh((jax.device_count(),), ("data",)), axis)


@pytest.mark.slow
def test_eight_devices_and_two_processes_have_the_rows_of_one(folder: str) -> None:
    def run(count: int, devices: int) -> list[str]:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{taken.getsockname()[1]}"
        environment = os.environ | {
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        }
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", ON_A_MESH, folder, address, str(count), str(index)],
                env=environment,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for index in range(count)
        ]
        return [process.communicate(timeout=300)[0] for process in processes]

    (alone,) = run(1, 8)
    both = run(2, 4)

    rows = [json.loads(text.splitlines()[-1]) for text in (alone, *both)]  # Gloo prints to stdout too
    wanted = one(folder, batch_size=16, epochs=1)[:2]
    assert [slots for slots, _ in rows] == [wanted] * 3
    # Each process reads only the rows of its own devices.
    assert [own for _, own in rows] == [wanted, [batch[:8] for batch in wanted], [batch[8:] for batch in wanted]]


ON_A_MESH = """
import json, sys
import jax
folder, address, count, index = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if count > 1:
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(address, count, index)
import massivetext
from jax.experimental.multihost_utils import process_allgather
batches = massivetext.load(folder, 16, 3).on(jax.make_mesh((jax.device_count(),), ("data",)))
everything, own = [], []
for _ in range(2):
    inputs = next(batches)["inputs"]
    parts = sorted(inputs.addressable_shards, key=lambda shard: shard.index[0].start or 0)
    own.append([int(row[0]) - 100 for shard in parts for row in shard.data])
    everything.append([int(row[0]) - 100 for row in process_allgather(inputs, tiled=True)])
print(json.dumps([everything, own]))
"""


@pytest.mark.parametrize(
    ("batch_size", "options", "message"),
    [
        (10, {"process_index": 0, "process_count": 3}, "a batch_size that 3 processes divide evenly, got 10"),
        (0, {}, "a batch_size that 1 processes divide evenly, got 0"),
        (51, {"epochs": 1}, "at most 50 rows, got 51"),
        (10, {"process_index": 2, "process_count": 2}, "0 <= process_index < process_count, got 2 and 2"),
        (10, {"process_index": 0, "process_count": None}, "both process_index and process_count or neither"),
        (
            10,
            {"include": ["targets"]},
            "want include to name some of loss_mask, source, seq_id, doc_ids; got 'targets'",
        ),
    ],
)
def test_impossible_requests_are_refused(folder: str, batch_size: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        one(folder, batch_size, **options)


def test_missing_jax_says_what_to_install(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "jax":
            raise ImportError(f"No module named {name!r}")
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(ImportError, match=r"pip install massivetext\[jax\]"):
        load(folder, 10, 3)


def test_loading_for_a_known_process_needs_neither_grain_nor_jax(folder: str) -> None:
    program = f"""
import sys, massivetext
next(massivetext.load({folder!r}, 10, 3, process_index=0, process_count=1))
print(sorted({{'grain', 'jax'}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)

    assert done.stdout.strip() == "[]"


def test_the_order_of_a_seed_stays_as_it_is(folder: str) -> None:
    batches = load(folder, 20, 3, process_index=0, process_count=1)

    # A change here makes runs that are resumed read some rows twice and others never.
    assert [slots(next(batches))[:6] for _ in range(3)] == ORDER


ORDER = [[46, 6, 33, 30, 13, 48], [25, 41, 32, 10, 18, 34], [38, 15, 16, 44, 7, 26]]


def test_extra_features_come_where_they_are_asked_for(tmp_path: Path) -> None:
    write_folder(tmp_path, lambda record: record._replace(doc_ids=np.array([record.seq_id, 2**40 + record.seq_id])))
    include = ["source", "doc_ids", "loss_mask", "seq_id"]
    (batch,) = load(str(tmp_path), 11, 3, include=include, epochs=1, process_index=0, process_count=1)

    assert set(batch) == {"inputs", "targets", "inputs_segmentation", "inputs_position", *include}
    assert sorted(batch["seq_id"].tolist()) == list(range(11))
    for row, slot in enumerate(batch["seq_id"].tolist()):
        assert batch["inputs"][row].tolist() == record(slot).tokens.tolist()
        assert batch["source"][row] == record(slot).source
        assert batch["doc_ids"][row].tolist() == [slot, 2**40 + slot]
        # The second document begins at 1 + slot % 7: the token before it, and the last, have no target of their own.
        wanted = [1] * 8
        wanted[slot % 7] = wanted[7] = 0
        assert batch["loss_mask"][row].tolist() == wanted


def test_documents_of_rows_are_filled_up_with_minus_one(tmp_path: Path) -> None:
    def change(record: SequenceRecord) -> SequenceRecord:
        starts = np.arange(1 + record.seq_id % 3)
        return record._replace(doc_starts=starts, doc_ids=starts + 70)

    write_folder(tmp_path, change)
    (batch,) = load(str(tmp_path), 11, 3, include=["doc_ids", "seq_id"], epochs=1, process_index=0, process_count=1)

    for slot, documents in zip(batch["seq_id"].tolist(), batch["doc_ids"].tolist(), strict=True):
        assert documents == [70, *([71, 72][: slot % 3]), -1, -1][:3]


def test_padding_belongs_to_no_document_and_has_no_loss(tmp_path: Path) -> None:
    def change(record: SequenceRecord) -> SequenceRecord:
        return record._replace(tokens=np.array([4, 5, 6, 7, 8, 0, 0, 0]), doc_starts=np.array([0, 2]))

    write_folder(tmp_path, change)
    batch = next(load(str(tmp_path), 1, 3, include=["loss_mask"], process_index=0, process_count=1))

    assert batch["targets"][0].tolist() == [5, 6, 7, 8, 0, 0, 0, 0]
    assert batch["inputs_segmentation"][0].tolist() == [1, 1, 2, 2, 2, 0, 0, 0]
    assert batch["inputs_position"][0].tolist() == [0, 1, 0, 1, 2, 0, 0, 0]
    assert batch["loss_mask"][0].tolist() == [1, 0, 1, 1, 0, 0, 0, 0]


def test_document_ids_that_are_not_stored_are_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="stores no doc_ids, so none can be included"):
        one(folder, include=["doc_ids"], epochs=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fingerprint": "other"}, "fingerprint is 'other' there and '[0-9a-f]{64}' here; load what it was saved with"),
        ({"seed": 4, "batch_size": 5}, "batch_size is 5 there and 10 here; seed is 4 there and 3 here"),
        ({"split": "validation"}, "split is 'validation' there and 'train' here"),
        ({"shuffle": False}, "shuffle is False there and True here"),
        ({"next_batch": -1}, "want a state whose next_batch is a number from 0, got -1"),
        ({"next_batch": "1"}, "want a state whose next_batch is a number from 0, got '1'"),
        ({"more": 1}, "it is not a state of massivetext's loader, or one of another version"),
    ],
)
def test_the_state_of_other_batches_is_refused(folder: str, change: dict[str, object], message: str) -> None:
    batches = load(folder, 10, 3, process_index=0, process_count=1)
    next(batches)
    wanted = one(folder, epochs=1)[1]

    with pytest.raises(ValueError, match=message):
        batches.set_state(batches.get_state() | change)
    assert slots(next(batches)) == wanted  # the refused state has changed nothing


def test_what_is_no_state_is_refused(folder: str) -> None:
    with pytest.raises(TypeError, match="want a state that get_state returned, got None"):
        load(folder, 10, 3, process_index=0, process_count=1).set_state(None)  # type: ignore[arg-type]


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="want a folder of records, such as RUN/records"):
        load(tmp_path / "nowhere", 10, 3, process_index=0, process_count=1)


def test_the_state_is_json(folder: str) -> None:
    batches = load(folder, 10, 3, process_index=0, process_count=1)
    next(batches)
    again = load(folder, 10, 3, process_index=0, process_count=1)
    again.set_state(json.loads(json.dumps(batches.get_state())))

    assert slots(next(again)) == slots(next(batches))


def test_a_damaged_record_is_named_with_its_shard_and_is_not_the_end(tmp_path: Path) -> None:
    write_folder(tmp_path, lambda record: record._replace(tokens=record.tokens + 100 * (record.seq_id == 6)))
    batches = load(str(tmp_path), 11, 3, process_index=0, process_count=1)

    # Slot 6 of 4 shards is record 1 of shard 2; its tokens are 110 to 117.
    for _ in range(2):
        with pytest.raises(
            OSError, match=r"train-00002-of-00004\.array_record, record 1: want ids from 0 to 29, got 110 at position 0"
        ):
            next(batches)


def test_a_shard_damaged_on_disk_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path)
    path = tmp_path / "train-00003-of-00004.array_record"
    data = bytearray(path.read_bytes())
    place = data.index(b"doc_starts")
    data[place] ^= 1
    path.write_bytes(data)

    with pytest.raises(OSError, match=r"train-00003-of-00004\.array_record, record \d: .*copy the folder again"):
        next(load(str(tmp_path), 11, 3, process_index=0, process_count=1))


def test_a_truncated_shard_is_named_before_the_first_batch(tmp_path: Path) -> None:
    write_folder(tmp_path)
    path = tmp_path / "train-00001-of-00004.array_record"
    path.write_bytes(path.read_bytes()[:-70_000])

    with pytest.raises(OSError, match=r"train-00001-of-00004\.array_record: .*damaged or breaks off"):
        load(str(tmp_path), 2, 3, process_index=0, process_count=1)


@pytest.mark.parametrize("finished", [True, False])
def test_the_folder_of_a_run_is_told_from_its_records(tmp_path: Path, finished: bool) -> None:
    (tmp_path / "run.json").write_text("{}")
    if finished:
        write_folder(tmp_path / "records")
    ending = "/records$" if finished else "/records, which is not finished: continue the run"

    with pytest.raises(
        FileNotFoundError, match=r"dataset\.json: no such file: .* is a run; its records are in .*" + ending
    ):
        load(str(tmp_path), 2, 3, process_index=0, process_count=1)


def test_a_split_is_chosen_by_name(tmp_path: Path) -> None:
    dataset = write_folder(tmp_path)
    # The records of the first shard under another name: the rows of a split are counted on their own.
    (tmp_path / "validation-00000-of-00001.array_record").write_bytes(
        (tmp_path / dataset.train.shards[0].path).read_bytes()
    )
    shard = msgspec.structs.replace(dataset.train.shards[0], path="validation-00000-of-00001.array_record")
    splits = dataset.splits | {"validation": DatasetSplit(sequences=3, tokens=24, shards=[shard])}
    changed = msgspec.structs.replace(dataset, splits=splits)
    sealed = msgspec.structs.replace(changed, fingerprint=fingerprint(changed))
    (tmp_path / "dataset.json").write_bytes(sealed.to_json())

    (batch,) = load(
        str(tmp_path), 3, 3, split="validation", include=["seq_id"], epochs=1, process_index=0, process_count=1
    )
    assert sorted(batch["seq_id"].tolist()) == [0, 4, 8]
    with pytest.raises(ValueError, match="want one of the splits 'train', 'validation'; got 'test'"):
        load(str(tmp_path), 3, 3, split="test", process_index=0, process_count=1)


def test_grain_reads_the_files_and_the_reader_as_they_are(folder: str) -> None:
    grain = pytest.importorskip("grain")
    files = sorted(str(path) for path in Path(folder).glob("train-*"))
    by_files = grain.MapDataset.source(grain.sources.ArrayRecordDataSource(files)).map(decode_by_protobuf)
    by_reader = grain.MapDataset.source(open_records(folder))

    assert [one.seq_id for one in by_files] == [s for shard in range(SHARDS) for s in range(shard, SEQUENCES, SHARDS)]
    assert [one.seq_id for one in by_reader] == list(range(SEQUENCES))


@pytest.mark.parametrize("length", [16, 1_000_000])
def test_short_and_long_sequences(tmp_path: Path, length: int) -> None:
    tokens = np.arange(length) % 65_000 + 4
    write_sequences(
        tmp_path,
        [SequenceRecord((tokens + slot), np.array([0, length - 5]), 0, slot) for slot in range(4)],
        realised={"web": 4},
        weights={"web": Decimal(1)},
        sequence_length=length,
        vocab_size=70_000,
    )
    (batch,) = load(str(tmp_path), 4, 3, include=["seq_id"], epochs=1, process_index=0, process_count=1)

    assert np.array_equal(batch["inputs"], tokens + batch["seq_id"][:, None])
    assert batch["inputs_position"][:, -6:].tolist() == [[length - 6, 0, 1, 2, 3, 4]] * 4
