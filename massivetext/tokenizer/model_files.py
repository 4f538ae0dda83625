"""Files of SentencePiece models."""

from massivetext.errors import UserError
from massivetext.recipe import LoadedRecipe
from massivetext.storage import files as fs
from massivetext.tokenizer.encoder import Encoder

_MOST_BYTES = 1 << 28  # of a model; one of a million pieces has 20 MB


def model_path(root: str, model: str) -> str:
    """Return the full path of a model; ``model`` is a path relative to ``root``, an absolute path or a URL.

    Raises:
        UserError: there is no such file, or it cannot be a model.
    """
    path = fs.resolve(model, root)
    if not fs.exists(path):
        raise UserError(
            f"tokenizer.model: {path}: no such file; give a SentencePiece model, or leave the key out to train"
        )
    if problem := fs.why_unreadable(path, _MOST_BYTES):
        raise UserError(f"tokenizer.model: {path}: want the file of a SentencePiece model, got one that {problem}")
    return path


def validate_model(loaded: LoadedRecipe) -> None:
    """Refuse a recipe whose model is missing, is none, or lacks an id that records need. Raises UserError."""
    model = loaded.recipe.tokenizer.model
    if model is not None:
        path = model_path(loaded.root, model)
        try:
            read_encoder(path)
        except ValueError as error:
            raise UserError(f"{loaded.path}: tokenizer.model: {path}: {error}") from error


def read_encoder(path: str) -> Encoder:
    """Read a model and return its encoder.

    Raises:
        ValueError: the file is no model, or the model lacks an id that records need.
    """
    return Encoder(fs.read_bytes(path))
