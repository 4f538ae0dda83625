"""A table of faults that are injected into runs.

The function of a fault takes a :class:`Scene`, disturbs its run, completes it with the same command, and returns the
outcome in words. The test checks what must be true after every fault.
"""

import errno
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from faults import small_corpus
from faults.scene import Done, Scene, until

from massivetext.storage import files as fs

TWIN = str(Path(__file__).parent / "twin.py")
ON, RESUMED, STOPPED = "the same bytes", "resumed to the same bytes", "a clear stop, then resumed to the same bytes"


@dataclass(frozen=True)
class Injection:
    """A fault.

    Attributes:
        name: what happens.
        where: where the run folder is: "local" or "S3".
        until: last stage of the run that is disturbed, and of the undisturbed one that it is compared with.
        deed: function that injects it.
    """

    name: str
    where: str
    until: str
    deed: Callable[[Scene], str]


INJECTIONS: list[Injection] = []


def injection(
    name: str, where: str = "local", *, until: str = "report"
) -> Callable[[Callable[[Scene], str]], Callable[[Scene], str]]:
    """Add the decorated function to the table; ``until`` is a stage early enough that nothing later is touched."""

    def enter(deed: Callable[[Scene], str]) -> Callable[[Scene], str]:
        INJECTIONS.append(Injection(name, where, until, deed))
        return deed

    return enter


def resumed(scene: Scene) -> str:
    """Run the same command again, undisturbed."""
    scene.run().went_on()
    return RESUMED


def stopped(scene: Scene, done: Done, message: str) -> str:
    """Assert that a command failed with a message, and run the same command again."""
    done.stopped(message)
    scene.run().went_on()
    return STOPPED


# -- killed processes --------------------------------------------------------------------------------------------------


@injection("a worker process killed in ingest", until="judge")
def _(scene: Scene) -> str:
    done = scene.run(workers=2, harm=scene.harm("kill", "rename", r"/documents/", skip=1, role="worker"))
    return stopped(scene, done, r"a worker process was ended by signal 9 \(SIGKILL\).*run again to go on")


@injection("a worker process killed in near-dedup", until="near-dedup")
def _(scene: Scene) -> str:
    scene.run("--until", "exact-dedup").went_on()
    done = scene.run(workers=2, harm=scene.harm("kill", "rename", r"/signatures/", role="worker"))
    return stopped(scene, done, r"a worker process was ended by signal 9")


@injection("a worker process killed while it writes records")
def _(scene: Scene) -> str:
    scene.run("--until", "tokenizer").went_on()
    done = scene.run(workers=2, harm=scene.harm("kill", "rename", r"/records/train-", role="worker"))
    return stopped(scene, done, r"a worker process was ended by signal 9")


@injection("the driver killed in ingest, its workers alive", until="judge")
def _(scene: Scene) -> str:
    driver = scene.start(workers=2)
    until(lambda: any(scene.path("documents").rglob("part-*")))
    driver.kill()
    scene.wait(driver).was_killed()
    until(lambda: not scene.processes())
    return resumed(scene)


@injection("the whole process group killed", until="judge")
def _(scene: Scene) -> str:
    harm = scene.harm("kill group", "rename", r"/signals/", role="worker")
    scene.run(workers=2, harm=harm).was_killed()
    return resumed(scene)


KILLS = {  # moment -> (point, path, skipped, last stage)
    "before its first run.json": ("rename", r"/run\.json$", 0, "judge"),
    "between a part's rename and its commit": ("renamed", r"/documents/", 2, "judge"),
    "between the first and the last rename of a shard": ("rename", r"/documents/", 2, "judge"),
    "between a stage's manifest and run.json": ("renamed", r"/measure/manifest\.json$", 0, "judge"),
    "while it completes a stage": ("remove", r"/ingest/commits$", 0, "judge"),
    "in near-dedup, while clusters are written": ("rename", r"clusters", 0, "near-dedup"),
    "between the records and their manifest": ("renamed", r"/records/dataset\.json$", 0, "report"),
    "while it writes the report": ("rename", r"/report/index\.html$", 0, "report"),
}
for _moment, (_point, _path, _skip, _until) in KILLS.items():

    @injection(f"the driver killed {_moment}", until=_until)
    def _(scene: Scene, point: str = _point, path: str = _path, skip: int = _skip) -> str:
        scene.run(harm=scene.harm("kill", point, path, skip=skip)).was_killed()
        return resumed(scene)


@injection("the driver killed while it clears what an older recipe left", until="decontaminate")
def _(scene: Scene) -> str:
    scene.run("--seed", "12", "--until", "decontaminate").went_on()
    scene.run(harm=scene.harm("kill", "remove", r"/(signatures|duplicates|verdicts/near)$", skip=1)).was_killed()
    return resumed(scene)


@injection("`massivetext report` killed between its manifest and run.json")
def _(scene: Scene) -> str:
    scene.run("--until", "judge").went_on()
    report = ["-m", "massivetext", "report", scene.run_folder]
    scene.wait(scene.spawn(report, scene.harm("kill", "renamed", r"/report/manifest\.json$"))).was_killed()
    scene.wait(scene.spawn(report)).went_on()
    scene.wait(scene.spawn(["-m", "massivetext", "verify", scene.run_folder])).went_on()
    return resumed(scene)


@injection("SIGTERM to the driver alone", until="judge")
def _(scene: Scene) -> str:
    driver = scene.start(workers=2)
    until(lambda: any(scene.path("documents").rglob("part-*")))
    driver.terminate()
    scene.wait(driver).stopped("the same command goes on from there", 128 + signal.SIGTERM)
    assert scene.left_behind(complete=False) == []
    scene.run().went_on()
    return STOPPED


for _workers, _who in ((1, "the only process"), (2, "every process")):

    @injection(f"Ctrl-C, which {_who} gets", until="judge")
    def _(scene: Scene, workers: int = _workers) -> str:
        driver = scene.start(workers=workers)
        until(lambda: any(scene.path("documents").rglob("part-*")))
        os.killpg(driver.pid, signal.SIGINT)
        scene.wait(driver).stopped("the same command goes on from there", 128 + signal.SIGINT)
        assert scene.left_behind(complete=False) == []
        scene.run().went_on()
        return STOPPED


# -- retries and twins -------------------------------------------------------------------------------------------------


@injection("every bundle twice, as after a retry")
def _(scene: Scene) -> str:
    scene.run("--", "--direct_runner_bundle_repeat=1").went_on()
    return ON


@injection("two attempts of every shard at once, as by speculation", until="judge")
def _(scene: Scene) -> str:
    scene.run(harm=scene.harm("kill", "rename", r"/documents/")).was_killed()  # now the stages have started
    twins = [scene.spawn([TWIN, "recipe.toml", scene.run_folder, "judge"]) for _ in range(2)]
    for twin in twins:
        scene.wait(twin).went_on()
    return resumed(scene)


@injection("a twin that ends after the run is complete", until="judge")
def _(scene: Scene) -> str:
    _late_twin(scene, resumed)
    return ON


@injection("a twin that ends when another recipe has the folder", until="judge")
def _(scene: Scene) -> str:
    def change(scene: Scene) -> None:
        text = (scene.folder / "recipe.toml").read_text()
        (scene.folder / "recipe.toml").write_text(text + "\n[ingest]\nmax_record_bytes = 1500\n")
        scene.run("--until", "judge").went_on()

    before, after = _late_twin(scene, change)

    assert before == after
    (scene.folder / "recipe.toml").write_text(small_corpus.recipe("input"))
    return resumed(scene)


def _late_twin(scene: Scene, meanwhile: Callable[[Scene], object]) -> tuple[dict[str, str], dict[str, str]]:
    """Let a late attempt at a shard of ingest end after ``meanwhile``; return the hashes before and after it ends."""
    go = scene.folder / "go"
    scene.run(harm=scene.harm("kill", "rename", r"/documents/")).was_killed()
    twin = scene.spawn([TWIN, "recipe.toml", scene.run_folder, "ingest", str(go)])
    until(scene.folder.joinpath("go.ready").exists)
    meanwhile(scene)
    before = scene.hashes()
    go.touch()
    scene.wait(twin).stopped("others have done this work in the meantime, or given it up")
    return before, scene.hashes()


# -- disks and files ---------------------------------------------------------------------------------------------------


for _what, (_place, _until) in {
    "a part": (r"/documents/.*parquet$", "judge"),
    "a commit": (r"/commits/.*json$", "judge"),
    "a manifest": (r"/manifest\.json$", "judge"),
    "run.json": (r"/run\.json$", "judge"),
    "a file of records": (r"/records/train-", "report"),
}.items():

    @injection(f"the disk full at {_what}", until=_until)
    def _(scene: Scene, place: str = _place) -> str:
        done = scene.run(harm=scene.harm("error", "rename", place, skip=1, argument=errno.ENOSPC))
        return stopped(scene, done, r"No space left on device.*run again to go on")


@injection("an input that cannot be read (EIO)", until="judge")
def _(scene: Scene) -> str:
    done = scene.run(harm=scene.harm("error", "read", r"pages-1\.warc\.gz$", skip=1, argument=errno.EIO))
    return stopped(scene, done, r"pages-1\.warc\.gz: cannot be read: Input/output error; repair it and run again")


@injection("a part of an earlier stage that cannot be read (EIO)", until="exact-dedup")
def _(scene: Scene) -> str:
    scene.run("--until", "judge").went_on()
    done = scene.run(harm=scene.harm("error", "read", r"/documents/web/", argument=errno.EIO))
    return stopped(scene, done, r"/documents/web/.*cannot be read: Input/output error")


@injection("an input that vanishes in the middle of the run", until="judge")
def _(scene: Scene) -> str:
    lost = scene.folder / "input/news-0.jsonl.gz"
    kept = shutil.copy2(lost, scene.folder / "kept")
    done = scene.run(harm=scene.harm("remove", "rename", r"/documents/", argument=str(lost)))
    message = done.stopped(r"news-0\.jsonl\.gz: was removed after the run began")
    assert "put it back" in message
    shutil.copy2(kept, lost)
    scene.run().went_on()
    return STOPPED


@injection("an input that changes in the middle of the run", until="judge")
def _(scene: Scene) -> str:
    changed = scene.folder / "input/news-0.jsonl.gz"
    kept = shutil.copy2(changed, scene.folder / "kept")
    done = scene.run(harm=scene.harm("append", "rename", r"/documents/", argument=str(changed)))
    done.stopped(r"news-0\.jsonl\.gz: was changed after the run began; run again to read it as it is now")
    shutil.copy2(kept, changed)
    scene.run().went_on()
    return STOPPED


def _interrupted(scene: Scene) -> None:
    """Make a run with some committed shards and some others."""
    scene.run(harm=scene.harm("kill", "rename", r"/verdicts/rules/", skip=5)).was_killed()


@injection("a commit cut short by a crash", until="judge")
def _(scene: Scene) -> str:
    _interrupted(scene)
    commit = next(scene.path("ingest/commits").rglob("web*.json"))
    commit.write_bytes(commit.read_bytes()[:50])
    return resumed(scene)


@injection("a part deleted after its commit", until="judge")
def _(scene: Scene) -> str:
    _interrupted(scene)
    next(scene.path("documents").rglob("part-*.parquet")).unlink()
    return resumed(scene)


@injection("a part cut short after its commit", until="judge")
def _(scene: Scene) -> str:
    _interrupted(scene)
    part = next(scene.path("signals").rglob("part-*.parquet"))
    part.write_bytes(part.read_bytes()[:-100])
    return resumed(scene)


@injection("files of a finished run deleted")
def _(scene: Scene) -> str:
    scene.run().went_on()
    next(scene.path("verdicts/near").rglob("part-*.parquet")).unlink()
    next(scene.path("records").glob("train-*")).unlink()
    return resumed(scene)


@injection("clocks that are wrong: files from 1970 and 2100", until="judge")
def _(scene: Scene) -> str:
    _interrupted(scene)
    for number, path in enumerate(sorted(path for path in scene.path("").rglob("*") if path.is_file())):
        os.utime(path, (4_102_444_800, 4_102_444_800) if number % 2 else (0, 0))
    return resumed(scene)


@injection("temporary files of an earlier crash", until="judge")
def _(scene: Scene) -> str:
    _interrupted(scene)
    for folder in ("", "documents/web", "signatures/web", "records", "ingest/commits/0123456789abcdef"):
        scene.path(folder).mkdir(parents=True, exist_ok=True)
        (scene.path(folder) / f"{fs.TEMPORARY}0123-part").write_text("half")
    stale = scene.temporary / "massivetext-tmp-stale"
    stale.mkdir()
    (stale / "beam-pipeline-temp").write_text("half")
    return resumed(scene)


# -- object stores -----------------------------------------------------------------------------------------------------


def _spoiled(
    scene: Scene,
    action: str,
    *,
    method: str = ".*",
    target: str = "",
    every: int = 1,
    times: int | None = None,
    seconds: float = 1.0,
) -> str:
    """Run while requests fail that a client has to repeat."""
    assert scene.store is not None
    rule = scene.store.faults.add(
        action, method=method, target=target or scene.name, every=every, times=times, seconds=seconds
    )
    scene.run().went_on()
    assert rule.failed > 1, "nothing was spoiled"
    scene.store.faults.rules.remove(rule)
    return ON


@injection("500 on every fifth put", "S3")
def _(scene: Scene) -> str:
    return _spoiled(scene, "500", method="PUT", every=5)


@injection("503 SlowDown on every second get, for a while", "S3")
def _(scene: Scene) -> str:
    return _spoiled(scene, "503", method="GET|HEAD", every=2, times=30)


@injection("connections dropped while uploading", "S3", until="judge")
def _(scene: Scene) -> str:
    return _spoiled(scene, "drop", method="PUT", every=5)


@injection("downloads cut short", "S3")
def _(scene: Scene) -> str:
    return _spoiled(scene, "truncate", method="GET", every=7, times=20)


@injection("slow answers", "S3", until="judge")
def _(scene: Scene) -> str:
    return _spoiled(scene, "delay", every=50, seconds=0.5)


@injection("listings that fail", "S3", until="judge")
def _(scene: Scene) -> str:
    return _spoiled(scene, "500", method="GET", target=rf"list-type=2.*{scene.name}", every=3, times=20)


@injection("puts that are done though the answer says 500", "S3")
def _(scene: Scene) -> str:
    return _spoiled(scene, "lose-answer", method="PUT", every=5)


@injection("access denied from the middle on", "S3", until="judge")
def _(scene: Scene) -> str:
    assert scene.store is not None
    rule = scene.store.faults.add("403", method="PUT", target=f"{scene.name}/run/documents", skip=2, times=None)
    done = scene.run()
    scene.store.faults.rules.remove(rule)
    done.stopped("the store denies access.*correct the credentials or the permissions", code=2)
    scene.run().went_on()
    return STOPPED


@injection("a store that fails for good", "S3", until="judge")
def _(scene: Scene) -> str:
    assert scene.store is not None
    rule = scene.store.faults.add("500", method="PUT", target=f"{scene.name}/run/signals", skip=2, times=None)
    done = scene.run()
    scene.store.faults.rules.remove(rule)
    return stopped(scene, done, "the store fails, after several attempts.*run again to go on")


@injection("the driver killed between a part and its commit", "S3", until="judge")
def _(scene: Scene) -> str:
    assert scene.store is not None
    driver = scene.start()
    rule = scene.store.faults.call(driver.kill, method="PUT", target=f"{scene.name}/run/ingest/commits/.*json", skip=2)
    scene.wait(driver).was_killed()
    scene.store.faults.rules.remove(rule)
    return resumed(scene)


@injection("a part deleted after its commit", "S3", until="judge")
def _(scene: Scene) -> str:
    assert scene.store is not None
    scene.run("--until", "judge").went_on()
    scene.store.delete(scene.store.listing(f"{scene.name}/run/documents/")[0])
    return resumed(scene)


@injection("a twin that ends after the run is complete", "S3", until="judge")
def _(scene: Scene) -> str:
    assert scene.store is not None
    go = scene.folder / "go"
    driver = scene.start()
    rule = scene.store.faults.call(driver.kill, method="PUT", target=f"{scene.name}/run/documents")
    scene.wait(driver).was_killed()
    scene.store.faults.rules.remove(rule)
    twin = scene.spawn([TWIN, "recipe.toml", scene.run_folder, "ingest", str(go)])
    until(scene.folder.joinpath("go.ready").exists)
    scene.run().went_on()
    go.touch()
    scene.wait(twin).stopped("others have done this work in the meantime, or given it up")
    return ON
