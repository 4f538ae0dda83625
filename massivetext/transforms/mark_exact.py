"""Marks exact copies among documents."""

import itertools
from collections.abc import Iterable, Iterator

import apache_beam as beam
import numpy as np

from massivetext.dedup.exact_copies import exact_duplicates
from massivetext.dedup.keeper import keeper_rank
from massivetext.errors import UserError
from massivetext.schema import text_hash
from massivetext.transforms.arguments import checked_seed
from massivetext.transforms.pcollection_rows import AnyDocument, DuplicateVerdict, Rows, fields_of


class MarkExactDuplicates(beam.PTransform[Rows, beam.PCollection[DuplicateVerdict]]):
    """Rows with ``id`` and ``text`` -> one :class:`DuplicateVerdict` per row.

    Of documents with equal texts, the one with the smallest keyed hash of its id stays, as in a run. The hash of each
    text (16 bytes) and the id cross a shuffle. The input must be bounded and in one window.

    Args:
        seed: seed of the keyed hash; the seed of a recipe gives the verdicts of its runs.

    Raises:
        UserError: the seed is out of range, or the rows lack a field; in a worker: two equal texts have the same id.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._seed = checked_seed("MarkExactDuplicates", seed)

    def expand(self, documents: Rows) -> beam.PCollection[DuplicateVerdict]:
        """Group the ids by the hash of the text, and judge each group."""
        fields_of(documents, "MarkExactDuplicates", id=str, text=str)
        verdicts: beam.PCollection[DuplicateVerdict] = (
            documents
            | "HashTexts" >> beam.Map(hash_document).with_output_types(tuple[bytes, str])
            | "GroupByHash" >> beam.GroupByKey()
            | "Judge" >> beam.FlatMap(judge_copies, self._seed).with_output_types(DuplicateVerdict)
        )
        return verdicts


def hash_document(document: AnyDocument) -> tuple[bytes, str]:
    """Return (hash of the text, id) of a document."""
    return text_hash(document.text), document.id


def judge_copies(group: tuple[bytes, Iterable[str]], seed: int) -> Iterator[DuplicateVerdict]:
    """Yield the verdicts on documents with equal texts, by id.

    Raises:
        UserError: an id occurs twice.
    """
    text_digest, ids = group[0], sorted(group[1])
    for one, next_ in itertools.pairwise(ids):
        if one == next_:
            raise UserError(f"MarkExactDuplicates: want each id once, got {one!r} twice; give every document its own")
    keeper_of: dict[str, str] = {}
    if len(ids) > 1:  # most texts have no copy
        hashes = np.frombuffer(text_digest * len(ids), np.uint8).reshape(-1, 16)
        dropped, keepers = exact_duplicates(hashes, keeper_rank(ids, seed), np.arange(len(ids), dtype=np.uint64))
        keeper_of = {ids[one]: ids[other] for one, other in zip(dropped.tolist(), keepers.tolist(), strict=True)}
    for document_id in ids:
        keeper = keeper_of.get(document_id)
        similarity = None if keeper is None else 1.0
        yield DuplicateVerdict(document_id, kept=keeper is None, duplicate_of=keeper, similarity=similarity)
