"""How the tests of this folder read a file."""

from collections.abc import Callable
from pathlib import Path

import builders
import pytest

from massivetext.recipe import IngestOptions, Kind
from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]


@pytest.fixture
def read_file() -> ReadFile:
    """Function that reads a file like :func:`builders.read_file`, and returns documents and rejections apart."""

    def run(
        kind: Kind, path: Path, *, part: int = 0, parts: int = 1, limits: IngestOptions | None = None, **options: object
    ) -> tuple[list[Document], list[Rejected]]:
        items = builders.read_file(kind, path, part=part, parts=parts, limits=limits, **options)
        return [d for d in items if isinstance(d, Document)], [r for r in items if isinstance(r, Rejected)]

    return run
