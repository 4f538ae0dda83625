"""Injects one fault into the processes of a run; every Python process of the run imports this from PYTHONPATH.

The environment says what happens at which point, as JSON (see ``Scene.harm``). Code of massivetext is not changed: the
fault happens in calls of the operating system, as a real fault would.
"""

import io
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from typing import Any


def _install(harm: dict[str, Any]) -> None:
    role = "worker" if any("massivetext.engines.leash" in argument for argument in sys.orig_argv) else "driver"
    if harm["role"] not in ("any", role):
        return
    pattern, seen = re.compile(harm["path"]), [0]

    def reached(point: str, path: object) -> None:
        if point != harm["point"] or not isinstance(path, str | os.PathLike) or not pattern.search(os.fspath(path)):
            return
        seen[0] += 1
        if seen[0] <= harm["skip"] or not _first(harm["mark"]):
            return
        _do(harm["deed"], harm["argument"], os.fspath(path))

    _before(os, "replace", reached, "rename", after="renamed", position=1)
    _before(os, "remove", reached, "remove")
    _before(shutil, "rmtree", reached, "remove")

    class HarmedFile(io.FileIO):
        def readinto(self, buffer: Any, /) -> int | None:
            reached("read", self.name)
            return super().readinto(buffer)

    io.FileIO = HarmedFile  # type: ignore[misc]


def _before(
    module: Any, name: str, reached: Callable[[str, object], None], point: str, *, after: str = "", position: int = 0
) -> None:
    real = getattr(module, name)

    def harmed(*arguments: Any, **options: Any) -> Any:
        reached(point, arguments[position] if len(arguments) > position else None)
        result = real(*arguments, **options)
        if after:
            reached(after, arguments[position])
        return result

    setattr(module, name, harmed)


def _first(mark: str) -> bool:
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def _do(deed: str, argument: Any, path: str) -> None:
    if deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif deed == "kill group":
        os.killpg(0, signal.SIGKILL)
    elif deed == "error":
        raise OSError(argument, os.strerror(argument), path)
    elif deed == "remove":
        os.unlink(argument)  # noqa: PTH108
    elif deed == "append":
        with open(argument, "ab") as handle:  # noqa: PTH123
            handle.write(b"more")


if "MASSIVETEXT_HARM" in os.environ:
    _install(json.loads(os.environ["MASSIVETEXT_HARM"]))
