"""Test-set filtering of documents."""

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam

from massivetext.decontaminate.evaluation_items import evaluation_files, read_items
from massivetext.decontaminate.index import NgramIndex
from massivetext.decontaminate.screen import EvaluationScreen
from massivetext.errors import UserError
from massivetext.recipe import DecontaminateOptions
from massivetext.storage import files as fs
from massivetext.transforms.arguments import checked, working_folder
from massivetext.transforms.pcollection_rows import Values, fields_of, with_fields

_DEFAULT = DecontaminateOptions()


class MarkContamination(beam.PTransform[Any, Any]):
    """Rows with a ``text`` -> the same rows with what they have in common with the items of test sets.

    Adds ``contaminated``, whether the run would remove the document; ``jaccard`` and ``containment``, the highest over
    all items, 0 to 1; and ``test_items``, every item that shares an n-gram with it, as "test set/item". The index of
    the items is built in each worker process, once; it takes some 24 bytes an n-gram.

    Args:
        test_sets: files of evaluation items (see the recipe), patterns allowed, relative to the working folder; or
            URLs. Every worker reads them there.
        ngram: words an n-gram.
        jaccard: a document is contaminated when its Jaccard similarity with an item exceeds this.
        containment: a document is contaminated when it holds more than this share of an item's n-grams; None: never.
        lowercase: ignore case.
        by_title: rows have a ``title``, and pages of WikiText articles are contaminated by it alone, as the run does
            with sources of kind "wikipedia".

    Raises:
        UserError: an argument is not as wanted, or a pattern finds no file.
    """

    def __init__(
        self,
        test_sets: Sequence[str],
        *,
        ngram: int = _DEFAULT.ngram,
        jaccard: float = _DEFAULT.jaccard,
        containment: float | None = _DEFAULT.containment,
        lowercase: bool = _DEFAULT.lowercase,
        by_title: bool = False,
    ) -> None:
        super().__init__()
        self._options = checked(
            "MarkContamination",
            DecontaminateOptions,
            test_sets=test_sets,
            ngram=ngram,
            jaccard=jaccard,
            containment=containment,
            lowercase=lowercase,
        )
        if not self._options.test_sets:
            raise UserError("MarkContamination: test_sets: want at least one file or pattern, got none")
        self._by_title = by_title
        self._files = tuple(evaluation_files(self._options.test_sets, working_folder()))

    def expand(self, documents: beam.PCollection[Any]) -> beam.PCollection[Any]:
        """One ParDo that works on batches within a bundle."""
        if self._by_title and "title" not in fields_of(documents, "MarkContamination", text=str):
            raise UserError("MarkContamination: by_title: want rows with a field 'title'; leave by_title out without")
        return with_fields(
            documents,
            "MarkContamination",
            reads={"text": str},
            adds={"contaminated": bool, "jaccard": float, "containment": float, "test_items": Sequence[str]},
            load=functools.partial(_load_screen, self._files, self._options, self._by_title),
        )


@functools.lru_cache(maxsize=2)
def _load_screen(files: tuple[fs.FileInfo, ...], options: DecontaminateOptions, by_title: bool) -> Values:
    """The items as a function of rows, built once a process; the files' versions tell changed ones from these."""
    items = [item for file in files for item in read_items(file.path.rsplit("/", 1)[-1], fs.read_bytes(file.path))]
    index = NgramIndex.build(items, options.ngram, lowercase=options.lowercase)
    return functools.partial(_screened, EvaluationScreen.for_index(index, options, by_title=by_title), by_title)


def _screened(screen: EvaluationScreen, by_title: bool, rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for row in rows:
        leaked, jaccard, containment, hits = screen.screen(row.text, row.title if by_title else None)
        yield leaked, jaccard, containment, [f"{hit.test_set}/{hit.item}" for hit in hits]
