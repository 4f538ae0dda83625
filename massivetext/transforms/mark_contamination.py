"""Marks documents that overlap test sets."""

import functools
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from massivetext.decontaminate.screen import EvaluationScreen
from massivetext.decontaminate.test_set_files import build_index, evaluation_files
from massivetext.errors import UserError
from massivetext.recipe import DecontaminateOptions
from massivetext.storage import files as fs
from massivetext.transforms.arguments import checked_options, working_folder
from massivetext.transforms.pcollection_rows import Rows, RowTransform, Values, fields_of, with_fields

_DEFAULT = DecontaminateOptions()


class _ScreenedRow(Protocol):
    @property
    def text(self) -> str: ...

    @property
    def title(self) -> str | None: ...  # read only for screening by title


class MarkContamination(RowTransform):
    """Rows with a ``text`` -> the same rows with their overlap with the items of test sets.

    Adds ``contaminated``, whether a run would drop the document; ``jaccard`` and ``containment``, the highest value of
    all items that were found, 0 to 1; and ``test_items``, every item that was found, as "test set/item (part)". Each
    worker process builds the index of the items once; it takes about 20 bytes per word, and the texts of the items.

    Args:
        test_sets: paths (relative to the working folder) or URLs of files with evaluation items in the formats of a
            recipe; wildcards are allowed. Every worker reads them from there.
        methods: by what a document is contaminated: "jaccard", "containment", "phrase".
        ngram: words per n-gram of the Jaccard similarity.
        jaccard: a document is contaminated if its Jaccard similarity with an item exceeds this.
        containment: a document is contaminated if it holds more than this share of the words of a part of an item.
        lowercase: whether the similarity ignores case.
        by_title: whether rows have a ``title`` by which pages of WikiText articles are contaminated, whatever their
            text; a run does this for sources of kind "wikipedia".

    Raises:
        UserError: an argument is out of range, or a pattern matches no file.
    """

    def __init__(
        self,
        test_sets: Sequence[str],
        *,
        methods: Sequence[str] = _DEFAULT.methods,
        ngram: int = _DEFAULT.ngram,
        jaccard: float = _DEFAULT.jaccard,
        containment: float = _DEFAULT.containment,
        lowercase: bool = _DEFAULT.lowercase,
        by_title: bool = False,
    ) -> None:
        super().__init__()
        self._options = checked_options(
            "MarkContamination",
            DecontaminateOptions,
            test_sets=test_sets,
            methods=methods,
            ngram=ngram,
            jaccard=jaccard,
            containment=containment,
            lowercase=lowercase,
        )
        if not self._options.test_sets:
            raise UserError("MarkContamination: test_sets: want at least one file or pattern, got none")
        self._by_title = by_title
        self._files = tuple(evaluation_files(self._options.test_sets, working_folder()))

    def expand(self, documents: Rows) -> Rows:
        """Add the fields with one ParDo, which works on batches within a bundle."""
        if self._by_title and "title" not in fields_of(documents, "MarkContamination", text=str):
            raise UserError(
                "MarkContamination: by_title: want rows with a field 'title', got none; add it or leave by_title out"
            )
        return with_fields(
            documents,
            "MarkContamination",
            reads={"text": str},
            adds={"contaminated": bool, "jaccard": float, "containment": float, "test_items": Sequence[str]},
            load=functools.partial(_load_screen, self._files, msgspec.json.encode(self._options), self._by_title),
        )


@functools.lru_cache(maxsize=2)
def _load_screen(files: tuple[fs.FileInfo, ...], encoded: bytes, by_title: bool) -> Values[_ScreenedRow]:
    """Return the items as a function of rows, built once per process and version of the files and options."""
    options = msgspec.json.decode(encoded, type=DecontaminateOptions)
    screen = EvaluationScreen.for_index(build_index(files, options), options, by_title=by_title)
    return functools.partial(_screen_rows, screen, by_title)


def _screen_rows(screen: EvaluationScreen, by_title: bool, rows: Sequence[_ScreenedRow]) -> Iterable[Sequence[object]]:
    for row in rows:
        found = screen.screen(row.text, row.title if by_title else None)
        items = [f"{hit.test_set}/{hit.item} ({hit.part})" for hit in found.hits]
        # Nothing is cut here: a document with a passage that a run would cut out is contaminated.
        yield found.leaked or found.left is not None, found.jaccard, found.containment, items
