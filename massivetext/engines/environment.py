"""Versions of the libraries that decide what a run writes: the same on the driver and on every worker."""

import functools
import importlib.metadata
import platform
import socket
from collections.abc import Iterable

from massivetext.errors import UserError

# Libraries that every stage uses; a stage adds its own.
_ALWAYS = ("apache-beam", "massivetext", "numpy", "pyarrow")

Versions = tuple[tuple[str, str], ...]  # (name, version) pairs


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the installed version of the named libraries and of those that every stage uses, sorted by name."""
    return {name: importlib.metadata.version(name) for name in sorted({*_ALWAYS, *names})}


def environment_versions(names: Iterable[str]) -> Versions:
    """Return what a worker must have in common with the driver: Python's minor version, and :func:`versions`."""
    return (("python", ".".join(platform.python_version_tuple()[:2])), *versions(names).items())


@functools.lru_cache(maxsize=4)
def require_driver_versions(driver: Versions) -> None:
    """Compare this process with what :func:`environment_versions` returned in the driver; once per process.

    Raises:
        UserError: they differ, so that this worker could write other bytes.
    """
    here = dict(environment_versions(name for name, _ in driver if name != "python"))
    differ = [f"{name} {here[name]} (the driver: {version})" for name, version in driver if here[name] != version]
    if differ:
        raise UserError(
            f"worker on {socket.gethostname()}: has {', '.join(differ)}; "
            "give workers and driver the same environment, for example by constraints.txt or the same image"
        )
