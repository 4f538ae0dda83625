"""The ready-made tokenizer model that a recipe can name."""

from massivetext.errors import UserError
from massivetext.storage import files as fs


def model_path(root: str, model: str) -> str:
    """Return the path of the model that a recipe in the folder ``root`` names. Raises UserError if there is none."""
    path = fs.resolve(model, root)
    if not fs.exists(path):
        raise UserError(
            f"tokenizer.model: {path}: no such file; give a SentencePiece model, or leave the key out to train"
        )
    return path
