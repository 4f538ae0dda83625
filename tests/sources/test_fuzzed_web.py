"""Mutants of pages and crawls: a short run of `benchmarks/fuzz_web.py`; MASSIVETEXT_FUZZ mutants are a long one."""

import os
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MUTANTS = int(os.environ.get("MASSIVETEXT_FUZZ", "100"))
SEED = int(os.environ.get("MASSIVETEXT_FUZZ_SEED", "1"))


@pytest.fixture
def fuzz(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import fuzz_web

    return fuzz_web


def test_no_extractor_fails_on_any_mutant(fuzz: ModuleType) -> None:
    assert list(fuzz.fuzz_pages(range(MUTANTS), SEED, ["salient", "trafilatura"])) == []


@pytest.mark.parametrize("kind", ["warc", "warc.gz", "warc.zst", "warc.lz4"])
def test_a_mutated_record_costs_no_neighbour_and_every_byte_is_accounted_for(
    fuzz: ModuleType, kind: str, tmp_path: Path
) -> None:
    mutants = range(max(10, MUTANTS // 4) if MUTANTS <= 100 else MUTANTS)  # each reads a whole file

    assert list(fuzz.fuzz_crawls(kind, mutants, SEED, tmp_path)) == []


def test_the_slices_of_a_mutated_crawl_together_give_what_the_whole_file_gives(fuzz: ModuleType) -> None:
    assert list(fuzz.fuzz_slices(range(max(20, MUTANTS // 4)), SEED)) == []
