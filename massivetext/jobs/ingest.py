"""Ingest: input files become documents and quarantine, shard by shard."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from massivetext.edits import EditRule, edit
from massivetext.errors import MENDABLE, MassivetextError, StageError, UserError
from massivetext.recipe import LoadedRecipe
from massivetext.report.guards import give_warnings
from massivetext.report.unreadable import read_unreadable, reading_alarms
from massivetext.runs.context import Context
from massivetext.runs.document_lookup import LookupWriter
from massivetext.runs.run_log import count_work, note_position
from massivetext.runs.store import ShardCommit
from massivetext.runs.work_items import WorkItem
from massivetext.schema import DOCUMENTS, EDIT_COUNT, Document, Rejected, documents_table
from massivetext.sources import FORMATS, Format
from massivetext.sources.page_screens import SCREENED, PageScreen
from massivetext.sources.reading import read_split
from massivetext.sources.streams.double_encoding import MENDED, mend
from massivetext.sources.warc_digests import WRONG_DIGEST
from massivetext.storage import files as fs

# Size of a row group, which a reader holds in memory: documents, and characters of text.
_GROUP_DOCUMENTS, _GROUP_CHARACTERS = 1024, 4 * 2**20
# Columns whose values are repeated. The others are stored without a dictionary: it makes none of them smaller, and all
# that read texts take four times as long to.
_DICTIONARIES = ["origin", "title", "metadata", *(f"edits.list.element.{field.name}" for field in EDIT_COUNT)]


def ingest_shard(context: Context, item: WorkItem, formats: Sequence[Format] = FORMATS) -> ShardCommit:
    """Write the documents and the quarantine of one shard, and return the commit."""
    shard, run = item.shard, context.run
    counts: Counter[str] = Counter({"documents": 0, "bytes": 0, "rejected": 0, "skipped": 0})
    lookup = LookupWriter()
    with (
        fs.publish(run.shard_file("documents", shard)) as documents,
        fs.publish(run.shard_file("quarantine", shard, ".jsonl")) as quarantine,
        open_writer(documents) as writer,
        Path(quarantine).open("wb") as rejected,
    ):

        def quarantine_line(lost: Rejected) -> None:
            rejected.write(msgspec.json.encode(lost._asdict()) + b"\n")
            lookup.add_quarantined(lost.url)

        found = _read(context, item, formats)
        if context.recipe.ingest.mend_double_encoding is True:
            found = _mended(found, counts)
        for group in _groups(found, context.edits.get(shard.source), counts, quarantine_line):
            size = sum(len(document.text.encode()) for document in group)
            table = documents_table(shard.source, group)
            writer.write_table(table)
            lookup.add_documents(table["id"].to_pylist(), [document.url for document in group])
            counts["documents"] += len(group)
            counts["bytes"] += size
            count_work(len(group), size)
    files = (run.committed(documents, counts["documents"]), run.committed(quarantine), lookup.write(run, shard))
    return ShardCommit(shard.name, files, dict(sorted(counts.items())))


def open_writer(path: str | PathLike[str]) -> pq.ParquetWriter:
    """Open a file of documents for writing; every table that is written becomes a row group."""
    return pq.ParquetWriter(path, DOCUMENTS, compression="zstd", compression_level=3, use_dictionary=_DICTIONARIES)


def apply_reading_guards(context: Context, loaded: LoadedRecipe, notify: Callable[[str], None], first: bool) -> None:
    """Stop the run if a source gave no document, and warn if much of one could not be read, or as the recipe says.

    Args:
        context: a run that has completed the stage.
        loaded: the recipe.
        notify: called with each warning.
        first: whether the stage ran just now; otherwise its warnings were given before and are not repeated.

    Raises:
        UserError: a guard of the recipe stops the run.
    """
    guards = loaded.recipe.guards
    found = [
        alarm
        for source in sorted(loaded.recipe.sources)
        for alarm in reading_alarms(guards, source, read_unreadable(context.run, source))
    ]
    if stopping := give_warnings(found, notify, first=first):
        raise UserError(f"{loaded.path}: {stopping} Then run again to go on; [guards] in the recipe can allow it")


def _groups(
    items: Iterator[Document | Rejected],
    rules: Sequence[EditRule] | None,
    counts: Counter[str],
    quarantine: Callable[[Rejected], None],
) -> Iterator[list[Document]]:
    group: list[Document] = []
    held = 0
    for found in items:
        note_position(f"{found.origin}, after {found.offset if isinstance(found, Rejected) else found.key}")
        if isinstance(found, Rejected):
            count = "skipped" if found.skipped else "rejected"
            counts[count] += 1
            counts[f"{count}:{found.reason}"] += 1
            quarantine(found)
            continue
        _count_marks(found, counts)
        group.append(found if rules is None else _edited(found, rules, counts))
        held += len(group[-1].text)
        if len(group) >= _GROUP_DOCUMENTS or held >= _GROUP_CHARACTERS:
            yield group
            group, held = [], 0
    if group:
        yield group


def _count_marks(document: Document, counts: Counter[str]) -> None:
    """Count what is remarkable about how a document was read."""
    if document.encoding is not None:
        counts[f"encoding:{document.encoding}"] += 1
    if reason := document.metadata.get(SCREENED):
        counts[f"extracted_though_screened:{reason}"] += 1
    if document.replaced:
        counts["repaired"] += 1
        counts["replaced_characters"] += document.replaced
    if WRONG_DIGEST in document.metadata:
        counts["wrong_digests"] += 1


def _mended(items: Iterator[Document | Rejected], counts: Counter[str]) -> Iterator[Document | Rejected]:
    """Yield documents without double-encoded lines; the number of those that were mended is in their metadata."""
    for found in items:
        if isinstance(found, Rejected):
            yield found
            continue
        mended = mend(found.text)
        counts["mended"] += bool(mended.lines)
        counts[MENDED] += mended.lines
        number = {MENDED: str(mended.lines)} if mended.lines else {}
        title = mend(found.title).text if found.title else found.title
        yield found._replace(text=mended.text, title=title, metadata={**found.metadata, **number})


def _edited(document: Document, rules: Sequence[EditRule], counts: Counter[str]) -> Document:
    # A document without any line left stays as an empty text: no row is lost, and the rules judge it.
    try:
        text, taken = edit(document.text, rules)
    except UserError as error:
        raise UserError(f"{document.origin}: {document.key}: {error}") from error
    counts["edited"] += bool(taken)
    counts["emptied"] += bool(taken and not text)
    for each in taken:
        for unit, count in (("lines", each.lines), ("characters", each.characters), ("words", each.words)):
            counts[f"edited:{each.rule}:{unit}"] += count
    return document._replace(text=text, edits=taken)


def _screen(context: Context, source: str) -> PageScreen | None:
    """Return what judges pages of a source before they are extracted; None if the recipe wants none, or no rule can."""
    if not context.recipe.ingest.screens:
        return None
    from massivetext.signals import blocklists  # they load the compiler, so import them only where pages are screened
    from massivetext.signals.rule_screen import RuleScreen
    from massivetext.signals.screen_bounds import ScreenBounds, screen_bounds

    bounds = screen_bounds(context.rules.get(source, ()), context.recipe.ingest.screens)
    if bounds == ScreenBounds():
        return None
    lists = blocklists.load(context.recipe.blocklists, context.root) if bounds.urls else None
    return RuleScreen(source, context.recipe.seed, bounds, lists)


def _read(context: Context, item: WorkItem, formats: Sequence[Format]) -> Iterator[Document | Rejected]:
    options = context.source(item.shard)
    screen = _screen(context, item.shard.source)
    for split in item.splits:
        try:
            yield from read_split(split, options, context.recipe.ingest, formats, screen)
            found = fs.info(split.path)
        except MassivetextError:
            raise
        except Exception as error:
            raise _explain(error, split.path, options.format_name) from error
        if (found.size, found.version) != (split.size, split.version):
            raise StageError(f"{split.path}: was changed after the run began; run again to read it as it is now")


def _explain(error: Exception, path: str, format_name: str) -> Exception:
    """Return the error to raise for one that has escaped a reader."""
    if isinstance(error, FileNotFoundError) and not fs.exists(path):
        return StageError(f"{path}: was removed after the run began; put it back, or run again without it")
    if isinstance(error, MemoryError):
        return StageError(f"{path}: this machine has no memory left to read it; give fewer --workers")
    if isinstance(error, OSError) and error.errno in MENDABLE:
        return error  # a full disk, a limit of the system: its message names it
    return StageError(
        f"{path}: the reader of format '{format_name}' failed: {type(error).__name__}: {error}; this is a defect of "
        "the reader, please report it with the file"
    )
