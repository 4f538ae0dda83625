"""The jar through which Beam talks to Spark: where it is kept, and how Maven fetches it.

Beam publishes its job server as one jar per version. If a repository does not have it (it is large, and some mirrors
leave it out), ``spark-job-server.xml`` assembles the same program from the ordinary artifacts of the runner, at the
newest Beam version that is known to have complete artifacts; the protocol has not changed since.
"""

import importlib.metadata
import os
import shutil
import subprocess
from pathlib import Path

from massivetext.errors import StageError, UserError

RUNNER_VERSION = "2.62.0"  # Beam version of the artifacts in spark-job-server.xml
SPARK_VERSION = "3.5.7"  # Spark version in a jar that we assemble

_ARTIFACT = "beam-runners-spark-3-job-server"
_RECIPE = Path(__file__).with_name("spark-job-server.xml")


def cache() -> Path:
    """Return the folder of the jars: ``massivetext`` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "massivetext"


def official(folder: Path) -> Path:
    """Return the path of the jar that Beam publishes for the pinned version."""
    return folder / f"{_ARTIFACT}-{importlib.metadata.version('apache-beam')}.jar"


def assembled(folder: Path, spark_version: str = SPARK_VERSION) -> Path:
    """Return the path of a jar that we assemble."""
    return folder / f"spark-job-server-{RUNNER_VERSION}-spark-{spark_version}.jar"


def find_jar(folder: Path) -> Path | None:
    """Return a jar that was fetched before, or None."""
    return next(
        (jar for jar in (official(folder), *sorted(folder.glob("spark-job-server-*.jar"))) if jar.exists()), None
    )


def fetch_jar(folder: Path, *, spark_version: str = SPARK_VERSION, assemble: bool = False) -> Path:
    """Fetch the jar with Maven unless it is there, and return its path.

    Args:
        folder: folder of the jars.
        spark_version: Spark version in a jar that we assemble; must be that of the cluster.
        assemble: assemble a jar even if Beam's own can be had.

    Raises:
        UserError: Maven is not installed.
        StageError: Maven could not fetch it.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise UserError(
            f"mvn: not on the path; install Maven, or fetch {_ARTIFACT} of Beam "
            f"{importlib.metadata.version('apache-beam')} yourself and give --spark_job_server_jar=PATH"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if not assemble and (official(folder).exists() or _copy_official(maven, folder)):
        return official(folder)
    jar = assembled(folder, spark_version)
    if not jar.exists():
        _assemble(maven, jar, spark_version)
    return jar


def _copy_official(maven: str, folder: Path) -> bool:
    artifact = f"org.apache.beam:{_ARTIFACT}:{importlib.metadata.version('apache-beam')}"
    done = _maven(
        maven, "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}", "-Dmdep.useBaseVersion"
    )
    return done.returncode == 0 and official(folder).exists()


def _assemble(maven: str, jar: Path, spark_version: str) -> None:
    build = jar.with_suffix(".build")
    versions = [f"-Dbeam.version={RUNNER_VERSION}", f"-Dspark.version={spark_version}"]
    done = _maven(maven, "-f", str(_RECIPE), f"-DbuildDirectory={build}", *versions, "package")
    made = build / "spark-job-server.jar"
    if done.returncode or not made.exists():
        errors = [line for line in done.stdout.splitlines() if "ERROR" in line][:3]
        raise StageError(f"mvn: could not put the Spark job server together: {' '.join(errors) or done.stdout[-300:]}")
    made.replace(jar)
    shutil.rmtree(build)


def _maven(maven: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([maven, "-q", "-B", *arguments], capture_output=True, text=True, check=False)
