"""The rows that transforms read and yield: named, typed fields, so that Beam YAML and other languages can read them."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Optional, Protocol, TypeAlias, TypeVar

import apache_beam as beam
import numpy as np
from apache_beam.transforms.window import BoundedWindow
from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.typehints.schemas import named_fields_from_element_type
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from massivetext.errors import UserError

BATCH_ROWS, BATCH_CHARACTERS = 1024, 1 << 20  # rows that are computed together; the result does not depend on them


class IdRow(Protocol):
    """Any row with an ``id``."""

    @property
    def id(self) -> str:
        """Id of the document."""


class TextRow(Protocol):
    """Any row with a ``text``."""

    @property
    def text(self) -> str:
        """Text of the document."""


class DocumentLike(IdRow, TextRow, Protocol):
    """Any row with an ``id`` and a ``text``."""


class VerdictRow(IdRow, Protocol):
    """Any row with an ``id`` and a verdict."""

    @property
    def kept(self) -> bool:
        """Whether the document stays."""


# Beam checks an annotation against the schema of the rows. It lets a type variable pass, but not a protocol itself.
Value = TypeVar("Value")
AnyRow = TypeVar("AnyRow")
AnyIdRow = TypeVar("AnyIdRow", bound=IdRow)
AnyDocument = TypeVar("AnyDocument", bound=DocumentLike)
AnyVerdict = TypeVar("AnyVerdict", bound=VerdictRow)

# PCollections are invariant and their rows have no common class: fields_of checks the fields when a pipeline is built.
Rows: TypeAlias = beam.PCollection[Any]
RowTransform: TypeAlias = beam.PTransform[Rows, Rows]

Values = Callable[[Sequence[AnyRow]], Iterable[Sequence[object]]]  # rows -> values of the new fields of each row

# Beam's schemas do not know "str | None".
_Maybe = Optional[Value]  # noqa: UP045

# Types that a schema may name for the type that a transform reads.
_SPELLINGS: Mapping[type, tuple[type, ...]] = {
    str: (str,),
    bool: (bool, np.bool_),
    int: (int, np.int64, np.int32, np.int16),
    float: (float, np.float64, np.float32),
}


@beam.coders.registry.register_row
class DocumentRow(NamedTuple):
    """A document.

    Attributes:
        id: document id: 32 hex digits, the same in every run; a hash of ``source``, ``origin`` and ``key``.
        text: cleaned text; may be empty.
        source: name of the source.
        origin: name of the input file, relative to the fixed part of its pattern.
        key: where the document begins in that file.
        url: URL of the page, or None.
        title: title, or None.
        metadata: further values of the source, as short strings.
        html_bytes: size of the HTML page in bytes; None for a text that does not come from HTML.
        html_link_text_frac: share of the characters of that page that are in links, 0 to 1; None without HTML.
    """

    id: str
    text: str
    source: str
    origin: str
    key: str
    url: _Maybe[str]
    title: _Maybe[str]
    metadata: Mapping[str, str]
    html_bytes: _Maybe[int]
    html_link_text_frac: _Maybe[float]


@beam.coders.registry.register_row
class RejectedRow(NamedTuple):
    """Input that became no document, with the reason: :class:`massivetext.schema.Rejected` with its source."""

    source: str
    origin: str
    offset: str
    length: _Maybe[int]
    reason: str
    detail: str
    url: _Maybe[str]
    skipped: bool


@beam.coders.registry.register_row
class DuplicateVerdict(NamedTuple):
    """The verdict of a duplicate search on one document.

    Attributes:
        id: id of the document.
        kept: whether the document stays.
        duplicate_of: id of the document that stays instead; None if the document stays.
        similarity: Jaccard similarity with that document, 0 to 1; for a document that stays, the highest with one that
            it stands for. None if there is no other, and also for the one of several exact copies that stays.
    """

    id: str
    kept: bool
    duplicate_of: _Maybe[str]
    similarity: _Maybe[float]


@beam.coders.registry.register_row
class DuplicatePair(NamedTuple):
    """Two near-duplicate documents with their exact similarity.

    Attributes:
        a: smaller id of the two.
        b: larger id of the two.
        jaccard: common shingles divided by all shingles of both, 0 to 1.
        containment: common shingles divided by the shingles of the document that has fewer, 0 to 1.
    """

    a: str
    b: str
    jaccard: float
    containment: float


def fields_of(rows: Rows, transform: str, **wanted: type) -> dict[str, type]:
    """Return the fields of rows with their types.

    Args:
        rows: the rows that a transform is applied to.
        transform: name of the transform, for messages.
        wanted: fields that must be present, with their types.

    Raises:
        UserError: the elements are not rows, or a wanted field is missing or has another type.
    """
    element: Any = rows.element_type
    known: dict[str, type] = {}
    with contextlib.suppress(TypeError, ValueError):
        known = dict(named_fields_from_element_type(element))
    for name, kind in wanted.items():
        if known.get(name) not in _SPELLINGS[kind]:
            found = ", ".join(f"{field} ({_type_name(type_)})" for field, type_ in known.items()) or element
            raise UserError(
                f"{transform}: want rows with a field {name!r} of type {kind.__name__}, got {found}; make rows such as "
                "massivetext.transforms.DocumentRow or beam.Row, and declare their type by with_output_types if Beam "
                "cannot infer it"
            )
    return known


def _type_name(kind: type) -> str:
    return getattr(kind, "__name__", str(kind))


def with_fields(
    rows: Rows,
    transform: str,
    *,
    reads: Mapping[str, type],
    adds: Mapping[str, type],
    load: Callable[[], Values[AnyRow]],
    batch_rows: int = BATCH_ROWS,
    batch_characters: int = BATCH_CHARACTERS,
) -> Rows:
    """Return the rows with further fields, each computed from its row alone; nothing crosses a shuffle.

    Args:
        rows: rows with the fields that are read.
        transform: name of the transform, for messages.
        reads: fields that must be present, with their types.
        adds: new fields with their types.
        load: returns the function that computes the new fields; is pickled, and called once per worker.
        batch_rows: number of rows after which a batch is computed; at least 1.
        batch_characters: number of characters of text after which a batch is computed; at least 1.

    Raises:
        UserError: a field that is read is missing, or a field that is added is there already.
    """
    present = fields_of(rows, transform, **reads)
    if twice := sorted(set(present) & set(adds)):
        raise UserError(
            f"{transform}: want rows without a field {twice[0]!r}, which it adds; rename or drop the field before"
        )
    row_type = RowTypeConstraint.from_fields([*present.items(), *adds.items()])
    add = _AddFields(tuple(present), tuple(adds), load, batch_rows, batch_characters)
    added: Rows = rows | "AddFields" >> beam.ParDo(add).with_output_types(row_type)
    return added


class _AddFields(beam.DoFn, Generic[AnyRow]):
    def __init__(
        self,
        present: tuple[str, ...],
        added: tuple[str, ...],
        load: Callable[[], Values[AnyRow]],
        batch_rows: int,
        batch_characters: int,
    ) -> None:
        self._present, self._added, self._load = present, added, load
        self._batch_rows, self._batch_characters = batch_rows, batch_characters
        self._values: Values[AnyRow] | None = None
        self._held: list[tuple[AnyRow, Timestamp, BoundedWindow]] = []
        self._characters = 0

    def setup(self) -> None:
        self._values = self._load()

    def start_bundle(self) -> None:
        self._held, self._characters = [], 0

    def process(
        self,
        row: AnyRow,
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[WindowedValue]:
        self._held.append((row, timestamp, window))
        self._characters += len(getattr(row, "text", ""))
        if len(self._held) >= self._batch_rows or self._characters >= self._batch_characters:
            yield from self._compute_batch()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        yield from self._compute_batch()

    def _compute_batch(self) -> Iterator[WindowedValue]:
        held, self._held, self._characters = self._held, [], 0
        if not held or self._values is None:
            return
        values = self._values([row for row, _, _ in held])
        for (row, timestamp, window), new in zip(held, values, strict=True):
            kept = {name: getattr(row, name) for name in self._present}
            yield WindowedValue(beam.Row(**kept, **dict(zip(self._added, new, strict=True))), timestamp, (window,))
