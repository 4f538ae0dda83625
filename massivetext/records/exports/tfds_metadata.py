"""``features.json`` and ``dataset_info.json``: with them TFDS reads the record shards of a run where they are.

TFDS finds shards by a template of their names, which its metadata may give: that of massivetext's ArrayRecord files is
``{SPLIT}-{SHARD_X_OF_Y}.{FILEFORMAT}``. So no file is renamed. The two files are written by hand, because TFDS's own
``write_metadata`` opens the shards with TensorFlow, which cannot read ArrayRecord.
"""

from collections.abc import Mapping, Sequence

from massivetext.records.array_record import ARRAY_RECORD
from massivetext.records.dataset import Dataset
from massivetext.records.exports.export_format import json_file

FEATURES, DATASET_INFO = "features.json", "dataset_info.json"
_TEMPLATE = "{SPLIT}-{SHARD_X_OF_Y}.{FILEFORMAT}"
_CLASSES = "tensorflow_datasets.core.features."


def tfds_metadata(dataset: Dataset, sizes: Mapping[str, Sequence[tuple[int, int]]] | None = None) -> dict[str, bytes]:
    """Return the two files by name; nothing if the shards are of another format than ArrayRecord.

    Args:
        dataset: description of the records.
        sizes: records and bytes of each shard by split; None: as the description says.
    """
    shards = [shard.path for split in dataset.splits.values() for shard in split.shards]
    if not all(path.endswith(ARRAY_RECORD.suffix) for path in shards):
        return {}
    if sizes is None:
        sizes = {
            name: [(shard.records, shard.bytes) for shard in split.shards] for name, split in dataset.splits.items()
        }
    return {FEATURES: json_file(_features(dataset)), DATASET_INFO: json_file(_dataset_info(dataset, sizes))}


def _features(dataset: Dataset) -> dict[str, object]:
    features = {
        "doc_starts": _tensor("tensor_feature.Tensor", ["-1"]),  # -1: any number of them
        "seq_id": _tensor("scalar.Scalar", []),
        "source": _tensor("scalar.Scalar", []),
        "tokens": _tensor("tensor_feature.Tensor", [str(dataset.sequence_length)]),
    }
    if dataset.has_doc_ids:
        features = {"doc_ids": features["doc_starts"], **features}
    return {"pythonClassName": f"{_CLASSES}features_dict.FeaturesDict", "featuresDict": {"features": features}}


def _tensor(class_name: str, dimensions: list[str]) -> dict[str, object]:
    shape = {"dimensions": dimensions} if dimensions else {}
    return {
        "pythonClassName": _CLASSES + class_name,
        "tensor": {"shape": shape, "dtype": "int64", "encoding": "none"},
    }


def _dataset_info(dataset: Dataset, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> dict[str, object]:
    return {
        "name": dataset.name,
        "version": "1.0.0",
        "description": f"Token records of {dataset.sequence_length} tokens, written by massivetext.",
        "fileFormat": "array_record",
        "splits": [  # the 64-bit numbers are strings, as protobuf writes them
            {
                "name": name,
                "filepathTemplate": _TEMPLATE,
                "numBytes": str(sum(size for _, size in shards)),
                "shardLengths": [str(records) for records, _ in shards],
            }
            for name, shards in sorted(sizes.items())
        ],
    }
