"""A run writes the metadata of TFDS beside its records, and says nothing there that its records do not hold."""

import json
from pathlib import Path

from exported_runs import rows_of, write_run

from massivetext.records.dataset import DatasetSplit, RecordShard
from massivetext.records.exports.tfds_metadata import tfds_metadata
from massivetext.records.reader import read_dataset


def test_a_finished_run_names_its_own_shards_to_tfds(quickstart: Path) -> None:
    folder = quickstart / "run/records"
    (split,) = json.loads((folder / "dataset_info.json").read_bytes())["splits"]
    lengths = split["shardLengths"]
    names = {
        split["filepathTemplate"].format(
            SPLIT=split["name"], SHARD_X_OF_Y=f"{number:05d}-of-{len(lengths):05d}", FILEFORMAT="array_record"
        )
        for number in range(len(lengths))
    }
    described = read_dataset(str(folder))

    assert names == {path.name for path in folder.glob("*.array_record")}
    assert lengths == [str(shard.records) for shard in described.train.shards]
    assert tfds_metadata(described) == {
        name: (folder / name).read_bytes() for name in ("features.json", "dataset_info.json")
    }


def test_records_of_another_format_have_no_metadata(tmp_path: Path) -> None:
    described = write_run(tmp_path / "run", {"train": rows_of(3, 16, 300)})
    shard = RecordShard(path="validation-00000-of-00001.lines", records=0, bytes=0, sha256="")
    described.splits["validation"] = DatasetSplit(sequences=0, tokens=0, shards=[shard])

    assert tfds_metadata(described) == {}
