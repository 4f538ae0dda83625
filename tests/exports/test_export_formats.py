"""Every export format holds the rows that it says it holds, in files that depend on the rows alone."""

import hashlib
import json
import struct
from collections.abc import Sequence
from pathlib import Path

import google_crc32c
import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from exported_runs import rows_of, write_run
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.cli.export_command import RECORD_EXPORTS
from massivetext.errors import UserError
from massivetext.records.dataset import Dataset
from massivetext.records.example import decode_record
from massivetext.records.exports.export_format import ALL_COLUMNS, NOTHING, UNKNOWN, ExportFormat, ShardName
from massivetext.records.exports.export_formats import EXPORT_FORMATS, export_format
from massivetext.records.exports.exporter import export_records
from massivetext.records.exports.row_digest import RowDigest
from massivetext.records.exports.tfrecord_files import masked_crc, read_frames
from massivetext.records.record_format import SequenceRecord

BY_NAME = {one.name: one for one in EXPORT_FORMATS}
every_format = pytest.mark.parametrize("export", EXPORT_FORMATS, ids=lambda one: one.name)
NAME = ShardName("train", 2, 12)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A data set of 16 tokens per sequence and 300 ids: uint16."""
    return write_run(tmp_path_factory.mktemp("small") / "run", {"train": rows_of(3, 16, 300)})


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A data set of 16 tokens per sequence and 70,000 ids: uint32."""
    rows = rows_of(3, 16, 70_000)
    return write_run(tmp_path_factory.mktemp("large") / "run", {"train": rows}, vocabulary=70_000)


def written(export: ExportFormat, folder: Path, rows: Sequence[SequenceRecord], dataset: Dataset) -> list[str]:
    """Write rows as one shard and return the paths of its files."""
    paths = [str(folder / f"{number}.file") for number in range(len(export.shard_files(NAME)))]
    export.write_shard(paths, iter(rows), dataset)
    return paths


def assert_same(export: ExportFormat, found: Sequence[SequenceRecord], wanted: Sequence[SequenceRecord]) -> None:
    assert len(found) == len(wanted)
    for got, want in zip(found, wanted, strict=True):
        assert got.tokens.tolist() == want.tokens.tolist()
        stored = "doc_starts" in export.columns
        assert got.doc_starts.tolist() == (want.doc_starts.tolist() if stored else NOTHING.tolist())
        assert got.source == (want.source if "source" in export.columns else UNKNOWN)
        assert got.seq_id == (want.seq_id if "seq_id" in export.columns else UNKNOWN)


@every_format
@pytest.mark.parametrize("count", [0, 1, 2, 255, 256, 257, 600])
def test_rows_come_back_equal(tmp_path: Path, export: ExportFormat, small: Dataset, count: int) -> None:
    rows = rows_of(count, 16, 300)
    paths = written(export, tmp_path, rows, small)

    assert_same(export, list(export.read_shard(paths, small)), rows)


@pytest.mark.parametrize("name", ["parquet", "tfds", "tfrecord"])
def test_documents_of_records_that_name_them_come_back_equal(tmp_path: Path, name: str, small: Dataset) -> None:
    export, named = BY_NAME[name], msgspec.structs.replace(small, doc_ids="record")
    rows = [
        row._replace(doc_ids=np.arange(len(row.doc_starts)) * 2**40 - number)
        for number, row in enumerate(rows_of(300, 16, 300))
    ]
    paths = written(export, tmp_path, rows, named)
    found = list(export.read_shard(paths, named))

    assert_same(export, found, rows)
    for got, row in zip(found, rows, strict=True):
        assert got.doc_ids is not None
        assert row.doc_ids is not None
        assert got.doc_ids.tolist() == row.doc_ids.tolist()
    assert "doc_ids" in export.stored_columns(named)
    assert "doc_ids" not in export.stored_columns(small)
    digests = {RowDigest(export.columns).of(each).rows_sha256 for each in (rows, found, rows_of(300, 16, 300))}
    assert len(digests) == 2  # the documents are part of what is read back and compared


@every_format
def test_a_vocabulary_above_16_bits_comes_back_equal(tmp_path: Path, export: ExportFormat, large: Dataset) -> None:
    rows = rows_of(5, 16, 70_000)
    paths = written(export, tmp_path, rows, large)

    assert max(row.tokens.max() for row in rows) == 69_999
    assert_same(export, list(export.read_shard(paths, large)), rows)


RECORDS = st.builds(
    SequenceRecord,
    st.lists(st.integers(0, 299), min_size=16, max_size=16).map(np.array),
    st.sets(st.integers(1, 15)).map(lambda starts: np.array([0, *sorted(starts)])),
    st.integers(0, 254),
    st.integers(0, (1 << 62) - 1),
    st.none(),
)


@every_format
@settings(max_examples=20)
@given(rows=st.lists(RECORDS, max_size=8))
def test_any_rows_come_back_equal_and_the_same_rows_give_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, small: Dataset, export: ExportFormat, rows: list[SequenceRecord]
) -> None:
    first, second = (written(export, tmp_path_factory.mktemp("rows", numbered=True), rows, small) for _ in range(2))

    assert_same(export, list(export.read_shard(first, small)), rows)
    assert [Path(path).read_bytes() for path in first] == [Path(path).read_bytes() for path in second]


@every_format
def test_a_file_that_breaks_off_or_goes_on_is_not_read(tmp_path: Path, export: ExportFormat, small: Dataset) -> None:
    rows = rows_of(7, 16, 300)
    paths = written(export, tmp_path, rows, small)
    for path in paths:
        whole = Path(path).read_bytes()
        for damaged in (b"", whole[:7], whole[: len(whole) // 2], whole[:-1], whole + b"x"):
            Path(path).write_bytes(damaged)
            try:
                found = RowDigest(export.columns).of(export.read_shard(paths, small))
            except (OSError, ValueError):
                continue
            # Some libraries read a file that is cut or too long without a word: then the rows must tell.
            wanted = RowDigest(export.columns).of(rows)
            assert damaged == whole + b"x" or found.rows_sha256 != wanted.rows_sha256, (path, len(damaged))
        Path(path).write_bytes(whole)


@every_format
def test_names_of_files_differ_by_shard_and_split(export: ExportFormat) -> None:
    names = [
        path
        for split in ("train", "validation")
        for number in range(12)
        for path in export.shard_files(ShardName(split, number, 12))
    ]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("tfds", ("train-00002-of-00012.array_record",)),
        ("tfrecord", ("train.tfrecord-00002-of-00012",)),
        ("parquet", ("data/train-00002-of-00012.parquet",)),
        ("megatron", ("train/train-00002-of-00012.bin", "train/train-00002-of-00012.idx")),
        ("bin", ("train-00002-of-00012.bin",)),
        ("llm_c", ("train-00002-of-00012.bin",)),
    ],
)
def test_names_of_files_are_those_that_readers_look_for(name: str, files: tuple[str, ...]) -> None:
    assert BY_NAME[name].shard_files(NAME) == files


def test_the_command_names_every_format() -> None:
    assert tuple(one.name for one in EXPORT_FORMATS) == RECORD_EXPORTS
    assert len(set(RECORD_EXPORTS)) == len(RECORD_EXPORTS)
    with pytest.raises(UserError, match=r"--records: want one of tfds, tfrecord, .*; got 'csv'"):
        export_format("csv")


def test_a_format_without_tokens_is_refused() -> None:
    with pytest.raises(
        ValueError, match="want columns of tokens, doc_starts, source, seq_id, doc_ids with tokens, got source"
    ):
        ExportFormat(
            name="x",
            title="x",
            columns=("source",),
            shard_files=lambda name: (),
            write_shard=lambda paths, rows, dataset: None,
            read_shard=lambda paths, dataset: iter(()),
            beside=lambda exported: {},
            usage="",
        )


# -- the bytes of each format ------------------------------------------------------------------------------------------


def test_the_masked_checksum_is_that_of_tfrecord() -> None:
    # CRC-32C of "123456789" is 0xE3069283 (RFC 3720); rotated right by 15: 0x2507C60D; plus 0xA282EAD8, modulo 2**32.
    assert google_crc32c.value(b"123456789") == 0xE3069283
    assert masked_crc(b"123456789") == (0x2507C60D + 0xA282EAD8) & 0xFFFFFFFF


def test_a_tfrecord_holds_frames_of_examples(tmp_path: Path, small: Dataset) -> None:
    rows = rows_of(2, 16, 300)
    (path,) = written(BY_NAME["tfrecord"], tmp_path, rows, small)
    data = Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", data)

    assert decode_record(data[12 : 12 + length]).seq_id == 0
    assert struct.unpack_from("<I", data, 8)[0] == masked_crc(data[:8])
    assert struct.unpack_from("<I", data, 12 + length)[0] == masked_crc(data[12 : 12 + length])


@pytest.mark.parametrize("position", [0, 9, 20, -2])  # length, its checksum, data, its checksum
def test_a_flipped_bit_of_a_tfrecord_is_found(tmp_path: Path, small: Dataset, position: int) -> None:
    (path,) = written(BY_NAME["tfrecord"], tmp_path, rows_of(1, 16, 300), small)
    data = bytearray(Path(path).read_bytes())
    data[position] ^= 1
    Path(path).write_bytes(data)

    with pytest.raises(OSError, match="record 0: damaged"):
        list(read_frames(path))


def test_parquet_has_row_groups_of_256_and_the_promised_types(tmp_path: Path, small: Dataset) -> None:
    (path,) = written(BY_NAME["parquet"], tmp_path, rows_of(600, 16, 300), small)
    file = pq.ParquetFile(path)

    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [256, 256, 88]
    assert [(field.name, str(field.type)) for field in file.schema_arrow] == [
        ("input_ids", "list<element: int32>"),
        ("doc_starts", "list<element: int32>"),
        ("source", "int32"),
        ("seq_id", "int64"),
    ]


def test_the_index_of_megatron_is_laid_out_as_described(tmp_path: Path, small: Dataset, large: Dataset) -> None:
    for dataset, vocabulary, code, width in ((small, 300, 8, 2), (large, 70_000, 4, 4)):
        rows = rows_of(3, 16, vocabulary)
        _, index = written(BY_NAME["megatron"], tmp_path, rows, dataset)
        data = Path(index).read_bytes()

        assert data[:9] == b"MMIDIDX\x00\x00"
        assert struct.unpack_from("<QBQQ", data, 9) == (1, code, 3, 4)  # version, type, sequences, ends of documents
        assert np.frombuffer(data, "<i4", 3, 34).tolist() == [16, 16, 16]
        assert np.frombuffer(data, "<i8", 3, 46).tolist() == [0, 16 * width, 32 * width]
        assert np.frombuffer(data, "<i8", 4, 70).tolist() == [0, 1, 2, 3]
        assert len(data) == 102


@pytest.mark.parametrize("position", [0, 9, 17, 20, 36, 48, 80])
def test_a_flipped_bit_in_the_index_of_megatron_is_found(tmp_path: Path, small: Dataset, position: int) -> None:
    paths = written(BY_NAME["megatron"], tmp_path, rows_of(3, 16, 300), small)
    data = bytearray(Path(paths[1]).read_bytes())
    data[position] ^= 1
    Path(paths[1]).write_bytes(data)

    with pytest.raises(OSError, match="damaged index"):
        list(BY_NAME["megatron"].read_shard(paths, small))


def test_flat_tokens_are_the_rows_and_nothing_else(tmp_path: Path, small: Dataset, large: Dataset) -> None:
    for dataset, vocabulary, dtype in ((small, 300, "<u2"), (large, 70_000, "<u4")):
        rows = rows_of(3, 16, vocabulary)
        (path,) = written(BY_NAME["bin"], tmp_path, rows, dataset)

        assert np.fromfile(path, dtype).tolist() == np.concatenate([row.tokens for row in rows]).tolist()


def test_llm_c_gets_its_header(tmp_path: Path, small: Dataset, large: Dataset) -> None:
    for dataset, vocabulary, dtype, head in (
        (small, 300, "<u2", [20240520, 1, 48]),
        (large, 70_000, "<u4", [20240801, 7, 48]),
    ):
        rows = rows_of(3, 16, vocabulary)
        (path,) = written(BY_NAME["llm_c"], tmp_path, rows, dataset)
        header = np.fromfile(path, "<i4", 256)

        assert header.tolist() == head + [0] * 253
        assert np.fromfile(path, dtype, offset=1024).tolist() == np.concatenate([row.tokens for row in rows]).tolist()


# -- hashes of rows ----------------------------------------------------------------------------------------------------


def test_hashes_are_those_that_the_manifest_promises() -> None:
    rows = [SequenceRecord(np.array([5, 6]), np.array([0, 1]), 3, 9), SequenceRecord(np.array([7, 8]), NOTHING, 0, 1)]
    digest = RowDigest(ALL_COLUMNS).of(rows)
    tokens = struct.pack("<4I", 5, 6, 7, 8)
    first = struct.pack("<3I", 2, 5, 6) + struct.pack("<3I", 2, 0, 1) + struct.pack("<2q", 3, 9)
    second = struct.pack("<3I", 2, 7, 8) + struct.pack("<I", 0) + struct.pack("<2q", 0, 1)

    assert digest.records == 2
    assert digest.tokens_sha256 == hashlib.sha256(tokens).hexdigest()
    assert digest.rows_sha256 == hashlib.sha256(first + second).hexdigest()


@pytest.mark.parametrize("column", range(4))
def test_a_change_in_any_column_changes_the_hash(column: int) -> None:
    row = SequenceRecord(np.array([5, 6]), np.array([0, 1]), 3, 9)
    other = row._replace(**{ALL_COLUMNS[column]: (np.array([5, 7]), np.array([0]), 4, 8)[column]})  # type: ignore[arg-type]
    hashes = [RowDigest(ALL_COLUMNS).of([each]).rows_sha256 for each in (row, other)]

    assert hashes[0] != hashes[1]


@pytest.mark.parametrize("column", ["doc_starts", "source", "seq_id"])
def test_a_column_that_is_not_stored_is_not_hashed(column: str) -> None:
    row = SequenceRecord(np.array([5, 6]), np.array([0, 1]), 3, 9)
    other = row._replace(doc_starts=NOTHING, source=UNKNOWN, seq_id=UNKNOWN)
    others = [name for name in ("doc_starts", "source", "seq_id") if name != column]
    kept = {name: getattr(row, name) for name in others}

    stored = ["tokens", *others]
    assert RowDigest(stored).of([row]).rows_sha256 == RowDigest(stored).of([other._replace(**kept)]).rows_sha256


# -- files beside the shards -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one export per format, of seven rows to train on and two to validate."""
    folder = tmp_path_factory.mktemp("exports")
    rows = {"train": rows_of(7, 16, 300), "validation": rows_of(2, 16, 300, seed=1)}
    write_run(folder / "run", rows, name='a "name"')
    for one in EXPORT_FORMATS:
        export_records(str(folder / "run"), one, str(folder / one.name))
    return folder


def read_json(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_bytes())
    return found


def test_all_exports_hold_the_same_tokens(exports: Path) -> None:
    hashes = {
        name: [
            shard["tokens_sha256"]
            for split in json.loads((exports / name / "export.json").read_bytes())["splits"].values()
            for shard in split["shards"]
        ]
        for name in BY_NAME
    }

    assert len(hashes["tfds"]) == 5
    assert all(found == hashes["tfds"] for found in hashes.values())


def test_tfds_is_told_names_lengths_and_features(exports: Path) -> None:
    info = read_json(exports / "tfds/dataset_info.json")
    sizes = [path.stat().st_size for path in (exports / "tfds").glob("train-*.array_record")]

    assert info["fileFormat"] == "array_record"
    assert info["splits"] == [
        {
            "name": "train",
            "filepathTemplate": "{SPLIT}-{SHARD_X_OF_Y}.{FILEFORMAT}",
            "numBytes": str(sum(sizes)),
            "shardLengths": ["3", "2", "2"],
        },
        {
            "name": "validation",
            "filepathTemplate": "{SPLIT}-{SHARD_X_OF_Y}.{FILEFORMAT}",
            "numBytes": str(sum(path.stat().st_size for path in (exports / "tfds").glob("validation-*.array_record"))),
            "shardLengths": ["1", "1"],
        },
    ]
    assert b'"16"' in (exports / "tfds/features.json").read_bytes()


def test_seqio_is_told_the_number_of_shards_of_each_split(exports: Path) -> None:
    folder = exports / "tfrecord"

    assert read_json(folder / "info.train.json")["num_shards"] == 3
    assert read_json(folder / "info.validation.json")["num_shards"] == 2
    assert read_json(folder / "stats.train.json") == {
        "examples": 7,
        "tokens_tokens": 112,
        "tokens_max_tokens": 16,
    }
    assert (folder / "COMPLETED").read_bytes() == b""


def test_numpy_reads_flat_tokens_by_the_index(exports: Path) -> None:
    index = json.loads((exports / "bin/train.idx.json").read_bytes())
    parts = [
        np.memmap(exports / "bin" / file["path"], index["dtype"], "r").reshape(-1, index["sequence_length"])
        for file in index["files"]
    ]
    wanted = rows_of(7, 16, 300)

    assert [file["instance_offset"] for file in index["files"]] == [0, 3, 5]
    assert index["total_instances"] == 7
    for shard, part in enumerate(parts):
        assert part.tolist() == [row.tokens.tolist() for row in wanted[shard::3]]


def test_the_fingerprint_of_the_index_covers_what_a_restart_needs(exports: Path) -> None:
    index = json.loads((exports / "bin/train.idx.json").read_bytes())
    parts = ["1", "16", "uint16", index["tokenizer"]]
    for file in index["files"]:
        parts += [file["path"], str(file["n_tokens"])]
    digest = hashlib.sha256(b"".join(part.encode() + b"\0" for part in parts)).hexdigest()

    assert index["fingerprint"] == f"sha256:{digest}"


@every_format
def test_every_export_has_a_data_card_and_croissant_metadata(exports: Path, export: ExportFormat) -> None:
    folder = exports / export.name
    card = (folder / "README.md").read_text()
    described = json.loads((folder / "croissant.json").read_bytes())
    files = {file["@id"]: file["sha256"] for file in described["distribution"]}

    assert card.startswith('---\npretty_name: "a \\"name\\""\n')
    assert "| train | 7 | 112 |" in card
    assert "| validation | 2 | 32 |" in card
    assert ("data_files" in card) == (export.name == "parquet")
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    for path, digest in files.items():
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest
    assert ("recordSet" in described) == (export.name == "parquet")
    assert (folder / "tokenizer/tokenizer.model").read_bytes() == b"a model"
