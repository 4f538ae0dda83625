"""The kinds of sources, and the defaults of the paper for each of them (Rae et al. 2021, A.1.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# Spelled out for the type checker; a test compares it with KINDS.
KindName = Literal["web", "books", "news", "code", "wikipedia", "c4", "documents"]

# The licences of the GitHub subset, as SPDX identifiers.
PAPER_LICENCES = (
    "Apache-2.0",
    "MIT",
    "BSD-3-Clause",
    "BSD-2-Clause",
    "Unlicense",
    "CC0-1.0",
    "ISC",
    "Artistic-2.0",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Defaults of the paper for one kind of source.

    Attributes:
        name: name in recipes.
        format: name of the format of its input files.
        rule_sets: names of the rule sets that judge its documents.
        deduplicates: whether it takes part in exact and near deduplication.
        screens_titles: whether test-set filtering compares titles of documents with titles of test articles.
        requires: options that every format of this kind must read.
    """

    name: KindName
    format: str
    rule_sets: tuple[str, ...]
    deduplicates: bool
    screens_titles: bool = False
    requires: frozenset[str] = frozenset()


# A.1.1: quality filtering, repetition removal and SafeSearch are for MassiveWeb only; documents in other languages are
# dropped everywhere (but a language detector has no answer for source code). Deduplicated are "all subsets excluding
# Wikipedia and GitHub"; only GitHub is filtered by licence.
KINDS: Mapping[KindName, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name="web", format="warc", rule_sets=("language", "gopher", "safesearch"), deduplicates=True),
        Kind(name="books", format="text", rule_sets=("language",), deduplicates=True),
        Kind(name="news", format="documents", rule_sets=("language",), deduplicates=True),
        Kind(
            name="code",
            format="repository",
            rule_sets=(),
            deduplicates=False,
            requires=frozenset({"licences"}),
        ),
        Kind(
            name="wikipedia",
            format="mediawiki",
            rule_sets=("language",),
            deduplicates=False,
            screens_titles=True,
        ),
        Kind(name="c4", format="documents", rule_sets=("language",), deduplicates=True),
        # ours: any other documents, with what the paper does to news and C4
        Kind(name="documents", format="documents", rule_sets=("language",), deduplicates=True),
    )
}
