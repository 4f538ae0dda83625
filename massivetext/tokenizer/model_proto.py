"""The fields of a serialized SentencePiece model that encoding depends on, read without generated classes.

The generated classes of SentencePiece fail to load with an older protobuf, and few fields are needed. SentencePiece
must have loaded the model without complaint before.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import msgspec


class ModelType(IntEnum):
    """How a model divides a text into pieces: values of TrainerSpec.model_type."""

    UNIGRAM = 1
    BPE = 2
    WORD = 3
    CHAR = 4


class PieceType(IntEnum):
    """What a piece is for: values of SentencePiece.type."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class Piece(NamedTuple):
    """A piece of a vocabulary: its text with ▁ for a space, its score, its :class:`PieceType`."""

    text: str
    score: float
    type: int


class ModelFields(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of a model; what a model does not set has SentencePiece's default.

    Attributes:
        model_type: a :class:`ModelType`.
        byte_fallback: whether an unknown character is encoded as its UTF-8 bytes.
        space_is_suffix: whether a piece ends with its space instead of beginning with it.
        normalization: SentencePiece's name of the normalisation, such as "nfkc"; "" if the model names none.
        character_map: compiled table of the normalisation; empty for "identity".
        dummy_prefix: whether a space is put before every text.
        strips_spaces: whether spaces are removed at both ends of a text, and runs of them become one.
        escapes_spaces: whether pieces have ▁ where the text has a space.
    """

    model_type: int
    byte_fallback: bool
    space_is_suffix: bool
    normalization: str
    character_map: bytes
    dummy_prefix: bool
    strips_spaces: bool
    escapes_spaces: bool


def read_model_fields(model: bytes) -> ModelFields:
    """Return the fields of a model but its pieces."""
    messages: dict[int, list[bytes]] = {2: [], 3: []}
    for number, value in _fields(model):
        if number in messages and isinstance(value, bytes):
            messages[number].append(value)
    # What occurs twice is merged by protobuf: joined bytes are the same message.
    trainer, normalizer = (dict(_fields(b"".join(messages[number]))) for number in (2, 3))
    return ModelFields(
        model_type=int(trainer.get(3, ModelType.UNIGRAM)),
        byte_fallback=bool(trainer.get(35, False)),
        space_is_suffix=bool(trainer.get(24, False)),
        normalization=bytes(normalizer.get(1, b"")).decode("utf-8"),
        character_map=bytes(normalizer.get(2, b"")),
        dummy_prefix=bool(normalizer.get(3, True)),
        strips_spaces=bool(normalizer.get(4, True)),
        escapes_spaces=bool(normalizer.get(5, True)),
    )


def read_pieces(model: bytes) -> list[Piece]:
    """Return the vocabulary of a model; an id is an index into it."""
    return [_read_piece(message) for number, message in _fields(model) if number == 1 and isinstance(message, bytes)]


def _read_piece(message: bytes) -> Piece:
    fields = dict(_fields(message))
    (score,) = struct.unpack("<f", bytes(fields.get(2, bytes(4))))
    return Piece(bytes(fields.get(1, b"")).decode("utf-8"), score, int(fields.get(3, PieceType.NORMAL)))


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of every field of a protobuf message; numbers of fixed width as their bytes."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        wire_type = tag & 7
        if wire_type == 0:
            value, position = _varint(message, position)
            yield tag >> 3, value
            continue
        if wire_type == 2:
            length, position = _varint(message, position)
        else:
            length = {1: 8, 5: 4}[wire_type]
        yield tag >> 3, message[position : position + length]
        position += length


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    if message[position] < 0x80:
        return message[position], position + 1
    while True:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:
            return value, position
        shift += 7
