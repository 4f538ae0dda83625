"""Trains a SentencePiece model on a seeded sample of the mixture, and says what a model is.

The paper (Rae et al. 2021, section 2.2) names a vocabulary of 32,000, byte-pair encoding with a backoff to UTF-8 bytes,
and NFKC. What it leaves open is settled here, with the reason beside each option.
"""

import hashlib
import io
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import sentencepiece as spm

from massivetext.recipe import TokenizerOptions

SPACE_MARK = "\u2581"  # SentencePiece writes a space as this character inside its pieces
_UNKNOWN_MARK = "\u2585"  # a training line that holds this character would be skipped whole

# A longer line is cut before training; SentencePiece by itself would skip it silently above 4,192 bytes.
_LINE_BYTES = 16_384

_FIXED_OPTIONS: dict[str, Any] = {
    "model_type": "bpe",
    "byte_fallback": True,
    "pad_id": 0,  # never occurs in records, so that a trainer can mask it; distinct from all ids that do occur
    "unk_id": 1,
    "bos_id": 2,
    "eos_id": 3,
    "pad_piece": "<pad>",
    "remove_extra_whitespaces": False,  # keeps indentation
    "allow_whitespace_only_pieces": True,  # a run of spaces is one piece: a quarter fewer tokens on indented code
    "add_dummy_prefix": False,  # a crop starts anywhere, also inside a word: a space there would be invented
    "split_digits": False,
    "character_coverage": 0.9995,  # rarer characters are left to the bytes
    "max_sentence_length": 4 * _LINE_BYTES,
    "num_threads": 1,  # written into the model
    "minloglevel": 2,
}


class TokenizerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is, as far as records need to know.

    Attributes:
        vocabulary_size: number of ids; every id is smaller.
        pad_id: id of padding, or -1 where the model has none.
        unk_id: id of unknown text.
        bos_id: id before the first token of a document, or -1.
        eos_id: id after the last token of a document, or -1.
        byte_fallback: whether every text can be written without the unknown id.
        normalization: SentencePiece's name of the normalisation, e.g. "nfkc"; "" where the model names none.
        max_piece_bytes: UTF-8 bytes of text of the longest piece; the paper's crop constant presumes 15.
        sha256: hash of the serialized model, as hex.
    """

    vocabulary_size: int
    pad_id: int
    unk_id: int
    bos_id: int
    eos_id: int
    byte_fallback: bool
    normalization: str
    max_piece_bytes: int
    sha256: str


def train(lines: Iterable[str], options: TokenizerOptions) -> bytes:
    """A serialized SentencePiece BPE model trained on lines or passages; equal lines give equal bytes.

    Args:
        lines: text; line breaks inside separate lines, and a line break is never part of a piece.
        options: vocabulary size, normalisation, longest piece.

    Raises:
        ValueError: there is no text, or it does not support a vocabulary of the wanted size.
    """
    sentences = _sentences(lines, options.normalization)
    first = next(sentences, None)
    if first is None:
        raise ValueError("tokenizer: want text to train on, got none; do all documents fail their rules?")
    model = io.BytesIO()
    try:
        spm.SentencePieceTrainer.train(
            sentence_iterator=itertools.chain([first], sentences),
            model_writer=model,
            vocab_size=options.vocabulary_size,
            normalization_rule_name=options.normalization,
            max_sentencepiece_length=options.max_piece_length,
            **_FIXED_OPTIONS,
        )
    except RuntimeError as error:
        raise _explained(error, options) from error
    return model.getvalue()


def _sentences(lines: Iterable[str], normalization: str) -> Iterator[str]:
    for text in lines:
        for line in text.split("\n"):
            normal = unicodedata.normalize("NFKC", line) if normalization == "nfkc" else line
            usable = normal.replace(_UNKNOWN_MARK, " ")
            if usable.strip():
                yield from _cuts(usable, _LINE_BYTES)


def _explained(error: RuntimeError, options: TokenizerOptions) -> ValueError:
    message = str(error)
    size = f"tokenizer.vocabulary_size: want {options.vocabulary_size} pieces"
    if found := re.search(r"value <= (\d+)", message):
        return ValueError(
            f"{size}, but the training text supports at most {found[1]}; set vocabulary_size to {found[1]} or less "
            "(a recipe may go down to 300), or train on more text (tokenizer.training_bytes, more input)"
        )
    if found := re.search(r"required_chars\. \d+ vs (\d+)", message):
        return ValueError(
            f"{size}, but the characters and bytes of the training text alone need {found[1]}; "
            f"set vocabulary_size well above {found[1]}"
        )
    return ValueError(f"tokenizer: SentencePiece could not train with {options}: {message}")


def passages(document_id: str, text: str, size: int = 4096) -> Iterator[tuple[str, str]]:
    """The passages of a document with a key each, in order; together they are the text. None for an empty text.

    A sample of passages, unlike one of documents, is not ruled by a few books.

    Args:
        document_id: id of the document; the key is this, a colon and the number of the passage.
        text: text of the document.
        size: UTF-8 bytes of a passage at most (at least 8). A passage ends after a line break in its second half, else
            before a space there, else between any two characters.
    """
    for number, passage in enumerate(_cuts(text, size)):
        yield f"{document_id}:{number}", passage


def _cuts(text: str, size: int) -> Iterator[str]:
    if size < 8:
        raise ValueError(f"passage size: want at least 8 bytes, got {size}")
    data = text.encode("utf-8")
    start = 0
    while start < len(data):
        stop = _cut_position(data, start, size)
        yield data[start:stop].decode("utf-8")
        start = stop


def _cut_position(data: bytes, start: int, size: int) -> int:
    stop = start + size
    if stop >= len(data):
        return len(data)
    middle = start + size // 2
    if (line_end := data.rfind(b"\n", middle, stop)) >= 0:
        return line_end + 1
    if (space := data.rfind(b" ", middle, stop)) >= 0:
        return space
    while data[stop] & 0xC0 == 0x80:  # a continuation byte: go back to the first byte of its character
        stop -= 1
    return stop


def in_sample(key: str, rate: float, seed: int) -> bool:
    """Whether a key is in the sample of this rate; the samples of lower rates lie inside those of higher ones.

    Args:
        key: key of a passage.
        rate: share that is wanted, 0 to 1.
        seed: seed of the run.

    Raises:
        ValueError: the rate is not within 0 to 1.
    """
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"sampling rate: want 0 to 1, got {rate}")
    digest = hashlib.blake2b(f"training sample\0{seed}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < rate * 2**64


def describe(model: bytes) -> TokenizerInfo:
    """What a serialized SentencePiece model is.

    Raises:
        ValueError: the bytes are no SentencePiece model.
    """
    try:
        processor = spm.SentencePieceProcessor(model_proto=model)
    except RuntimeError as error:
        raise ValueError(
            f"tokenizer: want a serialized SentencePiece model, got {len(model)} bytes: {error}"
        ) from error
    ids = range(processor.get_piece_size())
    byte_ids = [i for i in ids if processor.is_byte(i)]
    texts = [
        processor.id_to_piece(i)
        for i in ids
        if not (processor.is_byte(i) or processor.is_control(i) or processor.is_unknown(i) or processor.is_unused(i))
    ]
    return TokenizerInfo(
        vocabulary_size=len(ids),
        pad_id=processor.pad_id(),
        unk_id=processor.unk_id(),
        bos_id=processor.bos_id(),
        eos_id=processor.eos_id(),
        byte_fallback=len(byte_ids) == 256,
        normalization=_normalization(model),
        max_piece_bytes=max((len(text.replace(SPACE_MARK, " ").encode("utf-8")) for text in texts), default=1),
        sha256=hashlib.sha256(model).hexdigest(),
    )


def _normalization(model: bytes) -> str:
    """The normalisation's name: field 1 of the NormalizerSpec, which is field 3 of the ModelProto."""
    for spec in _length_delimited(model, 3):
        for name in _length_delimited(spec, 1):
            return name.decode("utf-8")
    return ""


def _length_delimited(message: bytes, field: int) -> Iterator[bytes]:
    """The values of one length-delimited field of a protobuf message.

    SentencePiece's own generated classes refuse to load beside an older protobuf, and one string is all we need.
    """
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        wire_type = tag & 7
        if wire_type == 0:
            _, position = _varint(message, position)
        elif wire_type == 2:
            length, position = _varint(message, position)
            if tag >> 3 == field:
                yield message[position : position + length]
            position += length
        else:
            position += {1: 8, 5: 4}[wire_type]


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:
            return value, position
        shift += 7
