"""The compiled parser returns what protobuf returns, or declines; the writer gives the bytes that protobuf gives."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from massivetext.records.example import (
    decode_by_protobuf,
    decode_example,
    decode_record,
    encode_by_protobuf,
    encode_example,
    encode_record,
)
from massivetext.records.packed_example import NAMES, unpack_example
from massivetext.records.record_format import SequenceRecord

NUMBERS = st.lists(st.one_of(st.integers(0, 300), st.integers(-(2**63), 2**63 - 1)), max_size=100)
LIMITS = [0, 1, 127, 128, 16_383, 16_384, 2**21, 2**28 - 1, 2**32, 2**56 - 1, 2**63 - 1, -1, -(2**63)]
RECORD = SequenceRecord(np.arange(90, 400), np.array([0, 7, 150]), 3, 1_000_000, np.array([-1, 5, 2**62]))


def unpacked(data: bytes) -> dict[str, list[int]] | None:
    """The features that the parser finds, or None where it declines."""
    found = unpack_example(data)
    if not found.accepted:
        return None
    return {name: getattr(found, name).tolist() for bit, name in enumerate(NAMES) if found.present >> bit & 1}


def by_protobuf(data: bytes) -> dict[str, list[int]]:
    return {name: values.tolist() for name, values in decode_example(data).items()}


def field(number: int, content: bytes) -> bytes:
    """A field of some bytes, shorter than 128."""
    return bytes([number << 3 | 2, len(content)]) + content


def feature(name: bytes, numbers: bytes) -> bytes:
    """An entry of the map of features."""
    return field(1, field(1, name) + field(2, field(3, numbers)))


@given(features=st.dictionaries(st.sampled_from(NAMES), NUMBERS))
@example(features={})
@example(features={"tokens": LIMITS, "doc_ids": []})
def test_every_example_of_ours_is_accepted(features: dict[str, list[int]]) -> None:
    data = encode_example({name: np.array(values, np.int64) for name, values in features.items()})

    assert unpacked(data) == features == by_protobuf(data)


WHOLE = st.integers(-(2**63), 2**63 - 1)


@given(tokens=NUMBERS, doc_starts=NUMBERS, source=WHOLE, seq_id=WHOLE, doc_ids=st.none() | NUMBERS)
@example(tokens=[], doc_starts=[], source=0, seq_id=0, doc_ids=None)
@example(tokens=LIMITS, doc_starts=LIMITS, source=-1, seq_id=2**63 - 1, doc_ids=[])
@example(tokens=[300] * 9000, doc_starts=[0], source=3, seq_id=128, doc_ids=LIMITS)
def test_the_writer_gives_the_bytes_of_protobuf(
    tokens: list[int], doc_starts: list[int], source: int, seq_id: int, doc_ids: list[int] | None
) -> None:
    ids = None if doc_ids is None else np.array(doc_ids, np.int64)
    record = SequenceRecord(np.array(tokens, np.int64), np.array(doc_starts, np.int64), source, seq_id, ids)

    assert encode_record(record) == encode_by_protobuf(record)


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.int32])
def test_tokens_of_any_type_are_written(dtype: type[np.integer]) -> None:
    record = SequenceRecord(np.array([0, 1, 40_000], dtype), np.array([0]), 0, 0)

    assert encode_record(record) == encode_by_protobuf(record)


@given(data=st.data())
def test_damaged_bytes_are_what_protobuf_makes_of_them_or_declined(data: st.DataObject) -> None:
    good = bytearray(encode_record(RECORD))
    for _ in range(data.draw(st.integers(1, 3))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(good[: data.draw(st.sampled_from([len(good), len(good) - 1, 40]))])
    found = unpacked(damaged)

    assert found is None or found == by_protobuf(damaged)


@pytest.mark.parametrize("cut", range(1, 300))
def test_bytes_that_break_off_are_declined(cut: int) -> None:
    assert unpacked(encode_record(RECORD)[:-cut]) is None


@pytest.mark.parametrize(
    "data",
    [
        field(1, feature(b"tokens", field(1, b"\x80\x00"))),  # zero in two bytes
        field(1, feature(b"tokens", field(1, b"\x80" * 9 + b"\x02"))),  # 65 bits
        field(1, feature(b"tokens", field(1, b"\x80" * 10 + b"\x01"))),  # 71 bits
        field(1, feature(b"tokens", field(1, b"\x01\x80"))),  # the last number breaks off
        field(1, feature(b"tokens", b"\x08\x05")),  # a number that is not packed
        field(1, feature(b"tokens", field(1, b"\x05") + field(1, b"\x06"))),  # two lists
        field(1, feature(b"tokens", field(1, b""))),  # an empty list, written
        field(1, feature(b"tokens", field(1, b"\x05")) + feature(b"tokens", field(1, b"\x06"))),  # twice
        field(1, feature(b"others", field(1, b"\x05"))),  # an unknown name
        field(1, field(1, field(2, field(3, b"")))),  # no name
        field(1, b"") + field(1, b""),
        b"",
        b"\x0a\x80\x00",  # a length in two bytes
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    ],
)
def test_other_forms_are_left_to_protobuf(data: bytes) -> None:
    assert unpacked(data) is None


def test_record_in_another_form_is_still_read_or_refused() -> None:
    features = {name: np.array([5]) for name in NAMES}
    more = encode_example(features | {"more": np.array([6])})
    loose = b"".join(feature(name.encode(), b"\x08\x05") for name in NAMES)

    assert unpacked(more) is None
    assert decode_record(more).tokens.tolist() == [5]
    with pytest.raises(ValueError, match="want features of packed int64_lists, got"):
        decode_record(field(1, loose))


def test_both_decoders_give_the_same_types() -> None:
    for record in (RECORD, RECORD._replace(doc_ids=None)):
        one, other = decode_record(encode_record(record)), decode_by_protobuf(encode_record(record))

        assert [type(value) for value in one] == [type(value) for value in other]
        assert one.tokens.dtype == other.tokens.dtype == np.int64
        for found in (one, other):
            assert [np.asarray(value).tolist() for value in found] == [np.asarray(value).tolist() for value in record]
