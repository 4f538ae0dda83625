"""Marks documents that have the canonical URL of another one."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam

from massivetext.errors import UserError
from massivetext.recipe import DedupOptions
from massivetext.recipe.structs import UrlChoice
from massivetext.signals.canonical_urls import canonical_urls
from massivetext.transforms.arguments import checked_options, checked_seed
from massivetext.transforms.mark_exact import judge_copies
from massivetext.transforms.pcollection_rows import DuplicateVerdict, Rows, fields_of
from massivetext.transforms.row_preferences import checked_preferences, pack_ranks, require_preferred_fields

_NAME = "MarkUrlDuplicates"


class MarkUrlDuplicates(beam.PTransform[Rows, beam.PCollection[DuplicateVerdict]]):
    """Rows with ``id``, ``text`` and ``url`` -> one :class:`DuplicateVerdict` per row.

    Of documents with one canonical URL one stays, as in a run with `dedup.url`; their similarity is None. Documents
    whose URL is None or names no page of the web stay. The canonical URL, the id and 8 bytes per preference cross a
    shuffle. The input must be bounded and in one window.

    Args:
        url: which document stays: "latest" or "first" (rows need ``metadata`` with a ``date``), or "longest".
        seed: seed of the keyed hash; the seed of a recipe gives the verdicts of its runs.
        keep: which document stays of those that ``url`` does not tell apart; see :class:`MarkExactDuplicates`.

    Raises:
        UserError: an argument is wrong, or the rows lack a field; in a worker: two documents of a URL have the same id.
    """

    def __init__(self, url: UrlChoice = "latest", seed: int = 0, keep: Sequence[str] = ("seed",)) -> None:
        super().__init__()
        checked_options(_NAME, DedupOptions, url=url)
        self._seed = checked_seed(_NAME, seed)
        self._preferences = (url, *checked_preferences(_NAME, keep))

    def expand(self, documents: Rows) -> beam.PCollection[DuplicateVerdict]:
        """Group the ids by the canonical URL, and judge each group."""
        require_preferred_fields(documents, _NAME, self._preferences)
        if "url" not in fields_of(documents, _NAME):
            raise UserError(f"{_NAME}: want rows with a field 'url', which is a str or None")
        verdicts: beam.PCollection[DuplicateVerdict] = (
            documents
            | "FindPages" >> beam.Map(page_of, self._preferences).with_output_types(tuple[bytes, tuple[str, bytes]])
            | "GroupByPage" >> beam.GroupByKey()
            | "Judge" >> beam.FlatMap(_judge, self._seed).with_output_types(DuplicateVerdict)
        )
        return verdicts


def page_of(document: Any, preferences: Sequence[str]) -> tuple[bytes, tuple[str, bytes]]:
    """Return (key, id and packed ranks) of a document; documents with one canonical URL, and no others, share a key."""
    page = canonical_urls([document.url])[0].as_py()
    key = f" {document.id}" if page is None else page  # no canonical URL has a space
    return key.encode(), (document.id, pack_ranks(document, preferences))


def _judge(group: tuple[bytes, Iterable[tuple[str, bytes]]], seed: int) -> Iterator[DuplicateVerdict]:
    return judge_copies(group, seed, _NAME, similarity=None)
