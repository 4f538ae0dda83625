"""Which of several copies stays by the preferences of a caller, as `dedup.keep` of a recipe decides in runs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from massivetext.dedup.keeper import earliest_first, latest_first, longest_first, source_preference
from massivetext.errors import UserError
from massivetext.recipe import DedupOptions
from massivetext.schema import U64
from massivetext.transforms.arguments import checked_options
from massivetext.transforms.pcollection_rows import Rows, fields_of


def checked_preferences(transform: str, keep: Sequence[str]) -> tuple[str, ...]:
    """Return the preferences before the keyed hash.

    Raises:
        UserError: a recipe would refuse them.
    """
    keep = (keep,) if isinstance(keep, str) else tuple(keep)
    options = checked_options(transform, DedupOptions, keep=keep)
    return tuple(each for each in options.keep if each != "seed")


def require_preferred_fields(documents: Rows, transform: str, preferences: Sequence[str]) -> None:
    """Require the fields that preferences read, beside ``id`` and ``text``: ``source``, or ``metadata``.

    Raises:
        UserError: the rows lack one.
    """
    needs_source = any(each.startswith("source:") for each in preferences)
    known = fields_of(documents, transform, id=str, text=str, **({"source": str} if needs_source else {}))
    if {"latest", "first"} & set(preferences) and "metadata" not in known:
        raise UserError(
            f"{transform}: want rows with a field 'metadata', a mapping whose 'date' decides which document stays, "
            f"got {', '.join(known)}"
        )


def pack_ranks(row: Any, preferences: Sequence[str]) -> bytes:
    """Return the ranks of a row by each preference, 8 bytes each; empty without preferences."""
    return np.array([_rank(row, each) for each in preferences], "<u8").tobytes()


def unpack_ranks(packed: Sequence[bytes], hashes: U64) -> U64:
    """Return the ranks of several rows, uint64[rows, preferences + 1]: those of :func:`pack_ranks`, then the hashes."""
    preferred = np.frombuffer(b"".join(packed), "<u8").reshape(len(packed), -1).astype(np.uint64)
    return np.concatenate([preferred, hashes[:, None]], axis=1)


def _rank(row: Any, preference: str) -> int:
    if preference == "longest":
        return int(longest_first(np.array([len(row.text.encode("utf-8", "surrogatepass"))], np.int64))[0])
    if preference in ("latest", "first"):
        metadata = row.metadata
        date: object = metadata.get("date", "") if isinstance(metadata, Mapping) else ""
        return int((latest_first if preference == "latest" else earliest_first)([date])[0])
    return source_preference(row.source, preference)
