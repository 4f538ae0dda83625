"""One attempt at a work item: its files are fenced, and its errors reach the driver as one message."""

from collections.abc import Iterator
from contextlib import contextmanager

from massivetext.errors import (
    MENDABLE,
    MassivetextError,
    StageError,
    UserError,
    describe_missing_module,
    mark_for_driver,
)
from massivetext.runs.context import Context
from massivetext.runs.run_log import logged_item
from massivetext.storage import files as fs


@contextmanager
def guard_work_item(context: Context, stage: str, name: str, cost: float | None = None) -> Iterator[None]:
    """Fence the files that a worker writes for one work item, and translate its errors.

    An engine may start a work item again while the first attempt is still running. Both write the same bytes. An
    attempt that still runs when the stage is complete, or when another recipe uses the run folder, writes nothing.

    Args:
        context: the run.
        stage: name of the stage.
        name: name of the work item, for messages and the log.
        cost: its estimated cost, by which the time left is estimated; None: it is not known.
    """
    with (
        translate_errors(f"{stage}: {name}"),
        fs.fenced(context.run.marker(stage, context.stage_keys[stage])),
        logged_item(context.run.folder, context.session, stage, name, cost),
    ):
        yield


@contextmanager
def translate_errors(where: str) -> Iterator[None]:
    """Raise errors that a user can correct with a marked message, so that the driver finds it in a traceback's text.

    Args:
        where: stage and work item, for messages about the disk or memory of the machine.
    """
    try:
        yield
    except MassivetextError as error:
        raise mark_for_driver(error) from error
    except ModuleNotFoundError as error:
        raise mark_for_driver(UserError(f"{where}: {describe_missing_module(error)}")) from error
    except OSError as error:
        if error.errno is not None and error.errno not in MENDABLE:
            raise
        what = f"{error.strerror or error}: {error.filename or 'the run folder'}"
        raise mark_for_driver(StageError(f"{where}: {what}; correct this and run again to go on")) from error
