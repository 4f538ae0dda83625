"""Documents and the verdicts on them, joined by id."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from massivetext.errors import UserError
from massivetext.transforms.id_sets import PackDigests, holds, id_digest
from massivetext.transforms.pcollection_rows import fields_of


class ApplyVerdicts(beam.PTransform[Any, Any]):
    """``{"documents": rows, "verdicts": rows}`` -> the documents that no verdict drops, as they are.

    Documents have an ``id``, verdicts an ``id`` and ``kept``. Texts cross no shuffle: the ids of what goes are a side
    input, 16 bytes each on every worker; with more than some ten million of them, join by ``id`` yourself. A runner
    that keeps what lies before a side input, as the embedded one does, holds the documents until the verdicts are
    there.
    """

    def __init__(self) -> None:
        super().__init__()

    def expand(self, inputs: Any) -> beam.PCollection[Any]:
        """The ids of what goes, gathered; then one ParDo."""
        if set(inputs) != {"documents", "verdicts"}:
            raise UserError(
                f"ApplyVerdicts: want the inputs 'documents' and 'verdicts', got {', '.join(sorted(inputs))}"
            )
        documents, verdicts = inputs["documents"], inputs["verdicts"]
        fields_of(documents, "ApplyVerdicts: documents", id=str)
        fields_of(verdicts, "ApplyVerdicts: verdicts", id=str, kept=bool)
        removed = verdicts | "Removed" >> beam.ParDo(_Removed()).with_output_types(bytes) | "Pack" >> PackDigests()
        kept: beam.PCollection[Any] = documents | "Kept" >> beam.ParDo(
            _Kept(), beam.pvalue.AsSingleton(removed)
        ).with_output_types(documents.element_type)
        return kept


class _Removed(beam.DoFn):
    def process(self, verdict: Any) -> Iterator[bytes]:
        if not verdict.kept:
            yield id_digest(verdict.id)


class _Kept(beam.DoFn):
    def process(self, document: Any, removed: bytes) -> Iterator[Any]:
        if not holds(removed, id_digest(document.id)):
            yield document
