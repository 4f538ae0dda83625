"""The documents of earlier corpora that the evidence of a run names."""

from collections.abc import Iterable
from typing import NamedTuple

from massivetext.runs.context import Context
from massivetext.schema import EARLIER
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP
from massivetext.storage import tables

_FILES = {EXACT_DEDUP.name: f"{EXACT_DEDUP.name}/earlier.parquet", NEAR_DEDUP.name: "duplicates/earlier.parquet"}


class EarlierDocument(NamedTuple):
    """A document of an earlier corpus: the corpus as the recipe names it, and what it knows of the document."""

    corpus: str
    source: str
    id: str
    origin: str
    url: str | None


def is_of_earlier_corpus(document: int) -> bool:
    """Return whether a document reference is one of a document of an earlier corpus."""
    return document >> 56 == EARLIER


def read_earlier_documents(context: Context, stage: str, documents: Iterable[int]) -> dict[int, EarlierDocument]:
    """Return those of some documents, given by reference, that are of earlier corpora."""
    wanted = {each for each in documents if is_of_earlier_corpus(each)}
    if not wanted:
        return {}
    rows = tables.read_table(context.run.path(_FILES[stage])).to_pylist()
    return {row.pop("document"): EarlierDocument(**row) for row in rows if row["document"] in wanted}
