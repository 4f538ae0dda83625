"""The programs that read an export as trainers do, and the Python that runs each of them.

A client runs where its package is installed: in the environment of the tests, or in one of its own in the folder that
the variable ``MASSIVETEXT_CLIENTS`` names. docs/training.md says how to make these. Clients that are installed nowhere
are no tests: CI takes a skipped test for a failure. The session prints which they are.
"""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent / "client_scripts"
VARIABLE = "MASSIVETEXT_CLIENTS"


@dataclass(frozen=True)
class Client:
    """A program that reads an export.

    Attributes:
        script: name of its script, without ``read_`` and ``.py``.
        format: format of the export that it reads.
        package: what it imports.
        environment: name of its environment in the folder of ``MASSIVETEXT_CLIENTS``.
        in_order: it returns rows in the order of the files.
    """

    script: str
    format: str
    package: str
    environment: str
    in_order: bool = True

    @property
    def name(self) -> str:
        """Name of the test."""
        return f"{self.script}-{self.format}"

    def python(self) -> str | None:
        """Return the Python that has the package, or None."""
        if importlib.util.find_spec(self.package) is not None:
            return sys.executable
        folder = Path(os.environ.get(VARIABLE, ""), self.environment)
        installed = any(folder.glob(f"lib/python3*/site-packages/{self.package}/"))
        return str(folder / "bin/python") if VARIABLE in os.environ and installed else None


CLIENTS = (
    Client("numpy", "bin", "numpy", "tests"),
    Client("pyarrow", "parquet", "pyarrow", "tests"),
    Client("grain", "tfds", "grain", "tests"),
    Client("tfds", "tfds", "tensorflow_datasets", "tensorflow"),
    Client("tensorflow", "tfrecord", "tensorflow", "tensorflow"),
    Client("seqio", "tfrecord", "seqio", "tensorflow", in_order=False),  # interleaves its files
    Client("datasets", "parquet", "datasets", "datasets"),
    Client("croissant", "parquet", "mlcroissant", "datasets"),
    Client("levanter", "parquet", "levanter", "levanter"),
    Client("megatron", "megatron", "megatron", "megatron"),
    Client("maxtext", "tfds", "maxtext", "maxtext", in_order=False),  # lists files in the order of the file system
    Client("maxtext", "tfrecord", "maxtext", "maxtext", in_order=False),
    Client("maxtext", "parquet", "maxtext", "maxtext", in_order=False),
    Client("maxtext", "megatron", "maxtext", "maxtext"),
    Client("maxtext", "bin", "maxtext", "maxtext"),
)
INSTALLED = tuple(client for client in CLIENTS if client.python() is not None)


def missing() -> list[str]:
    """Return a line for every client that is installed nowhere."""
    return [
        f"{client.name}: {client.package} is not installed; see docs/training.md for the environment "
        f"'{client.environment}' of {VARIABLE}"
        for client in CLIENTS
        if client not in INSTALLED
    ]
