"""The files of a model for unsafe text: their paths and the hashes of their contents."""

from massivetext.errors import UserError
from massivetext.storage import files as fs

_SUFFIX = ".ftz"
_MOST_BYTES = 1 << 32


def find(root: str, model: str) -> str:
    """Return the path of the model of a recipe in this folder.

    Raises:
        UserError: the name of the model does not end in .ftz, or the model or its calibration is missing.
    """
    path = fs.resolve(model, root)
    wanted = "want a model that `massivetext classifier train` wrote"
    if not path.endswith(_SUFFIX):
        raise UserError(f"measure.unsafe_model: {model}: {wanted}, whose name ends in {_SUFFIX}")
    for needed in (path, calibration_of(path)):
        if not fs.exists(needed):
            raise UserError(f"measure.unsafe_model: {model}: {wanted}, with its calibration; found no file {needed}")
        if problem := fs.why_unreadable(needed, _MOST_BYTES):
            raise UserError(f"measure.unsafe_model: {model}: {wanted}, with its calibration; {needed} {problem}")
    return path


def calibration_of(model: str) -> str:
    """Return the path of the calibration of a model: ``mine.json`` for ``mine.ftz``."""
    return model.removesuffix(_SUFFIX) + ".json"


def digests(model: str) -> list[str]:
    """Return the SHA-256 of a model and of its calibration."""
    return [fs.digest(model), fs.digest(calibration_of(model))]
