"""Whether the disk of a run folder has room for the run."""

import shutil
from pathlib import Path

from massivetext.errors import UserError
from massivetext.estimate.estimator import estimate_run
from massivetext.estimate.reference import reference
from massivetext.estimate.scaling import input_volumes, scale_volumes
from massivetext.formatting import format_bytes
from massivetext.runs.stage import RunPlan
from massivetext.storage import files as fs

_NO_HOPE = 20  # times as much as is free is more than the estimate can be wrong


def check_space(plan: RunPlan, folder: str) -> str | None:
    """Return a warning if a run will need more of a local disk than is free, by the figures of the reference run.

    Raises:
        UserError: it will need more than 20 times as much as is free.

    Args:
        plan: the recipe and its inputs.
        folder: the run folder; what is in it already counts as free.
    """
    if not fs.is_local(folder):
        return None
    measured = [reference()]
    try:
        volumes = scale_volumes(plan.recipe, input_volumes(plan.splits), [each.corpus for each in measured], None)
    except UserError:  # a kind that the reference run does not have: nothing is known
        return None
    needed = sum(step.stored_bytes for step in estimate_run(volumes, measured, 1).steps)
    disk = next(path for path in (Path(folder), *Path(folder).parents) if path.exists())
    free = shutil.disk_usage(disk).free
    if needed <= free:
        return None
    free += sum(info.size for info in fs.find(folder))
    if needed <= free:
        return None
    if needed > _NO_HOPE * free:
        raise UserError(
            f"this run would need about {format_bytes(needed)}, and {disk} has {format_bytes(free)} free; give a "
            "folder on a larger disk, or take fewer inputs, sequences or epochs"
        )
    return (
        f"This run will need about {format_bytes(needed)}, and {disk} has {format_bytes(free)} free. It stops when the "
        "disk is full, and goes on from there once there is room; or give a folder on a larger disk."
    )
