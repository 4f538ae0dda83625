"""The names of the documents of earlier corpora that verdicts and evidence refer to, stored in the run itself."""

import pyarrow.parquet as pq

from massivetext.earlier.earlier_corpora import earlier_corpora
from massivetext.runs.context import Context
from massivetext.runs.store import CommittedFile
from massivetext.schema import U64
from massivetext.storage import files as fs


def write_earlier_names(context: Context, name: str, document_refs: U64) -> CommittedFile:
    """Write a file of :data:`massivetext.schema.EARLIER_NAMES` of some documents, and return its entry."""
    corpora = earlier_corpora(context)
    assert corpora is not None
    table = corpora.names(document_refs)
    with fs.publish(context.run.path(name)) as new:
        pq.write_table(table, new, compression="zstd")
    return context.run.committed(new, table.num_rows)
