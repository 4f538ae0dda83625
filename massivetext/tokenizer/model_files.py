"""Files of tokenizers: SentencePiece models, ``tokenizer.json`` of Hugging Face, and tiktoken's files of ranks."""

import unicodedata

import msgspec

from massivetext.errors import UserError
from massivetext.recipe import LoadedRecipe, Recipe
from massivetext.storage import files as fs
from massivetext.tokenizer.encoder import Encoder
from massivetext.tokenizer.losses import find_losses
from massivetext.tokenizer.text_encoder import TextEncoder as TextEncoder
from massivetext.tokenizer.tiktoken_ranks import SUFFIX, TiktokenEncoder, is_rank_file

_KINDS = "a SentencePiece model, tokenizer.json or .tiktoken file"
_MOST_BYTES = 1 << 28  # of a model; one of a million pieces has 20 MB


def model_path(root: str, model: str) -> str:
    """Return the full path of a model; ``model`` is a path relative to ``root``, an absolute path or a URL.

    Raises:
        UserError: there is no such file, or it cannot be a model.
    """
    path = fs.resolve(model, root)
    if not fs.exists(path):
        raise UserError(f"tokenizer.model: {path}: no such file; give {_KINDS}, or none to train")
    if problem := fs.why_unreadable(path, _MOST_BYTES):
        raise UserError(f"tokenizer.model: {path}: want {_KINDS}, got one that {problem}")
    return path


def validate_model(loaded: LoadedRecipe) -> None:
    """Refuse a recipe whose model is missing, is none, or does not give every text back. Raises UserError."""
    recipe, model = loaded.recipe, loaded.recipe.tokenizer.model
    if model is None:
        return
    path = model_path(loaded.root, model)
    where = f"{loaded.path}: tokenizer.model: {path}"
    try:
        encoder = read_encoder(path)
    except ValueError as error:
        raise UserError(f"{where}: {error}") from error
    _require_normalization(recipe, encoder.info.normalization, where)
    losses = find_losses(encoder)
    if losses and recipe.tokenizer.lossy != "allow":
        raise UserError(
            f"{where}: does not give every text back: {'; '.join(map(str, losses[:3]))}. Give another model, or set "
            'tokenizer.lossy = "allow"'
        )


def _require_normalization(recipe: Recipe, of_model: str, where: str) -> None:
    """Raise UserError if a source asks for a normalisation that the given model does not leave to it."""
    for name, source in recipe.sources.items():
        wanted = source.normalization
        if not isinstance(wanted, msgspec.UnsetType) and of_model not in (wanted, "identity"):
            raise UserError(
                f"{where}: sources.{name}.normalization: want that of the model, {of_model or 'unknown'!r}, or a model "
                f"of the normalization 'identity', got {wanted!r}; leave the option out, give another model, or train "
                "one"
            )


def normalize_for_model(recipe: Recipe, source: str, texts: list[str]) -> list[str]:
    """Return the texts of a source as the model is to see them: in NFKC, if only some sources want that."""
    if not recipe.normalizes_by_source or recipe.normalization_of(source) == "identity":
        return texts
    return [unicodedata.normalize("NFKC", text) for text in texts]


def model_file(recipe: Recipe) -> str:
    """Return the path of the tokenizer in a run."""
    given = recipe.tokenizer.model or ""
    suffix = next((suffix for suffix in (".json", SUFFIX) if given.endswith(suffix)), ".model")
    return f"tokenizer/tokenizer{suffix}"


def read_encoder(path: str) -> TextEncoder:
    """Read a model and return its encoder. Raises ValueError if the file is no model."""
    return make_encoder(fs.read_bytes(path))


def make_encoder(model: bytes) -> TextEncoder:
    """Return the encoder of the bytes of a SentencePiece model, ``tokenizer.json`` or file of ranks.

    Raises:
        ValueError: they are none of these, or the library for them is not installed.
    """
    if model.lstrip()[:1] == b"{":
        from massivetext.tokenizer.hugging_face import HuggingFaceEncoder

        return HuggingFaceEncoder(model)
    if is_rank_file(model):
        return TiktokenEncoder(model)
    return Encoder(model)
