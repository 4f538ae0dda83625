"""How much of everything a run meets on its way: what decides the work of each stage, at any scale."""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Self

import msgspec

from massivetext.errors import UserError
from massivetext.recipe import Kind, NearOptions, Recipe, RecordsOptions
from massivetext.records.sequences import expected_sequences_per_group
from massivetext.sources.splits import Split
from massivetext.tokenizer.encoder import id_dtype

# Where nothing of a kind was measured: another kind whose files and texts are like it.
LIKE: Mapping[str, Kind] = {"c4": "news"}


class Inputs(msgspec.Struct, frozen=True):
    """Input files of a source.

    Attributes:
        raw_bytes: as they lie there, compressed or not.
        largest_file: bytes of the largest.
        reread_bytes: what the parts of divided files pass over, since each part reads its whole file.
    """

    raw_bytes: float
    largest_file: float
    reread_bytes: float

    @classmethod
    def of(cls, splits: Iterable[Split]) -> Self:
        """What these splits read."""
        sizes, largest, reread = 0.0, 0, 0.0
        for split in splits:
            sizes += split.size / split.parts
            reread += split.size - split.size / split.parts
            largest = max(largest, split.size)
        return cls(sizes, largest, reread)


class Count(msgspec.Struct, frozen=True):
    """Documents and the UTF-8 bytes of their texts."""

    documents: float
    bytes: float

    def times(self, factor: float) -> "Count":
        """Both multiplied."""
        return Count(self.documents * factor, self.bytes * factor)


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """One source on its way through a run.

    Attributes:
        kind: of the source.
        inputs: its files.
        shard_bytes: input of a shard.
        deduplicates: whether it takes part in deduplication.
        tested: whether it is tested against test sets.
        ingested: all documents.
        ruled: those that the rules keep.
        distinct: those that exact deduplication keeps.
        single: those that near deduplication keeps.
        kept: those that are left in the end.
        draws: crops that are encoded for the records.
        drawn_tokens: their tokens.
    """

    kind: Kind
    inputs: Inputs
    shard_bytes: int
    deduplicates: bool
    tested: bool
    ingested: Count
    ruled: Count
    distinct: Count
    single: Count
    kept: Count
    draws: float
    drawn_tokens: float

    @property
    def shards(self) -> int:
        """Shards that the input is cut or grouped into, all but one of them full."""
        return max(1, math.ceil(self.inputs.raw_bytes / self.shard_bytes))

    @property
    def largest_share(self) -> float:
        """Share of the source in one full shard, above 0 and at most 1."""
        return min(1.0, self.shard_bytes / self.inputs.raw_bytes)

    @property
    def tokens_per_draw(self) -> float:
        """Mean tokens of a crop."""
        return self.drawn_tokens / self.draws if self.draws else 0.0


class Corpus(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run in numbers.

    Attributes:
        sources: by name.
        candidates: candidate pairs of near deduplication.
        clustered: documents that stand in a cluster of near-duplicates.
        sampled_bytes: text that the tokenizer is trained on; 0 where a ready model is used.
        record_tokens: tokens that are written to records.
        token_bytes: 2 or 4, by the vocabulary.
        bands: of the signatures.
        signature_bytes: of one document.
        shard_record_bytes: tokens of one file of records.
    """

    sources: dict[str, Volume]
    candidates: float
    clustered: float
    sampled_bytes: float
    record_tokens: float
    token_bytes: int
    bands: int
    signature_bytes: int
    shard_record_bytes: float

    @property
    def raw_bytes(self) -> float:
        """Input of all sources."""
        return sum(volume.inputs.raw_bytes for volume in self.sources.values())

    @property
    def shards(self) -> int:
        """Shards of all sources."""
        return sum(volume.shards for volume in self.sources.values())

    def total(self, stage: str, *, only: str | None = None) -> Count:
        """Documents of a step of the funnel ("ingested", "ruled", ...), of sources that ``only`` names a switch of."""
        counts = [getattr(volume, stage) for volume in self.sources.values() if only is None or getattr(volume, only)]
        return Count(sum(count.documents for count in counts), sum(count.bytes for count in counts))


def signature_bytes(near: NearOptions) -> int:
    """Bytes of a document's MinHash signature."""
    return 4 * near.bands * near.rows


def inputs_of(plan: Mapping[str, Sequence[Sequence[Split]]]) -> dict[str, Inputs]:
    """The input files of every source, from the shards of a plan."""
    return {name: Inputs.of(split for shard in shards for split in shard) for name, shards in plan.items()}


def shares(recipe: Recipe) -> dict[str, Inputs]:
    """Input in proportion to the recipe's weights, a byte in all, in files of a shard each: for want of real files."""
    return {name: Inputs(float(source.weight), 0.0, 0.0) for name, source in recipe.sources.items()}


def scaled(recipe: Recipe, inputs: Mapping[str, Inputs], measured: Sequence[Corpus], raw_bytes: float | None) -> Corpus:
    """What a recipe meets.

    Everything of a source grows with its input: there are more files, not larger ones. Copies are taken to be as
    frequent as measured, although a larger corpus has more copies of each text. What the recipe fixes (a number of
    sequences, the tokenizer's sample) does not grow.

    Args:
        recipe: whose options count.
        inputs: files of each of its sources; only their proportions count where ``raw_bytes`` is given.
        measured: runs to take figures from; the first that has a source of that name and kind, or of that kind.
        raw_bytes: input of all sources together; None: the inputs as they are.

    Raises:
        UserError: no run has a source of some kind.
    """
    whole = sum(each.raw_bytes for each in inputs.values())
    factor = 1.0 if raw_bytes is None else raw_bytes / whole
    grown = {
        name: _grown(recipe, name, _resized(inputs[name], factor), _measured(recipe, name, measured))
        for name in recipe.sources
    }
    drawn, tokens = _drawn(recipe, grown)
    before, options = measured[0], recipe.records
    signed = before.total("distinct", only="deduplicates").documents or math.inf
    share = sum(volume.distinct.documents for volume in drawn.values() if volume.deduplicates) / signed
    kept = sum(volume.kept.bytes for volume in drawn.values())
    return Corpus(
        sources=drawn,
        candidates=before.candidates * share,
        clustered=before.clustered * share,
        sampled_bytes=0.0 if recipe.tokenizer.model else min(recipe.tokenizer.training_bytes, kept),
        record_tokens=tokens,
        token_bytes=id_dtype(recipe.tokenizer.vocabulary_size).itemsize,
        bands=recipe.near.bands,
        signature_bytes=signature_bytes(recipe.near),
        shard_record_bytes=options.shard_sequences
        * options.sequence_length
        * id_dtype(recipe.tokenizer.vocabulary_size).itemsize,
    )


def _resized(inputs: Inputs, factor: float) -> Inputs:
    return Inputs(inputs.raw_bytes * factor, inputs.largest_file, inputs.reread_bytes * factor)


def _measured(recipe: Recipe, name: str, measured: Sequence[Corpus]) -> Volume:
    kind = recipe.sources[name].kind
    for corpus in measured:
        here = corpus.sources.get(name)
        same = [here] if here is not None and here.kind == kind else []
        same += [volume for volume in corpus.sources.values() if volume.kind == kind]
        if same:
            return same[0]
    for corpus in measured:
        for volume in corpus.sources.values():
            if volume.kind == LIKE.get(kind):
                return volume
    raise UserError(f"sources.{name}: nothing of kind '{kind}' was measured; give --sample a run that has some")


def _grown(recipe: Recipe, name: str, inputs: Inputs, measured: Volume) -> Volume:
    options = recipe.sources[name]
    factor = inputs.raw_bytes / measured.inputs.raw_bytes
    tested = options.decontaminate and bool(recipe.decontaminate.test_sets)
    ingested, ruled = measured.ingested.times(factor), measured.ruled.times(factor)
    distinct = _kept(ruled, measured.ruled, measured.distinct, applies=options.deduplicates)
    single = _kept(distinct, measured.distinct, measured.single, applies=options.deduplicates)
    return Volume(
        kind=options.kind,
        inputs=inputs,
        shard_bytes=options.shard_bytes,
        deduplicates=options.deduplicates,
        tested=tested,
        ingested=ingested,
        ruled=ruled,
        distinct=distinct,
        single=single,
        kept=_kept(single, measured.single, measured.kept, applies=tested),
        draws=measured.draws * factor,
        drawn_tokens=measured.drawn_tokens * factor,
    )


def _kept(before: Count, measured_before: Count, measured_after: Count, *, applies: bool) -> Count:
    """What a stage leaves, by the share that it left of each where it was measured."""
    if not applies or not measured_before.documents:
        return before
    return Count(
        before.documents * measured_after.documents / measured_before.documents,
        before.bytes * (measured_after.bytes / measured_before.bytes if measured_before.bytes else 0.0),
    )


def _drawn(recipe: Recipe, grown: Mapping[str, Volume]) -> tuple[dict[str, Volume], float]:
    """The sources with the draws that the recipe asks for, and the tokens of the records that they give."""
    options = recipe.records
    weights = {name: float(source.weight) for name, source in recipe.sources.items()}
    rows = {name: _rows_per_draw(volume.tokens_per_draw, options) for name, volume in grown.items()}
    if options.sequences is not None:
        sequences = float(options.sequences)
        draws = {name: 1.1 * sequences * weights[name] / (rows[name] or math.inf) for name in grown}
    else:
        draws = {name: volume.kept.documents * options.epochs for name, volume in grown.items()}
        sequences = min(draws[name] * rows[name] / weights[name] for name in grown)
    drawn = {
        name: msgspec.structs.replace(volume, draws=draws[name], drawn_tokens=draws[name] * volume.tokens_per_draw)
        for name, volume in grown.items()
    }
    return drawn, sequences * options.sequence_length


def _rows_per_draw(tokens: float, options: RecordsOptions) -> float:
    return (
        expected_sequences_per_group(tokens, options.crops_per_group, options.sequence_length) / options.crops_per_group
    )


def parse_size(text: str) -> float:
    """Bytes of a size such as ``10TB``, ``64 MiB`` or ``1e12``. Raises UserError where it is none."""
    units: dict[str, int] = {"": 1, "B": 1} | {f"{p}B": 1000**n for n, p in enumerate("KMGTP", 1)}
    units |= {f"{p}IB": 1024**n for n, p in enumerate("KMGTP", 1)}
    number = text.strip().upper().rstrip("BIKMGTP ")
    unit = text.strip().upper()[len(number) :].strip()
    try:
        size = float(Decimal(number)) * units[unit]
    except (ArithmeticError, KeyError, ValueError):
        raise UserError(f"--raw: want a size such as 500GB or 10TB, got {text!r}") from None
    if not 0 < size < math.inf:
        raise UserError(f"--raw: want a size above 0, got {text!r}")
    return size
