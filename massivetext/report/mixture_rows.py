"""The mixture of a run: what each source has, what is in the records, and what another budget would take."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from massivetext.recipe import Recipe
from massivetext.records.crops import expected_crop
from massivetext.records.dataset import Dataset
from massivetext.records.mixture import compute_quotas, describe_limit, largest_total, require_epochs
from massivetext.records.reader import read_dataset
from massivetext.records.sequences import expected_sequences_per_group
from massivetext.records.tokens import lay_out_counts
from massivetext.report.funnel import HeldOut
from massivetext.runs.context import Context
from massivetext.runs.cut_texts import read_final_rows
from massivetext.runs.record_splits import TRAIN, split_names
from massivetext.stages import RECORDS, TOKENIZER
from massivetext.storage import files as fs
from massivetext.tokenizer.model_files import TextEncoder, model_file, normalize_for_model, read_encoder

F64 = npt.NDArray[np.float64]
_SAMPLED, _CHARACTERS = 64, 20_000  # documents by source whose tokens are counted, and characters of each


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureRow:
    """A source in the mixture.

    Attributes:
        source: name of the source.
        weight: its weight in the recipe.
        kept_bytes: UTF-8 bytes of its kept documents, without those that are held out.
        kept_tokens: their tokens.
        tokens_are_estimated: whether ``kept_tokens`` is an estimate: always but for records of whole documents.
        sequences: its sequences in the records.
        tokens: its tokens in the records, without padding.
        padding: padding in the records, in tokens.
        covered: share of the kept bytes that is in the records.
        mean_reads: how often the kept bytes are in the records, on average.
        most_reads: in how many draws the document was used that was used most often; None in a plan.
    """

    source: str
    weight: str
    kept_bytes: int
    kept_tokens: int
    tokens_are_estimated: bool
    sequences: int
    tokens: int
    padding: int
    covered: float
    mean_reads: float
    most_reads: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureRows:
    """The rows of a mixture, the splits of held-out documents, and what decides the number of sequences."""

    rows: tuple[MixtureRow, ...]
    held_out: tuple[HeldOut, ...]
    limited_by: str

    @property
    def covered(self) -> float:
        """Share of the kept text of all sources that is in the records."""
        return sum(row.covered * row.kept_bytes for row in self.rows) / max(sum(row.kept_bytes for row in self.rows), 1)


def read_mixture(context: Context) -> MixtureRows:
    """Return the mixture of complete records.

    Raises:
        StageError: the records are not complete.
    """
    context.run.need(RECORDS.name)
    return _of_dataset(read_dataset(context.run.path(RECORDS.name)))


def _of_dataset(made: Dataset) -> MixtureRows:
    rows = [
        MixtureRow(
            source=source.name,
            weight=str(made.mixture.weights[source.name]),
            kept_bytes=source.kept_bytes,
            kept_tokens=source.kept_tokens,
            tokens_are_estimated=source.mode != "pack",
            sequences=source.sequences,
            tokens=source.tokens,
            padding=source.padding,
            covered=source.covered_frac,
            mean_reads=source.mean_reads,
            most_reads=source.most_reads,
        )
        for source in made.sources
    ]
    return MixtureRows(rows=tuple(rows), held_out=tuple(_held_out(made)), limited_by=made.mixture.limited_by)


def _held_out(made: Dataset) -> Iterator[HeldOut]:
    for name, split in made.held_out.items():
        yield HeldOut(name, split.documents, split.sequences, split.tokens)


def plan_mixture(context: Context, recipe: Recipe) -> MixtureRows:
    """Return what the records would hold by the options of a recipe, estimated before they are written.

    Tokens are estimated from the kept bytes and the bytes per token of a sample. In mode "gopher" a crop takes a random
    part of a document, so the share of the text that is read is the expected one; in mode "pack" documents of the
    estimated lengths are packed, so padding is an estimate too.

    Args:
        context: the run; its tokenizer must be complete.
        recipe: the options to plan for, with the sources of the run.

    Raises:
        StageError: the tokenizer is not complete.
        UserError: a source would be read more often than the recipe allows.
    """
    context.run.need(TOKENIZER.name)
    model = read_encoder(context.run.path(model_file(context.recipe)))
    planned = dataclasses.replace(context, recipe=recipe)
    sources = {source: _measure(planned, model, source) for source in sorted(recipe.sources)}
    available = {source: found.sequences for source, found in sources.items()}
    require_epochs(recipe, {source: found.allowed for source, found in sources.items()})
    quotas = _quotas(recipe, available)
    return MixtureRows(
        rows=tuple(_plan_row(recipe, source, found, quotas[source]) for source, found in sources.items()),
        held_out=tuple(_plan_held_out(planned)),
        limited_by=describe_limit(recipe, available),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeptText:
    """The kept documents of a source, before they are laid out.

    Attributes:
        sizes: UTF-8 bytes of each document.
        crops: mean bytes of a crop of each.
        tokens: tokens of all documents.
        sequences: sequences of all epochs.
        allowed: sequences that ``max_epochs`` allows; None: any number.
        fill: share of a sequence that is not padding.
    """

    sizes: F64
    crops: F64
    tokens: float
    sequences: int
    allowed: int | None
    fill: float


def _measure(context: Context, model: TextEncoder, source: str) -> _KeptText:
    recipe, options, shards = context.recipe, context.recipe.records, context.shards(source)
    sizes = np.concatenate(list(fs.concurrently(context.run.folder, context.sizes_in_split, shards))).astype(np.float64)
    crops = expected_crop(sizes, options.bytes_per_token * options.sequence_length)
    ratio, ends = _bytes_per_token(context, model, source), _tokens_at_ends(model)
    fill, of_epoch = 1.0, 0.0  # sequences of one epoch
    if recipe.mode_of(source) == "pack" and len(sizes):
        counts = np.ceil(sizes / ratio).astype(np.int64) + ends
        of_epoch = lay_out_counts(recipe, source, counts, len(sizes), len(sizes)).sequences
        fill = min(1.0, float(counts.sum()) / (of_epoch * options.sequence_length))
    elif len(sizes):
        of_group = expected_sequences_per_group(
            float(crops.mean() / ratio), options.crops_per_group, options.sequence_length
        )
        of_epoch = of_group * len(sizes) / options.crops_per_group
    most = recipe.max_epochs_of(source)
    return _KeptText(
        sizes=sizes,
        crops=crops,
        tokens=float(sizes.sum()) / ratio,
        sequences=int(of_epoch * recipe.epochs_of(source)),
        allowed=None if most is None else int(of_epoch * most),
        fill=fill,
    )


def _tokens_at_ends(model: TextEncoder) -> int:
    """Return how many tokens a whole document has beside those of its text: BOS and EOS."""
    return sum(special >= 0 for special in (model.info.bos_id, model.info.eos_id))


def _bytes_per_token(context: Context, model: TextEncoder, source: str) -> float:
    texts: list[str] = []
    for shard in context.shards(source):
        rows = np.flatnonzero(context.kept(shard))[: _SAMPLED - len(texts)]
        texts += [str(found["text"])[:_CHARACTERS] for _, found in read_final_rows(context, shard, ["text"], rows)]
        if len(texts) >= _SAMPLED:
            break
    tokens = sum(map(len, model.encode(normalize_for_model(context.recipe, source, texts))))
    return sum(len(text.encode()) for text in texts) / tokens if tokens else 1.0


def _quotas(recipe: Recipe, available: Mapping[str, int]) -> Mapping[str, int]:
    if recipe.records.wanted_sequences:
        return compute_quotas(recipe.weights, recipe.records.wanted_sequences)
    if any(recipe.mode_of(source) == "pack" for source in available):
        return available
    return compute_quotas(recipe.weights, largest_total(recipe.weights, available))


def _plan_row(recipe: Recipe, source: str, found: _KeptText, quota: int) -> MixtureRow:
    places = quota * recipe.records.sequence_length
    tokens = round(places * found.fill)
    reads = tokens / max(found.tokens, 1.0)
    covered, size = min(1.0, reads), float(found.sizes.sum())
    if recipe.mode_of(source) == "gopher" and size:
        draws = reads * size / float(found.crops.sum())  # per document
        whole, part = int(draws), draws - int(draws)
        share = found.crops / np.maximum(found.sizes, 1)  # of a document that a draw takes
        missed = (1 - share) ** whole * (1 - part * share)
        covered = 1 - float((missed * found.sizes).sum()) / size
    return MixtureRow(
        source=source,
        weight=str(recipe.sources[source].weight),
        kept_bytes=int(size),
        kept_tokens=round(found.tokens),
        tokens_are_estimated=True,
        sequences=quota,
        tokens=tokens,
        padding=places - tokens,
        covered=covered,
        mean_reads=reads,
        most_reads=None,
    )


def _plan_held_out(context: Context) -> Iterator[HeldOut]:
    for split in split_names(context.recipe):
        if split != TRAIN:
            of_split = context.for_split(split)
            found = fs.concurrently(context.run.folder, of_split.in_split, of_split.shards_of_split())
            yield HeldOut(split, sum(int(mask.sum()) for mask in found))
