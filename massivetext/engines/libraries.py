"""Libraries that decide what a run writes: part of the stages' keys, and the same on the driver and on every worker."""

import functools
import importlib.metadata
import platform
import socket
from collections.abc import Iterable

from massivetext.errors import UserError
from massivetext.stages import STAGES

_EVERYWHERE = ("apache-beam", "massivetext", "numpy", "pyarrow")


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the version of some libraries, and of those that every stage uses."""
    return {name: importlib.metadata.version(name) for name in sorted({*_EVERYWHERE, *names})}


def environment() -> tuple[tuple[str, str], ...]:
    """Return what a worker must have as the driver has it: the libraries of all stages, and Python's minor version."""
    libraries = [name for stage in STAGES for name in stage.libraries]
    return (("python", ".".join(platform.python_version_tuple()[:2])), *versions(libraries).items())


@functools.lru_cache(maxsize=4)
def require_same(driver: tuple[tuple[str, str], ...]) -> None:
    """Compares this process with the driver's :func:`environment`; once a process.

    Raises:
        UserError: they differ, so that the run could get other bytes on this worker.
    """
    here = dict(environment())
    differ = [
        f"{name} {here.get(name)} (the driver: {version})" for name, version in driver if here.get(name) != version
    ]
    if differ:
        raise UserError(
            f"worker on {socket.gethostname()}: has {', '.join(differ)}; "
            "give workers and driver the same environment, for example by constraints.txt or the same image"
        )
