"""A run as its workers and its readers see it: recipe, shards, rules, verdicts and stage keys."""

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.edits import EditRule
from massivetext.errors import StageError
from massivetext.recipe import Recipe, SourceOptions
from massivetext.rules import Rule
from massivetext.runs.canary_run import CanaryRun
from massivetext.runs.record_splits import TRAIN, held_out, split_has_source, split_recipe
from massivetext.runs.stage import VerdictSet
from massivetext.runs.store import Run, Shard
from massivetext.schema import FIRST_CANARY_SHARD, MAX_SHARDS, U64, pack_document_refs, shard_number
from massivetext.storage import files as fs

Mask = npt.NDArray[np.bool_]
COUNTED_SIGNALS = ("word_count", "byte_count")


# Texts of which passages are cut out, and the verdicts of the stage that cuts.
CUTS, CUTTING = "contamination/cuts", "verdicts/contamination"


def with_cut_sizes(sizes: pa.Table, cuts: pa.Table) -> pa.Table:
    """Return a table of ``COUNTED_SIGNALS`` with the sizes of cut documents in their rows."""
    columns = {}
    for signal, column in zip(COUNTED_SIGNALS, ("words", "bytes"), strict=True):
        values = sizes[signal].to_numpy().copy()
        values[cuts["row"].to_numpy()] = cuts[column].to_numpy()
        columns[signal] = values
    return pa.table(columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A run with everything that decides its output; small, because it is sent to every worker.

    Attributes:
        run: the run folder.
        recipe: the whole recipe.
        root: folder that relative paths in the recipe start at.
        stage_keys: stage key by name of the stage.
        shard_counts: number of shards by source.
        rules: rules that judge each source, in the order of the bits in its verdicts.
        edits: rules of the line edits of each source that has any.
        verdicts: verdicts of each stage that writes some, in the order of the stages.
        session: name of the execution of the command, for the log; empty: write none.
        split: split of the records that is made; see :meth:`for_split`.
        of_canaries: whether the shards are those of canaries; see :meth:`for_canaries`.
    """

    run: Run
    recipe: Recipe
    root: str
    stage_keys: Mapping[str, str]
    shard_counts: Mapping[str, int]
    rules: Mapping[str, tuple[Rule, ...]]
    edits: Mapping[str, tuple[EditRule, ...]] = field(default_factory=dict)
    verdicts: tuple[VerdictSet, ...]
    session: str = ""
    split: str = TRAIN
    of_canaries: bool = False

    def for_canaries(self) -> "Context":
        """Return the run as the canaries of its sources see it: one shard per source, in files of their own."""
        return dataclasses.replace(
            self,
            run=CanaryRun(self.run.folder),
            shard_counts=dict.fromkeys(self.shard_counts, 1),
            verdicts=tuple(each for each in self.verdicts if each.judges_canaries),
            of_canaries=True,
        )

    def canary_shards(self, judging: str | None = None) -> list[Shard]:
        """Return the shards of :meth:`for_canaries`, of the sources that a stage judges; empty without canaries."""
        sources = sorted(self.shard_counts) if self.recipe.has_canaries else []
        return [Shard(source, 0, 1) for source in sources if judging is None or self.judged_by(judging, source)]

    def locate(self, number: int) -> "tuple[Context, Shard]":
        """Return the shard with a number, of documents or of canaries, and the run as its documents see it."""
        within = number % MAX_SHARDS
        found = self.for_canaries() if within >= FIRST_CANARY_SHARD and not self.of_canaries else self
        return found, found.shard_by_number(number)

    def for_split(self, split: str) -> "Context":
        """Return the run with the options by which the records of a split are made."""
        return dataclasses.replace(self, split=split, recipe=split_recipe(self.recipe, split))

    def source(self, shard: Shard) -> SourceOptions:
        """Return the options of the source of a shard."""
        return self.recipe.sources[shard.source]

    def source_number(self, source: str) -> int:
        """Return the number of a source in document references: its index among the sorted names."""
        return sorted(self.recipe.sources).index(source)

    def shards(self, source: str) -> list[Shard]:
        """Return every shard of a source, in order."""
        count = self.shard_counts[source]
        return [Shard(source, index, count) for index in range(count)]

    def all_shards(self) -> list[Shard]:
        """Return every shard of the run, ordered by source name and index."""
        return [shard for source in sorted(self.shard_counts) for shard in self.shards(source)]

    def shards_of_split(self) -> list[Shard]:
        """Return every shard of the sources that the split can have documents of."""
        return [shard for shard in self.all_shards() if split_has_source(self.split, shard.source)]

    def shard_by_number(self, number: int) -> Shard:
        """Return the shard with this number, which :func:`massivetext.schema.shard_of` returns for its documents."""
        source, index = divmod(number, MAX_SHARDS)
        name = sorted(self.recipe.sources)[source]
        return Shard(name, index - self._first_shard, self.shard_counts[name])

    def number_of_shard(self, shard: Shard) -> int:
        """Return the number of a shard, the inverse of :meth:`shard_by_number`."""
        return shard_number(self.source_number(shard.source), self._first_shard + shard.index)

    @property
    def _first_shard(self) -> int:
        return FIRST_CANARY_SHARD if self.of_canaries else 0

    def document_refs(self, shard: Shard, rows: npt.NDArray[np.integer]) -> U64:
        """Return the document references of rows of a shard, in the same shape."""
        return pack_document_refs(self.source_number(shard.source), self._first_shard + shard.index, rows)

    def verdicts_of(self, stage: str) -> str:
        """Return the data set of a stage's verdicts. Raises KeyError for a stage that writes none."""
        return {each.stage: each.data_set for each in self.verdicts}[stage]

    def judged_by(self, stage: str, source: str) -> bool:
        """Return whether a stage writes verdicts on a source."""
        return any(each.stage == stage and source in each.sources for each in self.verdicts)

    def kept(self, shard: Shard, before: str | None = None) -> Mask:
        """Return which documents of a shard every stage (or every stage before ``before``) has kept; bool[rows].

        Raises:
            StageError: verdicts are missing or damaged.
        """
        mask: Mask | None = None
        earlier = itertools.takewhile(lambda verdicts: verdicts.stage != before, self.verdicts)
        judging = [verdicts for verdicts in earlier if shard.source in verdicts.sources]
        found = fs.concurrently(
            self.run.folder, lambda verdicts: self.run.read_table(verdicts.data_set, shard, ["kept"]), judging
        )
        for verdicts, table in zip(judging, found, strict=True):
            kept = table["kept"].to_numpy()
            if kept.dtype != np.bool_:
                raise StageError(
                    f"{self.run.shard_file(verdicts.data_set, shard)}: want a column 'kept' of booleans without "
                    f"nulls, got {kept.dtype}; the code of stage '{verdicts.stage}' is wrong"
                )
            if mask is not None and len(kept) != len(mask):
                raise StageError(
                    f"{self.run.shard_file(verdicts.data_set, shard)}: want one verdict per document, "
                    f"{len(mask)}, got {len(kept)} from stage '{verdicts.stage}'"
                )
            mask = kept if mask is None else mask & kept
        if mask is None:
            raise AssertionError(f"stage '{before}' comes before every verdict on source '{shard.source}'")
        return mask

    def in_split(self, shard: Shard) -> Mask:
        """Return which documents of a shard every stage has kept and the split contains; bool[rows]."""
        kept, options = self.kept(shard), self.recipe.records.splits
        if isinstance(options, msgspec.UnsetType):
            return kept
        if not split_has_source(self.split, shard.source):
            return np.zeros_like(kept)
        ids = self.run.read_table("documents", shard, ["id"])["id"].to_pylist()
        chosen: Mask = kept & (held_out(ids, options, self.recipe.seed) != (self.split == TRAIN))
        return chosen

    def sizes_in_split(self, shard: Shard) -> npt.NDArray[np.int64]:
        """Return the UTF-8 bytes of each document of :meth:`in_split`, without what is cut out; int64[documents]."""
        sizes: npt.NDArray[np.int64] = self.final_sizes(shard)["byte_count"].to_numpy()
        return sizes[self.in_split(shard)]

    def has_cut_texts(self, shard: Shard) -> bool:
        """Return whether passages of test sets may have been cut out of documents of a shard."""
        judged = any(each.data_set == CUTTING and shard.source in each.sources for each in self.verdicts)
        return judged and self.recipe.decontaminate.cuts

    def read_cuts(self, shard: Shard, columns: list[str]) -> pa.Table:
        """Return what is left of the documents of a shard of which something is cut, as ``schema.CUT_TEXTS``."""
        return self.run.read_table(CUTS, shard, columns)

    def final_sizes(self, shard: Shard) -> pa.Table:
        """Return words and UTF-8 bytes of the documents of a shard as the records hold them: ``COUNTED_SIGNALS``."""
        table = self.run.read_table("signals", shard, list(COUNTED_SIGNALS))
        return (
            with_cut_sizes(table, self.read_cuts(shard, ["row", "words", "bytes"]))
            if self.has_cut_texts(shard)
            else table
        )

    def kept_bytes(self, source: str) -> int:
        """Return the UTF-8 bytes of the documents of a source that every stage has kept, from the commits."""
        return self.run.need(self.last_judging(source)).totals(f"{source}/").get("kept_bytes", 0)

    def last_judging(self, source: str) -> str:
        """Return the last stage that writes verdicts on a source; its commits count what every stage has kept."""
        return [each.stage for each in self.verdicts if source in each.sources][-1]

    def count_kept(self, shard: Shard, kept: Mask, signals: pa.Table | None = None) -> dict[str, int]:
        """Return the counts of a commit: documents, words and UTF-8 bytes of the documents that are left.

        Args:
            shard: the shard.
            kept: which of its documents are left, bool[rows].
            signals: table with the columns of ``COUNTED_SIGNALS``; None: read it.
        """
        table = self.run.read_table("signals", shard, list(COUNTED_SIGNALS)) if signals is None else signals
        return {
            "kept": int(kept.sum()),
            "kept_words": int(table["word_count"].to_numpy()[kept].sum()),
            "kept_bytes": int(table["byte_count"].to_numpy()[kept].sum()),
        }
