"""A run on a Spark cluster (a Master and Workers as processes) writes what the embedded engine writes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil
import pytest
from builders import file_hashes
from command import massivetext
from faults import small_corpus

from massivetext.engines import job_server
from massivetext.engines.spark import SparkCluster, cluster, spark_home, start_worker, stop
from massivetext.errors import StageError, UserError
from massivetext.runs.store import Run

pytestmark = pytest.mark.slow

DATA_SETS = (
    "documents",
    "quarantine",
    "signals",
    "verdicts",
    "duplicates",
    "contamination",
    "tokenizer",
    "tokens",
    "records",
    "report",
)
_LONGEST_SECONDS = 600.0


@pytest.fixture(scope="session")
def jar() -> Path:
    """Spark's job server, fetched if it is missing. Without it, CI fails, and other machines skip the tests."""
    try:
        spark_home()
        return job_server.find_jar(job_server.cache()) or job_server.fetch_jar(job_server.cache())
    except (UserError, StageError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{error}; `massivetext engine fetch` and `pip install 'massivetext[spark]'` bring what is missing")


@pytest.fixture
def spark(jar: Path, tmp_path: Path) -> Iterator[SparkCluster]:
    """A cluster of a Master and two Workers of one core each."""
    assert jar.stat().st_size > 1e6
    with cluster(tmp_path / "spark", workers=2, cores=1, memory="1g") as running:
        yield running


def listens_on(process: psutil.Process) -> set[str]:
    """Addresses that a process listens on; an IPv4 address is one in both notations."""
    listening = (c for c in process.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN)
    return {connection.laddr.ip.removeprefix("::ffff:") for connection in listening}


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for a condition while a process runs."""
    end = time.monotonic() + _LONGEST_SECONDS
    while not happened():
        assert process.poll() is None, "the run ended before its time"
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def extracts_pages(processes: Iterable[subprocess.Popen[bytes]]) -> bool:
    """Return whether a process below these extracts pages for a worker."""
    for process in processes:
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "massivetext.extract.page_process" in child.cmdline():
                    return True
    return False


def committed(run: Path, stage: str) -> int:
    """Number of shards with a commit in a stage that is not complete."""
    return len(list((run / stage / "commits").glob("*/*.json")))


def test_a_run_on_spark_gives_the_same_bytes_though_a_worker_is_lost_and_the_driver_killed(
    spark: SparkCluster, tmp_path: Path
) -> None:
    small_corpus.write(tmp_path / "input")
    versions = [
        {"url": f"http://www.news.example:80/{at}#new", "text": f"{at} people have read what this page says."}
        for at in range(9)
    ]
    (tmp_path / "input/news-new.jsonl").write_text("".join(json.dumps(version) + "\n" for version in versions))
    sources = small_corpus.recipe("input").replace('"input/news-*.jsonl.gz"', '"input/news-*.jsonl*"')
    # The watchdog is in use on Spark too: each page of this extractor goes to a process beside the worker.
    more = '[dedup]\nurl = "longest"\n[ingest]\nextractor = "trafilatura"\n'
    (tmp_path / "recipe.toml").write_text(f"{sources}\n{more}")
    massivetext("run", "recipe.toml", "--output", "embedded", folder=tmp_path)
    assert Run(str(tmp_path / "embedded")).need("url-dedup").totals()["removed"] > 5
    checked = massivetext("engine", "check", "--", *spark.options(), folder=tmp_path)
    assert checked.stdout.startswith("SparkRunner: runs jobs")

    run, on_spark = tmp_path / "run", ("recipe.toml", "--output", "run", "--until", "records", "--", *spark.options())
    with (tmp_path / "driver.log").open("wb") as log:
        command = [sys.executable, "-m", "massivetext", "run", *on_spark]
        driver = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True)
    try:
        # The machine of a Worker is lost, with its executor and its Python workers. Spark continues on the other.
        wait_for(lambda: committed(run, "ingest") >= 1, driver)
        wait_for(lambda: extracts_pages(spark.workers), driver)
        os.killpg(spark.workers[0].pid, signal.SIGKILL)
        spark.workers[0].wait()
        wait_for((run / "ingest/manifest.json").exists, driver)
        replacement = start_worker(tmp_path / "spark/worker-2", spark.url, memory="1g")
        try:
            wait_for(lambda: committed(run, "near-dedup") >= 1, driver)
            started = psutil.Process(driver.pid).children(recursive=True)
            assert any("java" in process.name() for process in started)
            # Of all interfaces only Beam's own ports in the job server and the executors, as SECURITY.md says.
            for process in (driver, spark.master, *spark.workers[1:], replacement):
                assert listens_on(psutil.Process(process.pid)) <= {"127.0.0.1", "::1"}
            for server in (process for process in started if process.name() == "java"):
                assert listens_on(server) <= {"127.0.0.1", "::"}
            driver.kill()
            driver.wait()
            assert not psutil.wait_procs(started, timeout=30)[1], "the job server outlived its driver"
            assert not (run / "near-dedup/manifest.json").exists()

            assert massivetext("run", *on_spark, folder=tmp_path).stderr == ""
        finally:
            stop(replacement)
        # The rest is done without the cluster: a run may change its engine.
        massivetext("run", "recipe.toml", "--output", "run", folder=tmp_path)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(driver.pid, signal.SIGKILL)
    for data_set in DATA_SETS:
        found = file_hashes(run / data_set)
        assert found, data_set
        assert found == file_hashes(tmp_path / "embedded" / data_set), data_set
    assert "every file is as it was written" in massivetext("verify", "run", folder=tmp_path).stdout


def plant_old_file(path: Path, above: Path) -> None:
    """Make a file that is older than all else below a folder seems to be."""
    path.parent.mkdir(parents=True)
    path.touch()
    for each in (*above.rglob("*"), above):
        os.utime(each, (0, 0))


def test_a_worker_tidies_old_jobs_away_but_no_temporary_files(jar: Path, tmp_path: Path) -> None:
    with cluster(tmp_path, workers=1) as running:
        temporary, jobs = tmp_path / "worker-0/tmp", tmp_path / "worker-0/work"
        plant_old_file(temporary / "executor-1/shuffle", temporary)
        for job in (jobs / "app-1", jobs / "app-2"):  # the second time, all else has been looked at once
            plant_old_file(job / "large.jar", jobs)
            wait_for(lambda job=job: not job.exists(), running.workers[0])  # type: ignore[misc]

        assert (temporary / "executor-1/shuffle").exists()


def test_the_cluster_ends_with_all_its_processes(jar: Path, tmp_path: Path) -> None:
    with cluster(tmp_path, workers=1) as running:
        processes = [psutil.Process(process.pid) for process in (running.master, *running.workers)]
        assert all(process.is_running() for process in processes)
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def test_a_master_that_does_not_answer_is_named(jar: Path, tmp_path: Path) -> None:
    with cluster(tmp_path / "gone", workers=1) as running:
        url = running.url
    done = massivetext(
        "engine", "check", "--", "--runner=SparkRunner", f"--spark_master_url={url}", folder=tmp_path, check=False
    )
    assert done.returncode == 2
    assert f"--spark_master_url: {url}: no Master answers" in " ".join(done.stderr.split())
