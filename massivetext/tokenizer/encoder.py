"""Encoding of texts as token ids, and back, so that nothing is lost."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import sentencepiece as spm

from massivetext.tokenizer.trainer import SPACE_MARK, describe_model

Ids = npt.NDArray[np.uint16 | np.uint32]


def id_dtype(vocabulary_size: int) -> np.dtype[np.uint16] | np.dtype[np.uint32]:
    """Return the smaller of uint16 and uint32 that holds every id of a vocabulary."""
    return np.dtype(np.uint16) if vocabulary_size <= 1 << 16 else np.dtype(np.uint32)


class Encoder:
    """Encodes texts as ids with a SentencePiece model, without BOS and EOS.

    For a model of :func:`massivetext.tokenizer.trainer.train_tokenizer` and a clean text s, ``decode(encode(s))`` is s
    under "identity" and the NFKC form of s under "nfkc", and no id is padding or unknown. This takes two steps that
    SentencePiece does not do: NFKC is applied completely beforehand, because SentencePiece does not reorder combining
    marks; and the character ▁, which SentencePiece would turn into a space, is written as its three bytes.

    Attributes:
        info: description of the model.
        dtype: type of the ids: uint16 if the vocabulary allows it, else uint32.
    """

    def __init__(self, model: bytes) -> None:
        """Load a serialized model.

        Raises:
            ValueError: the bytes are not a model, or the model lacks one of the ids that records need.
        """
        self.info = describe_model(model)
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
        """Return the ids of each text; an empty array for an empty text."""
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
        for text_after_mark in others:
            ids += mark_ids
            ids += text_after_mark
        return ids

    def decode(self, ids: npt.NDArray[np.integer]) -> str:
        """Return the text of ids. Special ids give no text, and bytes that are not UTF-8 give U+FFFD."""
        text: str = self._processor.decode(ids.tolist())
        return text
