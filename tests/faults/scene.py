"""The scene of an injection: a recipe, a run folder, a temporary folder, and the processes that use them."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
from object_store import Store

from massivetext.runs.log_events import is_log
from massivetext.storage import files as fs

Harm = Mapping[str, int | str | None]  # see :meth:`Scene.harm`
HOOK = Path(__file__).parent / "hook"
_MARK = "MASSIVETEXT_SCENE"
# Seconds until a wait fails; a wait without a defect is much shorter.
_PATIENCE, _LINGER = 120.0, 10.0
# Starts the second worker even if the first could finish the work alone.
_EAGER = (
    "from massivetext.engines import engine; engine.START_SECONDS = 0.0; from massivetext.cli.main import main; main()"
)


class Scene:
    """A folder with a recipe and the run to be disturbed.

    Attributes:
        folder: contains ``recipe.toml``, ``input``, and ``tmp``, the temporary folder of all processes.
        run_folder: path or URL of the run.
        until: last stage of its runs, unless a command names another.
        store: object store of the run folder, or None for a local one.
    """

    def __init__(self, folder: Path, recipe: str, run_folder: str, until: str, store: Store | None = None) -> None:
        self.folder, self.run_folder, self.until, self.store = folder, run_folder, until, store
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        (folder / "recipe.toml").write_text(recipe)

    # -- commands ------------------------------------------------------------------------------------------------------

    def start(self, *arguments: str, workers: int = 1, harm: Harm | None = None) -> subprocess.Popen[str]:
        """Start ``massivetext run`` on the recipe of the scene, in a new process group."""
        until = () if "--until" in arguments else ("--until", self.until)
        run = ["run", "recipe.toml", "--output", self.run_folder, "--workers", str(workers), *until, *arguments]
        return self.spawn([*(("-c", _EAGER) if workers > 1 else ("-m", "massivetext")), *run], harm)

    def spawn(self, command: list[str], harm: Harm | None = None) -> subprocess.Popen[str]:
        """Start Python in the scene; ``harm`` is a value of :meth:`harm`."""
        environment = {**os.environ, "COLUMNS": "160", "TMPDIR": str(self.temporary), _MARK: str(self.folder)}
        if harm is not None:
            paths = [str(HOOK), *filter(None, [os.environ.get("PYTHONPATH")])]
            environment |= {"PYTHONPATH": os.pathsep.join(paths), "MASSIVETEXT_HARM": json.dumps(harm)}
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, workers: int = 1, harm: Harm | None = None) -> "Done":
        """Run ``massivetext run`` and wait for its end."""
        return self.wait(self.start(*arguments, workers=workers, harm=harm))

    def wait(self, process: subprocess.Popen[str]) -> "Done":
        """Wait for a process; raise AssertionError if it hangs."""
        try:
            out, err = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"hangs\n{out}\n{err}") from None
        return Done(process.returncode, out, err)

    def harm(
        self, deed: str, point: str, path: str, *, skip: int = 0, role: str = "any", argument: int | str | None = None
    ) -> Harm:
        """Return an instruction for ``hook/sitecustomize.py``.

        Args:
            deed: "kill", "kill group", "error" (argument: errno), "remove" or "append" (argument: the file to remove or
                append to).
            point: "rename" or "renamed" (before or after a file gets its final name), "remove" or "read" (before it).
            path: regular expression to be found in the path.
            skip: number of matching operations of a process before the fault.
            role: process to be disturbed: "driver", "worker" or "any".
            argument: argument of the deed.
        """
        return {
            "deed": deed,
            "point": point,
            "path": path,
            "skip": skip,
            "role": role,
            "argument": argument,
            "mark": str(self.mark),
        }

    @property
    def name(self) -> str:
        """Name of the scene; on a store, all keys of the run contain it."""
        return self.folder.name

    @property
    def mark(self) -> Path:
        """File that exists after the fault has happened."""
        return self.folder / "harmed"

    # -- what is there -------------------------------------------------------------------------------------------------

    def path(self, name: str) -> Path:
        """Return the path of a file of a local run."""
        return Path(self.run_folder, name)

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of every file without the path of the scene; not of files that hold times."""
        names = {fs.relative(info.path, self.run_folder): info.path for info in fs.find(self.run_folder)}
        contents = {
            name: fs.read_bytes(path) for name, path in names.items() if name != "run.json" and not is_log(name)
        }
        here = str(self.folder).encode()
        return {name: hashlib.sha256(data.replace(here, b"")).hexdigest() for name, data in contents.items()}

    def processes(self) -> list[str]:
        """Return the command lines of the running processes of the scene."""
        return [" ".join(process.cmdline()) for process in self._alive()]

    def _alive(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            try:
                alive = process.status() != psutil.STATUS_ZOMBIE and process.environ().get(_MARK) == str(self.folder)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if alive:
                yield process

    def left_behind(self, *, complete: bool = True) -> list[str]:
        """Return what is left but should not be: processes, temporary files; for a complete run also empty folders."""
        deadline = time.monotonic() + _LINGER
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        found = [f"process: {line}" for line in self.processes()]
        found += [f"in TMPDIR: {path.name}" for path in self.temporary.iterdir()]
        if not complete:
            return found
        if self.store is None:
            folders = [path for path in Path(self.run_folder).rglob("*") if path.is_dir() and not any(path.iterdir())]
            found += [f"empty folder: {path.relative_to(self.run_folder)}" for path in folders]
        else:
            found += [f"unfinished upload: {key}" for key in self.store.uploads()]
        return found

    def end(self) -> None:
        """Kill the remaining processes."""
        for process in self._alive():
            process.kill()


class Done:
    """A command that has ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def went_on(self) -> None:
        """Assert that the command succeeded."""
        assert self.code == 0, f"exit code {self.code}\n{self.out}\n{self.err}"

    def was_killed(self) -> None:
        """Assert that the command was ended by SIGKILL."""
        assert self.code == -signal.SIGKILL, f"exit code {self.code}\n{self.out}\n{self.err}"

    def stopped(self, message: str, code: int = 1) -> str:
        """Assert that the command failed with one clear message; return all of its messages."""
        message_text = " ".join(self.err.split())
        assert self.code == code, f"exit code {self.code}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.err
        assert re.search(message, message_text), message_text
        return message_text


def until(reached: Callable[[], bool]) -> None:
    """Wait until a condition is true; raise AssertionError if it stays false."""
    deadline = time.monotonic() + _PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise AssertionError(f"the condition is still false after {_PATIENCE:.0f} seconds")
        time.sleep(0.02)
