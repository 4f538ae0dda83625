"""Reads documents from input files."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal

import apache_beam as beam

from massivetext.engines.engine import DistributeLanes
from massivetext.errors import UserError
from massivetext.recipe import PAPER_LICENCES, IngestOptions, KindName, SourceOptions
from massivetext.schema import Document, Rejected, document_id
from massivetext.sources import find_format
from massivetext.sources.reading import read_split
from massivetext.sources.splits import Split, plan_shards
from massivetext.transforms.arguments import checked_options, working_folder
from massivetext.transforms.pcollection_rows import DocumentRow, RejectedRow, Rows

_LIMITS = IngestOptions()
_SHARD_BYTES = 64 * 2**20


class ReadDocuments(beam.PTransform[beam.pvalue.PBegin, Mapping[str, Rows]]):
    """Input files -> ``{"documents": rows, "quarantine": rows}``.

    Documents are :class:`DocumentRow`. Input that cannot be read, or is not wanted, becomes a :class:`RejectedRow` with
    its position and the reason. The content of a file never raises an error.

    Args:
        kind: reader of the inputs: web, books, news, code, wikipedia, c4 or documents.
        inputs: paths (relative to the working folder) or URLs; wildcards (``*``, ``**``) are allowed.
        source: name of the source, from which document ids are computed; None: the kind. With the name that a recipe
            gives the source, the ids are those of its runs.
        text_field: name or path of the field with the text, for JSON, CSV, Parquet and Arrow.
        licences: SPDX identifiers of the licences that source files may have; only for kind "code".
        shard_bytes: input bytes per element of work, about: larger files are divided, smaller ones are grouped.
        max_record_bytes: largest JSON line, book or source file, in bytes.
        max_html_bytes: largest HTML page that is parsed, in bytes.

    Raises:
        UserError: an argument is out of range, an input is missing, or two inputs would give the same ids.
    """

    def __init__(
        self,
        kind: KindName,
        inputs: Sequence[str],
        *,
        source: str | None = None,
        text_field: str = "text",
        licences: Sequence[str] = PAPER_LICENCES,
        shard_bytes: int = _SHARD_BYTES,
        max_record_bytes: int = _LIMITS.max_record_bytes,
        max_html_bytes: int = _LIMITS.max_html_bytes,
    ) -> None:
        super().__init__()
        self._source = kind if source is None else source
        self._options = checked_options(
            "ReadDocuments",
            SourceOptions,
            kind=kind,
            inputs=inputs,
            weight=Decimal(1),
            text_field=text_field,
            licences=licences,
            shard_bytes=shard_bytes,
        )
        self._limits = checked_options(
            "ReadDocuments", IngestOptions, max_record_bytes=max_record_bytes, max_html_bytes=max_html_bytes
        )
        try:
            divisible = find_format(self._options.format_name).divisible
            self._shards = plan_shards(self._options.inputs, working_folder(), shard_bytes, divisible=divisible)
        except (FileNotFoundError, ValueError) as error:
            raise UserError(f"ReadDocuments: inputs: {error}") from error

    def expand(self, begin: beam.pvalue.PBegin) -> Mapping[str, Rows]:
        """Make one element per shard, then read the documents of each."""
        read = (
            begin
            | "DistributeLanes" >> DistributeLanes(self._shards)
            | "Read"
            >> beam.ParDo(_ReadSplits(self._source, self._options, self._limits)).with_outputs(
                "quarantine", main="documents"
            )
        )
        return {"documents": read.documents, "quarantine": read.quarantine}


class _ReadSplits(beam.DoFn):
    def __init__(self, source: str, options: SourceOptions, limits: IngestOptions) -> None:
        self._source, self._options, self._limits = source, options, limits

    def process(
        self, splits: tuple[Split, ...]
    ) -> Iterator[DocumentRow | beam.pvalue.TaggedOutput[Literal["quarantine"], RejectedRow]]:
        for split in splits:
            for item in read_split(split, self._options, self._limits):
                if isinstance(item, Rejected):
                    yield beam.pvalue.TaggedOutput("quarantine", RejectedRow(self._source, *item))
                else:
                    yield document_row(self._source, item)


def document_row(source: str, document: Document) -> DocumentRow:
    """Return a document of a source as a row."""
    return DocumentRow(
        id=document_id(source, document.origin, document.key),
        text=document.text,
        source=source,
        origin=document.origin,
        key=document.key,
        url=document.url,
        title=document.title,
        metadata=dict(document.metadata),
        html_bytes=document.html_bytes,
        html_link_text_frac=document.link_text_frac,
    )
