"""Texts to token ids and back, with the laws that records rely on."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import sentencepiece as spm

from massivetext.tokenizer.trainer import SPACE_MARK, describe

Ids = npt.NDArray[np.uint16 | np.uint32]


def id_dtype(vocabulary_size: int) -> np.dtype[np.uint16] | np.dtype[np.uint32]:
    """The smallest of uint16 and uint32 that holds every id of a vocabulary."""
    return np.dtype(np.uint16) if vocabulary_size <= 1 << 16 else np.dtype(np.uint32)


class Encoder:
    """A SentencePiece model as a function from texts to ids, without BOS and EOS.

    For models of :func:`massivetext.tokenizer.trainer.train` and every clean text s: ``decode(encode(s))`` is s under
    "identity" and the NFKC form of s under "nfkc"; no id is padding or unknown. Two things are done beyond
    SentencePiece. NFKC is applied in full beforehand, because SentencePiece's own leaves combining marks in the order
    in which they come. And the character ▁, which SentencePiece would turn into a space, is written as its three bytes.

    Attributes:
        info: what the model is.
        dtype: of the ids: uint16 where the vocabulary allows it, else uint32.
    """

    def __init__(self, model: bytes) -> None:
        """Loads a serialized model.

        Raises:
            ValueError: the bytes are no model, or the model lacks one of the ids that records need.
        """
        self.info = describe(model)
        missing = [name for name in ("pad_id", "unk_id", "bos_id", "eos_id") if getattr(self.info, name) < 0]
        if missing:
            raise ValueError(
                f"tokenizer: want a model with padding, unknown, BOS and EOS ids, "
                f"got one without {', '.join(missing)}; train it with --pad_id=0 --unk_id=1 --bos_id=2 --eos_id=3"
            )
        self.dtype = id_dtype(self.info.vocabulary_size)
        self._processor = spm.SentencePieceProcessor(model_proto=model)
        self._nfkc = self.info.normalization == "nfkc"
        self._mark_ids = (
            [self._processor.piece_to_id(f"<0x{byte:02X}>") for byte in SPACE_MARK.encode("utf-8")]
            if self.info.byte_fallback
            else None
        )

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """The ids of each text; an empty array for an empty text."""
        normal = [unicodedata.normalize("NFKC", text) for text in texts] if self._nfkc else list(texts)
        encoded: list[list[int]] = self._processor.encode(normal, out_type=int, num_threads=1)
        if self._mark_ids is not None:
            for position, text in enumerate(normal):
                if SPACE_MARK in text:
                    encoded[position] = self._encode_with_marks(text, self._mark_ids)
        return [np.array(ids, dtype=self.dtype) for ids in encoded]

    def _encode_with_marks(self, text: str, mark_ids: list[int]) -> list[int]:
        first, *others = self._processor.encode(text.split(SPACE_MARK), out_type=int, num_threads=1)
        ids: list[int] = first
        for part in others:
            ids += mark_ids
            ids += part
        return ids

    def decode(self, ids: npt.NDArray[np.integer]) -> str:
        """The text of ids; special ids give no text, and bytes that are no UTF-8 give U+FFFD."""
        text: str = self._processor.decode(ids.tolist())
        return text
