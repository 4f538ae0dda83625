"""The demo corpus, written once for all tests of this folder."""

from pathlib import Path

import pytest

from massivetext import demo


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the corpus with seed 1."""
    folder = tmp_path_factory.mktemp("demo") / "corpus"
    demo.write_demo(folder)
    return folder


@pytest.fixture(scope="session")
def truth(corpus: Path) -> demo.Truth:
    """What is planted in it."""
    return demo.load_truth(corpus)
