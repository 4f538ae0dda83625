"""Read one file as a run reads it."""

from collections.abc import Callable
from pathlib import Path

import builders
import pytest

from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected
from massivetext.sources import FORMATS

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]


@pytest.fixture
def read_file() -> ReadFile:
    """Function that reads a file like :func:`builders.read_file`, and returns documents and rejections apart."""

    def run(
        kind: str,
        path: Path,
        limits: IngestOptions | None = None,
        *,
        slice_index: int = 0,
        slice_count: int = 1,
        **options: object,
    ) -> tuple[list[Document], list[Rejected]]:
        items = builders.read_file(
            kind, path, limits, FORMATS, slice_index=slice_index, slice_count=slice_count, **options
        )
        return [d for d in items if isinstance(d, Document)], [r for r in items if isinstance(r, Rejected)]

    return run
