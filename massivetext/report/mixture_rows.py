"""The mixture of a run: what each source has, what is in the records, and what another budget would take."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from massivetext.recipe import Recipe
from massivetext.records.crops import expected_crop
from massivetext.records.dataset import Dataset
from massivetext.records.mixture import compute_quotas, describe_limit, largest_total
from massivetext.records.reader import read_dataset
from massivetext.records.sequences import expected_sequences_per_group
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.stages import RECORDS, TOKENIZER
from massivetext.storage import files as fs
from massivetext.tokenizer.model_files import TextEncoder, model_file, read_encoder

F64 = npt.NDArray[np.float64]
_SAMPLED, _CHARACTERS = 64, 20_000  # documents by source whose tokens are counted, and characters of each


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureRow:
    """A source in the mixture.

    Attributes:
        source: name of the source.
        weight: its weight in the recipe.
        kept_bytes: UTF-8 bytes of its kept documents.
        kept_tokens: their tokens; an estimate unless the records hold every document whole.
        sequences: its sequences in the records.
        tokens: its tokens in the records, without padding.
        padding: padding in the records, in tokens; 0 in a plan.
        covered: share of the kept bytes that is in the records.
        mean_reads: how often the kept bytes are in the records, on average.
        most_reads: in how many draws the document was used that was used most often; None in a plan.
    """

    source: str
    weight: str
    kept_bytes: int
    kept_tokens: int
    sequences: int
    tokens: int
    padding: int
    covered: float
    mean_reads: float
    most_reads: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureRows:
    """The rows of a mixture, and what decides its number of sequences."""

    rows: tuple[MixtureRow, ...]
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
            sequences=source.sequences,
            tokens=source.tokens,
            padding=source.padding,
            covered=source.covered_frac,
            mean_reads=source.mean_reads,
            most_reads=source.most_reads,
        )
        for source in made.sources
    ]
    return MixtureRows(rows=tuple(rows), limited_by=made.mixture.limited_by)


def plan_mixture(context: Context, recipe: Recipe) -> MixtureRows:
    """Return what the records would hold by the options of a recipe, estimated before they are written.

    Tokens are estimated from the kept bytes and the bytes per token of a sample. In mode "gopher" a crop takes a random
    part of a document, so the share of the text that is read is the expected one.

    Args:
        context: the run; its tokenizer must be complete.
        recipe: the options to plan for, with the sources of the run.

    Raises:
        StageError: the tokenizer is not complete.
    """
    context.run.need(TOKENIZER.name)
    model = read_encoder(context.run.path(model_file(context.recipe)))
    sources = {source: _measure(context, recipe, model, source) for source in sorted(recipe.sources)}
    available = {source: found.sequences for source, found in sources.items()}
    quotas = _quotas(recipe, available)
    return MixtureRows(
        rows=tuple(_plan_row(recipe, source, found, quotas[source]) for source, found in sources.items()),
        limited_by=describe_limit(recipe, available),
    )


@dataclass(frozen=True, slots=True)
class _KeptText:
    """The kept documents of a source: their sizes, the mean crop of each, and the sequences of all epochs."""

    sizes: F64
    crops: F64
    bytes_per_token: float
    sequences: int

    @property
    def bytes(self) -> int:
        return int(self.sizes.sum())

    @property
    def tokens(self) -> float:
        return self.bytes / self.bytes_per_token


def _measure(context: Context, recipe: Recipe, model: TextEncoder, source: str) -> _KeptText:
    options, shards = recipe.records, context.shards(source)
    sizes = np.concatenate(list(fs.concurrently(context.run.folder, context.sizes_in_split, shards))).astype(np.float64)
    window = options.bytes_per_token * options.sequence_length
    crops = expected_crop(sizes, window)
    ratio = _bytes_per_token(context, model, source)
    if recipe.mode_of(source) == "pack":
        sequences = -(-sizes.sum() / ratio // options.sequence_length)
    else:
        tokens_per_draw = float(crops.mean() / ratio) if len(sizes) else 0.0
        of_group = expected_sequences_per_group(tokens_per_draw, options.crops_per_group, options.sequence_length)
        sequences = of_group * len(sizes) / options.crops_per_group
    return _KeptText(sizes, crops, ratio, int(sequences * recipe.epochs_of(source)))


def _bytes_per_token(context: Context, model: TextEncoder, source: str) -> float:
    texts: list[str] = []
    for shard in context.shards(source):
        rows = np.flatnonzero(context.kept(shard))[: _SAMPLED - len(texts)]
        texts += [
            str(found["text"])[:_CHARACTERS] for _, found in documents.read_rows(context.run, shard, ["text"], rows)
        ]
        if len(texts) >= _SAMPLED:
            break
    tokens = sum(map(len, model.encode(texts)))
    return sum(len(text.encode()) for text in texts) / tokens if tokens else 1.0


def _quotas(recipe: Recipe, available: Mapping[str, int]) -> Mapping[str, int]:
    if recipe.records.wanted_sequences:
        return compute_quotas(recipe.weights, recipe.records.wanted_sequences)
    if any(recipe.mode_of(source) == "pack" for source in available):
        return available
    return compute_quotas(recipe.weights, largest_total(recipe.weights, available))


def _plan_row(recipe: Recipe, source: str, found: _KeptText, quota: int) -> MixtureRow:
    tokens = quota * recipe.records.sequence_length
    reads = tokens / max(found.tokens, 1.0)
    covered = min(1.0, reads)
    if recipe.mode_of(source) == "gopher" and found.bytes:
        draws = reads * found.bytes / float(found.crops.sum())  # per document
        whole, part = int(draws), draws - int(draws)
        share = found.crops / np.maximum(found.sizes, 1)  # of a document that a draw takes
        missed = (1 - share) ** whole * (1 - part * share)
        covered = 1 - float((missed * found.sizes).sum()) / found.bytes
    return MixtureRow(
        source=source,
        weight=str(recipe.sources[source].weight),
        kept_bytes=found.bytes,
        kept_tokens=round(found.tokens),
        sequences=quota,
        tokens=tokens,
        padding=0,
        covered=covered,
        mean_reads=reads,
        most_reads=None,
    )
