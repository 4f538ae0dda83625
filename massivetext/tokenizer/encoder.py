"""Encoding of texts as token ids, and back, so that nothing is lost."""

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sentencepiece as spm

from massivetext.tokenizer import encode_loop
from massivetext.tokenizer.model_proto import PieceType, read_model_fields, read_pieces
from massivetext.tokenizer.normal_form import NormalForm, read_normal_form
from massivetext.tokenizer.piece_tables import SPACE_MARK, Vocabulary, read_vocabulary, reason_for_plain_path
from massivetext.tokenizer.pretoken_cache import PretokenCache, pretoken_cache
from massivetext.tokenizer.trainer import describe_model

Ids = npt.NDArray[np.uint16 | np.uint32]

_CACHE_BYTES = 8 * 2**20
_MARK = re.compile(re.escape(SPACE_MARK.encode()))
_BATCH_CHARACTERS = 2**22  # of texts whose bytes are in memory together, except for a longer text
_PART_CHARACTERS = 2**20  # NFKC of a text takes ten times its memory: longer texts are normalised in parts


def id_dtype(vocabulary_size: int) -> np.dtype[np.uint16] | np.dtype[np.uint32]:
    """Return the smaller of uint16 and uint32 that holds every id of a vocabulary."""
    return np.dtype(np.uint16) if vocabulary_size <= 1 << 16 else np.dtype(np.uint32)


class _Tables(NamedTuple):
    """What compiled code needs of a model."""

    form: NormalForm
    vocabulary: Vocabulary
    cache: PretokenCache


class Encoder:
    """Encodes texts as ids with a SentencePiece model, without BOS and EOS.

    For a model of :func:`massivetext.tokenizer.trainer.train_tokenizer` and a clean text s, ``decode(encode(s))`` is s
    under "identity" and the NFKC form of s under "nfkc", and no id is padding or unknown. This takes two steps that
    SentencePiece does not do: NFKC is applied completely beforehand, because SentencePiece does not reorder combining
    marks; and the character ▁, which SentencePiece would turn into a space, is written as its three bytes.

    Ids of BPE models are found by compiled code, those of other models by SentencePiece (the plain path). They are the
    same on both.

    Attributes:
        info: description of the model.
        dtype: type of the ids: uint16 if the vocabulary allows it, else uint32.
    """

    def __init__(self, model: bytes, *, cache_bytes: int = _CACHE_BYTES) -> None:
        """Load a serialized model.

        Args:
            model: the model.
            cache_bytes: most bytes that the ids of frequent pretokens take. They decide how fast encoding is.

        Raises:
            ValueError: the bytes are not a model.
        """
        self.info = describe_model(model)
        self.dtype = id_dtype(self.info.vocabulary_size)
        self._processor = spm.SentencePieceProcessor(model_proto=model)
        self._model, self._cache_bytes = model, cache_bytes
        self._nfkc = self.info.normalization == "nfkc"
        self._mark_ids = (
            [self._processor.piece_to_id(f"<0x{byte:02X}>") for byte in SPACE_MARK.encode("utf-8")]
            if self.info.byte_fallback and not read_model_fields(model).dummy_prefix  # which each part would get
            else None
        )

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Return the ids of each text; an empty array for an empty text."""
        return [ids for batch in _batches(texts) for ids in self._encode_batch(batch)]

    def encode_plainly(self, texts: Sequence[str]) -> list[Ids]:
        """Return the same ids as :meth:`encode`, by SentencePiece alone: what compiled code is compared with."""
        normal = [_nfkc(text) for text in texts] if self._nfkc else texts
        encoded = self._by_sentencepiece(normal)
        if self._mark_ids is not None:
            for number, text in enumerate(normal):
                if SPACE_MARK in text:
                    encoded[number] = self._join_with_marks(self._by_sentencepiece(text.split(SPACE_MARK)))
        return encoded

    def _encode_batch(self, texts: Sequence[str]) -> list[Ids]:
        tables = self._tables
        if isinstance(tables, str):
            return self.encode_plainly(texts)
        data, bounds = self._normal(texts)
        if _MARK.search(data.data) is None:
            return self._compiled(data, bounds, tables)
        normal = [data[start:stop].tobytes().decode() for start, stop in itertools.pairwise(bounds.tolist())]
        marked = [number for number, text in enumerate(normal) if SPACE_MARK in text]
        encoded = self._compiled(*_utf8(["" if SPACE_MARK in text else text for text in normal]), tables)
        for number in marked:
            encoded[number] = (
                self.encode_plainly([texts[number]])[0]
                if self._mark_ids is None
                else self._join_with_marks(self._compiled(*_utf8(normal[number].split(SPACE_MARK)), tables))
            )
        return encoded

    def _normal(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """Return the UTF-8 of texts, in NFKC if the model wants that, and the bounds of each."""
        foreign = [number for number, text in enumerate(texts) if not text.isascii()] if self._nfkc else []
        changed = encode_loop.select_for_nfkc(*_utf8([texts[number] for number in foreign])) if foreign else None
        if changed is None or not changed.any():
            return _utf8(texts)
        if len(texts) == 1:  # maybe a very long one: its normal form is in memory once, as UTF-8
            return _one(b"".join(unicodedata.normalize("NFKC", part).encode("utf-8") for part in _parts(texts[0])))
        normal = list(texts)
        for number in itertools.compress(foreign, changed.tolist()):
            normal[number] = _nfkc(texts[number])
        return _utf8(normal)

    def _compiled(self, data: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64], tables: _Tables) -> list[Ids]:
        found, id_bounds = encode_loop.encode_utf8(data, bounds, tables.form, tables.vocabulary, tables.cache)
        ids: Ids = found.astype(self.dtype)
        return [ids[start:stop] for start, stop in itertools.pairwise(id_bounds.tolist())]

    def _by_sentencepiece(self, texts: Sequence[str]) -> list[Ids]:
        encoded: list[list[int]] = self._processor.encode(list(texts), out_type=int, num_threads=1)
        return [np.array(ids, dtype=self.dtype) for ids in encoded]

    def _join_with_marks(self, parts: Sequence[Ids]) -> Ids:
        marks = np.array(self._mark_ids, self.dtype)
        return np.concatenate([parts[0], *itertools.chain.from_iterable((marks, part) for part in parts[1:])])

    @property
    def byte_ids(self) -> npt.NDArray[np.int64]:
        """Ids that stand for single bytes, int64[256]; empty without byte fallback."""
        ids = range(self._processor.get_piece_size())
        return np.array([number for number in ids if self._processor.is_byte(number)], np.int64)

    @property
    def plain_path(self) -> str | None:
        """Why this model is encoded by SentencePiece itself; None if compiled code does it."""
        return self._tables if isinstance(self._tables, str) else None

    @functools.cached_property
    def _tables(self) -> _Tables | str:
        """What compiled code needs, or why it cannot be used; only for processes that encode."""
        fields, pieces = read_model_fields(self._model), read_pieces(self._model)
        reason = reason_for_plain_path(fields, pieces)
        if reason is not None:
            return reason
        tables = _Tables(read_normal_form(fields), read_vocabulary(fields, pieces), pretoken_cache(self._cache_bytes))
        # Pieces that are words are the pretokens to come. The most frequent ones come last: they have precedence.
        words = [piece.text.replace(SPACE_MARK, " ") for piece in reversed(pieces) if piece.type == PieceType.NORMAL]
        encode_loop.encode_utf8(*_utf8(words), tables.form, tables.vocabulary, tables.cache)
        return tables

    def decode(self, ids: npt.NDArray[np.integer]) -> str:
        """Return the text of ids. Special ids give no text, and bytes that are not UTF-8 give U+FFFD."""
        text: str = self._processor.decode(ids.tolist())
        return text


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    first = size = 0
    for number, length in enumerate(map(len, texts)):
        size += length
        if size > _BATCH_CHARACTERS and number > first:
            yield texts[first:number]
            first, size = number, length
    yield texts[first:]


def _utf8(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return the bytes of all texts, and int64[texts + 1], where each begins and the last one ends."""
    if len(texts) == 1:
        return _one(texts[0].encode("utf-8"))  # Arrow would reserve up to twice its size
    array = pa.array(texts, pa.large_string())
    _, bounds, data = array.buffers()
    return np.frombuffer(data or b"", np.uint8), np.frombuffer(bounds, np.int64)[: len(texts) + 1]


def _one(text: bytes) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return what :func:`_utf8` does for one text; arrays are read-only, as those of Arrow, or numba compiles again."""
    return np.frombuffer(text, np.uint8), np.frombuffer(np.array([0, len(text)], np.int64).tobytes(), np.int64)


def _nfkc(text: str) -> str:
    if text.isascii() or len(text) <= _PART_CHARACTERS:
        return unicodedata.normalize("NFKC", text)
    return "".join(unicodedata.normalize("NFKC", part) for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    """Yield parts whose normal forms together are that of the text: each begins with a character of ASCII."""
    start = 0
    while start < len(text):
        stop = start + _PART_CHARACTERS
        while stop < len(text) and text[stop] > "\x7f":
            stop += 1
        yield text[start:stop]
        start = stop
