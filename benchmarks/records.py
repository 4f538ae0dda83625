"""How fast records are loaded: `massivetext.load` beside a plain read of the same files, and Grain with protobuf.

    python benchmarks/records.py [--quick] [--records RUN/records]

Without `--records`, a folder of records is written first: sequences of 2,048 ids under 32,000 with frequencies as
in text, four documents in each. All loaders read the same rows in the same run, in turn and several times; the figures
are medians. Every figure is tokens per second of CPU time, of all threads. The last line is one JSON object.
"""

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
from array_record.python.array_record_data_source import ArrayRecordDataSource
from array_record.python.array_record_module import ArrayRecordReader

import massivetext
from massivetext.records.dataset import (
    CreatedBy,
    DatasetSource,
    RecordShard,
    SpecialIds,
    TokenizerFile,
    describe_dataset,
)
from massivetext.records.example import decode_by_protobuf
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.reader import open_records
from massivetext.records.record_format import SequenceRecord
from massivetext.storage import files as fs

LENGTH, VOCABULARY, SHARDS = 2048, 32_000, 4
BATCH = 32
LIMIT = 12e6  # tokens per CPU second that the loader must reach


@dataclass(frozen=True)
class Rate:
    """Tokens per second of CPU and of wall time."""

    cpu: float
    wall: float


def write_records(folder: Path, sequences: int) -> None:
    """Write a folder of records of one source."""
    numbers = np.random.default_rng(1)
    folder.mkdir()
    (folder / "tokenizer.model").write_bytes(b"none")
    shards = []
    for shard in range(SHARDS):
        slots = range(shard, sequences, SHARDS)
        path = folder / RUN_FORMAT.shard_path(shard, SHARDS)
        RUN_FORMAT.write(
            str(path),
            (
                SequenceRecord(4 + numbers.zipf(1.2, LENGTH) % (VOCABULARY - 4), np.arange(0, LENGTH, 512), 0, slot)
                for slot in slots
            ),
        )
        shards.append(
            RecordShard(path=path.name, records=len(slots), bytes=fs.size(str(path)), sha256=fs.digest(str(path)))
        )
    dataset = describe_dataset(
        name="benchmark",
        created_by=CreatedBy(massivetext=massivetext.__version__, recipe_sha256=""),
        sequence_length=LENGTH,
        vocab_size=VOCABULARY,
        special_ids=SpecialIds(pad=0, unk=1, bos=2, eos=3),
        tokenizer=TokenizerFile(path="tokenizer.model", sha256="", normalizer="nfkc", byte_fallback=True),
        seed=0,
        weights={"all": Decimal(1)},
        sources=[
            DatasetSource(
                id=0,
                name="all",
                documents=sequences,
                draws=sequences,
                epochs=1.0,
                sequences=sequences,
                tokens=sequences * LENGTH,
            )
        ],
        shards=shards,
    )
    (folder / "dataset.json").write_bytes(dataset.to_json())


def read_raw(paths: list[str]) -> Iterator[int]:
    """Read the bytes of every record, in order and one by one, and yield the number of rows."""
    for path in paths:
        reader = ArrayRecordReader(path, "max_parallelism:0")
        for index in range(reader.num_records()):
            reader.seek(index)
            reader.read()
            yield 1
        reader.close()


def read_decoded(folder: str) -> Iterator[int]:
    """Read and decode every record, without batches."""
    for _ in open_records(folder):
        yield 1


def load_batches(folder: str) -> Iterator[int]:
    """Load one epoch with `massivetext.load`."""
    include = ["loss_mask", "source", "seq_id"]
    for batch in massivetext.load(folder, BATCH, 0, include=include, epochs=1, process_index=0, process_count=1):
        yield len(batch["inputs"])


def load_by_grain(paths: list[str]) -> Iterator[int]:
    """Load one epoch with Grain: its data source, its shuffle, protobuf, and the features that we have by default."""
    import grain

    def features(data: bytes) -> dict[str, np.ndarray]:
        record = decode_by_protobuf(data)
        tokens, starts = record.tokens.astype(np.int32), record.doc_starts
        lengths = np.diff(starts, append=len(tokens))
        return {
            "inputs": tokens,
            "targets": np.append(tokens[1:], np.int32(0)),
            "inputs_segmentation": np.repeat(np.arange(1, len(starts) + 1, dtype=np.int32), lengths),
            "inputs_position": (np.arange(len(tokens)) - np.repeat(starts, lengths)).astype(np.int32),
        }

    rows = grain.MapDataset.source(ArrayRecordDataSource(paths)).seed(0).shuffle().map(features)
    options = grain.ReadOptions(num_threads=1, prefetch_buffer_size=4)
    for batch in rows.batch(BATCH, drop_remainder=True).to_iter_dataset(options):
        yield len(batch["inputs"])


def measure(read: Callable[[], Iterator[int]], length: int, seconds: float) -> Rate:
    """Read whole epochs for so many seconds of CPU time, and return the rate."""
    rows, cpu, wall = 0, time.process_time(), time.perf_counter()
    while time.process_time() - cpu < seconds:
        rows += sum(read())
    tokens = rows * length
    return Rate(tokens / (time.process_time() - cpu), tokens / (time.perf_counter() - wall))


def measure_loaders(folder: str, rounds: int, seconds: float) -> dict[str, Rate]:
    """Return the median rates of all ways to read a folder of records."""
    records = open_records(folder)
    paths = [fs.join(folder, shard.path) for shard in records.dataset.train.shards]
    ways: dict[str, Callable[[], Iterator[int]]] = {
        "raw": lambda: read_raw(paths),
        "decode": lambda: read_decoded(folder),
        "load": lambda: load_batches(folder),
        "protobuf_grain": lambda: load_by_grain(paths),
    }
    found: dict[str, list[Rate]] = {name: [] for name in ways}
    for name, read in ways.items():
        if not sum(read()):  # compiles, and brings the files into memory
            raise ValueError(f"{folder}: want {BATCH} rows or more, got {len(records)} ({name})")
    for _ in range(rounds):  # in turn, so that a busy machine slows down all of them
        for name, read in ways.items():
            found[name].append(measure(read, records.dataset.sequence_length, seconds))
    return {
        name: Rate(statistics.median(rate.cpu for rate in rates), statistics.median(rate.wall for rate in rates))
        for name, rates in found.items()
    }


def loader_figures(rates: dict[str, Rate]) -> dict[str, float]:
    """Return the figures of the loader, rates and ratios."""
    load = rates["load"].cpu
    return {
        "load_tokens_per_cpu_second": round(load),
        "load_tokens_per_cpu_second_times_limit": round(load / LIMIT, 3),
        "load_tokens_per_wall_second": round(rates["load"].wall),
        "load_times_protobuf_grain": round(load / rates["protobuf_grain"].cpu, 2),
        "load_frac_of_raw_read": round(load / rates["raw"].cpu, 3),
        "decode_tokens_per_cpu_second": round(rates["decode"].cpu),
        "protobuf_grain_tokens_per_cpu_second": round(rates["protobuf_grain"].cpu),
        "raw_read_tokens_per_cpu_second": round(rates["raw"].cpu),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: under a minute")
    parser.add_argument("--records", help="folder of records to read, instead of one that is written here")
    given = parser.parse_args()
    rounds, seconds, sequences = (3, 1.0, 1024) if given.quick else (7, 3.0, 8192)
    with tempfile.TemporaryDirectory(prefix="massivetext-benchmark-") as folder:
        records = given.records
        if records is None:
            records = str(Path(folder, "records"))
            write_records(Path(records), sequences)
        rates = measure_loaders(records, rounds, seconds)
    print(f"million tokens per second, median of {rounds}   CPU    wall")
    for name, rate in rates.items():
        print(f"  {name:<38} {rate.cpu / 1e6:6.1f}  {rate.wall / 1e6:6.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(loader_figures(rates) | {"peak_megabytes": round(peak / 1e6)}))


if __name__ == "__main__":
    main()
