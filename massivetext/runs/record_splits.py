"""Splits of the records: which documents are held out for validation, as a pure function of seed and document id."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from massivetext.hashing import keyed_ranks
from massivetext.recipe import Recipe, SplitOptions

TRAIN, VALIDATION = "train", "validation"


def split_names(recipe: Recipe) -> list[str]:
    """Return the names of the splits of the records: "train" first; then "validation", or one for each source."""
    splits = recipe.records.splits
    if isinstance(splits, msgspec.UnsetType):
        return [TRAIN]
    return [
        TRAIN,
        *([f"{VALIDATION}_{source}" for source in sorted(recipe.sources)] if splits.per_source else [VALIDATION]),
    ]


def split_recipe(recipe: Recipe, split: str) -> Recipe:
    """Return the options that the records of a split are made by: held-out documents are packed, each once."""
    if split == TRAIN:
        return recipe
    unset = msgspec.UNSET
    records = msgspec.structs.replace(
        recipe.records, mode="pack", sequences=None, tokens=unset, epochs=1, max_epochs=unset
    )
    sources = {
        name: msgspec.structs.replace(source, mode=unset, epochs=unset, max_epochs=unset)
        for name, source in recipe.sources.items()
    }
    return msgspec.structs.replace(recipe, records=records, sources=sources)


def split_has_source(split: str, source: str) -> bool:
    """Return whether a split can have documents of a source."""
    return split in (TRAIN, VALIDATION, f"{VALIDATION}_{source}")


def held_out(ids: Sequence[str], options: SplitOptions, seed: int) -> npt.NDArray[np.bool_]:
    """Return which documents are held out for validation; bool[ids].

    A document is held out by a keyed hash of its id alone, so that it stays on the same side when others come or go. Of
    near-duplicates one document is kept, so a cluster is never on both sides.

    Args:
        ids: ids of documents.
        options: share of the documents that is held out.
        seed: seed of the run.
    """
    chosen: npt.NDArray[np.bool_] = keyed_ranks("split", seed, ids) < np.uint64(int(options.validation * 2.0**63))
    return chosen
