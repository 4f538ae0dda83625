"""Drops documents by the verdicts on them, joined by id."""

from collections.abc import Iterator, Mapping

import apache_beam as beam

from massivetext.errors import UserError
from massivetext.transforms.id_sets import PackDigests, contains_digest, id_digest
from massivetext.transforms.pcollection_rows import AnyIdRow, AnyVerdict, Rows, fields_of


class ApplyVerdicts(beam.PTransform[Mapping[str, Rows], Rows]):
    """``{"documents": rows, "verdicts": rows}`` -> the documents that no verdict drops, unchanged.

    Documents have an ``id``, verdicts an ``id`` and ``kept``. No text crosses a shuffle: the ids of the dropped
    documents are a side input, 16 bytes per id on every worker. With more than about ten million of them, join by
    ``id`` instead. The embedded runner keeps all documents in memory until the verdicts are known.
    """

    def __init__(self) -> None:
        super().__init__()

    def expand(self, inputs: Mapping[str, Rows]) -> Rows:
        """Collect the ids of the dropped documents, then filter with one ParDo."""
        if set(inputs) != {"documents", "verdicts"}:
            raise UserError(
                f"ApplyVerdicts: want the inputs 'documents' and 'verdicts', got {', '.join(sorted(inputs))}"
            )
        documents, verdicts = inputs["documents"], inputs["verdicts"]
        fields_of(documents, "ApplyVerdicts: documents", id=str)
        fields_of(verdicts, "ApplyVerdicts: verdicts", id=str, kept=bool)
        dropped = verdicts | "Removed" >> beam.ParDo(_DroppedIds()).with_output_types(bytes) | "Pack" >> PackDigests()
        kept: Rows = documents | "Kept" >> beam.ParDo(
            _KeepDocuments(), beam.pvalue.AsSingleton(dropped)
        ).with_output_types(documents.element_type)
        return kept


class _DroppedIds(beam.DoFn):
    def process(self, verdict: AnyVerdict) -> Iterator[bytes]:
        if not verdict.kept:
            yield id_digest(verdict.id)


class _KeepDocuments(beam.DoFn):
    def process(self, document: AnyIdRow, dropped: bytes) -> Iterator[AnyIdRow]:
        if not contains_digest(dropped, id_digest(document.id)):
            yield document
