"""The planted documents of the demo corpus, and the expected outcome of each."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

# kept          in the corpus, and kept by every stage
# rules         in the corpus, and fails at least one of `rules`
# copies        exactly one document of a `group` is kept; `duplicate` says which stage drops the others
# contaminated  in the corpus, and dropped by decontaminate
# unreadable    not in the corpus; the quarantine names its file (and its offset or line, if `key` is given)
# skipped       not in the corpus, but sound: an image, a redirect, a licence that is not on the list
Outcome = Literal["kept", "rules", "copies", "contaminated", "unreadable", "skipped"]


class _TruthTable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of the tables in ``truth.json``."""


class PlantedLocation(_TruthTable, frozen=True, kw_only=True):
    """Where a planted document is. Fields that are None do not identify it.

    Attributes:
        source: name of the source: "web", "books", "news", "code" or "wikipedia".
        origin: name of its file in the folder of the source.
        key: web: byte offset of the record's gzip member; news: number of the line, from 0; code: archive member;
            wikipedia: page id; None: the whole file, or an unknown position in it.
        url: URL, for web and news.
        title: title, for wikipedia and books.
    """

    source: str
    origin: str
    key: str | None = None
    url: str | None = None
    title: str | None = None


class Case(_TruthTable, frozen=True, kw_only=True):
    """One planted document and its expected outcome.

    Attributes:
        id: unique, of the form "web/too_few_words/3".
        kind: kind of planted document; all cases of a kind have the same outcome.
        place: where the document is.
        outcome: expected outcome, see :data:`Outcome`.
        rules: for "rules": names of rules ("gopher/word_count"); the document fails at least one of them.
        group: name shared by copies and near copies of each other; also by pairs that are similar but below the
            threshold, with the outcome "kept".
        duplicate: for "copies": dropped by "exact" or "near" deduplication, or by "either".
        similarity: Jaccard similarity of the 13-grams of this document with the original of its group, before
            extraction from HTML; 1.0 for the original.
        item: id of the test item that the document contains, in whole or in part.
        jaccard: Jaccard similarity of the text, before extraction from HTML, with that item.
        containment: share of the 13-grams of the item that the text contains.
    """

    id: str
    kind: str
    place: PlantedLocation
    outcome: Outcome
    rules: tuple[str, ...] = ()
    group: str | None = None
    duplicate: Literal["exact", "near", "either"] | None = None
    similarity: float | None = None
    item: str | None = None
    jaccard: float | None = None
    containment: float | None = None


class Draft(NamedTuple):
    """A case before its location is known; the fields are those of :class:`Case`."""

    kind: str
    outcome: Outcome
    rules: tuple[str, ...] = ()
    group: str | None = None
    duplicate: Literal["exact", "near", "either"] | None = None
    similarity: float | None = None
    item: str | None = None
    jaccard: float | None = None
    containment: float | None = None


class Built(NamedTuple):
    """A finished source: its files by name, the planted documents, and the number of documents that can be read."""

    files: dict[str, bytes]
    planted: list[tuple[Draft, PlantedLocation]]
    documents: int


class Truth(_TruthTable, frozen=True, kw_only=True):
    """The content of ``truth.json``.

    Attributes:
        seed: seed of the corpus.
        documents: number of documents that a correct reader finds in each source. Documents after the end of the
            truncated file do not count; of a repository only source files count.
        cases: all planted documents, ordered by source, kind and number.
    """

    seed: int
    documents: dict[str, int]
    cases: tuple[Case, ...]

    def cases_of_kind(self, kind: str) -> tuple[Case, ...]:
        """Return the cases of one kind in all sources."""
        return tuple(case for case in self.cases if case.kind == kind)

    def groups(self) -> dict[str, tuple[Case, ...]]:
        """Return the cases by group, without those that have no group."""
        found: dict[str, list[Case]] = {}
        for case in self.cases:
            if case.group is not None:
                found.setdefault(case.group, []).append(case)
        return {name: tuple(cases) for name, cases in found.items()}


def load_truth(folder: Path) -> Truth:
    """Read ``truth.json`` of a demo corpus. Raises FileNotFoundError, or msgspec.ValidationError for a changed file."""
    return msgspec.json.decode((folder / "truth.json").read_bytes(), type=Truth)


def number_cases(drafts_with_locations: Iterable[tuple[Draft, PlantedLocation]]) -> list[Case]:
    """Return drafts as cases, numbered per source and kind in the given order."""
    counts: Counter[str] = Counter()
    cases = []
    for draft, place in drafts_with_locations:
        name = f"{place.source}/{draft.kind}"
        cases.append(Case(id=f"{name}/{counts[name]}", place=place, **draft._asdict()))
        counts[name] += 1
    return cases


def encode_truth(truth: Truth) -> bytes:
    """Return the bytes of ``truth.json``."""
    return msgspec.json.format(msgspec.json.encode(truth), indent=1) + b"\n"
