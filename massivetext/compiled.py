"""Functions that numba compiles, typed, and compiled only when one of them is first called.

Importing a module of compiled functions does not load numba (0.4 s, 100 MB), so the modules that declare signals can
also define their counters. A compiled function must not use closures; it reaches other compiled functions by their
global names, or by names that :func:`bind` gives it.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from enum import EnumType
from pathlib import Path
from types import CodeType, FunctionType, MappingProxyType, ModuleType
from typing import Generic, ParamSpec, TypeVar, cast

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")
_NOTHING: Mapping[str, object] = MappingProxyType({})


class CompiledFunction(Generic[P, R]):
    """A function with its numba options; it is compiled at the first call.

    Attributes:
        function: the Python function.
        names: names of its globals -> other values for them.
    """

    def __init__(
        self,
        function: Callable[P, R],
        names: Mapping[str, object] = _NOTHING,
        *,
        inline: bool = False,
        cache: bool = False,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = cast("FunctionType", function)
        self.names = names
        self._inline = inline
        self._cache = cache
        self._called = False

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compile the function, if this is the first call, and call it."""
        if self._called or not self._cache or self.is_cached():
            result = self.dispatcher(*args, **kwargs)
        else:
            with _alone(self):  # several workers begin at once: one compiles, and the others load what it has made
                result = self.dispatcher(*args, **kwargs)
        self._called = True  # also where no cache could be written: nobody looks for one, or locks, a second time
        return result

    def is_cached(self) -> bool:
        """Return whether machine code is cached, so that the first call takes no compiler; True if it cannot be."""
        folder = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(self.function.__code__.co_filename).parent)
        found = folder.rglob(f"*_{source_digest(self)}-*.nbi")
        return next(found, None) is not None or not os.access(folder, os.W_OK)

    @functools.cached_property
    def dispatcher(self) -> Callable[P, R]:
        """The function as numba compiles it; every compiled function that it calls is replaced by its dispatcher."""
        import numba  # takes 0.4 s and 100 MB: only for processes that call compiled code

        names = self.function.__globals__ | dict(self.names)
        for name, value in self.used_globals():
            if isinstance(value, CompiledFunction) and value is not self:
                names[name] = value.dispatcher
        replica = FunctionType(self.function.__code__, names, self.function.__name__)
        replica.__qualname__ = self.function.__qualname__
        if self._cache:
            # numba names its files after the function, and sees a change of the function's own file only.
            replica.__qualname__ += f"_{source_digest(self)}"
        options = {"inline": "always"} if self._inline else {"cache": True} if self._cache else {}
        return cast("Callable[P, R]", numba.njit(**options)(replica))

    def used_globals(self) -> Iterator[tuple[str, object]]:
        """Yield the name and value of every global variable that the code of the function mentions, sorted by name."""
        known = self.function.__globals__ | dict(self.names)
        yield from ((name, known[name]) for name in sorted(_names(self.function.__code__)) if name in known)


def compiled(function: Callable[P, R]) -> CompiledFunction[P, R]:
    """Compile a function for other compiled functions. Machine code is not cached; see :func:`compiled_and_cached`."""
    return CompiledFunction(function)


def inlined(function: Callable[P, R]) -> CompiledFunction[P, R]:
    """Compile as :func:`compiled` does and copy the code into every caller: for a few lines in a hot loop."""
    return CompiledFunction(function, inline=True)


def bind(function: Callable[P, R], **names: object) -> CompiledFunction[P, R]:
    """Return :func:`inlined` for a copy of a function in which some global names have other values."""
    return CompiledFunction(function, names, inline=True)


def compiled_and_cached(function: Callable[P, R], **names: object) -> CompiledFunction[P, R]:
    """Compile a function that Python calls, and cache its machine code on disk for other processes.

    The cache is valid as long as :func:`source_digest` is the same.

    Args:
        function: what to compile.
        names: global names of the function -> other values for them; see :func:`bind`.
    """
    return CompiledFunction(function, names, cache=True)


def uncompiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return the Python function behind a compiled one; other functions as they are."""
    return cast("Callable[P, R]", function.function) if isinstance(function, CompiledFunction) else function


def source_digest(function: Callable[..., object]) -> str:
    """Return a hash, 16 hex digits, of everything that decides the machine code of a compiled function.

    This is the source of its module, the values of the global variables that it uses, and the same for every compiled
    function that it calls, directly or through others.
    """
    sha = hashlib.sha256()
    source = functools.cache(_source)  # most functions are in a few modules
    for each in _with_callees(function, {}):
        sha.update(source(each.function.__module__))
        for name, value in each.used_globals():
            sha.update(f"{name}=".encode() + _content(value, source))
    return sha.hexdigest()[:16]


@contextlib.contextmanager
def _alone(function: CompiledFunction[P, R]) -> Iterator[None]:
    """Let no other process of this user call the same function for the first time within the block."""
    name = f"massivetext-compiling-{os.getuid()}-{source_digest(function)}.lock"
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # without a lock, each compiles for itself
            path = Path(tempfile.gettempdir(), name)
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            stack.callback(os.close, descriptor)
            stack.callback(path.unlink, missing_ok=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _with_callees(
    function: object, found: dict[int, CompiledFunction[..., object]]
) -> list[CompiledFunction[..., object]]:
    """Return a compiled function and all that it calls, each once, in a fixed order."""
    if isinstance(function, CompiledFunction) and id(function) not in found:
        found[id(function)] = function
        for _, value in function.used_globals():
            _with_callees(value, found)
    return list(found.values())


def _names(code: CodeType) -> set[str]:
    """Return the names of globals and attributes in some code and in the functions defined within it."""
    inner = (_names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*inner)


def _content(value: object, source: Callable[[str], bytes]) -> bytes:
    """Return bytes that change with a global variable. Raises TypeError for a type whose content is not known here."""
    if isinstance(value, CompiledFunction):
        return value.function.__qualname__.encode()  # its source is hashed with it
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}".encode() + value.tobytes()
    if isinstance(value, tuple):
        return b"".join(_content(one, source) for one in value)
    if isinstance(value, ModuleType):
        return str(getattr(value, "__version__", "")).encode() or source(value.__name__)
    if isinstance(value, EnumType):
        return repr(list(value)).encode()
    if isinstance(value, type | FunctionType):
        return f"{value.__module__}.{value.__qualname__}".encode() + source(value.__module__)
    if isinstance(value, bool | int | float | str | bytes | np.generic | np.dtype):
        return repr(value).encode()
    raise TypeError(
        f"compiled code uses a global variable of type {type(value).__name__}: want a number, array or tuple"
    )


def _source(module: str) -> bytes:
    path = getattr(sys.modules.get(module), "__file__", None)
    return Path(path).read_bytes() if path else module.encode()
