"""Ingest: input files become documents and quarantine."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from massivetext.runs.stage import RunPlan, Stage

if TYPE_CHECKING:
    from massivetext.runs.context import Context
    from massivetext.runs.work_items import WorkItem
    from massivetext.sources.splits import Split

_SCREEN_VERSION = 2  # raised when other pages are screened for the same rules


def _key(plan: RunPlan) -> object:
    sources = {
        name: [
            source.kind,
            source.text_field,
            source.licences,
            _identity(plan.splits[name]),
            *source.key_format,
            *([source.given_fields] if source.given_fields else []),
        ]
        for name, source in plan.recipe.sources.items()
    }
    return [
        plan.recipe.ingest,
        sources,
        plan.edits,
        *_pattern_library(plan),
        *_extraction(plan),
        *_screening(plan),
        *_mending(plan),
    ]


def _pattern_library(plan: RunPlan) -> list[str]:
    """Return the library that patterns of line edits are given to, with its version; nothing if there are none."""
    has_patterns = any(hasattr(rule, "pattern") for rules in plan.edits.values() for rule in rules)
    return [f"regex {importlib.metadata.version('regex')}"] if has_patterns else []


def _extraction(plan: RunPlan) -> list[str]:
    """Return the version of the extractor where the versions of the libraries do not tell it; nothing if they do."""
    from massivetext.extract.extractors import extractor_version

    version = extractor_version(plan.recipe.ingest.extractor_name)
    return [] if version is None else [version]


def _mending(plan: RunPlan) -> list[str]:
    """Return the version of what mends double-encoded text; nothing if the recipe does not want it."""
    if plan.recipe.ingest.mend_double_encoding is not True:
        return []
    from massivetext.sources.streams.double_encoding import mender_version

    return [mender_version()]


def _screening(plan: RunPlan) -> list[object]:
    """Return what decides which pages are extracted; nothing if the recipe screens none."""
    if not plan.recipe.ingest.screens:
        return []
    from massivetext.signals import blocklist_files
    from massivetext.signals.screen_bounds import screen_bounds

    recipe = plan.recipe
    return [
        _SCREEN_VERSION,
        recipe.seed,
        {name: screen_bounds(rules, recipe.ingest.screens).as_key for name, rules in plan.rules.items()},
        blocklist_files.digests(blocklist_files.find(recipe.blocklists, plan.loaded.root)),
        recipe.blocklists.shipped_keywords,
        f"fasttext {importlib.metadata.version('fasttext-community')}",
    ]


def _identity(shards: "Sequence[Sequence[Split]]") -> list[list[tuple[str, int, str, int, int]]]:
    # The folder of the files is left out: a corpus may move.
    return [
        [(split.name, split.size, split.version, split.slice_index, split.slice_count) for split in splits]
        for splits in shards
    ]


def _describe(plan: RunPlan) -> str:
    edited = [
        f"{' and '.join(source.edits)} in {name}"
        for name, source in sorted(plan.recipe.sources.items())
        if source.edits
    ]
    edits = f"; line edits: {', '.join(edited)}" if edited else ""
    return f"inputs to documents; what cannot be read goes to quarantine{edits}"


def _facts(context: "Context", items: "Sequence[WorkItem]") -> Mapping[str, object]:
    import msgspec

    return {
        "shards": {item.shard.name: msgspec.to_builtins(item.splits) for item in items},
        "edits": {source: msgspec.to_builtins(rules) for source, rules in context.edits.items()},
    }


INGEST = Stage(
    name="ingest",
    title="read",
    version=12,
    libraries=("trafilatura", "lxml", "fastwarc", "charset-normalizer", "licenseclassifier"),
    data_sets=("documents", "quarantine", "lookup"),
    key=_key,
    describe=_describe,
    facts=_facts,
    process="massivetext.jobs.ingest:ingest_shard",
    after="massivetext.jobs.ingest:apply_reading_guards",
    shard_work="massivetext.estimate.work:ingest",
)
