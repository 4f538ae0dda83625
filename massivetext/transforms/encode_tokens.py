"""Texts to the ids of a tokenizer."""

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam

from massivetext.errors import UserError
from massivetext.storage import files as fs
from massivetext.tokenizer.encoder import Encoder
from massivetext.tokenizer.model_file import model_path
from massivetext.transforms.arguments import working_folder
from massivetext.transforms.pcollection_rows import Values, with_fields


class EncodeTokens(beam.PTransform[Any, Any]):
    """Rows with a ``text`` -> the same rows with ``tokens``, the ids of the text without BOS and EOS.

    Args:
        model: path of a SentencePiece model, relative to the working folder, or URL; a run's lies in
            ``RUN/tokenizer/tokenizer.model``. Every worker reads it there.

    Raises:
        UserError: there is no model, or it is none that records could be made with.
    """

    def __init__(self, model: str) -> None:
        super().__init__()
        self._path = model_path(working_folder(), model)
        try:
            self._sha256 = Encoder(fs.read_bytes(self._path)).info.sha256
        except ValueError as error:
            raise UserError(f"EncodeTokens: model: {self._path}: {error}") from error

    def expand(self, documents: beam.PCollection[Any]) -> beam.PCollection[Any]:
        """One ParDo that works on batches within a bundle."""
        return with_fields(
            documents,
            "EncodeTokens",
            reads={"text": str},
            adds={"tokens": Sequence[int]},
            load=functools.partial(_load_encode, self._path, self._sha256),
        )


@functools.lru_cache(maxsize=2)
def _load_encode(path: str, sha256: str) -> Values:
    """The model as a function of rows, loaded once a process."""
    encoder = Encoder(fs.read_bytes(path))
    if encoder.info.sha256 != sha256:
        raise UserError(f"EncodeTokens: model: {path}: changed after the pipeline was built; build it again")
    return functools.partial(_encoded, encoder)


def _encoded(encoder: Encoder, rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return ((ids.tolist(),) for ids in encoder.encode([row.text for row in rows]))
