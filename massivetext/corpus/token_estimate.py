"""Tokens of texts, estimated from the records of a run."""

from collections.abc import Mapping

from massivetext.report.funnel import read_records_facts
from massivetext.runs.context import Context
from massivetext.stages import RECORDS


def tokens_per_byte(context: Context) -> Mapping[str, float]:
    """Return the tokens per UTF-8 byte of text in the records, by source; empty before there are any."""
    manifest = context.run.manifest(RECORDS.name)
    if manifest is None:
        return {}
    facts = read_records_facts(manifest)
    return {
        source: facts.tokens[source] / size
        for source, size in facts.read_bytes.items()
        if size and facts.tokens[source]
    }
