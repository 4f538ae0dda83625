"""Which canaries are made from which documents of a source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from massivetext.canaries.altered_texts import (
    BLOCK_AT_END,
    BLOCK_AT_START,
    SCATTERED,
    altered_copy,
    boilerplate_text,
    embed,
    jaccard_of,
    rewrapped,
    shuffled_words,
    unsafe_text,
    with_word_inserted,
)
from massivetext.decontaminate.evaluation_items import EvaluationItem
from massivetext.decontaminate.index import LONG_WORDS, split_document
from massivetext.hashing import keyed_ranks
from massivetext.recipe import CanaryKind, CanaryOptions, NearOptions

# Words of a document that canaries are made from.
FEWEST_BASE_WORDS, MOST_BASE_WORDS = 120, 20_000
# Each step changes another place, so that the second lies below a threshold of 0.8 with the document.
_CHAIN, _CHAIN_SIMILARITY = (BLOCK_AT_START, BLOCK_AT_END, SCATTERED), 0.88
_MOST_LIKENESS = 0.3  # of shuffled words with their text; lines of one word each do not change
_MOST_ITEM_WORDS = 1_000
VARIANTS = ("verbatim", "8-word lines", "upper case", "question alone", "one word inserted")

# One row per canary, aligned with its documents.
TRUTH = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("variant", pa.string(), nullable=False),  # similarity, step of a chain, or form of an item
        pa.field("base", pa.uint64(), nullable=False),  # document reference of the document that it was made from
        pa.field("base_id", pa.string(), nullable=False),
        pa.field("jaccard", pa.float64()),  # with that document; null: not a copy of it
        # whether near-deduplication must remove it, if that document is kept
        pa.field("is_near_copy", pa.bool_(), nullable=False),
        pa.field("test_set", pa.string()),  # of the item that it holds
        pa.field("item", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseDocument:
    """A document that canaries are made from; the fields are those of the documents, ``ref`` is its reference."""

    ref: int
    id: str
    text: str
    html_bytes: int | None = None
    link_text_frac: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTraits:
    """What a source is, as far as it decides which canaries it has.

    Attributes:
        deduplicates: whether it takes part in deduplication.
        phrases: unsafe phrases, if a rule of the source removes pages with many of them; else empty.
        removes_boilerplate: whether a rule of the source removes pages of repeated lines.
        items: the test items that its canaries hold; empty: no item removes its documents.
    """

    deduplicates: bool
    phrases: Sequence[str]
    removes_boilerplate: bool
    items: Sequence[EvaluationItem]


class Canary(NamedTuple):
    """A canary: its text, the document that it was made from, and the columns of :data:`TRUTH`."""

    text: str
    base: BaseDocument
    kind: CanaryKind
    variant: str = ""
    jaccard: float | None = None
    is_near_copy: bool = False
    test_set: str | None = None
    item: str | None = None


def bases_wanted(options: CanaryOptions) -> int:
    """Return the number of documents of a source that all its canaries are made from."""
    return options.per_source * len(_copies(options))


def _copies(options: CanaryOptions) -> list[tuple[CanaryKind, float]]:
    """Return the kinds of canaries that need a document each, so that no two of them resemble each other."""
    found: list[tuple[CanaryKind, float]] = [("exact", 1.0)] if "exact" in options.kinds else []
    if "near" in options.kinds:
        found += [("near", each) for each in sorted(options.similarities)]
    if "chain" in options.kinds:
        found.append(("chain", _CHAIN_SIMILARITY))
    return found or [("control", 0.0)]  # texts of shuffled words need documents too


def make_canaries(
    bases: Sequence[BaseDocument], traits: SourceTraits, options: CanaryOptions, near: NearOptions, seed: int
) -> list[Canary]:
    """Return the canaries of a source, the copies first; equal arguments give equal canaries.

    Args:
        bases: documents of the source, in a keyed order.
        traits: what the source is.
        options: the canaries that are asked for.
        near: how documents are compared.
        seed: seed of the run.
    """
    found = list(_copies_of(bases, options, near, seed)) if traits.deduplicates else []
    return [*found, *_shuffled(bases, traits, options, near, seed)]


def _copies_of(bases: Sequence[BaseDocument], options: CanaryOptions, near: NearOptions, seed: int) -> Iterator[Canary]:
    slots = _copies(options)
    for place, (kind, similarity) in enumerate(slots):
        for base in bases[place :: len(slots)][: options.per_source]:
            if kind == "exact":
                yield Canary(base.text, base, kind, "", 1.0, is_near_copy=True)
            elif kind == "near":
                copy = altered_copy(base.text, similarity, near, seed, base.id)
                if copy is not None:
                    is_copy = copy.jaccard > near.threshold
                    yield Canary(copy.text, base, kind, f"{similarity:g}", copy.jaccard, is_near_copy=is_copy)
            elif kind == "chain":
                yield from _chain(base, near, seed)


def _chain(base: BaseDocument, near: NearOptions, seed: int) -> Iterator[Canary]:
    """Yield copies of copies; each is removed if it resembles a kept one, or with transitive clusters any one."""
    texts, kept = [base.text], [base.text]
    for step, style in enumerate(_CHAIN, start=1):
        copy = altered_copy(texts[-1], _CHAIN_SIMILARITY, near, seed, base.id, step, style=style)
        if copy is None:
            return
        compared = texts if near.is_transitive else kept
        is_copy = any(jaccard_of(other, copy.text, near) > near.threshold for other in compared)
        texts.append(copy.text)
        if not is_copy:
            kept.append(copy.text)
        jaccard = jaccard_of(base.text, copy.text, near)
        yield Canary(copy.text, base, "chain", f"step {step}", jaccard, is_near_copy=is_copy)


def _shuffled(
    bases: Sequence[BaseDocument], traits: SourceTraits, options: CanaryOptions, near: NearOptions, seed: int
) -> Iterator[Canary]:
    """Yield the canaries that are no copies: pages that rules remove, text of shuffled words, and items within such."""
    likeness = ((base, jaccard_of(base.text, _host(base, "control", seed), near)) for base in bases)
    some = [base for base, jaccard in likeness if jaccard < _MOST_LIKENESS][: options.per_source]
    if "control" in options.kinds:
        yield from (Canary(_host(base, "control", seed), base, "control") for base in some)
    if "unsafe" in options.kinds and traits.phrases:
        for base in some:
            host = _host(base, "unsafe", seed)
            yield Canary(unsafe_text(host, traits.phrases, seed, base.id), base, "unsafe")
    if "boilerplate" in options.kinds and traits.removes_boilerplate:
        yield from (Canary(boilerplate_text(seed, base.id), base, "boilerplate") for base in some)
    if "item" in options.kinds and traits.items:
        for at, variant in enumerate(VARIANTS):
            for number, base in enumerate(some):
                item = traits.items[(at * len(some) + number) % len(traits.items)]
                text = embed(_host(base, variant, seed), item_text(item, variant), seed, base.id, variant)
                yield Canary(text, base, "item", variant, test_set=item.test_set, item=item.id)


def _host(base: BaseDocument, purpose: str, seed: int) -> str:
    return shuffled_words(base.text, seed, base.id, purpose)


def item_text(item: EvaluationItem, variant: str) -> str:
    """Return a test item in one of the forms :data:`VARIANTS`."""
    if variant == "8-word lines":
        return rewrapped(item.text)
    if variant == "upper case":
        return item.text.upper()
    if variant == "question alone":
        return question_of(item)
    if variant == "one word inserted":
        return with_word_inserted(item.text, "indeed")
    return item.text


def question_of(item: EvaluationItem) -> str:
    """Return the question of an item; of one without parts, all of it."""
    return "\n".join(item.text[part.start : part.end] for part in item.parts if part.name == "question") or item.text


def choose_items(items: Sequence[EvaluationItem], count: int, seed: int) -> list[EvaluationItem]:
    """Return items in a keyed order whose question is long enough to be found by itself, at most ``count``."""
    names = [f"{item.test_set}\0{item.id}\0{number}" for number, item in enumerate(items)]
    order = keyed_ranks("canary items", seed, names).argsort(kind="stable").tolist()
    found: list[EvaluationItem] = []
    for at in order:
        if len(found) == count:
            break
        words = len(split_document(question_of(items[at]))[1])
        if LONG_WORDS <= words <= _MOST_ITEM_WORDS:
            found.append(items[at])
    return found
