"""The files of a model for unsafe text: where a recipe has them, and their contents' hashes."""

from massivetext.errors import UserError
from massivetext.storage import files as fs

_SUFFIX = ".ftz"


def find(root: str, model: str) -> str:
    """Where a recipe in this folder has its model.

    Raises:
        UserError: its name does not end in .ftz, or it or its calibration is missing.
    """
    path = fs.resolve(model, root)
    wanted = "want a model that `massivetext classifier train` wrote"
    if not path.endswith(_SUFFIX):
        raise UserError(f"measure.unsafe_model: {model}: {wanted}, whose name ends in {_SUFFIX}")
    for needed in (path, calibration_of(path)):
        if not fs.exists(needed):
            raise UserError(f"measure.unsafe_model: {model}: {wanted}, with its calibration; found no file {needed}")
    return path


def calibration_of(model: str) -> str:
    """Where the calibration of a model lies: ``mine.json`` beside ``mine.ftz``."""
    return model.removesuffix(_SUFFIX) + ".json"


def digests(model: str) -> list[str]:
    """SHA-256 of a model and of its calibration."""
    return [fs.digest(model), fs.digest(calibration_of(model))]
