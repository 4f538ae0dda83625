"""Where an injection happens: a recipe, a run folder, a temporary folder, and the processes that belong to them."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
from object_store import Store

from massivetext.storage import files as fs

HOOK = Path(__file__).parent / "hook"
_MARK = "MASSIVETEXT_SCENE"
# Seconds; every wait ends long before, or the test has found something.
_PATIENCE, _LINGER = 120.0, 10.0
# Two workers even where the work is done before the second has started.
_EAGER = (
    "from massivetext.engines import engine; engine.START_SECONDS = 0.0; from massivetext.cli.main import main; main()"
)


class Scene:
    """A folder with a recipe in it, whose run is disturbed.

    Attributes:
        folder: with ``recipe.toml``, ``input`` and ``tmp``, the temporary folder of all processes.
        run_folder: path or URL of the run.
        store: where the run folder is on an object store.
    """

    def __init__(self, folder: Path, recipe: str, run_folder: str, store: Store | None = None) -> None:
        self.folder, self.run_folder, self.store = folder, run_folder, store
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        (folder / "recipe.toml").write_text(recipe)

    # -- commands ------------------------------------------------------------------------------------------------------

    def start(self, *arguments: str, workers: int = 1, harm: dict[str, Any] | None = None) -> subprocess.Popen[str]:
        """Starts ``massivetext run`` on the scene's recipe, in a process group of its own."""
        run = ["run", "recipe.toml", "--output", self.run_folder, "--workers", str(workers), *arguments]
        return self.spawn([*(("-c", _EAGER) if workers > 1 else ("-m", "massivetext")), *run], harm)

    def spawn(self, command: list[str], harm: dict[str, Any] | None = None) -> subprocess.Popen[str]:
        """Starts Python in the scene."""
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

    def run(self, *arguments: str, workers: int = 1, harm: dict[str, Any] | None = None) -> "Done":
        """Runs ``massivetext run`` to its end."""
        return self.wait(self.start(*arguments, workers=workers, harm=harm))

    def wait(self, process: subprocess.Popen[str]) -> "Done":
        """Waits for a process, and fails where it hangs."""
        try:
            out, err = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"hangs\n{out}\n{err}") from None
        return Done(process.returncode, out, err)

    def harm(self, deed: str, point: str, path: str, *, skip: int = 0, role: str = "any", argument: Any = None) -> Any:
        """What the hook is to do.

        Args:
            deed: "kill", "kill group", "error" (argument: errno), "remove" or "append" (argument: a file that goes or
                grows).
            point: "rename" and "renamed" (before and after, of the final name), "remove" and "read" (before).
            path: pattern found in the path concerned.
            skip: so many of a process are let pass.
            role: "driver", "worker" or "any".
            argument: of the deed.
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
        """Of the scene; on a store, everything of the run has it in its key."""
        return self.folder.name

    @property
    def mark(self) -> Path:
        """A file that is there once the harm is done."""
        return self.folder / "harmed"

    # -- what is there -------------------------------------------------------------------------------------------------

    def path(self, name: str) -> Path:
        """A file of a local run."""
        return Path(self.run_folder, name)

    def hashes(self) -> dict[str, str]:
        """SHA-256 of every file of the run, with the scene's folder left out of it; ``run.json`` holds wall times."""
        names = {fs.relative(info.path, self.run_folder): info.path for info in fs.find(self.run_folder)}
        contents = {name: fs.read_bytes(path) for name, path in names.items() if name != "run.json"}
        here = str(self.folder).encode()
        return {name: hashlib.sha256(data.replace(here, b"")).hexdigest() for name, data in contents.items()}

    def processes(self) -> list[str]:
        """Command lines of the scene's processes that are alive."""
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
        """What must not be left: processes, temporary files; by a complete run also empty folders and the like."""
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
        """Ends whatever processes are left."""
        for process in self._alive():
            process.kill()


class Done:
    """A command that has come to its end."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def went_on(self) -> None:
        """Holds that the command succeeded."""
        assert self.code == 0, f"exit code {self.code}\n{self.out}\n{self.err}"

    def was_killed(self) -> None:
        """Holds that the command died of SIGKILL."""
        assert self.code == -signal.SIGKILL, f"exit code {self.code}\n{self.out}\n{self.err}"

    def stopped(self, message: str, code: int = 1) -> str:
        """Holds that the command stopped with one clear message; returns it."""
        said = " ".join(self.err.split())
        assert self.code == code, f"exit code {self.code}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.err
        assert re.search(message, said), said
        return said


def until(reached: Callable[[], bool]) -> None:
    """Waits for something; fails where it does not come."""
    deadline = time.monotonic() + _PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise AssertionError("what was waited for did not come")
        time.sleep(0.02)
