from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import example, given
from hypothesis import strategies as st

from massivetext.records.example import decode_example, decode_record, encode_example, encode_record
from massivetext.records.record_format import SequenceRecord

INT64 = st.integers(-(2**63), 2**63 - 1)
# Names of one length: where one name begins with another, protobuf's own implementations order them differently.
FEATURES = st.dictionaries(
    st.text("abc_", min_size=3, max_size=3), st.lists(st.one_of(INT64, st.integers(0, 300)), max_size=200), max_size=5
)


def example_class() -> Any:
    """The class of tf.train.Example from a descriptor made here, as far as int64 features go."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example_for_tests.proto", package="for_tests", syntax="proto3")
    numbers = file.message_type.add(name="Int64List")
    numbers.field.add(name="value", number=1, label=field.LABEL_REPEATED, type=field.TYPE_INT64)
    feature = file.message_type.add(name="Feature")
    one, message = field.LABEL_OPTIONAL, field.TYPE_MESSAGE
    feature.field.add(name="int64_list", number=3, label=one, type=message, type_name=".for_tests.Int64List")
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=one, type=field.TYPE_STRING)
    entry.field.add(name="value", number=2, label=one, type=message, type_name=".for_tests.Feature")
    features.field.add(
        name="feature", number=1, label=field.LABEL_REPEATED, type=message, type_name=".for_tests.Features.FeatureEntry"
    )
    whole = file.message_type.add(name="Example")
    whole.field.add(name="features", number=1, label=one, type=message, type_name=".for_tests.Features")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("for_tests.Example"))


Example = example_class()


def by_protobuf(features: dict[str, list[int]]) -> bytes:
    message = Example()
    message.features.SetInParent()
    for name, values in features.items():
        message.features.feature[name].int64_list.SetInParent()
        message.features.feature[name].int64_list.value.extend(values)
    data: bytes = message.SerializeToString(deterministic=True)
    return data


@given(features=FEATURES)
@example(features={})
@example(features={"tokens": []})
@example(features={"tokens": [0, 127, 128, 16_383, 16_384, 65_535, 2**32 - 1, 2**63 - 1, -1, -(2**63)]})
def test_bytes_are_those_of_protobuf_and_come_back(features: dict[str, list[int]]) -> None:
    data = encode_example({name: np.array(values, np.int64) for name, values in features.items()})

    assert data == by_protobuf(features)
    assert {name: values.tolist() for name, values in decode_example(data).items()} == features


def test_order_of_the_mapping_does_not_matter() -> None:
    one, two = np.array([1]), np.array([2])

    assert encode_example({"a": one, "b": two}) == encode_example({"b": two, "a": one})


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.int32, np.int64])
def test_type_of_the_ids_does_not_matter(dtype: type) -> None:
    record = SequenceRecord(np.array([5, 31_999, 4], dtype), np.array([0, 2]), 3, 12_345_678)
    again = decode_record(encode_record(record))

    assert encode_record(record) == by_protobuf(
        {"tokens": [5, 31_999, 4], "doc_starts": [0, 2], "source": [3], "seq_id": [12_345_678]}
    )
    assert (again.tokens.tolist(), again.doc_starts.tolist()) == ([5, 31_999, 4], [0, 2])
    assert (again.source, again.seq_id) == (3, 12_345_678)


def test_missing_feature_is_named() -> None:
    with pytest.raises(ValueError, match="want the feature 'tokens', got other"):
        decode_record(encode_example({"other": np.array([1])}))


def test_source_and_seq_id_must_be_single() -> None:
    features = {name: np.array([1, 2]) for name in ("tokens", "doc_starts", "source", "seq_id")}

    with pytest.raises(ValueError, match="want one source and one seq_id, got 2 and 2"):
        decode_record(encode_example(features))


@given(data=st.binary(max_size=60))
@example(data=b"\x0a\x7f")
@example(data=b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
@example(data=b"\x08\x01")
def test_any_other_bytes_are_a_value_error_or_features(data: bytes) -> None:
    try:
        features = decode_example(data)
    except ValueError:
        return

    assert all(values.dtype == np.int64 for values in features.values())


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_record_that_breaks_off_is_a_value_error(cut: int) -> None:
    data = encode_record(SequenceRecord(np.arange(4, 40), np.array([0]), 0, 0))

    with pytest.raises(ValueError, match=r"record|example"):
        decode_record(data[:-cut])


def test_features_of_another_kind_are_refused() -> None:
    # features { feature { key: "a" value { bytes_list {} } } }: bytes_list is field 1 of Feature.
    data = bytes([0x0A, 9, 0x0A, 7, 0x0A, 1, 0x61, 0x12, 2, 0x0A, 0])

    with pytest.raises(ValueError, match="want features of packed int64_lists, got 2 other bytes"):
        decode_example(data)
