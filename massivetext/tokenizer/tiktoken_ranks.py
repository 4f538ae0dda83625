"""Tokenizers in the form of tiktoken's files of ranks, one line of base64 and a number per piece.

A file says neither by which pattern texts are cut before they are merged, nor which special tokens there are. Both
follow from the encoding, which is recognised by the hash of its published file; the library knows the rest.
"""

import base64
import hashlib
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from massivetext.tokenizer.encoder import Ids, id_dtype
from massivetext.tokenizer.trainer import TokenizerInfo, choose_padding, marks_text

if TYPE_CHECKING:
    import tiktoken

SUFFIX = ".tiktoken"
# Names of encodings by the SHA-256 of their published files.
ENCODINGS: Mapping[str, str] = {
    "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930": "r50k_base",
    "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069": "p50k_base",
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7": "cl100k_base",
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d": "o200k_base",
}
_LINE = re.compile(rb"[A-Za-z0-9+/]+=* \d+\r?\n")
_END = "<|endoftext|>"
_PART_CHARACTERS = 1 << 16


def is_rank_file(data: bytes) -> bool:
    """Return whether bytes begin as a file of ranks does."""
    return _LINE.match(data) is not None


class TiktokenEncoder:
    """Encodes texts with a file of ranks, without BOS and EOS; special tokens in a text are text.

    Attributes:
        info: description of the tokenizer; ``<|endoftext|>`` is EOS, and there is no BOS.
        dtype: type of the ids: uint16 if the vocabulary allows it, else uint32.
    """

    plain_path = "it is encoded by the library tiktoken"

    def __init__(self, data: bytes) -> None:
        """Load the bytes of a file of ranks.

        Raises:
            ValueError: they are something else, those of no known encoding, or the library tiktoken is not installed.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in ENCODINGS:
            raise ValueError(
                f"tokenizer: want the published file of one of {', '.join(ENCODINGS.values())}, got another file of "
                f"ranks (SHA-256 {sha256[:16]}…), which does not say how texts are cut; give it as a tokenizer.json"
            )
        ranks = _read_ranks(data)
        self._tokenizer = _make_encoding(ENCODINGS[sha256], ranks)
        special = {name: self._tokenizer.encode_single_token(name) for name in self._tokenizer.special_tokens_set}
        size = self._tokenizer.n_vocab
        pad, origin = choose_padding(-1, _free_ids(special), size)
        self.info = TokenizerInfo(
            vocabulary_size=max(size, pad + 1),
            pad_id=pad,
            pad_origin=origin,
            unk_id=-1,
            bos_id=-1,
            eos_id=special[_END],
            byte_fallback=True,
            normalization="identity",
            max_piece_bytes=max(map(len, ranks)),
            sha256=sha256,
            type="tiktoken",
        )
        self.dtype = id_dtype(self.info.vocabulary_size)
        self._special = np.array(sorted({*special.values(), pad}), np.int64)

    @property
    def byte_ids(self) -> npt.NDArray[np.int64]:
        """Empty: single bytes are pieces as any others."""
        return np.zeros(0, np.int64)

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Return the ids of each text; an empty array for an empty text.

        The library gives up texts with very long runs of white space. They are encoded in parts of 65,536 characters.
        """
        return [np.array(self._encode(text), dtype=self.dtype) for text in texts]

    def _encode(self, text: str) -> list[int]:
        try:
            return self._tokenizer.encode_ordinary(text)
        except BaseException as error:  # a panic of Rust is no Exception
            if type(error).__name__ != "PanicException" or len(text) <= _PART_CHARACTERS:
                raise
        parts = (text[start : start + _PART_CHARACTERS] for start in range(0, len(text), _PART_CHARACTERS))
        return [number for part in parts for number in self._tokenizer.encode_ordinary(part)]

    def decode(self, ids: npt.NDArray[np.integer]) -> str:
        """Return the text of ids. Special ids give no text, and bytes that are not UTF-8 give U+FFFD."""
        ordinary = ids[~np.isin(ids.astype(np.int64), self._special)]
        return self._tokenizer.decode(ordinary.tolist(), errors="replace")


def _make_encoding(name: str, ranks: dict[bytes, int]) -> "tiktoken.Encoding":
    """Return the encoding of the library with this name, whose ranks it would fetch.

    Raises:
        ValueError: the library is not installed, or is one that gets the ranks in another way.
    """
    try:
        import tiktoken
        from tiktoken_ext import openai_public
    except ImportError as error:
        raise ValueError("a file of ranks needs the library tiktoken: massivetext[tiktoken]") from error
    constructor = openai_public.ENCODING_CONSTRUCTORS[name]
    given = {**constructor.__globals__, "load_tiktoken_bpe": lambda *_, **__: ranks}
    made: dict[str, Any] = types.FunctionType(constructor.__code__, given)()
    if made["mergeable_ranks"] is not ranks:
        raise ValueError(f"tiktoken {tiktoken.__version__}: want one that loads ranks by load_tiktoken_bpe; use 0.14")
    return tiktoken.Encoding(**made)


def _read_ranks(data: bytes) -> dict[bytes, int]:
    pairs = (line.split() for line in data.splitlines() if line)
    return {base64.b64decode(piece): int(rank) for piece, rank in pairs}


def _free_ids(special: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    for name, number in sorted(special.items(), key=lambda item: item[1]):
        if not marks_text(name):
            yield number, f"the special token {name!r}"
