"""Options of Beam for a cluster: the user's own, checked, and those that follow from them.

A check that fails raises one error that names the option, what was expected and what to do, before any job is built.
"""

import argparse
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from massivetext.engines import java, job_server
from massivetext.engines.java import require_java
from massivetext.errors import UserError
from massivetext.storage import files as fs

EMBEDDED = "FnApiRunner"
SUPPORTED = (EMBEDDED, "SparkRunner", "FlinkRunner", "PortableRunner", "DataflowRunner")

_LOCAL_MASTER = re.compile(r"local(\[.+\])?")
_REACH_SECONDS = 5.0  # to connect to a Spark Master
_WORKER_KEPT_MS = 60_000  # a worker process waits so long for more work
# Python does the work. Java only moves bytes and starts anew for every job, and spent half its CPU time on compiling.
_LIGHT_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_PARTITIONS = (16, 4000)  # least and most partitions of a shuffle


def runner_of(beam_args: Sequence[str]) -> str:
    """Return the name of the runner in the options; the embedded one if they name none."""
    return _value(beam_args, "runner") or EMBEDDED


def complete_options(beam_args: Sequence[str], *, shards: int, folder: str | None = None) -> tuple[str, ...]:
    """Return the user's options, checked, and after them those that the runner needs besides.

    Args:
        beam_args: the user's options.
        shards: number of shards of the run; decides into how many partitions Spark divides a shuffle.
        folder: the run folder.

    Raises:
        UserError: something is missing, unknown or cannot be reached.
    """
    runner = runner_of(beam_args)
    if runner == "DirectRunner":
        raise UserError(f"--runner: DirectRunner may fetch another engine; leave the option out, or give {EMBEDDED}")
    if runner == "SparkRunner":
        return (*beam_args, *_for_spark(beam_args, shards))
    if runner == "FlinkRunner":
        require_java()
        return (*beam_args, *_environment(beam_args))
    if runner == "DataflowRunner":
        return (*beam_args, *_for_dataflow(beam_args, folder))
    return tuple(beam_args)


def _for_spark(beam_args: Sequence[str], shards: int) -> list[str]:
    require_java()
    added = [f"--spark_job_server_jar={_jar()}"] if _value(beam_args, "spark_job_server_jar") is None else []
    jar = _value(beam_args, "spark_job_server_jar")
    if jar is not None and "://" not in jar and not Path(jar).is_file():
        raise UserError(f"--spark_job_server_jar: {jar}: no such file; `massivetext engine fetch` brings it")
    master = _value(beam_args, "spark_master_url") or "local[4]"
    if not _LOCAL_MASTER.fullmatch(master):
        _require_reachable(master)
        added += _environment(beam_args)
    if _value(beam_args, "job_server_java_launcher") is None:
        added.append(f"--job_server_java_launcher={_own_command('massivetext-java')}")
    return added + [f"--job_server_jvm_properties={each}" for each in _java_properties(beam_args, master, shards)]


def _java_properties(beam_args: Sequence[str], master: str, shards: int) -> list[str]:
    given, properties = " ".join(beam_args), []
    if _is_here(master) and "spark.driver.bindAddress" not in given:
        # Spark listens on all interfaces otherwise, and lets whoever connects run code.
        properties += [f"-Dspark.driver.bindAddress={java.LOOPBACK}", f"-Dspark.driver.host={java.LOOPBACK}"]
    if "spark.default.parallelism" not in given:
        # Spark runs, and repeats, one partition of a shuffle at a time: about two per shard, so that each is short.
        fewest, most = _PARTITIONS
        properties.append(f"-Dspark.default.parallelism={min(most, max(fewest, 2 * shards))}")
    if "-XX:" not in given:
        properties += [*_LIGHT_JAVA, f"-Dspark.executor.extraJavaOptions={' '.join(_LIGHT_JAVA)}"]
    return properties


def _for_dataflow(beam_args: Sequence[str], folder: str | None) -> list[str]:
    if folder is not None and fs.is_local(folder):
        raise UserError(
            f"--output: want gs://BUCKET/FOLDER, got {folder}: Dataflow's workers do not see this machine's disk"
        )
    # massivetext is installed on the workers; they need nothing else of what this process has loaded.
    given = {argument.split("=")[0] for argument in beam_args}
    return [] if given & {"--save_main_session", "--no_save_main_session"} else ["--no_save_main_session"]


def _environment(beam_args: Sequence[str]) -> list[str]:
    """Return options for how workers start: as processes of this environment unless the user gives another way."""
    added = []
    kind, config = _value(beam_args, "environment_type"), _value(beam_args, "environment_config")
    if kind is None:
        command = json.dumps({"command": _own_command("massivetext-worker")})
        added += ["--environment_type=PROCESS", f"--environment_config={command}"]
    elif kind == "PROCESS":
        _require_command(config)
    elif kind == "EXTERNAL" and not config:
        raise UserError(
            "--environment_config: want HOST:PORT of the worker pool that --environment_type=EXTERNAL needs"
        )
    if _value(beam_args, "environment_cache_millis") is None:
        added.append(f"--environment_cache_millis={_WORKER_KEPT_MS}")
    return added


def _require_command(config: str | None) -> None:
    try:
        command = json.loads(config or "")["command"]
    except (ValueError, KeyError, TypeError):
        raise UserError(
            '--environment_config: want {"command": "/path/to/massivetext-worker"} for --environment_type=PROCESS, '
            f"got {config or 'nothing'}"
        ) from None
    if shutil.which(command) is None:
        raise UserError(f"--environment_config: {command}: no such command; it must be at this path on every node")


def _is_here(master: str) -> bool:
    """Return whether Spark runs on this machine alone: in the job server, or as a Master on loopback."""
    if _LOCAL_MASTER.fullmatch(master):
        return True
    hosts = {urlsplit(f"//{each}").hostname for each in master.removeprefix("spark://").split(",")}
    return master.startswith("spark://") and hosts <= {java.LOOPBACK, "localhost", "::1"}


def _require_reachable(master: str) -> None:
    if not master.startswith("spark://"):
        return  # YARN and Kubernetes: their clients know how to reach them
    unreached = []
    for host_and_port in master.removeprefix("spark://").split(","):
        address = urlsplit(f"//{host_and_port}")
        try:
            with socket.create_connection((address.hostname or "", address.port or 7077), timeout=_REACH_SECONDS):
                return
        except (OSError, ValueError) as error:
            unreached.append(f"{host_and_port} ({error})")
    raise UserError(
        f"--spark_master_url: {master}: no Master answers: {'; '.join(unreached)}; "
        "`massivetext engine spark` starts one on this machine"
    )


def _jar() -> Path:
    found = job_server.find_jar(job_server.cache())
    if found is None:
        raise UserError(
            f"--spark_job_server_jar: no job server in {job_server.cache()}; `massivetext engine fetch` brings it, "
            "or give the path of one"
        )
    return found


def _own_command(name: str) -> str:
    path = Path(sys.executable).with_name(name)
    if not os.access(path, os.X_OK):
        raise UserError(f"{path}: no such command; install massivetext into this environment (pip install massivetext)")
    return str(path)


def _value(beam_args: Sequence[str], name: str) -> str | None:
    """Return the value of an option, given as ``--name=value`` or ``--name value``; the last one if several."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(f"--{name}")
    found: str | None = getattr(parser.parse_known_args(list(beam_args))[0], name)
    return found
