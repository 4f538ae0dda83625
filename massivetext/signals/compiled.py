"""numba's decorators, typed: the loops over text are plain Python that is compiled when it is first called."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compiles a function into whatever calls it. It is not kept on disk; see :func:`kept`."""
    return cast("Callable[P, R]", numba.njit(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """As :func:`compiled`, and writes the function out where it is called: worth it for a few lines in a hot loop."""
    return cast("Callable[P, R]", numba.njit(inline="always")(function))


def kept(function: Callable[P, R]) -> Callable[P, R]:
    """Compiles a function that Python calls, and keeps it on disk for other processes.

    numba compiles it anew when its own file or a variable of its closure changes, not when a function that it calls
    does.
    """
    return cast("Callable[P, R]", numba.njit(cache=True)(function))


def plain(function: Callable[P, R]) -> Callable[P, R]:
    """The function as it was before it was compiled."""
    return cast("Callable[P, R]", getattr(function, "py_func", function))


def digest_of(*modules: ModuleType) -> int:
    """Of the code of modules: for the closure of a kept function, which then is compiled anew when one changes."""
    sha = hashlib.sha256()
    for module in modules:
        sha.update(Path(str(module.__file__)).read_bytes())
    return int.from_bytes(sha.digest()[:7], "big")
