"""Runs of thirteen documents at several stages, for the tests of the report."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium
from handmade_run import Writer

from massivetext.runs.context import Context


def _written(folder: Path, *steps: Callable[[Writer], None]) -> Writer:
    writer = Writer(folder)
    for step in steps:
        step(writer)
    writer.state()
    return writer


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    """A run up to test-set filtering."""
    return _written(tmp_path_factory.mktemp("run"), Writer.ingest, Writer.dedup, Writer.decontaminate)


@pytest.fixture(scope="session")
def context(writer: Writer) -> Context:
    """The same run as its stages see it."""
    return writer.context


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A run that has been judged and no more."""
    return _written(tmp_path_factory.mktemp("judged"), Writer.ingest).context


@pytest.fixture
def fresh(tmp_path: Path) -> Writer:
    """A run like the first, to add to."""
    return _written(tmp_path, Writer.ingest, Writer.dedup, Writer.decontaminate)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, once for all tests of the page."""
    with chromium() as started:
        yield started
