"""How a tokenizer divides texts: tokens per word, bytes per token, and bytes that it has no piece for."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from massivetext.tokenizer.text_encoder import TextEncoder


class Fertility(NamedTuple):
    """Counts of some texts and of their tokens.

    Attributes:
        words: words between white space.
        bytes: UTF-8 bytes.
        tokens: tokens, without BOS and EOS.
        byte_tokens: tokens that stand for a single byte of a character without a piece.
        unknown: tokens with the unknown id.
    """

    words: int
    bytes: int
    tokens: int
    byte_tokens: int
    unknown: int

    @property
    def tokens_per_word(self) -> float:
        """Mean number of tokens per word; 0.0 without words."""
        return self.tokens / self.words if self.words else 0.0

    @property
    def bytes_per_token(self) -> float:
        """Mean number of UTF-8 bytes per token; 0.0 without tokens."""
        return self.bytes / self.tokens if self.tokens else 0.0

    @property
    def byte_frac(self) -> float:
        """Share of the tokens that are single bytes; 0.0 without tokens."""
        return self.byte_tokens / self.tokens if self.tokens else 0.0


def measure_fertility(encoder: TextEncoder, texts: Iterable[str]) -> Fertility:
    """Return the counts of all texts together."""
    words = size = tokens = unknown = 0
    byte_tokens = 0
    is_byte = np.zeros(encoder.info.vocabulary_size, np.bool_)
    is_byte[encoder.byte_ids] = True
    for text in texts:
        (ids,) = encoder.encode([text])
        words += len(text.split())
        size += len(text.encode())
        tokens += len(ids)
        byte_tokens += int(is_byte[ids].sum())
        unknown += int((ids == encoder.info.unk_id).sum())
    return Fertility(words, size, tokens, byte_tokens, unknown)
