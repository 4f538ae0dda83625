"""The jar through which Beam talks to Spark: where it is kept, and how Maven brings it.

Beam publishes its job server as one jar a version. Where a repository does not carry that one (it is large, and mirrors
leave it out), the same program is put together from the runner's ordinary artifacts by ``spark-job-server.xml``, at the
newest Beam version whose artifacts are known to be complete; the protocol between the two has not changed since.
"""

import importlib.metadata
import os
import shutil
import subprocess
from pathlib import Path

from massivetext.errors import StageError, UserError

RUNNER_VERSION = "2.62.0"  # of the artifacts that spark-job-server.xml names
SPARK_VERSION = "3.5.7"  # of the Spark that is packed into a jar of our own making

_ARTIFACT = "beam-runners-spark-3-job-server"
_RECIPE = Path(__file__).with_name("spark-job-server.xml")


def cache() -> Path:
    """Folder where jars are kept: ``massivetext`` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "massivetext"


def official(folder: Path) -> Path:
    """Where the jar of the pinned Beam version is kept."""
    return folder / f"{_ARTIFACT}-{importlib.metadata.version('apache-beam')}.jar"


def assembled(folder: Path, spark_version: str = SPARK_VERSION) -> Path:
    """Where a jar of our own making is kept."""
    return folder / f"spark-job-server-{RUNNER_VERSION}-spark-{spark_version}.jar"


def kept(folder: Path) -> Path | None:
    """The jar that was fetched before, or None."""
    return next(
        (jar for jar in (official(folder), *sorted(folder.glob("spark-job-server-*.jar"))) if jar.exists()), None
    )


def fetch(folder: Path, *, spark_version: str = SPARK_VERSION, assemble: bool = False) -> Path:
    """Brings the jar with Maven and returns its path; one that is there already is left as it is.

    Args:
        folder: where it is kept.
        spark_version: Spark packed into a jar of our own making; want that of the cluster.
        assemble: do not ask for the official one.

    Raises:
        UserError: Maven is not installed.
        StageError: Maven could not bring it.
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
        said = [line for line in done.stdout.splitlines() if "ERROR" in line][:3]
        raise StageError(f"mvn: could not put the Spark job server together: {' '.join(said) or done.stdout[-300:]}")
    made.replace(jar)
    shutil.rmtree(build)


def _maven(maven: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([maven, "-q", "-B", *arguments], capture_output=True, text=True, check=False)
