"""What the rest of the package needs of a tokenizer, whatever library is behind it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from massivetext.tokenizer.trainer import TokenizerInfo

Ids = npt.NDArray[np.uint16 | np.uint32]


class TextEncoder(Protocol):
    """Encodes texts as ids, without BOS and EOS, and decodes ids.

    Attributes:
        info: description of the model.
        dtype: type of the ids: uint16 if the vocabulary allows it, else uint32.
    """

    info: TokenizerInfo
    dtype: np.dtype[np.uint16] | np.dtype[np.uint32]

    @property
    def byte_ids(self) -> npt.NDArray[np.int64]:
        """Ids that stand for single bytes of characters without a piece; may be empty."""

    @property
    def plain_path(self) -> str | None:
        """Why compiled code does not encode with this model; None if it does."""

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Return the ids of each text."""

    def decode(self, ids: npt.NDArray[np.integer]) -> str:
        """Return the text of ids."""
