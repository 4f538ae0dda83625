"""Writes requirements-image.txt: what the image installs, each file with its SHA-256.

Run it with the Python of the image (Linux, x86-64, CPython 3.11) when constraints.txt or the dependencies change::

    python .ci/lock.py

pip resolves, so it asks the package index; tests/test_security.py says when the file is behind constraints.txt.
"""  # noqa: INP001

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = "gcp,s3"
HEAD = f"""\
# Written by .ci/lock.py: what massivetext[{EXTRAS}] needs on Linux, x86-64, CPython 3.11, each file with its hash.
# pip install --require-hashes -r requirements-image.txt
"""


def main() -> None:
    """Resolves and writes."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    asked = ["--constraint", str(ROOT / "constraints.txt"), f"{ROOT}[{EXTRAS}]"]
    said = subprocess.run([*command, *asked], stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603  ours
    lines = []
    for item in json.loads(said.stdout)["install"]:
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        if name != "massivetext":
            digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
            lines.append(f"{name.lower()}=={version} --hash=sha256:{digest}\n")
    (ROOT / "requirements-image.txt").write_text(HEAD + "".join(sorted(lines)), encoding="utf-8")


if __name__ == "__main__":
    main()
