"""One training sequence as the bytes of a ``tf.train.Example``, without TensorFlow.

Protobuf's own serialisation of a map has no fixed order; here keys are sorted, so equal records have equal bytes. Every
feature is an ``int64_list``, packed.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]

# Tags (field << 3 | 2). Example has features as field 1; Features a map as 1, its key as 1 and its value as 2; Feature
# has an int64_list as 3; Int64List its values as 1.
_FIELD_1, _FIELD_2, _FIELD_3 = b"\x0a", b"\x12", b"\x1a"
_VARINT_BYTES = 10  # 64 bits in groups of 7
_HINT = "the record is damaged, or not one of massivetext"


class Record(NamedTuple):
    """One training sequence.

    Attributes:
        tokens: ids, unshifted and unpadded.
        doc_starts: positions at which a crop of a document begins, the first being 0.
        source: number of the source in the data set's list.
        seq_id: the sequence's slot in the whole data set.
    """

    tokens: npt.NDArray[np.integer]
    doc_starts: npt.NDArray[np.integer]
    source: int
    seq_id: int


def encode_record(record: Record) -> bytes:
    """The record as a serialized Example with the features doc_starts, seq_id, source and tokens."""
    return encode_example(
        {
            "tokens": record.tokens,
            "doc_starts": record.doc_starts,
            "source": np.array([record.source]),
            "seq_id": np.array([record.seq_id]),
        }
    )


def decode_record(data: bytes) -> Record:
    """The record of a serialized Example.

    Raises:
        ValueError: a feature is missing, or the bytes are no Example of whole numbers.
    """
    features = decode_example(data)
    missing = [name for name in ("tokens", "doc_starts", "source", "seq_id") if name not in features]
    if missing:
        raise ValueError(
            f"record: want the feature {missing[0]!r}, got {', '.join(sorted(features)) or 'none'}; {_HINT}"
        )
    source, seq_id = features["source"], features["seq_id"]
    if source.size != 1 or seq_id.size != 1:
        raise ValueError(f"record: want one source and one seq_id, got {source.size} and {seq_id.size}; {_HINT}")
    return Record(features["tokens"], features["doc_starts"], int(source[0]), int(seq_id[0]))


def encode_example(features: Mapping[str, npt.NDArray[np.integer]]) -> bytes:
    """A serialized Example of these features; equal features give equal bytes in any order of the mapping."""
    entries = [
        _delimited(
            _FIELD_1, _delimited(_FIELD_1, name.encode("utf-8")) + _delimited(_FIELD_2, _feature(features[name]))
        )
        for name in sorted(features)
    ]
    return _delimited(_FIELD_1, b"".join(entries))


def _feature(values: npt.NDArray[np.integer]) -> bytes:
    packed = _varints(values)
    return _delimited(_FIELD_3, _delimited(_FIELD_1, packed) if packed else b"")


def _delimited(tag: bytes, payload: bytes) -> bytes:
    length, head = len(payload), bytearray(tag)
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + payload


def _varints(values: npt.NDArray[np.integer]) -> bytes:
    """The values as varints, negative ones as two's complement of 64 bits."""
    unsigned = values.astype(np.int64).view(np.uint64)
    width = -(-int(unsigned.max(initial=1)).bit_length() // 7)
    groups = np.empty((len(unsigned), width), dtype=np.uint8)
    needed = np.empty((len(unsigned), width), dtype=bool)
    needed[:, 0] = True
    for group in range(width):
        groups[:, group] = unsigned & np.uint64(0x7F)
        unsigned = unsigned >> np.uint64(7)
        if group + 1 < width:
            np.not_equal(unsigned, 0, out=needed[:, group + 1])
    groups[:, :-1] |= needed[:, 1:].astype(np.uint8) << np.uint8(7)
    return groups[needed].tobytes()


def decode_example(data: bytes) -> dict[str, I64]:
    """The features of a serialized Example whose features are all packed ``int64_list``.

    Raises:
        ValueError: the bytes are something else.
    """
    features: dict[str, I64] = {}
    for entry in _children(_only(data, 1), 1):
        parts = list(_fields(entry))
        if len(parts) != 2:
            raise ValueError(f"example: want a name and a feature, got {len(parts)} fields; {_HINT}")
        name, feature = _payload(parts[0], 1), _payload(parts[1], 2)
        features[bytes(name).decode("utf-8")] = _from_varints(_only(_only(feature, 3), 1))
    return features


def _children(message: memoryview, field: int) -> list[memoryview]:
    return [_payload(child, field) for child in _fields(message)]


def _only(message: bytes | memoryview, field: int) -> memoryview:
    """The payload of the one field of a message; an absent one is empty, as protobuf writes it."""
    children = _children(memoryview(message), field)
    if len(children) > 1:
        raise ValueError(f"example: want one field {field}, got {len(children)}")
    return children[0] if children else memoryview(b"")


def _payload(child: tuple[int, memoryview], field: int) -> memoryview:
    tag, payload = child
    if tag != (field << 3 | 2):
        raise ValueError(f"example: want field {field} as bytes, got field {tag >> 3} of wire type {tag & 7}; {_HINT}")
    return payload


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The fields of a message in order, all being length-delimited, as (tag, payload)."""
    position = 0
    while position < len(message):
        tag, shift, length, byte = message[position], 0, 0, 0x80
        while byte & 0x80:
            position += 1
            if position >= len(message) or shift > 63:
                raise ValueError(f"example: want whole fields, got one that breaks off at byte {position}; {_HINT}")
            byte = message[position]
            length |= (byte & 0x7F) << shift
            shift += 7
        position += 1 + length
        if position > len(message):
            raise ValueError(
                f"example: want {length} bytes of a field, got {len(message) - position + length}; {_HINT}"
            )
        yield tag, message[position - length : position]


def _from_varints(packed: memoryview) -> I64:
    raw = np.frombuffer(packed, dtype=np.uint8)
    ends = np.flatnonzero(raw < 0x80)
    starts = np.zeros_like(ends)
    starts[1:] = ends[:-1] + 1
    widths = ends - starts
    complete = not raw.size or (ends.size and ends[-1] == raw.size - 1)
    if not complete or widths.max(initial=0) >= _VARINT_BYTES:
        raise ValueError(f"example: want varints of 64 bits, got one that breaks off or is longer; {_HINT}")
    low = (raw & np.uint8(0x7F)).astype(np.uint64)
    values = low[starts]
    for group in range(1, int(widths.max(initial=0)) + 1):
        wide = np.flatnonzero(widths >= group)
        values[wide] |= low[starts[wide] + group] << np.uint64(7 * group)
    return values.view(np.int64)
