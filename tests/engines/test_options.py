"""Options for clusters: what is added, and what is refused before a job is built."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from massivetext.engines import java, job_server, leash
from massivetext.engines.options import complete_options, runner_of
from massivetext.errors import UserError

SPARK = ("--runner=SparkRunner",)


@pytest.fixture
def jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A jar that was fetched before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = job_server.official(job_server.cache())
    path.parent.mkdir()
    path.touch()
    return path


@pytest.fixture
def old_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Java of version 8."""
    program = tmp_path / "bin/java"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


def test_the_runner_is_the_embedded_one_unless_named() -> None:
    assert runner_of(()) == "FnApiRunner"
    assert runner_of(("--streaming", "--runner=SparkRunner")) == "SparkRunner"
    assert runner_of(("--runner", "DataflowRunner")) == "DataflowRunner"


@pytest.mark.usefixtures("jar")
def test_the_jar_the_launcher_and_the_partitions_of_a_shuffle_are_added(jar: Path) -> None:
    args = complete_options((*SPARK, "--spark_master_url=local[2]"), shards=100)

    assert args[:2] == (*SPARK, "--spark_master_url=local[2]")
    assert f"--spark_job_server_jar={jar}" in args
    assert f"--job_server_java_launcher={Path(sys.executable).with_name('massivetext-java')}" in args
    assert "--job_server_jvm_properties=-Dspark.default.parallelism=200" in args
    assert not any(argument.startswith("--environment") for argument in args)  # Beam knows what is local


@pytest.mark.usefixtures("jar")
@pytest.mark.parametrize(("shards", "pieces"), [(1, 16), (8, 16), (9, 18), (1_000_000, 4000)])
def test_a_shuffle_has_about_two_partitions_per_shard(shards: int, pieces: int) -> None:
    args = complete_options((*SPARK, "--spark_master_url=local"), shards=shards)
    assert f"--job_server_jvm_properties=-Dspark.default.parallelism={pieces}" in args


@pytest.mark.parametrize(
    ("master", "here"),
    [
        ("local", True),
        ("local[*]", True),
        ("spark://127.0.0.1:{port}", True),
        ("spark://localhost:{port}", True),
        ("spark://127.0.0.1:{port},192.0.2.1:7077", False),
        ("yarn", False),
    ],
)
@pytest.mark.usefixtures("jar")
def test_spark_on_this_machine_listens_on_loopback_alone(master: str, here: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = master.format(port=server.getsockname()[1])
        args = complete_options((*SPARK, f"--spark_master_url={url}"), shards=1)

    assert ("--job_server_jvm_properties=-Dspark.driver.bindAddress=127.0.0.1" in args) is here
    assert ("--job_server_jvm_properties=-Dspark.driver.host=127.0.0.1" in args) is here


def test_the_pages_of_spark_follow_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_LOCAL_IP", raising=False)
    monkeypatch.setattr(leash, "exit_with_parent", lambda _: None)
    monkeypatch.setattr(os, "execvp", lambda _, command: started.append((command, os.environ.get("SPARK_LOCAL_IP"))))
    started: list[tuple[list[str], str | None]] = []
    for arguments in (["-Dspark.driver.bindAddress=127.0.0.1", "-jar", "a.jar"], ["-jar", "a.jar"]):
        monkeypatch.delenv("SPARK_LOCAL_IP", raising=False)
        monkeypatch.setattr(sys, "argv", ["massivetext-java", *arguments])
        java.launch()

    assert [address for _, address in started] == ["127.0.0.1", None]
    assert all(command[0] == "java" and command[-1] == "a.jar" for command, _ in started)


def test_what_the_user_gives_is_left_alone(jar: Path) -> None:
    given = (
        *SPARK,
        "--spark_master_url=local",
        f"--spark_job_server_jar={jar}",
        "--job_server_java_launcher=/opt/java",
        "--job_server_jvm_properties=-Dspark.default.parallelism=3",
        "--job_server_jvm_properties=-XX:+UseParallelGC",
        "--job_server_jvm_properties=-Dspark.driver.bindAddress=0.0.0.0",
    )
    assert complete_options(given, shards=5) == given


@pytest.mark.usefixtures("jar")
def test_on_a_cluster_workers_are_processes_of_this_environment() -> None:
    with socket.create_server(("127.0.0.1", 0)) as master:
        args = complete_options((*SPARK, f"--spark_master_url=spark://127.0.0.1:{master.getsockname()[1]}"), shards=1)
    assert "--environment_type=PROCESS" in args
    config = next(argument for argument in args if argument.startswith("--environment_config="))
    command = Path(json.loads(config.partition("=")[2])["command"])
    assert command.name == "massivetext-worker"
    assert os.access(command, os.X_OK)
    assert "--environment_cache_millis=60000" in args


@pytest.mark.usefixtures("jar")
def test_one_of_several_masters_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as master, socket.create_server(("127.0.0.1", 0)) as gone:
        ports = gone.getsockname()[1], master.getsockname()[1]
        gone.close()
        assert complete_options(
            (*SPARK, f"--spark_master_url=spark://127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}"), shards=1
        )


@pytest.mark.usefixtures("jar")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--runner=DirectRunner",), "--runner: DirectRunner may fetch another engine"),
        ((*SPARK, "--spark_job_server_jar=/no/such.jar"), "--spark_job_server_jar: /no/such.jar: no such file"),
        ((*SPARK, "--spark_master_url=spark://127.0.0.1:1"), "no Master answers"),
        ((*SPARK, "--spark_master_url=yarn", "--environment_type=EXTERNAL"), "want HOST:PORT"),
        ((*SPARK, "--spark_master_url=yarn", "--environment_type=PROCESS"), 'want {"command"'),
        (
            (*SPARK, "--spark_master_url=yarn", "--environment_type=PROCESS", '--environment_config={"command":"/no"}'),
            "/no: no such command",
        ),
    ],
)
def test_what_cannot_work_is_refused(args: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        complete_options(args, shards=1)


def test_a_missing_jar_is_named_with_the_command_that_fetches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(UserError, match="`massivetext engine fetch` brings it"):
        complete_options((*SPARK, "--spark_master_url=local"), shards=1)


@pytest.mark.usefixtures("jar", "old_java")
def test_an_old_java_is_refused() -> None:
    with pytest.raises(UserError, match="want Java 11 or newer, got 8"):
        complete_options((*SPARK, "--spark_master_url=local"), shards=1)


def test_a_missing_java_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="not on the path"):
        java.require_java()


def test_maven_is_needed_to_fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="--spark_job_server_jar=PATH"):
        job_server.fetch_jar(tmp_path)


def test_dataflow_wants_a_run_folder_that_its_workers_see(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="want gs://BUCKET/FOLDER"):
        complete_options(("--runner=DataflowRunner",), shards=1, folder=str(tmp_path))
    assert (
        complete_options(("--runner=DataflowRunner",), shards=1, folder="memory://run")[-1] == "--no_save_main_session"
    )
    assert complete_options(("--runner=DataflowRunner", "--save_main_session"), shards=1) == (
        "--runner=DataflowRunner",
        "--save_main_session",
    )
