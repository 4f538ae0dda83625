"""Training of a SentencePiece model on a seeded sample of the mixture, and the description of a model.

The paper (Rae et al. 2021, section 2.2) specifies a vocabulary of 32,000, byte-pair encoding with a backoff to UTF-8
bytes, and NFKC. The other options are chosen here, with the reason beside each.
"""

import functools
import hashlib
import io
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
import sentencepiece as spm

from massivetext.recipe import TokenizerOptions
from massivetext.tokenizer.model_proto import read_model_fields
from massivetext.tokenizer.piece_tables import SPACE_MARK

_UNKNOWN_MARK = "\u2585"  # SentencePiece skips a whole training line that contains this character

# A longer line is cut before training; SentencePiece silently skips lines of more than 4,192 bytes.
_LINE_BYTES = 16_384

# Names that pieces commonly have which begin or end texts, or turns of a conversation.
_MARKS_OF_TEXTS = frozenset(
    {"<s>", "</s>", "<bos>", "<eos>", "[BOS]", "[EOS]", "[CLS]", "[SEP]"}
    | {"<|begin_of_text|>", "<|end_of_text|>", "<|startoftext|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>"}
    | {"<|im_start|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>"}
)

_train_bpe = functools.partial(
    spm.SentencePieceTrainer.train,
    model_type="bpe",
    byte_fallback=True,
    pad_id=0,  # never occurs in records, so a trainer can mask it
    unk_id=1,
    bos_id=2,
    eos_id=3,
    pad_piece="<pad>",
    remove_extra_whitespaces=False,  # keeps indentation
    allow_whitespace_only_pieces=True,  # a run of spaces is one piece: a quarter fewer tokens on indented code
    add_dummy_prefix=False,  # a crop can start inside a word, where a space would be wrong
    character_coverage=0.9995,  # rarer characters are encoded as bytes
    max_sentence_length=4 * _LINE_BYTES,
    num_threads=1,  # the number is stored in the model, so it may not vary
    minloglevel=2,
)


class TokenizerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of a model that records need.

    Attributes:
        vocabulary_size: number of ids; every id is smaller.
        pad_id: id of padding; no text gives it.
        pad_origin: where that id comes from, in words: "the model", or what was taken because the model has none.
        unk_id: id of unknown text.
        bos_id: id before the first token of a document, or -1.
        eos_id: id after the last token of a document, or -1.
        byte_fallback: whether every text can be encoded without the unknown id.
        normalization: SentencePiece's name of the normalisation, such as "nfkc"; "" if the model names none.
        max_piece_bytes: UTF-8 bytes of the text of the longest piece; the paper's crop size assumes 15.
        sha256: SHA-256 of the serialized model, as hex.
        type: kind of the file of the model.
    """

    vocabulary_size: int
    pad_id: int
    pad_origin: str
    unk_id: int
    bos_id: int
    eos_id: int
    byte_fallback: bool
    normalization: str
    max_piece_bytes: int
    sha256: str
    type: Literal["sentencepiece", "tokenizer.json", "tiktoken"] = "sentencepiece"


def train_tokenizer(lines: Iterable[str], options: TokenizerOptions) -> bytes:
    """Train a SentencePiece BPE model and return it serialized; equal lines give equal bytes.

    Args:
        lines: training texts; each is split at its line breaks, so a piece never contains one.
        options: vocabulary size, normalisation, longest piece.

    Raises:
        ValueError: there is no text, or too little for a vocabulary of this size.
    """
    sentences = _sentences(lines, options.normalization)
    first = next(sentences, None)
    if first is None:
        raise ValueError("tokenizer: want text to train on, got none; do all documents fail their rules?")
    model = io.BytesIO()
    try:
        _train_bpe(
            sentence_iterator=itertools.chain([first], sentences),
            model_writer=model,
            vocab_size=options.vocabulary_size,
            normalization_rule_name=options.normalization,
            max_sentencepiece_length=options.max_piece_length,
            split_digits=options.split_digits is True,
        )
    except RuntimeError as error:
        raise _translate_error(error, options) from error
    return model.getvalue()


def _sentences(lines: Iterable[str], normalization: str) -> Iterator[str]:
    for text in lines:
        for line in text.split("\n"):
            normal = unicodedata.normalize("NFKC", line) if normalization == "nfkc" else line
            usable = normal.replace(_UNKNOWN_MARK, " ")
            if usable.strip():
                yield from _cuts(usable, _LINE_BYTES)


def _translate_error(error: RuntimeError, options: TokenizerOptions) -> ValueError:
    """Return an error that says which vocabulary size is possible."""
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
    """Yield (passage id, passage) of a document in order; the passages together are the text.

    A few long books do not dominate a sample of passages, as they would a sample of documents.

    Args:
        document_id: id of the document; a passage id is this, a colon and the number of the passage.
        text: text of the document.
        size: most UTF-8 bytes of a passage, at least 8. A passage ends after a line break in its second half, else
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


def in_sample(passage_id: str, rate: float, seed: int) -> bool:
    """Return whether a passage is in the sample of a rate; a sample contains the samples of all lower rates.

    Args:
        passage_id: id of the passage.
        rate: share of passages to sample, 0 to 1.
        seed: seed of the run.

    Raises:
        ValueError: the rate is out of range.
    """
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"sampling rate: want 0 to 1, got {rate}")
    digest = hashlib.blake2b(f"training sample\0{seed}\0{passage_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < rate * 2**64


def describe_model(model: bytes) -> TokenizerInfo:
    """Return the properties of a serialized SentencePiece model.

    Raises:
        ValueError: the bytes are not a SentencePiece model.
    """
    if not model:
        raise ValueError("tokenizer: want a serialized SentencePiece model, got 0 bytes")
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
    pad_id, pad_origin = choose_padding(processor.pad_id(), _free_ids(processor, len(byte_ids) == 256), len(ids))
    return TokenizerInfo(
        vocabulary_size=max(len(ids), pad_id + 1),
        pad_id=pad_id,
        pad_origin=pad_origin,
        unk_id=processor.unk_id(),
        bos_id=processor.bos_id(),
        eos_id=processor.eos_id(),
        byte_fallback=len(byte_ids) == 256,
        normalization=read_model_fields(model).normalization,
        max_piece_bytes=max((len(text.replace(SPACE_MARK, " ").encode("utf-8")) for text in texts), default=1),
        sha256=hashlib.sha256(model).hexdigest(),
    )


def marks_text(piece: str) -> bool:
    """Return whether a piece is known to begin or end texts or turns, so that it must not be taken for padding."""
    return piece in _MARKS_OF_TEXTS


def choose_padding(own: int, free: Iterable[tuple[int, str]], size: int) -> tuple[int, str]:
    """Return an id that no text gives, for padding, and in words where it comes from.

    Args:
        own: id of padding of the model, or -1 if it has none.
        free: ids that no text gives, with what they are, the best first.
        size: number of ids of the model; the id above them is taken if there is no other.
    """
    if own >= 0:
        return own, "the model"
    number, what = next(iter(free), (size, "one id above the vocabulary"))
    return number, f"{what}, as the model has no padding"


def _free_ids(processor: spm.SentencePieceProcessor, encodes_everything: bool) -> Iterator[tuple[int, str]]:
    others = (processor.unk_id(), processor.bos_id(), processor.eos_id())
    for what, is_free in (("unused", processor.is_unused), ("control", processor.is_control)):
        for number in range(processor.get_piece_size()):
            piece = processor.id_to_piece(number)
            if is_free(number) and number not in others and not marks_text(piece):
                yield number, f"the {what} piece {piece!r}"
    if encodes_everything and others[0] >= 0:
        yield others[0], "the unknown piece, which never occurs"
