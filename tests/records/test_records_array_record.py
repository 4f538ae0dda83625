import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from array_record.python.array_record_data_source import ArrayRecordDataSource
from array_record.python.array_record_module import ArrayRecordReader

from massivetext.records import array_record
from massivetext.records.record_format import SequenceRecord

RECORDS = [bytes([i % 256]) * (i % 50) for i in range(300)]


def test_records_come_back_in_order(tmp_path: Path) -> None:
    path = str(tmp_path / "a.array_record")
    array_record.write_records(path, iter(RECORDS))

    assert array_record.read_records(path) == RECORDS
    assert array_record.count_records(path) == 300


def test_no_records_are_a_file_with_none(tmp_path: Path) -> None:
    path = str(tmp_path / "a.array_record")
    array_record.write_records(path, [])

    assert array_record.read_records(path) == []
    assert array_record.count_records(path) == 0


def test_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    array_record.write_records(str(one), RECORDS)
    array_record.write_records(str(two), RECORDS)

    assert one.read_bytes() == two.read_bytes()


def test_every_record_is_a_chunk_of_its_own(tmp_path: Path) -> None:
    path = str(tmp_path / "a.array_record")
    array_record.write_records(path, RECORDS)

    options = ArrayRecordReader(path).writer_options_string()
    assert "group_size:1," in options
    assert ArrayRecordDataSource([path])[299] == RECORDS[299]


@pytest.mark.parametrize("kept", [0, 100, 70_000])
def test_file_that_breaks_off_is_an_error_and_not_empty(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a.array_record"
    array_record.write_records(str(path), RECORDS)
    path.write_bytes(path.read_bytes()[:kept])

    for function in (array_record.count_records, array_record.read_records):
        with pytest.raises(OSError, match="damaged or breaks off"):
            function(str(path))


def test_flipped_bit_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.array_record"
    array_record.write_records(str(path), [os.urandom(1000) for _ in range(10)])
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)

    with pytest.raises(OSError, match="damaged ArrayRecord file"):
        array_record.read_records(str(path))


def test_missing_file_and_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nothing: want an ArrayRecord file, got none"):
        array_record.count_records(str(tmp_path / "nothing"))
    with pytest.raises(OSError, match=r"folder/a: cannot be written"):
        array_record.write_records(str(tmp_path / "folder" / "a"), RECORDS)


def test_full_disk_is_an_os_error() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this machine")

    with pytest.raises(OSError, match="No space left"):
        array_record.write_records("/dev/full", RECORDS)


def test_error_of_the_records_themselves_passes_through(tmp_path: Path) -> None:
    def records() -> Iterator[bytes]:
        yield b"one"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        array_record.write_records(str(tmp_path / "a"), records())


def test_fewer_records_than_written_are_noticed(tmp_path: Path) -> None:
    forgetful = dataclasses.replace(array_record.ARRAY_RECORD, count=lambda path: 2)
    record = SequenceRecord(np.array([1]), np.array([0]), 0, 0)

    with pytest.raises(OSError, match="want the 3 records that were written, got 2"):
        forgetful.write(str(tmp_path / "a"), [record] * 3)
