"""Tokens of every draw of every source, and how many sequences of them are used.

In mode "gopher" rounds of draws are encoded until the sequences suffice; in mode "pack" one round encodes each document
once, for all epochs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.errors import UserError
from massivetext.jobs.encode_round import STAGE, EncodeRound, EncodeStage, KeptDocuments, run_encoder
from massivetext.jobs.tokenizer_training import sampled_passages
from massivetext.records.mixture import compute_quotas, describe_limit, largest_total, require_epochs
from massivetext.records.sequences import first_draws, lay_out_draws, next_draws
from massivetext.records.tokens import (
    counts_path,
    lay_out_counts,
    load_counts,
    read_counts,
    tokens_folder,
)
from massivetext.runs.context import Context
from massivetext.runs.record_splits import TRAIN
from massivetext.runs.store import ShardCommit
from massivetext.runs.work_items import WorkItem, scale_costs
from massivetext.storage import files as fs

_ENCODE_COST = 1 / 2e6  # seconds per byte of text
_BYTES_PER_TOKEN = 4.0  # used if there is no sample to measure it on
_MEASURED_PASSAGES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedDraws:
    """The draws of all sources, and how many sequences of them are used.

    Attributes:
        draws: number of draws by source; in mode "pack", those of whole epochs.
        quotas: number of sequences by source.
        rounds: number of encoding rounds by source; each round has its own files.
        kept: kept documents by source.
        follows_weights: whether the quotas follow from the weights, rather than from the epochs of each source.
        limited_by: what decides the number of sequences, in words.
    """

    draws: Mapping[str, int]
    quotas: Mapping[str, int]
    rounds: Mapping[str, int]
    kept: Mapping[str, KeptDocuments]
    follows_weights: bool
    limited_by: str

    @property
    def sequences(self) -> int:
        """Number of sequences of all sources."""
        return sum(self.quotas.values())


def encode_draws(
    engine: Engine, context: Context, items: Sequence[WorkItem], kept: Mapping[str, KeptDocuments]
) -> EncodedDraws:
    """Write tokens/, in as many rounds as the quotas need, and return what was drawn.

    Args:
        engine: what the workers run on.
        context: the run, for the split that is made.
        items: work items of all shards.
        kept: kept documents of the split by source.

    Raises:
        UserError: a source has too little text for a single sequence.
    """
    recipe = context.recipe
    sequences = recipe.records.wanted_sequences
    wanted = compute_quotas(recipe.weights, sequences) if sequences else None
    cropped = _encode_crops(engine, context, items, kept, wanted)
    packed = _encode_documents(engine, context, items, kept, wanted)
    sources = {source: (cropped | packed)[source] for source in kept}
    require_epochs(recipe, {source: found.allowed for source, found in sources.items()})
    available = {source: found.sequences for source, found in sources.items()}
    if wanted is None:
        # Where any source is packed, each is read as often as it is told, and the weights follow from that.
        wanted = available if packed else compute_quotas(recipe.weights, _largest_total(context, available))
    return EncodedDraws(
        draws={source: found.draws for source, found in sources.items()},
        quotas=wanted,
        rounds={source: found.rounds for source, found in sources.items()},
        kept=kept,
        follows_weights=bool(sequences) or not packed,
        limited_by=describe_limit(recipe, available),
    )


class _Encoded(NamedTuple):
    """The draws of a source that are encoded: their number, the sequences that they give, and the rounds they took.

    ``allowed`` is the largest number of sequences that ``max_epochs`` allows; None: any number.
    """

    draws: int
    sequences: int
    rounds: int
    allowed: int | None


def _encode_documents(
    engine: Engine,
    context: Context,
    items: Sequence[WorkItem],
    kept: Mapping[str, KeptDocuments],
    wanted: Mapping[str, int] | None,
) -> dict[str, _Encoded]:
    """Encode every kept document of the packed sources once."""
    packed = {source for source in kept if context.recipe.mode_of(source) == "pack"}
    if not packed:
        return {}
    ranges = {source: (0, kept[source].documents) for source in packed if kept[source].documents}
    _encode(engine, context, items, EncodeRound(0, ranges, kept), ranges)
    return {
        source: _pack_source(context, source, kept[source].documents, wanted[source] if wanted else None)
        for source in sorted(packed)
    }


def _pack_source(context: Context, source: str, documents: int, quota: int | None) -> _Encoded:
    recipe = context.recipe
    if not documents:
        if context.split == TRAIN:
            raise UserError(f"records: source '{source}': no document is left to pack")
        return _Encoded(0, 0, 0, None)
    counts = _write_token_counts(context, source, documents, 1)
    tokens = int(counts.sum())

    def sequences(epochs: int) -> int:
        if recipe.records.cuts_documents:
            return -(-tokens * epochs // recipe.records.sequence_length)
        return epochs * of_epoch

    of_epoch = lay_out_counts(recipe, source, counts, documents, documents).sequences
    if quota is None:
        epochs = recipe.epochs_of(source)
    else:
        epochs = max(1, -(-quota // of_epoch))
        while epochs > 1 and sequences(epochs - 1) >= quota:
            epochs -= 1
    most = recipe.max_epochs_of(source)
    allowed = None if most is None else int(Fraction(most) * sequences(1))
    return _Encoded(epochs * documents, sequences(epochs), 1, allowed)


def _encode_crops(
    engine: Engine,
    context: Context,
    items: Sequence[WorkItem],
    kept: Mapping[str, KeptDocuments],
    wanted: Mapping[str, int] | None,
) -> dict[str, _Encoded]:
    """Encode crops of the sources in mode "gopher", in as many rounds as their quotas need."""
    draws = {
        source: _first_draw_count(context, source, kept[source], wanted[source] if wanted else None)
        for source in kept
        if context.recipe.mode_of(source) == "gopher"
    }
    before, rounds, available = dict.fromkeys(draws, 0), dict.fromkeys(draws, 0), dict.fromkeys(draws, 0)
    todo = set(draws)
    while todo:
        for number in sorted({rounds[source] for source in todo}):
            now = {source for source in todo if rounds[source] == number}
            ranges = {source: (before[source], draws[source]) for source in now}
            _encode(engine, context, items, EncodeRound(number, ranges, kept), now)
        for source in sorted(todo):
            counts = _write_token_counts(context, source, draws[source], rounds[source] + 1)
            layout = lay_out_counts(context.recipe, source, counts, kept[source].documents, draws[source])
            available[source] = layout.sequences
            rounds[source] += 1
            if wanted is None or available[source] >= wanted[source]:
                todo.remove(source)
                continue
            before[source] = draws[source]
            draws[source] = _next_draw_count(context, source, wanted[source], draws[source], available[source])
    return {
        source: _Encoded(
            draws[source], available[source], rounds[source], _allowed_crops(context, source, kept[source].documents)
        )
        for source in draws
    }


def _encode(
    engine: Engine, context: Context, items: Sequence[WorkItem], encoding_round: EncodeRound, sources: Collection[str]
) -> None:
    label = "" if context.split == TRAIN else context.split
    in_round = [item for item in items if item.shard.source in sources]
    stage = EncodeStage(STAGE, encoding_round, label)
    run_shards(engine, context, [stage], scale_costs(in_round, _ENCODE_COST))


def _allowed_crops(context: Context, source: str, documents: int) -> int | None:
    """Return how many sequences the draws give that ``max_epochs`` allows; None without that limit.

    Of draws that are not encoded none counts: then more are allowed than are wanted.
    """
    most, options = context.recipe.max_epochs_of(source), context.recipe.records
    if most is None:
        return None
    counts = load_counts(context.run, source)
    draws = int(Fraction(most) * documents)
    if draws >= len(counts):
        return None
    return lay_out_draws(counts[:draws], options.crops_per_group, options.sequence_length).sequences


def _largest_total(context: Context, available: Mapping[str, int]) -> int:
    weights = context.recipe.weights
    total = largest_total(weights, available)
    if total == 0:
        least = min(available, key=lambda source: available[source] / float(weights[source]))
        raise UserError(
            f"records: source '{least}' gives only {available[least]} sequences of "
            f"{context.recipe.records.sequence_length} tokens, too few for its weight; set records.sequences or "
            'records.epochs, lower sequence_length, or use every document once: records.mode = "pack"'
        )
    return total


def _next_draw_count(context: Context, source: str, wanted: int, draws: int, sequences: int) -> int:
    try:
        return next_draws(wanted, draws, sequences, context.recipe.records.crops_per_group)
    except ValueError as error:
        raise UserError(f"records: source '{source}': {error}") from error


def _first_draw_count(context: Context, source: str, kept: KeptDocuments, quota: int | None) -> int:
    options = context.recipe.records
    if quota is None:
        groups = kept.documents * context.recipe.epochs_of(source) // options.crops_per_group
        return max(groups, 1) * options.crops_per_group  # more than the epochs only for a source of very few documents
    mean = kept.crop_bytes / kept.documents if kept.documents else 0.0
    tokens = mean / _bytes_per_token(context, source)
    return first_draws(quota, tokens, options.crops_per_group, options.sequence_length)


def _bytes_per_token(context: Context, source: str) -> float:
    passages: list[str] = []
    for shard in context.shards(source):
        passages += sampled_passages(context, shard, _MEASURED_PASSAGES - len(passages))
    model = run_encoder(context)
    tokens = sum(map(len, model.encode(passages)))
    return sum(len(passage.encode()) for passage in passages) / tokens if tokens else _BYTES_PER_TOKEN


def _write_token_counts(context: Context, source: str, draws: int, rounds: int) -> npt.NDArray[np.int64]:
    """Write the number of tokens of every draw of a source, and return them."""
    counts = read_counts(context.run, context.shards(source), rounds, draws, context.split)
    written = fs.write_bytes(counts_path(context.run, source, context.split), counts.astype("<u4").tobytes())
    commit = ShardCommit(
        f"{tokens_folder(context.split)}/counts/{source}", (context.run.committed(written, draws),), {}
    )
    context.run.commit_shard(STAGE, context.stage_keys[STAGE], commit)
    return counts
