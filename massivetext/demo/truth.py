"""What is planted in the demo corpus, and what must become of it."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

# kept          in the corpus, and kept by every stage
# rules         in the corpus, and fails at least one of `rules`
# copies        of the documents of one `group`, exactly one survives deduplication; `duplicate` says of which kind
# contaminated  in the corpus, and removed by test-set filtering
# unreadable    not in the corpus; the quarantine names its file (and its offset or line, where `key` is given)
# skipped       not in the corpus, and nothing is wrong with it: an image, a redirect, a licence outside the list
Outcome = Literal["kept", "rules", "copies", "contaminated", "unreadable", "skipped"]


class _TruthTable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of the tables in ``truth.json``."""


class PlantedLocation(_TruthTable, frozen=True, kw_only=True):
    """Where a planted document stands. What is None does not identify it.

    Attributes:
        source: name of the source: "web", "books", "news", "code" or "wikipedia".
        origin: name of the file within the source's folder.
        key: web: byte offset of the record's gzip member; news: number of the line, from 0; code: archive member;
            wikipedia: page id; None: the whole file, or somewhere in it.
        url: address, for web and news.
        title: title, for wikipedia and books.
    """

    source: str
    origin: str
    key: str | None = None
    url: str | None = None
    title: str | None = None


class Case(_TruthTable, frozen=True, kw_only=True):
    """One planted document and what must become of it.

    Attributes:
        id: unique, of the form "web/too_few_words/3".
        kind: what is planted; all cases of a kind share their outcome.
        place: where it stands.
        outcome: what must become of it.
        rules: for "rules": qualified names ("gopher/word_count"); it fails at least one of these.
        group: name shared by documents that are copies, or nearly, of each other; also given for pairs that are alike
            but not enough, whose outcome is "kept".
        duplicate: for "copies": found by "exact" or "near" deduplication, or by "either".
        similarity: Jaccard similarity of the word 13-grams of this document and of the one that its group was made
            from, before any extraction; 1.0 for that one itself.
        item: id of the evaluation item that it holds, in whole or in part.
        jaccard: Jaccard similarity of the text, before any extraction, with that item.
        containment: share of the item's 13-grams that the text holds.
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
    """A case that has no place yet; the fields are those of :class:`Case`."""

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
    """A source that is made: its files by name, the planted documents at their places, and how many can be read."""

    files: dict[str, bytes]
    planted: list[tuple[Draft, PlantedLocation]]
    documents: int


class Truth(_TruthTable, frozen=True, kw_only=True):
    """All that is planted.

    Attributes:
        seed: of the corpus.
        documents: how many documents each source holds for a reader that makes no mistake; what follows the place where
            a file breaks off is not counted, nor is any file of a repository but its source code.
        cases: everything planted, in the order of source, kind and number.
    """

    seed: int
    documents: dict[str, int]
    cases: tuple[Case, ...]

    def cases_of_kind(self, kind: str) -> tuple[Case, ...]:
        """The cases of one kind, of all sources."""
        return tuple(case for case in self.cases if case.kind == kind)

    def groups(self) -> dict[str, tuple[Case, ...]]:
        """Cases by group; those without a group are left out."""
        found: dict[str, list[Case]] = {}
        for case in self.cases:
            if case.group is not None:
                found.setdefault(case.group, []).append(case)
        return {name: tuple(cases) for name, cases in found.items()}


def load_truth(folder: Path) -> Truth:
    """The planted truth of a demo corpus. Raises FileNotFoundError, or msgspec.ValidationError for a changed file."""
    return msgspec.json.decode((folder / "truth.json").read_bytes(), type=Truth)


def number_cases(drafts_with_locations: Iterable[tuple[Draft, PlantedLocation]]) -> list[Case]:
    """Drafts at their places as cases, numbered within each source and kind in the order given."""
    counts: Counter[str] = Counter()
    cases = []
    for draft, place in drafts_with_locations:
        name = f"{place.source}/{draft.kind}"
        cases.append(Case(id=f"{name}/{counts[name]}", place=place, **draft._asdict()))
        counts[name] += 1
    return cases


def encode_truth(truth: Truth) -> bytes:
    """The truth as ``truth.json`` holds it."""
    return msgspec.json.format(msgspec.json.encode(truth), indent=1) + b"\n"
