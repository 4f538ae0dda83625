"""Java for Beam's job server: a check of the version, and a launcher that ends with the process that started it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from massivetext.engines import leash
from massivetext.errors import UserError

OLDEST = 11  # major version; Beam's job server and Spark 3.5 both run on it
LOOPBACK = "127.0.0.1"
_ANSWER_SECONDS = 30.0
_BIND = "-Dspark.driver.bindAddress="  # Spark's pages of the driver follow the variable alone


def require_java() -> int:
    """Return the major version of Java on the path. Raises UserError if there is none, or if it is too old."""
    path = shutil.which("java")
    if path is None:
        raise UserError(f"java: not on the path; Beam's Spark and Flink runners need Java {OLDEST} or newer")
    result = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', result.stderr + result.stdout)
    if found is None:
        raise UserError(f"{path}: want Java {OLDEST} or newer, but `java -version` says: {result.stderr.strip()[:200]}")
    if (version := int(found.group(1))) < OLDEST:
        raise UserError(f"{path}: want Java {OLDEST} or newer, got {version}")
    return version


def launch() -> None:
    """Entry point of ``massivetext-java``: replace this process by ``java``, and end when the parent ends.

    A job server that outlives a killed driver would continue a job without a user; on SIGTERM it waits for its cluster,
    which may be gone as well.
    """
    leash.exit_with_parent(os.getppid())
    for argument in sys.argv[1:]:
        if argument.startswith(_BIND):
            os.environ.setdefault("SPARK_LOCAL_IP", argument.removeprefix(_BIND))
    # Java does not read TMPDIR; a run removes its own folder of temporary files at the end.
    os.execvp("java", ["java", f"-Djava.io.tmpdir={tempfile.gettempdir()}", *sys.argv[1:]])
