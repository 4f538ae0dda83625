"""Read one file as a run reads it."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from massivetext.recipe import IngestOptions, KindName, SourceOptions
from massivetext.schema import Document, Rejected
from massivetext.sources.reading import read_split
from massivetext.sources.splits import Split

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]


@pytest.fixture
def read_file() -> ReadFile:
    """Read one file as a kind of source: documents and rejections, each in order."""

    def run(
        kind: KindName,
        path: Path,
        *,
        slice_index: int = 0,
        slice_count: int = 1,
        limits: IngestOptions | None = None,
        **options: Any,
    ) -> tuple[list[Document], list[Rejected]]:
        split = Split(
            name=path.name, path=str(path), size=path.stat().st_size, slice_index=slice_index, slice_count=slice_count
        )
        source = SourceOptions(kind=kind, inputs=("*",), weight=Decimal(1), **options)
        items = list(read_split(split, source, limits or IngestOptions()))
        return [d for d in items if isinstance(d, Document)], [r for r in items if isinstance(r, Rejected)]

    return run
