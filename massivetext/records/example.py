"""One training sequence as the bytes of a ``tf.train.Example``, by protobuf and without TensorFlow.

Records are written and read by compiled code (:mod:`massivetext.records.packed_example`). Protobuf reads what that
declines.

The message classes are made here from a description, in a descriptor pool of their own, so they do not clash with those
of TensorFlow in the same process. Every feature is an ``int64_list``, which proto3 packs. Protobuf writes a map in an
arbitrary order unless it is asked to be deterministic: then keys are sorted, and equal records have equal bytes.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory, text_format

from massivetext.records.packed_example import pack_example, unpack_example
from massivetext.records.record_format import SequenceRecord

I64 = npt.NDArray[np.int64]

# From tensorflow/core/example/example.proto and feature.proto, without the two other kinds of features.
_SCHEMA = """
name: "massivetext/example.proto" package: "tensorflow" syntax: "proto3"
message_type { name: "Int64List" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_INT64 } }
message_type { name: "Feature"
  field { name: "int64_list" number: 3 type: TYPE_MESSAGE type_name: ".tensorflow.Int64List" } }
message_type { name: "Features"
  nested_type { name: "FeatureEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING }
    field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".tensorflow.Feature" } }
  field { name: "feature" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE
          type_name: ".tensorflow.Features.FeatureEntry" } }
message_type { name: "Example"
  field { name: "features" number: 1 type: TYPE_MESSAGE type_name: ".tensorflow.Features" } }
"""
_FEATURES = ("tokens", "doc_starts", "source", "seq_id")  # that every record has: the first of packed_example.NAMES
_ALL = (1 << len(_FEATURES)) - 1
_HINT = "the record is damaged, or not one of massivetext"


def _example_class() -> type[message.Message]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(text_format.Parse(_SCHEMA, descriptor_pb2.FileDescriptorProto()).SerializeToString())
    example: type[message.Message] = message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))
    return example


_Example = _example_class()


def encode_record(record: SequenceRecord) -> bytes:
    """Return a record as a serialized Example with the features doc_starts, seq_id, source, tokens and any doc_ids."""
    features = _features_of(record)
    tokens, doc_starts, source, seq_id = (features[name] for name in _FEATURES)
    return pack_example(tokens, doc_starts, source, seq_id, features.get("doc_ids"))


def encode_by_protobuf(record: SequenceRecord) -> bytes:
    """Return the same bytes as :func:`encode_record`, slower: what compiled code is compared with."""
    return encode_example(_features_of(record))


def _features_of(record: SequenceRecord) -> dict[str, I64]:
    features = {
        "tokens": record.tokens.astype(np.int64),
        "doc_starts": record.doc_starts.astype(np.int64),
        "source": np.array([record.source], np.int64),
        "seq_id": np.array([record.seq_id], np.int64),
    }
    return features if record.doc_ids is None else features | {"doc_ids": record.doc_ids.astype(np.int64)}


def decode_record(data: bytes) -> SequenceRecord:
    """Return the record of a serialized Example.

    Raises:
        ValueError: a feature is missing, or the bytes are not an Example of whole numbers.
    """
    found = unpack_example(data)
    if not found.accepted or found.present & _ALL != _ALL:
        return decode_by_protobuf(data)
    doc_ids = found.doc_ids if found.present > _ALL else None
    return _record(found.tokens, found.doc_starts, found.source, found.seq_id, doc_ids)


def decode_by_protobuf(data: bytes) -> SequenceRecord:
    """Return what :func:`decode_record` returns, slower: for bytes in another form than ours, and to compare with.

    Raises:
        ValueError: a feature is missing, or the bytes are not an Example of whole numbers.
    """
    features = decode_example(data)
    missing = [name for name in _FEATURES if name not in features]
    if missing:
        raise ValueError(
            f"record: want the feature {missing[0]!r}, got {', '.join(sorted(features)) or 'none'}; {_HINT}"
        )
    tokens, doc_starts, source, seq_id = (features[name] for name in _FEATURES)
    return _record(tokens, doc_starts, source, seq_id, features.get("doc_ids"))


def _record(tokens: I64, doc_starts: I64, source: I64, seq_id: I64, doc_ids: I64 | None) -> SequenceRecord:
    if source.size != 1 or seq_id.size != 1:
        raise ValueError(f"record: want one source and one seq_id, got {source.size} and {seq_id.size}; {_HINT}")
    return SequenceRecord(tokens, doc_starts, int(source[0]), int(seq_id[0]), doc_ids)


def encode_example(features: Mapping[str, npt.NDArray[np.integer]]) -> bytes:
    """Return a serialized Example of these features; their order in the mapping does not change the bytes."""
    example = _Example()
    example.features.SetInParent()
    for name, values in features.items():
        int64_list = example.features.feature[name].int64_list
        int64_list.SetInParent()  # an empty list is written too
        int64_list.value.extend(values.tolist())
    data: bytes = example.SerializeToString(deterministic=True)
    return data


def decode_example(data: bytes) -> dict[str, I64]:
    """Return the features of a serialized Example, each of which must be an ``int64_list``.

    Raises:
        ValueError: the bytes are something else.
    """
    try:
        example = _Example.FromString(data)
    except message.DecodeError as error:
        raise ValueError(f"example: want a serialized Example, got {len(data)} other bytes; {_HINT}") from error
    example.DiscardUnknownFields()
    if (size := example.ByteSize()) != len(data):
        raise ValueError(f"example: want features of packed int64_lists, got {len(data) - size} other bytes; {_HINT}")
    features = example.features.feature
    return {name: np.array(features[name].int64_list.value[:], np.int64) for name in features}
