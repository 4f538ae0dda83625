"""Read the first records of every source, as a run would, to show what is taken for their text."""

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from massivetext.runs.stage import RunPlan
from massivetext.schema import Document, Rejected
from massivetext.signals.language import detect_languages
from massivetext.sources.reading import read_split
from massivetext.sources.splits import Split

_DOCUMENTS = 3
_DOCUMENTS_OF_ALL = 45  # of a recipe with many sources fewer are shown of each, so that it takes no longer
_CHARACTERS = 100_000  # of all documents; a longer one is enough
_PIECES = 30  # documents and rejections that are looked at
_FILES = 5


class SourcePreview(NamedTuple):
    """The first records of a source.

    Attributes:
        documents: the first documents, at most three; fewer if they are long, or if there are many sources.
        languages: language of each of them.
        rejected: number of pieces of input that were no documents before, by reason.
        example: one of them; None if there is none.
        complete: whether the whole source was read.
    """

    documents: tuple[Document, ...]
    languages: tuple[str, ...]
    rejected: dict[str, int]
    example: Rejected | None
    complete: bool


def preview_source(plan: RunPlan, source: str) -> SourcePreview:
    """Return the first records of a source: of its first files, until there are enough documents.

    Raises:
        FileNotFoundError: a file was deleted after it was listed.
    """
    documents: list[Document] = []
    reasons: Counter[str] = Counter()
    example: Rejected | None = None
    pieces = _pieces(plan, source)
    stopped = False
    wanted = max(1, min(_DOCUMENTS, _DOCUMENTS_OF_ALL // len(plan.splits)))
    for found in itertools.islice(pieces, _PIECES):
        if isinstance(found, Document):
            documents.append(found)
            stopped = len(documents) == wanted or sum(len(each.text) for each in documents) > _CHARACTERS
            if stopped:
                break
            continue
        reasons[found.reason] += 1
        if example is None or (example.skipped and not found.skipped):
            example = found
    complete = not stopped and sum(reasons.values()) + len(documents) < _PIECES
    files = {split.path for shard in plan.splits[source] for split in shard}
    languages = detect_languages([document.text for document in documents])["language"]
    return SourcePreview(tuple(documents), tuple(languages), dict(reasons), example, complete and len(files) <= _FILES)


def _pieces(plan: RunPlan, source: str) -> Iterator[Document | Rejected]:
    options, limits = plan.recipe.sources[source], plan.recipe.ingest
    for split in itertools.islice(_first_slices(plan, source), _FILES):
        yield from read_split(split, options, limits)


def _first_slices(plan: RunPlan, source: str) -> Iterator[Split]:
    for shard in plan.splits[source]:
        yield from (split for split in shard if split.slice_index == 0)
