"""Reading a folder of records, and checking every byte of it."""

import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple, overload

import numpy as np

from massivetext.records.dataset import FILE_NAME, RECORDS_FOLDER, Dataset, RecordShard
from massivetext.records.formats import FORMATS, RecordFormats
from massivetext.records.local_copies import LocalShards
from massivetext.records.record_format import RecordFormat, RecordSource, SequenceRecord
from massivetext.runs.record_splits import TRAIN
from massivetext.storage import files as fs


class SequenceReader:
    """Reads the sequences of a split in the order of their slots: in "train", ``records[i].seq_id == i``.

    Attributes:
        dataset: description of the folder.
        split: name of the split.
        record_format: format of its record shards.
    """

    def __init__(
        self, folder: str, dataset: Dataset, split: str, record_format: RecordFormat, cache: str | None = None
    ) -> None:
        """Keep what :func:`open_records` has checked; a record shard is opened when it is first read."""
        self.dataset, self.split, self.record_format = dataset, split, record_format
        self._paths = paths(folder, dataset, split)
        self._shards = LocalShards(folder, dataset, cache, split)
        self._counts = [shard.records for shard in dataset.splits[split].shards]
        self._ends = np.cumsum(self._counts).tolist()
        self._opened: dict[int, RecordSource] = {}

    def __len__(self) -> int:
        """Return the number of sequences."""
        return self.dataset.splits[self.split].sequences

    @overload
    def __getitem__(self, index: int) -> SequenceRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[SequenceRecord]: ...

    def __getitem__(self, index: int | slice) -> SequenceRecord | list[SequenceRecord]:
        """Return the sequence in one slot, or those in a slice of slots. Raises IndexError."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        slot = index + len(self) if index < 0 else index
        if not 0 <= slot < len(self):
            raise IndexError(f"records: want an index below {len(self)}, got {index}")
        within, shard = divmod(slot, len(self._counts))
        return self._read(shard, within)

    def __iter__(self) -> Iterator[SequenceRecord]:
        """Return an iterator over the sequences in the order of their slots."""
        return (self[index] for index in range(len(self)))

    def place(self, row: int) -> str:
        """Return the shard and record of a row, for errors; rows are counted through one shard after another."""
        shard, within = self._find(row)
        return f"{self._paths[shard]}, record {within}"

    def read_row(self, row: int) -> SequenceRecord:
        """Return the sequence of a row: rows are counted through one shard after another. Raises OSError."""
        return self._read(*self._find(row))

    def fetch(self) -> None:
        """Copy all record shards to this machine now, if they are on an object store. Raises OSError."""
        self._shards.paths()

    def _find(self, row: int) -> tuple[int, int]:
        shard = bisect.bisect_right(self._ends, row)
        return shard, row - (self._ends[shard - 1] if shard else 0)

    def _read(self, shard: int, within: int) -> SequenceRecord:
        try:
            if shard not in self._opened:
                self._opened[shard] = self.record_format.open([self._shards.path(shard)])
            return self._opened[shard][within]
        except (OSError, ValueError, IndexError) as error:
            raise OSError(f"{self._paths[shard]}, record {within}: {error}; copy the folder again") from error


def open_records(
    folder: str, cache: str | None = None, *, split: str = "train", formats: RecordFormats = FORMATS
) -> SequenceReader:
    """Return a reader of a folder of records.

    Record shards of an object store are copied to this machine when they are first read.

    Args:
        folder: folder with ``dataset.json``; local path or URL.
        cache: local folder for copies, which stay there and are used again; None: a temporary one.
        split: which of the splits in ``dataset.json``.
        formats: record formats that can be read.

    Raises:
        FileNotFoundError: the folder has no ``dataset.json``: its run has not finished, or it is the run itself.
        ValueError: ``dataset.json`` is damaged or contradicts itself, or the split or the record format is unknown.
        OSError: a record shard is missing, damaged, or has another number of records than ``dataset.json`` says.
    """
    dataset = read_dataset(folder)
    if split not in dataset.splits:
        known = ", ".join(repr(name) for name in dataset.splits)
        raise ValueError(f"{fs.join(folder, FILE_NAME)}: want one of the splits {known}; got {split!r}")
    record_format = formats.of_files(paths(folder, dataset, split))
    if fs.is_local(folder):
        _check_counts(folder, dataset, split, record_format)
    else:
        _check_sizes(folder, dataset, split)
    return SequenceReader(folder, dataset, split, record_format, cache)


def _check_counts(folder: str, dataset: Dataset, split: str, record_format: RecordFormat) -> None:
    for shard, path in zip(dataset.splits[split].shards, paths(folder, dataset, split), strict=True):
        found = record_format.count(path)
        if found != shard.records:
            raise OSError(f"{path}: want {shard.records} records by {FILE_NAME}, got {found}; copy the folder again")


def _check_sizes(folder: str, dataset: Dataset, split: str) -> None:
    sizes = {fs.relative(info.path, folder): info.size for info in fs.find(folder)}
    for shard in dataset.splits[split].shards:
        if sizes.get(shard.path) != shard.bytes:
            path, found = fs.join(folder, shard.path), sizes.get(shard.path, "no file")
            raise OSError(f"{path}: want {shard.bytes} bytes by {FILE_NAME}, got {found}; copy the folder again")


def read_dataset(folder: str) -> Dataset:
    """Return the description of a folder of records. Raises FileNotFoundError or ValueError."""
    path = fs.join(folder, FILE_NAME)
    try:
        data = fs.read_bytes(path)
    except FileNotFoundError as error:
        if not fs.exists(fs.join(folder, "run.json")):
            raise FileNotFoundError(
                f"{path}: no such file: want a folder of records, such as RUN/{RECORDS_FOLDER}, got {folder}"
            ) from error
        inner = fs.join(folder, RECORDS_FOLDER)
        raise FileNotFoundError(
            f"{path}: no such file: {folder} is a run; its records are in {inner}"
            + ("" if fs.exists(fs.join(inner, FILE_NAME)) else ", which is not finished: continue the run")
        ) from error
    return Dataset.from_json(data, path)


def paths(folder: str, dataset: Dataset, split: str = "train") -> list[str]:
    """Return the full paths of a split's record shards, in order."""
    return [fs.join(folder, shard.path) for shard in dataset.splits[split].shards]


def check_records(folder: str, *, formats: RecordFormats = FORMATS) -> list[str]:
    """Return the problems of a folder of records, one message per problem; empty for a sound folder.

    Reads every byte. Checks hash and record count of every shard; length, ids, padding, document starts, source and
    number of every record; the mixture; and the hash of the tokenizer if its file exists.

    Args:
        folder: folder with ``dataset.json``; local path or URL.
        formats: record formats that can be read.
    """
    try:
        dataset = read_dataset(folder)
        record_format = formats.of_files(paths(folder, dataset))
    except (OSError, ValueError) as error:
        return [str(error)]
    problems = _tokenizer_problems(folder, dataset)
    for name, split in dataset.splits.items():
        sequences: Counter[int] = Counter()
        padding: Counter[int] = Counter()
        for number in range(len(split.shards)):
            shard_problems, found = check_shard(folder, dataset, record_format, number, name)
            problems += shard_problems
            sequences += found.sequences
            padding += found.padding
        if name == TRAIN:
            problems += _mixture_problems(dataset, sequences, padding)
        elif padding.total() != split.padding:
            problems.append(f"split {name}: want {split.padding} tokens of padding, got {padding.total()}")
    return problems


class ShardCounts(NamedTuple):
    """What a record shard holds of each source, by its number: sequences, and tokens of padding."""

    sequences: Counter[int]
    padding: Counter[int]


def check_shard(
    folder: str, dataset: Dataset, record_format: RecordFormat, number: int, split: str = TRAIN
) -> tuple[list[str], ShardCounts]:
    """Return the problems of one record shard of a split, and what it holds."""
    shard = dataset.splits[split].shards[number]
    path = fs.join(folder, shard.path)
    try:
        with fs.local_copy(path) as local:
            problems = _file_problems(path, local, shard)
            found, counts = _check_records(record_format.read(local, path), dataset, number, split)
    except OSError as error:
        return [str(error)], ShardCounts(Counter(), Counter())
    problems += [f"{path}{problem}" for problem in found]
    return problems, counts


def _check_records(
    records: Iterable[SequenceRecord | ValueError], dataset: Dataset, number: int, split: str
) -> tuple[list[str], ShardCounts]:
    """Return the problems of the records of a shard, each to be read after its path, and what the shard holds."""
    problems: list[str] = []
    found = ShardCounts(Counter(), Counter())
    shards = dataset.splits[split].shards
    count, wanted = 0, shards[number].records
    for index, record in enumerate(records):
        count += 1
        if isinstance(record, ValueError):
            problems.append(f", record {index}: {record}")
            continue
        found.sequences[record.source] += 1
        if _may_pad(record, dataset, split):
            found.padding[record.source] += int(np.sum(record.tokens == dataset.special_ids.pad))
        seq_id = index * len(shards) + number
        problems += [f", record {index}: {problem}" for problem in _record_problems(record, dataset, seq_id, split)]
    if count != wanted:
        problems.insert(0, f": want {wanted} records, got {count}")
    return problems, found


def _file_problems(path: str, local: str, shard: RecordShard) -> list[str]:
    size = fs.size(local)
    if size != shard.bytes:
        return [f"{path}: want {shard.bytes} bytes, got {size}"]
    digest = fs.digest(local)
    return [] if digest == shard.sha256 else [f"{path}: want SHA-256 {shard.sha256}, got {digest}"]


def _record_problems(record: SequenceRecord, dataset: Dataset, seq_id: int, split: str) -> Iterator[str]:
    tokens, starts = record.tokens, record.doc_starts
    if len(tokens) != dataset.sequence_length:
        yield f"want {dataset.sequence_length} tokens, got {len(tokens)}"
    if len(tokens) and not 0 <= tokens.min() <= tokens.max() < dataset.vocab_size:
        yield f"want ids from 0 to {dataset.vocab_size - 1}, got {tokens.min()} to {tokens.max()}"
    yield from _padding_problems(record, dataset, split)
    if not len(starts) or starts[0] != 0 or (np.diff(starts) <= 0).any() or starts[-1] >= dataset.sequence_length:
        yield f"want doc_starts that begin at 0 and rise below {dataset.sequence_length}, got {starts.tolist()}"
    if not 0 <= record.source < len(dataset.sources):
        yield f"want a source below {len(dataset.sources)}, got {record.source}"
    if record.seq_id != seq_id:
        yield f"want seq_id {seq_id}, got {record.seq_id}"


def _padding_problems(record: SequenceRecord, dataset: Dataset, split: str) -> Iterator[str]:
    is_padding = record.tokens == dataset.special_ids.pad
    padding = int(is_padding.sum())
    if not padding:
        return
    if not _may_pad(record, dataset, split):
        yield f"want no padding (id {dataset.special_ids.pad}), got {padding} times"
    elif not is_padding[-padding:].all() or padding == len(record.tokens):
        yield f"want padding (id {dataset.special_ids.pad}) at the end of a text alone, got it elsewhere"


def _may_pad(record: SequenceRecord, dataset: Dataset, split: str) -> bool:
    if split != TRAIN:
        return True  # held-out documents are packed
    return 0 <= record.source < len(dataset.sources) and dataset.sources[record.source].mode == "pack"


def _tokenizer_problems(folder: str, dataset: Dataset) -> list[str]:
    path = fs.join(folder, dataset.tokenizer.path)
    if not fs.exists(path):
        return []
    digest = fs.digest(path)
    return (
        [] if digest == dataset.tokenizer.sha256 else [f"{path}: not the tokenizer of these records: SHA-256 {digest}"]
    )


def _mixture_problems(dataset: Dataset, sequences: Counter[int], padding: Counter[int]) -> list[str]:
    problems = []
    for source in dataset.sources:
        found = sequences[source.id]
        if dataset.mixture.policy == "exact-quota":
            target = dataset.mixture.weights[source.name] * dataset.train.sequences
            if abs(found - target) >= 1:
                weight = dataset.mixture.weights[source.name]
                problems.append(
                    f"source {source.name}: want within one of {target} sequences (weight {weight}), got {found}"
                )
        elif found != source.sequences:
            problems.append(f"source {source.name}: want {source.sequences} sequences by {FILE_NAME}, got {found}")
        tokens = found * dataset.sequence_length - padding[source.id]
        if tokens != source.tokens:
            problems.append(f"source {source.name}: want {source.tokens} tokens by {FILE_NAME}, got {tokens}")
    return problems
