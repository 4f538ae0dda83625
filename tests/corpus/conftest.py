"""Runs to be opened: one that is written by hand, and a real one of a few texts."""

from pathlib import Path

import pytest
from builders import write_recipe, write_texts
from handmade_run import Writer
from shared_folder import make_once

import massivetext
from massivetext.demo import prose
from massivetext.demo.chance import Chance


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


SOURCES = {"c4": {"inputs": ["c4.jsonl"], "rules": ["gopher"]}, "news": {"inputs": ["news.jsonl"]}}


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with ``recipe.toml``, two inputs, and in ``run`` what a run of them decided; only to be read."""

    def make(folder: Path) -> None:
        for source in SOURCES:
            write_texts(folder / f"{source}.jsonl", _texts(source))
        massivetext.run(write_recipe(folder, SOURCES), folder / "run", until="decontaminate")

    return make_once(tmp_path_factory, "corpus-run", make)


def _texts(source: str) -> list[str]:
    """Return texts around the limits of the Gopher rules: short ones, repeated lines, copies."""
    essays = [prose.essay(Chance(1, source, number), "history", 20 + 6 * number).text for number in range(60)]
    repeated = [f"{text}\n" + f"{text[:40]}\n" * (number % 7) for number, text in enumerate(essays[:40])]
    return [*essays, *repeated, essays[-1], "Ein kurzer Text auf Deutsch, der nicht englisch ist. " * 9, "\u2028 é 😀"]
