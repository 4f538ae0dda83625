"""Faults of machines, disks, stores and engines: the same bytes, or a clear error after which the same command resumes.

Every fault of ``injections.py`` has its own scene. After each of them the run has the bytes of an undisturbed run,
`verify` finds nothing, and no process, temporary file, unfinished upload or empty folder is left.
"""

import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from faults import small_corpus
from faults.injections import INJECTIONS, Injection
from faults.scene import Scene
from object_store import Store, object_store

from massivetext.runs.store import Run
from massivetext.runs.verify import verify_run

pytestmark = pytest.mark.slow

AT_ONCE = 2  # scenes: each waits about half of its time
_CASE = "injection"


class Faults:
    """Runs injections in the background, each in its own scene."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder, self._store = folder, store
        self._corpus = folder / "corpus"
        small_corpus.write(self._corpus)
        for path in self._corpus.iterdir():
            store.put(f"input/{path.name}", path.read_bytes())
        self._lock = threading.Lock()
        self._hashes: dict[tuple[str, str], dict[str, str]] = {}  # of undisturbed runs: (where, last stage) -> hashes

    def scene(self, where: str, name: str, until: str) -> Scene:
        """Return a scene with inputs and run folder on the local disk ("local") or on the store ("S3")."""
        folder = self._folder / where / name
        folder.mkdir(parents=True)
        if where == "S3":
            recipe = small_corpus.recipe(f"{self._store.url}/input", few_files=True)
            return Scene(folder, recipe, f"{self._store.url}/{name}/run", until, self._store)
        shutil.copytree(self._corpus, folder / "input")  # with the times of the files: the run compares them
        return Scene(folder, small_corpus.recipe("input"), str(folder / "run"), until)

    def undisturbed(self, where: str, until: str) -> dict[str, str]:
        """Return the hashes of an undisturbed run up to a stage."""
        with self._lock:
            if (where, until) not in self._hashes:
                scene = self.scene(where, f"undisturbed-{until}", until)
                scene.run().went_on()
                self._hashes[where, until] = scene.hashes()
            return self._hashes[where, until]

    def happen(self, injection: Injection) -> str:
        """Inject a fault, compare the run with an undisturbed one, and return the outcome in words."""
        expected = self.undisturbed(injection.where, injection.until)
        scene = self.scene(injection.where, re.sub("[^a-z0-9]+", "-", injection.name.lower()), injection.until)
        try:
            outcome = injection.deed(scene)

            assert scene.hashes() == expected
            assert verify_run(Run(scene.run_folder)) == []
            assert scene.left_behind() == []
        finally:
            scene.end()
        return outcome


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, "Future[str]"]]:
    """Outcomes of the injections selected in this session, by name."""
    selected = [item.callspec.params.get(_CASE) for item in request.session.items if hasattr(item, "callspec")]
    with object_store() as store, ThreadPoolExecutor(AT_ONCE) as pool:
        faults = Faults(tmp_path_factory.mktemp("faults"), store)
        futures = {_name(each): pool.submit(faults.happen, each) for each in INJECTIONS if each in selected}
        yield futures
        lines = [f"{name:<78}{_word(future)}" for name, future in futures.items()]
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n\n" + "\n".join(lines))


def _name(injection: Injection) -> str:
    return f"{injection.where}: {injection.name}"


def _word(future: "Future[str]") -> str:
    return "FAILED" if future.exception() else future.result()


@pytest.mark.parametrize(_CASE, INJECTIONS, ids=_name)
def test_nothing_is_lost_doubled_or_left_behind(injection: Injection, outcomes: Mapping[str, "Future[str]"]) -> None:
    assert outcomes[_name(injection)].result()


def test_at_least_twenty_faults_are_injected_locally_and_ten_on_a_store() -> None:
    places = [injection.where for injection in INJECTIONS]

    assert len({_name(injection) for injection in INJECTIONS}) == len(INJECTIONS)
    assert places.count("local") >= 20
    assert places.count("S3") >= 10
