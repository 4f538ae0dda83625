"""What a stage has used of the machine, as the run records it."""

import subprocess
import sys
import time
from pathlib import Path

from beam_calls import map_each
from jsonl_corpus import write

from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.engines.usage import Usage
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe
from massivetext.runs.store import Run, StageState

BUSY = "import time\nwhile time.process_time() < 0.5: pass\nb = bytearray(300_000_000)"


def test_a_child_that_was_waited_for_counts() -> None:
    before = Usage.now()
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    used = Usage.now().since(before)

    assert used.cpu_seconds > 0.5
    assert used.seconds > 0.4
    assert used.peak_bytes > 300_000_000


def test_the_difference_of_two_readings() -> None:
    assert Usage(5.0, 3.0, 700).since(Usage(1.0, 2.5, 600)) == Usage(4.0, 0.5, 700)


def stages_of(run: Run) -> tuple[StageState, ...]:
    state = run.state()
    assert state is not None
    return state.stages


def test_a_run_notes_what_its_stages_took_and_keeps_it(tmp_path: Path) -> None:
    recipe, run = load_recipe(str(write(tmp_path / "corpus", shards=1, documents=6))), Run(str(tmp_path / "run"))
    prepare(recipe, run.folder, Engine(), until="exact-dedup").run()
    first = stages_of(run)
    prepare(recipe, run.folder, Engine(), until="exact-dedup").run()

    assert first
    for stage in first:
        assert isinstance(stage.cpu_seconds, float)
        assert stage.cpu_seconds > 0
        assert isinstance(stage.peak_bytes, int)
    # Three stages shared a job, and share its time.
    assert first[0].cpu_seconds == first[1].cpu_seconds == first[2].cpu_seconds
    assert stages_of(run) == first


def test_the_time_and_memory_of_worker_processes_count_while_their_server_lives(tmp_path: Path) -> None:
    def burn(lane: str) -> None:
        held = b"x" * 300_000_000
        started = time.process_time()
        while time.process_time() - started < 1.0:
            pass
        (tmp_path / lane).write_text(str(len(held)))

    before = Usage.now()
    Engine(workers=2).run(lambda pipeline: pipeline | DistributeLanes(["a", "b"]) | map_each(burn), lanes=2)
    used = Usage.now().since(before)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert used.cpu_seconds >= 2.0
    assert used.peak_bytes >= 300_000_000
