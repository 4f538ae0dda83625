"""A record format in one file: JSON lines, each after its length, written, read and checked as runs do it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from tiny_records import LENGTH, SEQUENCES, SHARDS, record, write_folder

from massivetext.loader import load
from massivetext.records.formats import FORMATS, RecordFormats
from massivetext.records.reader import check_records, open_records
from massivetext.records.record_format import RecordFormat, SequenceRecord


def write_lines(path: str, records: Iterable[SequenceRecord]) -> None:
    with Path(path).open("wb") as file:
        for one in records:
            line = json.dumps([one.tokens.tolist(), one.doc_starts.tolist(), one.source, one.seq_id]).encode()
            file.write(b"%08d%s\n" % (len(line), line))


def lines_of(path: str, name: str) -> list[bytes]:
    data, lines = Path(path).read_bytes(), []
    while data:
        size = int(data[:8])
        line, data = data[8 : 8 + size], data[8 + size + 1 :]
        if len(line) != size:
            raise OSError(f"{name}: breaks off after {len(line)} bytes of a record of {size}")
        lines.append(line)
    return lines


def decode(line: bytes) -> SequenceRecord:
    tokens, doc_starts, source, seq_id = json.loads(line)
    return SequenceRecord(np.array(tokens), np.array(doc_starts), source, seq_id)


def read_lines(path: str, name: str) -> Iterator[SequenceRecord | ValueError]:
    for line in lines_of(path, name):
        try:
            yield decode(line)
        except ValueError as error:
            yield error


class Lines:
    """The records of several files."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._lines = [line for path in paths for line in lines_of(path, path)]

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: int, /) -> SequenceRecord:
        return decode(self._lines[index])


JSON_LINES = RecordFormat(
    name="json_lines",
    suffix=".lines",
    write_file=write_lines,
    count=lambda path: len(lines_of(path, path)),
    read=read_lines,
    open=Lines,
)
KNOWN = RecordFormats((*FORMATS.formats, JSON_LINES))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path, record_format=KNOWN.by_name("json_lines"))
    return tmp_path


def test_the_folder_holds_files_of_the_format(folder: Path) -> None:
    shards = sorted(path.name for path in folder.glob("train-*"))

    assert shards == [f"train-0000{shard}-of-0000{SHARDS}.lines" for shard in range(SHARDS)]


def test_sequences_come_back_in_global_order(folder: Path) -> None:
    records = open_records(str(folder), formats=KNOWN)

    assert len(records) == SEQUENCES
    assert [found.seq_id for found in records] == list(range(SEQUENCES))
    for slot, found in enumerate(records):
        assert found.tokens.tolist() == record(slot).tokens.tolist()
        assert found.doc_starts.tolist() == record(slot).doc_starts.tolist()
        assert found.source == record(slot).source


def test_a_sound_folder_has_no_problems(folder: Path) -> None:
    assert check_records(str(folder), formats=KNOWN) == []


def test_a_damaged_record_and_a_file_that_breaks_off_are_named(folder: Path) -> None:
    first, second = (folder / JSON_LINES.shard_path(shard, SHARDS) for shard in (0, 1))
    first.write_bytes(first.read_bytes().replace(b"[[4", b"{[4"))
    second.write_bytes(second.read_bytes()[:-5])
    problems = check_records(str(folder), formats=KNOWN)

    assert any(problem.startswith(f"{first}, record 0: ") for problem in problems)
    assert any(problem.startswith(f"{first}: want SHA-256 ") for problem in problems)
    assert any(problem.startswith(f"{second}: breaks off after ") for problem in problems)


def test_a_writer_that_loses_records_is_noticed(tmp_path: Path) -> None:
    def forget(path: str, records: Iterable[SequenceRecord]) -> None:
        write_lines(path, list(records)[1:])

    forgetful = RecordFormat(
        name="forgetful", suffix=".lines", write_file=forget, count=JSON_LINES.count, read=read_lines, open=Lines
    )

    with pytest.raises(OSError, match="want the 3 records that were written, got 2"):
        forgetful.write(str(tmp_path / "a.lines"), [record(slot) for slot in range(3)])


def test_without_its_registry_the_format_is_unknown(folder: Path) -> None:
    message = r"train-00000-of-00004\.lines: want a record shard in a known format, array_record \(\*\.array_record\)"
    with pytest.raises(ValueError, match=message):
        open_records(str(folder))
    with pytest.raises(ValueError, match=r"want one of array_record; got 'json_lines'"):
        FORMATS.by_name("json_lines")
    (problem,) = check_records(str(folder))
    assert "want a record shard in a known format" in problem


def test_files_of_two_formats_are_refused() -> None:
    with pytest.raises(ValueError, match="want files of one format, got array_record and json_lines"):
        KNOWN.of_files(["a.lines", "b.array_record"])
    with pytest.raises(ValueError, match="want files of one format, got no file"):
        KNOWN.of_files([])


def test_names_and_suffixes_of_formats_differ() -> None:
    for suffix in (".lines", ".more.lines"):
        other = RecordFormat(
            name="other", suffix=suffix, write_file=write_lines, count=JSON_LINES.count, read=read_lines, open=Lines
        )
        with pytest.raises(ValueError, match=r"got json_lines \(\*\.lines\) and other"):
            RecordFormats((JSON_LINES, other))
    with pytest.raises(ValueError, match=r"want a suffix that begins with '\.', got 'lines'"):
        RecordFormat(
            name="other", suffix="lines", write_file=write_lines, count=JSON_LINES.count, read=read_lines, open=Lines
        )


def test_batches_for_training_come_from_the_format(folder: Path) -> None:
    batch = next(load(str(folder), 2, 3, shuffle=False, process_index=0, process_count=1, formats=KNOWN))

    assert batch["inputs"].tolist() == [(np.arange(4, 4 + LENGTH) + slot).tolist() for slot in (0, 4)]
