"""The run that is written by hand, to be opened."""

from pathlib import Path

import pytest
from handmade_run import Writer


def _written(folder: Path, *, whole: bool) -> Writer:
    writer = Writer(folder)
    writer.ingest()
    if whole:
        writer.dedup()
        writer.decontaminate()
    writer.state()
    return writer


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run whose every document is decided; only to be read."""
    return Path(_written(tmp_path_factory.mktemp("run"), whole=True).run.folder)


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that has come as far as the rules; only to be read."""
    return Path(_written(tmp_path_factory.mktemp("run"), whole=False).run.folder)
