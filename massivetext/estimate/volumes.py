"""How much of everything a run meets on its way: what decides the work of each stage, at any scale."""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Self

import msgspec

from massivetext.errors import UserError
from massivetext.recipe import KINDS, KindName, NearOptions, Recipe, RecordsOptions
from massivetext.records.sequences import expected_sequences_per_group
from massivetext.runs.stage import verdict_sets
from massivetext.sources.splits import Split
from massivetext.stages import INGEST, NEAR_DEDUP, STAGES
from massivetext.tokenizer.encoder import id_dtype

# Where nothing of a kind was measured: another kind whose files and texts are like it.
LIKE: Mapping[str, KindName] = {"c4": "news"}


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
            sizes += split.size / split.slice_count
            reread += split.size - split.size / split.slice_count
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
        judged_by: names of the stages that may remove documents of it.
        funnel: (stage, what is left after it) for ingest and every stage that may remove documents, in order.
        draws: crops that are encoded for the records.
        drawn_tokens: their tokens.
        format: name of the format of its files; UNSET: the default of the kind.
    """

    kind: KindName
    inputs: Inputs
    shard_bytes: int
    judged_by: tuple[str, ...]
    funnel: tuple[tuple[str, Count], ...]
    draws: float
    drawn_tokens: float
    format: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def format_name(self) -> str:
        """Name of the format of its files."""
        return KINDS[self.kind].format if isinstance(self.format, msgspec.UnsetType) else self.format

    @property
    def ingested(self) -> Count:
        """All documents."""
        return self.funnel[0][1]

    @property
    def kept(self) -> Count:
        """What is left after all stages."""
        return self.funnel[-1][1]

    def after(self, stage: str) -> Count:
        """Return what is left after a stage. Raises KeyError for a stage that was not counted."""
        return dict(self.funnel)[stage]

    def before(self, stage: str) -> Count:
        """Return what is left before a stage. Raises ValueError for a stage that was not counted."""
        names = [name for name, _ in self.funnel]
        return self.funnel[names.index(stage) - 1][1]

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

    @property
    def ingested(self) -> Count:
        """All documents of all sources."""
        return _sum(volume.ingested for volume in self.sources.values())

    def judged_by(self, stage: str) -> list[Volume]:
        """Return the sources that a stage judges."""
        return [volume for volume in self.sources.values() if stage in volume.judged_by]

    def before(self, stage: str) -> Count:
        """Return what reaches a stage, of the sources that it judges."""
        return _sum(volume.before(stage) for volume in self.judged_by(stage))

    def after(self, stage: str) -> Count:
        """Return what a stage leaves, of the sources that it judges."""
        return _sum(volume.after(stage) for volume in self.judged_by(stage))


def _sum(counts: Iterable[Count]) -> Count:
    each = list(counts)
    return Count(sum(count.documents for count in each), sum(count.bytes for count in each))


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
    compared = sum(v.before(NEAR_DEDUP.name).documents for v in drawn.values() if NEAR_DEDUP.name in v.judged_by)
    share = compared / (before.before(NEAR_DEDUP.name).documents or math.inf)
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
    kind, read_as = recipe.sources[name].kind, recipe.sources[name].format_name
    for corpus in measured:
        here = corpus.sources.get(name)
        same = [here] if here is not None and (here.kind, here.format_name) == (kind, read_as) else []
        same += [volume for volume in corpus.sources.values() if (volume.kind, volume.format_name) == (kind, read_as)]
        if same:
            return same[0]
    for corpus in measured:
        for volume in corpus.sources.values():
            if volume.kind == LIKE.get(kind) and volume.format_name == read_as:
                return volume
    raise UserError(f"sources.{name}: nothing of kind '{kind}' was measured; give --sample a run that has some")


def _grown(recipe: Recipe, name: str, inputs: Inputs, measured: Volume) -> Volume:
    options = recipe.sources[name]
    factor = inputs.raw_bytes / measured.inputs.raw_bytes
    sets = verdict_sets(recipe, STAGES)
    funnel = [(INGEST.name, measured.ingested.times(factor))]
    for verdicts in sets:
        before, after = measured.before(verdicts.stage), measured.after(verdicts.stage)
        funnel.append((verdicts.stage, _kept(funnel[-1][1], before, after, applies=name in verdicts.sources)))
    return Volume(
        kind=options.kind,
        format=options.format,
        inputs=inputs,
        shard_bytes=options.shard_bytes,
        judged_by=tuple(verdicts.stage for verdicts in sets if name in verdicts.sources),
        funnel=tuple(funnel),
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
