"""Libraries that decide what a run writes: part of the stages' keys, and the same on the driver and on every worker."""

import functools
import importlib.metadata
import platform
import socket
from collections.abc import Mapping

from massivetext.errors import UserError

# Libraries whose version can change what a stage writes.
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "ingest": ("trafilatura", "lxml", "fastwarc", "mwparserfromhell", "charset-normalizer"),
    "measure": ("fasttext-community", "regex"),
    "near-dedup": ("numpy",),
    "decontaminate": ("numpy",),
    "tokenizer": ("sentencepiece",),
    "records": ("sentencepiece", "array-record"),
    "report": ("vl-convert-python",),
}
_EVERYWHERE = ("apache-beam", "massivetext", "numpy", "pyarrow")


def versions() -> dict[str, str]:
    """Version of every library that decides what a run writes."""
    names = {*_EVERYWHERE, *(name for names in LIBRARIES.values() for name in names)}
    return {name: importlib.metadata.version(name) for name in sorted(names)}


def environment() -> tuple[tuple[str, str], ...]:
    """What a worker must have as the driver has it: the libraries, and Python up to its minor version."""
    return (("python", ".".join(platform.python_version_tuple()[:2])), *versions().items())


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
