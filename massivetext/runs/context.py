"""A run with all that decides it: what every task knows, and what a finished run can be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt

from massivetext.edits import EditRule
from massivetext.errors import UserError
from massivetext.recipe import Recipe, SourceOptions
from massivetext.rules import Rule
from massivetext.runs.store import Run, Shard
from massivetext.schema import MAX_SHARDS, U64, pack_document_refs, shard_number

Mask = npt.NDArray[np.bool_]

# Verdict data sets in the order of the stages that write them.
VERDICTS = {
    "judge": "verdicts/rules",
    "exact-dedup": "verdicts/exact",
    "near-dedup": "verdicts/near",
    "decontaminate": "verdicts/contamination",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A run as its workers see it; small, since it is sent to every one of them.

    Attributes:
        run: the run folder.
        recipe: the whole recipe.
        root: folder that relative paths in the recipe start at.
        keys: key of each stage.
        shard_counts: shards of each source.
        rules: what judges each source, in the order of the verdicts' bits.
        edits: rules of the line edits of each source that has any.
        progress: local folder for progress lines, or None.
    """

    run: Run
    recipe: Recipe
    root: str
    keys: Mapping[str, str]
    shard_counts: Mapping[str, int]
    rules: Mapping[str, tuple[Rule, ...]]
    edits: Mapping[str, tuple[EditRule, ...]] = field(default_factory=dict)
    progress: str | None = None

    @classmethod
    def of(cls, run: Run) -> "Context":
        """The context of a run that has been judged at least, from what lies in its folder.

        Raises:
            UserError: there is no run in the folder.
            StageError: the run is not that far.
        """
        state = run.state()
        if state is None:
            raise UserError(f"{run.folder}: no run here; give the folder that `massivetext run` wrote to")
        judged = run.need("judge").facts["rules"]
        counts: dict[str, int] = {}
        ingested = run.need("ingest").facts
        for name in ingested["shards"]:
            source = name.split("/")[0]
            counts[source] = counts.get(source, 0) + 1
        return cls(
            run=run,
            recipe=msgspec.convert(state.recipe, Recipe, strict=False),
            root=state.root,
            keys={stage.name: stage.key for stage in state.stages},
            shard_counts=counts,
            rules={source: msgspec.convert(rules, tuple[Rule, ...]) for source, rules in judged.items()},
            edits={
                source: msgspec.convert(rules, tuple[EditRule, ...])
                for source, rules in ingested.get("edits", {}).items()
            },
        )

    def source(self, shard: Shard) -> SourceOptions:
        """The options of a shard's source."""
        return self.recipe.sources[shard.source]

    def source_number(self, source: str) -> int:
        """Number of a source in addresses: its place among the names in order."""
        return sorted(self.recipe.sources).index(source)

    def shards(self, source: str) -> list[Shard]:
        """Every shard of a source, in order."""
        count = self.shard_counts[source]
        return [Shard(source, index, count) for index in range(count)]

    def all_shards(self) -> list[Shard]:
        """Every shard of the run, sources in the order of their names."""
        return [shard for source in sorted(self.shard_counts) for shard in self.shards(source)]

    def shard_at(self, number: int) -> Shard:
        """The shard with this number: what :func:`massivetext.schema.shard_numbers` gives for its documents."""
        source, index = divmod(number, MAX_SHARDS)
        name = sorted(self.recipe.sources)[source]
        return Shard(name, index, self.shard_counts[name])

    def number_of(self, shard: Shard) -> int:
        """The number of a shard, from which :meth:`shard_at` finds it."""
        return shard_number(self.source_number(shard.source), shard.index)

    def addresses(self, shard: Shard, rows: npt.NDArray[np.integer]) -> U64:
        """Addresses of rows of a shard."""
        return pack_document_refs(self.source_number(shard.source), shard.index, rows)

    def judged_by(self, stage: str, source: str) -> bool:
        """Whether a stage gives verdicts on a source."""
        options = self.recipe.sources[source]
        return {
            "judge": True,
            "exact-dedup": options.deduplicates,
            "near-dedup": options.deduplicates,
            "decontaminate": options.decontaminate and bool(self.recipe.decontaminate.test_sets),
        }[stage]

    def kept(self, shard: Shard, before: str | None = None) -> Mask:
        """Which documents of a shard every stage (or every one before ``before``) has kept; shape [rows]."""
        mask: Mask | None = None
        for stage, data_set in VERDICTS.items():
            if stage == before:
                break
            if self.judged_by(stage, shard.source):
                kept = self.run.read_table(data_set, shard, ["kept"])["kept"].to_numpy()
                mask = kept if mask is None else mask & kept
        if mask is None:
            raise AssertionError(f"{before}: comes before every verdict")
        return mask

    def tally(self, shard: Shard, kept: Mask) -> dict[str, int]:
        """Documents, words and UTF-8 bytes of the documents that are left after a verdict."""
        table = self.run.read_table("signals", shard, ["word_count", "byte_count"])
        return {
            "kept": int(kept.sum()),
            "kept_words": int(table["word_count"].to_numpy()[kept].sum()),
            "kept_bytes": int(table["byte_count"].to_numpy()[kept].sum()),
        }
