"""Java as Beam's job server needs it: which one there is, and a launcher that ends with the process that started it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from massivetext.engines import leash
from massivetext.errors import UserError

OLDEST = 11  # Beam's job server and Spark 3.5 both run on it
_ANSWER_SECONDS = 30.0


def require_java() -> int:
    """The major version of the Java on the path. Raises UserError where there is none, or one that is too old."""
    path = shutil.which("java")
    if path is None:
        raise UserError(f"java: not on the path; Beam's Spark and Flink runners need Java {OLDEST} or newer")
    said = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    if found is None:
        raise UserError(f"{path}: want Java {OLDEST} or newer, but `java -version` says: {said.stderr.strip()[:200]}")
    if (version := int(found.group(1))) < OLDEST:
        raise UserError(f"{path}: want Java {OLDEST} or newer, got {version}")
    return version


def launch() -> None:
    """Entry point of ``massivetext-java``: becomes ``java`` with the same arguments, and ends when its parent does.

    A job server that outlives a killed driver would go on with a job that nobody waits for any more; asked politely, it
    waits for its cluster, which may be gone as well.
    """
    leash.bind(os.getppid())
    # Java asks the system alone where temporary files go; a run has a folder for them that it clears away.
    os.execvp("java", ["java", f"-Djava.io.tmpdir={tempfile.gettempdir()}", *sys.argv[1:]])
