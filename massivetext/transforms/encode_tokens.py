"""Encodes texts with a tokenizer."""

import functools
from collections.abc import Iterable, Sequence

from massivetext.errors import UserError
from massivetext.tokenizer.model_files import model_path, read_encoder
from massivetext.tokenizer.text_encoder import TextEncoder
from massivetext.transforms.arguments import working_folder
from massivetext.transforms.pcollection_rows import Rows, RowTransform, TextRow, Values, with_fields


class EncodeTokens(RowTransform):
    """Rows with a ``text`` -> the same rows with ``tokens``, the token ids of the text without BOS and EOS.

    Args:
        model: path (relative to the working folder) or URL of a SentencePiece model. The model of a run is
            ``RUN/tokenizer/tokenizer.model``. Every worker reads it from there.

    Raises:
        UserError: there is no such file, or it is not a model that a run could use.
    """

    def __init__(self, model: str) -> None:
        super().__init__()
        self._path = model_path(working_folder(), model)
        try:
            self._sha256 = read_encoder(self._path).info.sha256
        except ValueError as error:
            raise UserError(f"EncodeTokens: model: {self._path}: {error}") from error

    def expand(self, documents: Rows) -> Rows:
        """Add the field with one ParDo, which works on batches within a bundle."""
        return with_fields(
            documents,
            "EncodeTokens",
            reads={"text": str},
            adds={"tokens": Sequence[int]},
            load=functools.partial(_load_encode, self._path, self._sha256),
        )


@functools.lru_cache(maxsize=2)
def _load_encode(path: str, sha256: str) -> Values[TextRow]:
    """Return the model as a function of rows; it is loaded once per process."""
    encoder = read_encoder(path)
    if encoder.info.sha256 != sha256:
        raise UserError(f"EncodeTokens: model: {path}: changed after the pipeline was built; build it again")
    return functools.partial(_encode_rows, encoder)


def _encode_rows(encoder: TextEncoder, rows: Sequence[TextRow]) -> Iterable[Sequence[object]]:
    return ((ids.tolist(),) for ids in encoder.encode([row.text for row in rows]))
