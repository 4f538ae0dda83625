"""Exact copies among documents."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from massivetext.dedup.keeper import keeper_rank
from massivetext.errors import UserError
from massivetext.schema import text_hash
from massivetext.transforms.arguments import checked_seed
from massivetext.transforms.pcollection_rows import DuplicateVerdict, fields_of


class MarkExactDuplicates(beam.PTransform[Any, Any]):
    """Rows with ``id`` and ``text`` -> a :class:`DuplicateVerdict` on each.

    Of documents with equal texts the one with the smallest keyed hash of its id stays, as in a run. Hashes of texts
    and ids cross a shuffle, 16 bytes and an id a document. The input is bounded and in one window.

    Args:
        seed: another seed draws another copy to stay; the recipe's gives the verdicts of its runs.

    Raises:
        UserError: the seed is out of range, or the rows lack a field; in a worker: an id occurs twice with one text.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._seed = checked_seed("MarkExactDuplicates", seed)

    def expand(self, documents: beam.PCollection[Any]) -> beam.PCollection[DuplicateVerdict]:
        """Copies meet under the hash of their text."""
        fields_of(documents, "MarkExactDuplicates", id=str, text=str)
        verdicts: beam.PCollection[DuplicateVerdict] = (
            documents
            | "HashTexts" >> beam.Map(hashed).with_output_types(tuple[bytes, str])
            | "GroupByHash" >> beam.GroupByKey()
            | "Judge" >> beam.FlatMap(copies, self._seed).with_output_types(DuplicateVerdict)
        )
        return verdicts


def hashed(document: Any) -> tuple[bytes, str]:
    """(hash of the text, id) of a document."""
    return text_hash(document.text), document.id


def copies(group: tuple[bytes, Iterable[str]], seed: int) -> Iterator[DuplicateVerdict]:
    """The verdicts on documents with equal texts, by id. Raises UserError where an id occurs twice."""
    found = sorted(group[1])
    for one, next_ in itertools.pairwise(found):
        if one == next_:
            raise UserError(f"MarkExactDuplicates: want each id once, got {one!r} twice; give every document its own")
    ranks = keeper_rank(found, seed).tolist()
    _, keeper = min(zip(ranks, found, strict=True))
    for document_id in found:
        if document_id == keeper:
            yield DuplicateVerdict(document_id, kept=True, duplicate_of=None, similarity=None)
        else:
            yield DuplicateVerdict(document_id, kept=False, duplicate_of=keeper, similarity=1.0)
