"""Tokenizers in the form of Hugging Face's ``tokenizer.json``."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from massivetext.tokenizer.encoder import Ids, id_dtype
from massivetext.tokenizer.trainer import TokenizerInfo, choose_padding, marks_text

# Names that special tokens commonly have, the commonest first.
_PAD = ("<pad>", "[PAD]", "<|pad|>", "<|padding|>", "<|finetune_right_pad_id|>")
_BOS = ("<s>", "<|begin_of_text|>", "<bos>", "<|startoftext|>", "[BOS]", "[CLS]")
_EOS = ("</s>", "<|end_of_text|>", "<|endoftext|>", "<eos>", "<|eot_id|>", "[EOS]", "[SEP]")


class HuggingFaceEncoder:
    """Encodes texts with a ``tokenizer.json``, without BOS and EOS; special tokens in a text are text.

    Attributes:
        info: description of the tokenizer; special ids are found by their usual names.
        dtype: type of the ids: uint16 if the vocabulary allows it, else uint32.
    """

    plain_path = "it is encoded by the library tokenizers"

    def __init__(self, data: bytes) -> None:
        """Load the bytes of a ``tokenizer.json``.

        Raises:
            ValueError: they are something else, or the library tokenizers is not installed.
        """
        try:
            import tokenizers
        except ImportError as error:
            raise ValueError("a tokenizer.json needs the library tokenizers: massivetext[huggingface]") from error
        try:
            self._tokenizer = tokenizers.Tokenizer.from_buffer(data)
            described: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
        except Exception as error:  # the library raises nothing more special
            raise ValueError(f"tokenizer: want a tokenizer.json, got {len(data)} other bytes: {error}") from error
        if (described.get("model") or {}).get("dropout"):
            raise ValueError("tokenizer: want one that gives the same ids each time, got dropout; set it to null")
        # Otherwise a text that contains "</s>" would end its document there.
        self._tokenizer.encode_special_tokens = True
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.info = _describe(data, self._tokenizer.get_vocab(with_added_tokens=True), described)
        self.dtype = id_dtype(self.info.vocabulary_size)

    @property
    def byte_ids(self) -> npt.NDArray[np.int64]:
        """Ids of the pieces <0x00> to <0xFF>; empty if bytes have no pieces of their own, as in byte-level models."""
        found = [self._tokenizer.token_to_id(f"<0x{byte:02X}>") for byte in range(256)]
        return np.array([number for number in found if number is not None], np.int64)

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Return the ids of each text; an empty array for an empty text."""
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [np.array(each.ids, dtype=self.dtype) for each in encoded]

    def decode(self, ids: npt.NDArray[np.integer]) -> str:
        """Return the text of ids. Special ids give no text."""
        text: str = self._tokenizer.decode(ids.tolist(), skip_special_tokens=True)
        return text


def _describe(data: bytes, vocabulary: dict[str, int], described: dict[str, Any]) -> TokenizerInfo:
    model, special = described.get("model", {}), [each for each in described.get("added_tokens", []) if each["special"]]
    size = max(vocabulary.values(), default=-1) + 1
    bos, eos = (_first(vocabulary, names) for names in (_BOS, _EOS))
    unk_id = model.get("unk_id")  # of Unigram models; others name the token
    unknown = int(unk_id) if isinstance(unk_id, int) else vocabulary.get(model.get("unk_token") or "", -1)
    free = _free_ids(vocabulary, [each["id"] for each in special], (bos, eos, unknown), size)
    pad, origin = choose_padding(_first(vocabulary, _PAD), free, size)
    return TokenizerInfo(
        vocabulary_size=max(size, pad + 1),
        pad_id=pad,
        pad_origin=origin,
        unk_id=unknown,
        bos_id=bos,
        eos_id=eos,
        byte_fallback=bool(model.get("byte_fallback")) or b'"ByteLevel"' in data,
        normalization=_normalization(described.get("normalizer")),
        max_piece_bytes=max((len(piece.encode()) for piece in vocabulary), default=1),
        sha256=hashlib.sha256(data).hexdigest(),
        type="tokenizer.json",
    )


def _first(vocabulary: dict[str, int], names: Sequence[str]) -> int:
    return next((vocabulary[name] for name in names if name in vocabulary), -1)


def _free_ids(
    vocabulary: dict[str, int], special: Sequence[int], others: tuple[int, ...], size: int
) -> Iterator[tuple[int, str]]:
    names = {number: name for name, number in vocabulary.items()}
    for number in sorted(special):
        name = names.get(number, f"number {number}")
        if number not in others and number < size and not marks_text(name):
            yield number, f"the special token {name!r}"


def _normalization(normalizer: object) -> str:
    """Return "identity", "nfc" or "nfkc"; other normalisers by their type."""
    if not isinstance(normalizer, dict):
        return "identity"
    kind = str(normalizer.get("type"))
    if kind == "Sequence":
        kinds = [_normalization(each) for each in normalizer.get("normalizers", [])]
        return kinds[0] if len(kinds) == 1 else "+".join(kinds) or "identity"
    # Llama's converted models write spaces as ▁, which decoding takes back.
    return "identity" if kind in ("Prepend", "Replace") else kind.lower()
