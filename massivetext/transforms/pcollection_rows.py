"""The rows that transforms take and give: fields by name and type, so that Beam YAML and other languages know them."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Optional

import apache_beam as beam
import numpy as np
from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.typehints.schemas import named_fields_from_element_type
from apache_beam.utils.windowed_value import WindowedValue

from massivetext.errors import UserError

Values = Callable[[Sequence[Any]], Iterable[Sequence[Any]]]  # some rows -> the new fields' values of each

# Beam's schemas do not know "str | None".
_MaybeText = Optional[str]  # noqa: UP045
_MaybeInt = Optional[int]  # noqa: UP045
_MaybeFloat = Optional[float]  # noqa: UP045

# How schemas may spell a type.
_SPELLINGS: Mapping[type, tuple[Any, ...]] = {
    str: (str,),
    bool: (bool, np.bool_),
    int: (int, np.int64, np.int32, np.int16),
    float: (float, np.float64, np.float32),
}

# What is worked on at a time, for numpy's sake; the result does not depend on it.
_BATCH_ROWS, _BATCH_CHARACTERS = 1024, 1 << 20


@beam.coders.registry.register_row
class DocumentRow(NamedTuple):
    """A document.

    Attributes:
        id: 32 hex digits, the same in every run: a hash of ``source``, ``origin`` and ``key``.
        text: the cleaned text; may be empty.
        source: name of the source.
        origin: name of the input file, relative to the fixed part of its pattern.
        key: where in that file.
        url: address of the page, or None.
        title: title, or None.
        metadata: whatever else the source knows, as short strings.
        html_bytes: size of the page that the text is taken from; None where it is not taken from HTML.
        html_link_text_frac: share of that page's characters within links, 0 to 1; None likewise.
    """

    id: str
    text: str
    source: str
    origin: str
    key: str
    url: _MaybeText
    title: _MaybeText
    metadata: Mapping[str, str]
    html_bytes: _MaybeInt
    html_link_text_frac: _MaybeFloat


@beam.coders.registry.register_row
class RejectedRow(NamedTuple):
    """A piece of input that became no document, and why: :class:`massivetext.schema.Rejected` with its source."""

    source: str
    origin: str
    offset: str
    length: _MaybeInt
    reason: str
    detail: str
    url: _MaybeText
    skipped: bool


@beam.coders.registry.register_row
class DuplicateVerdict(NamedTuple):
    """What a search for duplicates says of one document.

    Attributes:
        id: of the document.
        kept: whether it stays.
        duplicate_of: id of a copy that outranks it; None where it stays.
        similarity: with its closest copy, 0 to 1; None: it has none, or (exact copies alone) it is the one that stays.
    """

    id: str
    kept: bool
    duplicate_of: _MaybeText
    similarity: _MaybeFloat


@beam.coders.registry.register_row
class DuplicatePair(NamedTuple):
    """Two documents that are near duplicates, measured exactly.

    Attributes:
        a: id of one, the smaller.
        b: id of the other.
        jaccard: common shingles over all shingles of both, 0 to 1.
        containment: common shingles over those of the document that has fewer, 0 to 1.
    """

    a: str
    b: str
    jaccard: float
    containment: float


def fields_of(rows: beam.PCollection[Any], transform: str, **wanted: type) -> dict[str, Any]:
    """The fields of rows with their types.

    Raises:
        UserError: the elements are no rows, or a wanted field is missing or has another type.
    """
    element: Any = rows.element_type
    known: dict[str, Any] = {}
    with contextlib.suppress(TypeError, ValueError):
        known = dict(named_fields_from_element_type(element))
    for name, kind in wanted.items():
        if known.get(name) not in _SPELLINGS[kind]:
            found = ", ".join(f"{field} ({_shown(type_)})" for field, type_ in known.items()) or element
            raise UserError(
                f"{transform}: want rows with a field {name!r} of type {kind.__name__}, got {found}; make rows such as "
                "massivetext.transforms.DocumentRow or beam.Row, and say so by with_output_types where Beam cannot tell"
            )
    return known


def _shown(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))


def with_fields(
    rows: beam.PCollection[Any],
    transform: str,
    *,
    reads: Mapping[str, type],
    adds: Mapping[str, Any],
    load: Callable[[], Values],
) -> beam.PCollection[Any]:
    """The rows, each with further fields that follow from it alone; nothing crosses a shuffle.

    Args:
        rows: any rows with the fields that are read.
        transform: who asks, for errors.
        reads: fields that must be there, with their types.
        adds: the new fields with their types.
        load: called in each worker; gives what computes the new fields. Is pickled.

    Raises:
        UserError: a field is missing, or there already.
    """
    present = fields_of(rows, transform, **reads)
    if twice := sorted(set(present) & set(adds)):
        raise UserError(
            f"{transform}: want rows without a field {twice[0]!r}, which it adds; rename or drop the field before"
        )
    made = RowTypeConstraint.from_fields([*present.items(), *adds.items()])
    added: beam.PCollection[Any] = rows | "AddFields" >> beam.ParDo(
        _AddFields(tuple(present), tuple(adds), load)
    ).with_output_types(made)
    return added


class _AddFields(beam.DoFn):
    def __init__(self, present: tuple[str, ...], added: tuple[str, ...], load: Callable[[], Values]) -> None:
        self._present, self._added, self._load = present, added, load
        self._values: Values | None = None
        self._held: list[tuple[Any, Any, Any]] = []
        self._characters = 0

    def setup(self) -> None:
        self._values = self._load()

    def start_bundle(self) -> None:
        self._held, self._characters = [], 0

    def process(
        self, row: Any, timestamp: Any = beam.DoFn.TimestampParam, window: Any = beam.DoFn.WindowParam
    ) -> Iterator[WindowedValue]:
        self._held.append((row, timestamp, window))
        self._characters += len(getattr(row, "text", ""))
        if len(self._held) >= _BATCH_ROWS or self._characters >= _BATCH_CHARACTERS:
            yield from self._given()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        yield from self._given()

    def _given(self) -> Iterator[WindowedValue]:
        held, self._held, self._characters = self._held, [], 0
        if not held or self._values is None:
            return
        values = self._values([row for row, _, _ in held])
        for (row, timestamp, window), new in zip(held, values, strict=True):
            kept = {name: getattr(row, name) for name in self._present}
            yield WindowedValue(beam.Row(**kept, **dict(zip(self._added, new, strict=True))), timestamp, (window,))
