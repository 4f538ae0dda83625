import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tiny_records import SEQUENCES, SHARDS, record, write_folder

from massivetext.records.array_record import write_records
from massivetext.records.dataset import fingerprint
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.reader import check_records, open_records
from massivetext.records.record_format import SequenceRecord


def test_sequences_come_in_global_order(tmp_path: Path) -> None:
    write_folder(tmp_path)
    records = open_records(str(tmp_path))

    assert len(records) == SEQUENCES
    assert [found.seq_id for found in records] == list(range(SEQUENCES))
    for slot in (0, 5, 10, -1):
        wanted = record(slot % SEQUENCES)
        found = records[slot]
        assert found.tokens.tolist() == wanted.tokens.tolist()
        assert found.doc_starts.tolist() == wanted.doc_starts.tolist()
        assert (found.source, found.seq_id) == (wanted.source, wanted.seq_id)
    assert [found.seq_id for found in records[3:9:2]] == [3, 5, 7]


@pytest.mark.parametrize("index", [SEQUENCES, -SEQUENCES - 1])
def test_index_outside_is_an_index_error(tmp_path: Path, index: int) -> None:
    write_folder(tmp_path)

    with pytest.raises(IndexError, match="want an index below 11"):
        open_records(str(tmp_path))[index]


def test_folder_without_its_last_file_is_not_opened(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "dataset.json").unlink()

    with pytest.raises(FileNotFoundError, match=r"dataset\.json"):
        open_records(str(tmp_path))


def test_missing_shard_and_wrong_count_are_named(tmp_path: Path) -> None:
    write_folder(tmp_path)
    path = tmp_path / RUN_FORMAT.shard_path(1, SHARDS)
    write_records(str(path), [b"one"])
    with pytest.raises(OSError, match=r"train-00001-of-00004.array_record: want 3 records by dataset.json, got 1"):
        open_records(str(tmp_path))

    path.unlink()
    with pytest.raises(OSError, match=r"train-00001-of-00004.array_record: want an ArrayRecord file, got none"):
        open_records(str(tmp_path))


def test_sound_folder_has_no_problems(tmp_path: Path) -> None:
    write_folder(tmp_path)

    assert check_records(str(tmp_path)) == []


def test_tokenizer_is_checked_where_it_is_there(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "tokenizer.model").unlink()
    assert check_records(str(tmp_path)) == []

    (tmp_path / "tokenizer.model").write_bytes(b"another model")
    (problem,) = check_records(str(tmp_path))
    assert "not the tokenizer of these records" in problem


def spoiled(slot: int, **changes: object) -> Callable[[SequenceRecord], SequenceRecord]:
    return lambda record: record._replace(**changes) if record.seq_id == slot else record  # type: ignore[arg-type]


# Slot 6 is record 1 of shard 2.
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (spoiled(6, tokens=np.arange(4, 11)), "want 8 tokens, got 7"),
        (spoiled(6, tokens=np.array([4, 5, 6, 7, 8, 9, 10, 30])), "want ids from 0 to 29, got 4 to 30"),
        (spoiled(6, tokens=np.array([4, 5, 6, 7, 8, 9, 10, -1])), "want ids from 0 to 29, got -1 to 10"),
        (spoiled(6, tokens=np.array([4, 5, 0, 7, 8, 0, 10, 29])), r"want no padding \(id 0\), got 2 times"),
        (spoiled(6, doc_starts=np.array([1, 3])), "want doc_starts that begin at 0"),
        (spoiled(6, doc_starts=np.array([0, 3, 3])), "want doc_starts that begin at 0"),
        (spoiled(6, doc_starts=np.array([0, 8])), "want doc_starts that begin at 0"),
        (spoiled(6, doc_starts=np.array([], np.int64)), "want doc_starts that begin at 0"),
        (spoiled(6, seq_id=7), "want seq_id 6, got 7"),
    ],
)
def test_bad_record_is_named(tmp_path: Path, change: Callable[[SequenceRecord], SequenceRecord], message: str) -> None:
    write_folder(tmp_path, change)
    problems = check_records(str(tmp_path))

    assert len(problems) == 1
    assert problems[0].startswith(f"{tmp_path}/train-00002-of-00004.array_record, record 1: ")
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(problems[0])


def test_bounds_of_ids_and_starts_are_themselves_allowed(tmp_path: Path) -> None:
    edge = spoiled(6, tokens=np.array([1, 2, 3, 4, 5, 6, 7, 29]), doc_starts=np.array([0, 7]))
    write_folder(tmp_path, edge)

    assert check_records(str(tmp_path)) == []


def test_unknown_source_and_the_mixture_it_spoils_are_named(tmp_path: Path) -> None:
    # Source 2 does not exist; web then has 7 of 7.7 wanted (within one) but not the tokens of 8.
    write_folder(tmp_path, spoiled(6, source=2))
    problems = check_records(str(tmp_path))

    assert len(problems) == 2
    assert "record 1: want a source below 2, got 2" in problems[0]
    assert problems[1] == "source web: want 64 tokens by dataset.json, got 56"


def test_mixture_that_is_off_by_more_than_one_is_named(tmp_path: Path) -> None:
    # Slots 0 and 1 turned from web to code: web has 6 of 7.7 and code 5 of 3.3.
    write_folder(tmp_path, lambda record: record._replace(source=1) if record.seq_id < 2 else record)
    problems = check_records(str(tmp_path))

    assert "source web: want within one of 7.7 sequences (weight 0.7), got 6" in problems
    assert "source code: want within one of 3.3 sequences (weight 0.3), got 5" in problems


def test_foreign_records_under_the_right_hash_are_named(tmp_path: Path) -> None:
    found = write_folder(tmp_path)
    path = tmp_path / RUN_FORMAT.shard_path(2, SHARDS)
    write_records(str(path), [b"not a record"] * 3)
    shards = list(found.train.shards)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    shards[2] = msgspec.structs.replace(shards[2], sha256=digest, bytes=path.stat().st_size)
    changed = msgspec.structs.replace(found, splits={"train": msgspec.structs.replace(found.train, shards=shards)})
    sealed = msgspec.structs.replace(changed, fingerprint=fingerprint(changed))
    (tmp_path / "dataset.json").write_bytes(sealed.to_json())
    problems = check_records(str(tmp_path))

    assert sum("train-00002-of-00004.array_record, record" in problem for problem in problems) == 3
    assert all("damaged, or not one of massivetext" in problem for problem in problems[:3])


def test_changed_dataset_file_is_a_problem(tmp_path: Path) -> None:
    write_folder(tmp_path)
    path = tmp_path / "dataset.json"
    path.write_bytes(path.read_bytes().replace(b'"vocab_size": 30', b'"vocab_size": "x"'))

    (problem,) = check_records(str(tmp_path))
    assert "vocab_size" in problem


@pytest.mark.parametrize("shard", range(SHARDS))
def test_flipped_bit_in_any_shard_is_found(tmp_path: Path, shard: int) -> None:
    write_folder(tmp_path)
    path = tmp_path / RUN_FORMAT.shard_path(shard, SHARDS)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    assert any("SHA-256" in problem or "damaged" in problem for problem in check_records(str(tmp_path)))


def test_missing_shard_is_a_problem_and_the_others_are_still_checked(tmp_path: Path) -> None:
    write_folder(tmp_path, spoiled(6, seq_id=7))
    (tmp_path / RUN_FORMAT.shard_path(0, SHARDS)).unlink()
    problems = check_records(str(tmp_path))

    assert any("train-00000-of-00004" in problem for problem in problems)
    assert any("want seq_id 6, got 7" in problem for problem in problems)


def test_missing_dataset_is_a_problem(tmp_path: Path) -> None:
    (problem,) = check_records(str(tmp_path))

    assert "dataset.json" in problem
