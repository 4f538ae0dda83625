"""Input files of any kind -> documents, and what became none."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal

import apache_beam as beam

from massivetext import sources
from massivetext.engines.engine import DistributeLanes
from massivetext.errors import UserError
from massivetext.recipe import PAPER_LICENCES, IngestOptions, Kind, SourceOptions
from massivetext.schema import Document, Rejected, document_id
from massivetext.sources.splits import Split, plan
from massivetext.transforms.arguments import checked, working_folder
from massivetext.transforms.pcollection_rows import DocumentRow, RejectedRow

_LIMITS = IngestOptions()
_SHARD_BYTES = 64 * 2**20


class ReadDocuments(beam.PTransform[Any, Any]):
    """Input files -> ``{"documents": rows, "quarantine": rows}``.

    The documents are :class:`DocumentRow`; what could not be read, or was not wanted, are :class:`RejectedRow`, which
    say where it lies and why. Nothing that a file holds raises.

    Args:
        kind: which reader reads the inputs: web, books, news, code, wikipedia or c4.
        inputs: file names or patterns (``*``, ``**``), relative to the working folder; or URLs.
        source: name of the source, part of every document's id; None: the kind. Under a recipe's name for the source
            the ids are those of its runs.
        text_field: name of the text in JSONL and Parquet input.
        licences: SPDX identifiers that code may have; only for kind "code".
        shard_bytes: input files are cut or grouped into pieces of work of about this many bytes.
        max_record_bytes: largest JSON line, book or source file.
        max_html_bytes: largest page that is parsed.

    Raises:
        UserError: an argument is not as wanted, an input is missing, or two inputs would give the same ids.
    """

    def __init__(
        self,
        kind: Kind,
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
        self._options = checked(
            "ReadDocuments",
            SourceOptions,
            kind=kind,
            inputs=inputs,
            weight=Decimal(1),
            text_field=text_field,
            licences=licences,
            shard_bytes=shard_bytes,
        )
        self._limits = checked(
            "ReadDocuments", IngestOptions, max_record_bytes=max_record_bytes, max_html_bytes=max_html_bytes
        )
        try:
            self._shards = plan(
                self._options.inputs, working_folder(), shard_bytes, divisible=sources.DIVISIBLE[self._options.kind]
            )
        except (FileNotFoundError, ValueError) as error:
            raise UserError(f"ReadDocuments: inputs: {error}") from error

    def expand(self, begin: beam.pvalue.PBegin) -> Any:
        """Two outputs by name: a piece of work an element, then the pieces' documents."""
        read = (
            begin
            | "DistributeLanes" >> DistributeLanes(self._shards)
            | "Read"
            >> beam.ParDo(_Read(self._source, self._options, self._limits)).with_outputs("quarantine", main="documents")
        )
        return {"documents": read.documents, "quarantine": read.quarantine}


class _Read(beam.DoFn):
    def __init__(self, source: str, options: SourceOptions, limits: IngestOptions) -> None:
        self._source, self._options, self._limits = source, options, limits

    def process(
        self, splits: tuple[Split, ...]
    ) -> Iterator[DocumentRow | beam.pvalue.TaggedOutput[Literal["quarantine"], RejectedRow]]:
        for split in splits:
            for item in sources.read(self._options.kind, split, self._options, self._limits):
                if isinstance(item, Rejected):
                    yield beam.pvalue.TaggedOutput("quarantine", RejectedRow(self._source, *item))
                else:
                    yield document_row(self._source, item)


def document_row(source: str, document: Document) -> DocumentRow:
    """A document of a source as a row."""
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
