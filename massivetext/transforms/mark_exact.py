"""Marks exact copies among documents."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam
import numpy as np

from massivetext.dedup.exact_copies import exact_duplicates
from massivetext.dedup.keeper import keeper_rank
from massivetext.errors import UserError
from massivetext.schema import text_hash
from massivetext.transforms.arguments import checked_seed
from massivetext.transforms.pcollection_rows import AnyDocument, DuplicateVerdict, Rows
from massivetext.transforms.row_preferences import (
    checked_preferences,
    pack_ranks,
    require_preferred_fields,
    unpack_ranks,
)


class MarkExactDuplicates(beam.PTransform[Rows, beam.PCollection[DuplicateVerdict]]):
    """Rows with ``id`` and ``text`` -> one :class:`DuplicateVerdict` per row.

    Of documents with equal texts, the first by the preferences and then by the keyed hash of its id stays, as in a run.
    The hash of each text (16 bytes), the id and 8 bytes per preference cross a shuffle. The input must be bounded and
    in one window.

    Args:
        seed: seed of the keyed hash; the seed of a recipe gives the verdicts of its runs.
        keep: which copy stays, as `dedup.keep` of a recipe: "source:A>B" (rows need ``source``), "longest", "latest"
            (rows need ``metadata`` with a ``date``), "seed".

    Raises:
        UserError: the seed is out of range, or the rows lack a field; in a worker: two equal texts have the same id.
    """

    def __init__(self, seed: int = 0, keep: Sequence[str] = ("seed",)) -> None:
        super().__init__()
        self._seed = checked_seed("MarkExactDuplicates", seed)
        self._preferences = checked_preferences("MarkExactDuplicates", keep)

    def expand(self, documents: Rows) -> beam.PCollection[DuplicateVerdict]:
        """Group the ids by the hash of the text, and judge each group."""
        require_preferred_fields(documents, "MarkExactDuplicates", self._preferences)
        verdicts: beam.PCollection[DuplicateVerdict] = (
            documents
            | "HashTexts"
            >> beam.Map(hash_document, self._preferences).with_output_types(tuple[bytes, tuple[str, bytes]])
            | "GroupByHash" >> beam.GroupByKey()
            | "Judge" >> beam.FlatMap(judge_copies, self._seed).with_output_types(DuplicateVerdict)
        )
        return verdicts


def hash_document(document: AnyDocument, preferences: Sequence[str] = ()) -> tuple[bytes, tuple[str, bytes]]:
    """Return (hash of the text, id and packed ranks) of a document."""
    return text_hash(document.text), (document.id, pack_ranks(document, preferences))


def judge_copies(
    group: tuple[bytes, Iterable[tuple[str, bytes]]],
    seed: int,
    transform: str = "MarkExactDuplicates",
    similarity: float | None = 1.0,
) -> Iterator[DuplicateVerdict]:
    """Yield the verdicts of a transform on the documents of a group, of which one stays, by id.

    Raises:
        UserError: an id occurs twice.
    """
    members = sorted(group[1])
    ids = [document_id for document_id, _ in members]
    for one, next_ in itertools.pairwise(ids):
        if one == next_:
            raise UserError(f"{transform}: want each id once, got {one!r} twice; give every document its own")
    keeper_of: dict[str, str] = {}
    if len(ids) > 1:  # most texts have no copy
        hashes = np.zeros((len(ids), 2), np.uint64)  # all are equal
        ranks = unpack_ranks([packed for _, packed in members], keeper_rank(ids, seed))
        dropped, keepers = exact_duplicates(hashes, ranks, np.arange(len(ids), dtype=np.uint64))
        keeper_of = {ids[one]: ids[other] for one, other in zip(dropped.tolist(), keepers.tolist(), strict=True)}
    for document_id in ids:
        keeper = keeper_of.get(document_id)
        found = None if keeper is None else similarity
        yield DuplicateVerdict(document_id, kept=keeper is None, duplicate_of=keeper, similarity=found)
