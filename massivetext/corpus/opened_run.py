"""A run that is opened for reading: ``massivetext.open(RUN)``."""

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike, fspath
from types import MappingProxyType
from typing import TYPE_CHECKING

from massivetext.corpus.document_columns import COMPUTED, ColumnChoice, measured_signals, read_documents
from massivetext.corpus.fates import deciding_stages
from massivetext.errors import UserError
from massivetext.report.completed import completed_stages
from massivetext.rules import Rule
from massivetext.runs.context import Context
from massivetext.runs.stage import VerdictSet
from massivetext.runs.store import Run
from massivetext.runs.verify import explain_damage
from massivetext.schema import DOCUMENTS
from massivetext.stages.finished import open_context
from massivetext.storage import files as fs
from massivetext.toml_tables import describe_value, suggestion

if TYPE_CHECKING:
    import pyarrow as pa

    from massivetext.corpus.rule_changes import Rules, Value
    from massivetext.corpus.run_diff import RunDiff
    from massivetext.corpus.samples import SampledText
    from massivetext.corpus.what_if import WhatIf
    from massivetext.report.funnel import Funnel
    from massivetext.report.trace import Trace

_VERDICTS = ("id", *COMPUTED)
_MOST_SAMPLED = 1000  # documents; their texts are held in memory


class OpenedRun:
    """What a run has stored, for reading. It holds no open files, and nothing of the run is changed.

    Attributes:
        folder: the run folder: absolute path or URL.
        context: the run with its recipe, shards, rules and stage keys.
    """

    def __init__(self, folder: str) -> None:
        """Open the run in a folder. Raises as :func:`open` does."""
        self.folder = folder
        run = Run(folder)
        with explain_damage(run):
            self.context: Context = open_context(run)

    def __repr__(self) -> str:
        """Return name, folder and sources."""
        return f"<run {self.name!r} in {self.folder}: {', '.join(self.sources)}>"

    @property
    def name(self) -> str:
        """Name of the recipe."""
        return self.context.recipe.name

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources, sorted."""
        return tuple(sorted(self.context.shard_counts))

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the complete stages, in order."""
        return completed_stages(self.context)

    @property
    def rules(self) -> Mapping[str, tuple[Rule, ...]]:
        """Rules that judged each source, in order, under their full names ("gopher/word_count")."""
        return self.context.rules

    def documents(
        self,
        source: str | None = None,
        *,
        kept: bool | None = True,
        columns: Sequence[str] | None = None,
        after: str | None = None,
    ) -> "Iterator[pa.RecordBatch]":
        """Return the documents as Arrow record batches, ordered by source, shard and row.

        Every batch has the same schema: ``pyarrow.Table.from_batches`` joins them. A batch is at most a row group of
        the stored files, so a run of any size can be read.

        Args:
            source: name of a source; None: all.
            kept: True: documents that no stage removed; False: those that a stage removed; None: all.
            columns: names of columns: those of documents (``id``, ``text``, ``url``, ``metadata``, ...), signals (a
                name that both have is that of the documents), ``source``, ``kept``, ``removed_by`` (name of the stage,
                null if kept), ``failed_rules`` (names). None: all columns of documents. A signal that was not measured
                for a source is null there.
            after: count the stages up to this one alone ("judge"); None: every stage that removes documents.

        Raises:
            UserError: no such source, column or stage.
            StageError: a stage that decides what is kept is not complete, or a file is damaged.
        """
        if not (kept is None or isinstance(kept, bool)):
            raise UserError(f"documents: kept: want True, False or None, got {describe_value(kept)}")
        chosen = self._choose(source, DOCUMENTS.names if columns is None else columns)
        deciding = deciding_stages(self.context, after) if kept is not None or chosen.needs_fate else ()
        return self._read(self._sources(source), chosen, deciding, kept)

    def signals(self, source: str | None = None, *, columns: Sequence[str] | None = None) -> "Iterator[pa.RecordBatch]":
        """Return ``id``, ``source`` and signals of every document, kept or not, as Arrow record batches.

        Args:
            source: name of a source; None: all.
            columns: names of signals; None: all that were measured.

        Raises:
            UserError: no such source, or a signal that was not measured.
            StageError: a file is damaged.
        """
        found = [name for each in self._sources(source) for name in measured_signals(self.context, each)]
        names = list(dict.fromkeys(found)) if columns is None else list(columns)
        wanted = ["id", "source", *(name for name in names if name not in ("id", "source"))]
        chosen = self._choose(source, wanted, signals_first=True)
        return self._read(self._sources(source), chosen, (), None)

    def verdicts(self, source: str | None = None, *, after: str | None = None) -> "Iterator[pa.RecordBatch]":
        """Return what became of every document: ``id``, ``source``, ``kept``, ``removed_by`` and ``failed_rules``.

        ``failed_rules`` has the names of all rules that a document fails, also of those that only mark.

        Args:
            source: name of a source; None: all.
            after: count the stages up to this one alone ("judge"); None: every stage that removes documents.

        Raises:
            UserError: no such source or stage.
            StageError: a stage that decides what is kept is not complete, or a file is damaged.
        """
        chosen = self._choose(source, _VERDICTS)
        return self._read(self._sources(source), chosen, deciding_stages(self.context, after), None)

    def trace(self, document: str) -> "Trace":
        """Return everything that the run knows of one document.

        Args:
            document: its id, its URL, or a part of its origin that no other document has.

        Raises:
            UserError: there is no such document, or several.
            StageError: a file is damaged.
        """
        from massivetext.report.trace import find_documents, trace_document

        if not isinstance(document, str) or not document.strip():
            raise UserError(f"trace: want the id or URL of a document, got {describe_value(document)}")
        with explain_damage(self.context.run):
            found = find_documents(self.context, document).documents
            if len(found) != 1:
                what = "no such document" if not found else f"{len(found)} documents or more"
                raise UserError(f"{self.folder}: want the id or URL of one document, got {document!r}: {what}")
            return trace_document(self.context, found[0])

    def funnel(self) -> "Funnel":
        """Return the documents and words of each source that are left after each complete stage.

        Raises:
            StageError: a manifest is damaged.
        """
        from massivetext.report.funnel import read_funnel

        return read_funnel(self.context.run, list(self.sources))

    def changed_rules(
        self,
        changes: "Mapping[str, Value]" = MappingProxyType({}),
        *,
        rule_sets: Sequence[str] = (),
        sources: Sequence[str] | None = None,
    ) -> "Rules":
        """Return the rules of some sources with changes, for :meth:`whatif`.

        Args:
            changes: new values by name: ``{"gopher/word_count.min": 100}``; ``min``, ``max`` (None: no bound),
                ``allow`` or ``report_only``; for a rule with alternatives also their signal: ``"set/rule.signal.min"``.
            rule_sets: names or paths of rule sets that take the place of all rules, as ``rules`` in a recipe; empty:
                the rules of the run. A source without rules gets them only if ``sources`` names it.
            sources: names of the sources; None: all.

        Raises:
            UserError: no such source, rule, field or rule set, or a value that makes no rule.
        """
        from massivetext.corpus.rule_changes import change_rules, make_change, replace_rule_sets

        if not isinstance(changes, Mapping):
            raise UserError(
                "whatif: changes: want values by name, as {'gopher/word_count.min': 100}, got "
                f"{describe_value(changes)}"
            )
        chosen = self._several(sources)
        require_names("rule_sets", rule_sets)
        rules = {source: self.rules[source] for source in chosen}
        if rule_sets:
            judged = [source for source in chosen if self.rules[source] or sources is not None]
            rules = dict(replace_rule_sets(rules, rule_sets, judged))
        return change_rules(rules, [make_change(name, value) for name, value in changes.items()])

    def whatif(
        self,
        changes: "Mapping[str, Value]" = MappingProxyType({}),
        *,
        rule_sets: Sequence[str] = (),
        sources: Sequence[str] | None = None,
    ) -> "WhatIf":
        """Return what changed rules would keep, exactly, over all documents; arguments as of :meth:`changed_rules`.

        Raises:
            UserError: as :meth:`changed_rules`, or a rule reads a signal that the run has not measured.
            StageError: a file is damaged.
        """
        return self.whatif_each([self.changed_rules(changes, rule_sets=rule_sets, sources=sources)])[0]

    def whatif_each(self, variants: "Sequence[Rules]") -> "list[WhatIf]":
        """Return what each of several variants of the rules would keep, in one pass over the files.

        Only a single variant comes with examples of documents.

        Args:
            variants: results of :meth:`changed_rules`, all for the same sources.

        Raises:
            UserError: a rule reads a signal that the run has not measured.
            StageError: a file is damaged.
        """
        from massivetext.corpus.what_if import ask_what_if

        with explain_damage(self.context.run):
            return ask_what_if(self.context, variants, sorted(variants[0])) if variants else []

    def sample(
        self,
        count: int = 20,
        *,
        rule: str | None = None,
        near: bool = False,
        stage: str | None = None,
        kept: bool = False,
        host: str | None = None,
        language: str | None = None,
        sources: Sequence[str] | None = None,
        seed: int = 0,
    ) -> "list[SampledText]":
        """Return documents with their texts, drawn at random, or nearest to the limit of a rule.

        Args:
            count: at most so many, 1 to 1,000.
            rule: name of a rule ("gopher/word_count"): documents that fail it.
            near: documents on both sides of the limit of the rule, the nearest first.
            stage: documents that this stage removed ("near-dedup").
            kept: documents that no stage removed.
            host: documents of this host.
            language: documents of this language ("en").
            sources: names of the sources; None: all.
            seed: another seed draws another sample.

        Raises:
            UserError: no such source, rule or stage, the conditions exclude each other, or a value is out of range.
            StageError: a stage that decides what is asked for is not complete, or a file is damaged.
        """
        from massivetext.corpus.samples import SampleChoice, draw_sample

        if type(count) is not int or not 1 <= count <= _MOST_SAMPLED:
            raise UserError(f"sample: count: want 1 to {_MOST_SAMPLED:,}, got {describe_value(count)}")
        if type(seed) is not int or not 0 <= seed < 1 << 62:
            raise UserError(f"sample: seed: want 0 to 2**62 - 1, got {describe_value(seed)}")
        for name, value in (("near", near), ("kept", kept)):
            if not isinstance(value, bool):
                raise UserError(f"sample: {name}: want True or False, got {describe_value(value)}")
        for name, text in (("rule", rule), ("stage", stage), ("host", host), ("language", language)):
            if not (text is None or isinstance(text, str)):
                raise UserError(f"sample: {name}: want a string, got {describe_value(text)}")
        choice = SampleChoice(rule=rule, near=near, stage=stage, kept=kept, host=host, language=language, seed=seed)
        with explain_damage(self.context.run):
            return draw_sample(self.context, choice, self._several(sources), count)

    def diff(
        self,
        other: "OpenedRun | str | PathLike[str]",
        *,
        sources: Sequence[str] | None = None,
        up_to: str | None = None,
    ) -> "RunDiff":
        """Return what differs between this run and a later one: documents gained and lost, verdicts, drift of signals.

        Documents are matched by id. No text is read but that of a few examples.

        Args:
            other: the later run, or its folder.
            sources: names of sources of either run; None: all.
            up_to: the last stage that decides what counts as kept ("judge"); None: the last one that is complete in
                both runs.

        Raises:
            UserError: no such source or stage, or ``other`` is no run of this version of massivetext.
            StageError: the stage ``up_to`` is not complete in one of the runs, or a file is damaged.
        """
        from massivetext.corpus.run_diff import diff_runs

        later = other if isinstance(other, OpenedRun) else open(other)
        require_names("sources", sources or ())
        for source in sources or ():
            if source not in later.sources:
                self.require_source(source)
        with explain_damage(self.context.run), explain_damage(later.context.run):
            return diff_runs(self.context, later.context, sources=sources, up_to=up_to)

    def sql(self, query: str, *, after: str | None = None) -> "pa.Table":
        """Return the answer to a question in SQL; needs DuckDB, the extra ``sql``, and a run on a local disk.

        Views are ``documents`` (every column of documents), ``signals`` (``id`` and all signals), ``verdicts`` (``id``,
        ``kept``, ``removed_by``, ``failed_rules``) and ``kept`` (the documents that are kept); all have ``source``.

        Args:
            query: a query in the SQL of DuckDB: ``SELECT source, count(*) FROM kept GROUP BY source``.
            after: the last stage that decides what is kept; None: every stage that removes documents.

        Raises:
            UserError: DuckDB is not installed or refuses the query, or the run is not on a local disk.
            StageError: the query asks what is kept, and a stage that decides it is not complete; or a file is damaged.
        """
        from massivetext.corpus.sql_queries import ask_in_sql

        with explain_damage(self.context.run):
            return ask_in_sql(self.context, query, after)

    def _several(self, sources: Sequence[str] | None) -> tuple[str, ...]:
        require_names("sources", sources or ())
        return self.sources if sources is None else tuple(sorted(set(map(self.require_source, sources))))

    def require_source(self, source: str) -> str:
        """Return the name of a source. Raises UserError if the run has none of this name."""
        return self._sources(source)[0]

    def _sources(self, source: str | None) -> tuple[str, ...]:
        if source is None:
            return self.sources
        if source not in self.sources:
            raise UserError(
                f"{self.folder}: source: want one of {', '.join(self.sources)}, got {describe_value(source)}"
                f"{suggestion(str(source), self.sources)}"
            )
        return (source,)

    def _choose(self, source: str | None, columns: Sequence[str], *, signals_first: bool = False) -> ColumnChoice:
        measured = [name for each in self._sources(source) for name in measured_signals(self.context, each)]
        return ColumnChoice(measured, columns, signals_first=signals_first)

    def _read(
        self, sources: Sequence[str], chosen: ColumnChoice, deciding: Sequence[VerdictSet], kept: bool | None
    ) -> "Iterator[pa.RecordBatch]":
        with explain_damage(self.context.run):
            for source in sources:
                for shard in self.context.shards(source):
                    yield from read_documents(self.context, shard, chosen, deciding, kept=kept)


def require_names(what: str, names: Sequence[str]) -> None:
    """Refuse a single name in place of a list of names. Raises UserError."""
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise UserError(f"{what}: want a list of names, got {describe_value(names)}")


def open(folder: str | PathLike[str]) -> OpenedRun:  # noqa: A001 - it is called as massivetext.open
    """Open a run for reading; its rules must have judged, later stages may be missing.

    Args:
        folder: the run folder, path or URL.

    Raises:
        UserError: there is no run in the folder, or another version of massivetext made it.
        StageError: the run has not come as far as the rules, or is damaged.
    """
    if not isinstance(folder, str | PathLike) or not isinstance(fspath(folder), str) or not fspath(folder):
        raise UserError(f"open: want the path of a run folder as a string or a Path, got {describe_value(folder)}")
    return OpenedRun(fs.absolute(fspath(folder)))
