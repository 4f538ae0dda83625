"""Scale measured amounts of data to another recipe or to another amount of input."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from massivetext.errors import UserError
from massivetext.estimate.volumes import (
    NO_EARLIER,
    EarlierVolume,
    InputVolume,
    RunVolume,
    SourceVolume,
    TextVolume,
    signature_bytes,
)
from massivetext.recipe import KindName, Recipe, RecordsOptions
from massivetext.records.sequences import expected_sequences_per_group
from massivetext.runs.stage import verdict_sets
from massivetext.sources.splits import Split
from massivetext.stages import INGEST, NEAR_DEDUP, STAGES
from massivetext.tokenizer.encoder import id_dtype

# Kinds that can be planned from another kind with similar files and texts, if they were not measured.
_SIMILAR: Mapping[str, KindName] = {"c4": "news"}


def input_volumes(plan: Mapping[str, Sequence[Sequence[Split]]]) -> dict[str, InputVolume]:
    """Return the sizes of the input files of every source, from the splits of its shards."""
    return {
        name: InputVolume.from_splits(split for shard in shards for split in shard) for name, shards in plan.items()
    }


def input_shares(recipe: Recipe) -> dict[str, InputVolume]:
    """Return inputs in proportion to the weights of the recipe, one byte in all, for recipes without input files."""
    return {name: InputVolume(float(source.weight), 0.0, 0.0) for name, source in recipe.sources.items()}


def scale_volumes(
    recipe: Recipe,
    inputs: Mapping[str, InputVolume],
    measured: Sequence[RunVolume],
    raw_bytes: float | None,
    earlier: EarlierVolume = NO_EARLIER,
) -> RunVolume:
    """Return the amounts of data of a run of a recipe, scaled from measured runs.

    All amounts of a source grow with its input: there are more files, not larger ones. Copies are assumed to be as
    frequent as measured, although a larger corpus has more copies of each text. Amounts that the recipe fixes (the
    number of sequences, the training text of the tokenizer) do not grow. A stage that the measured run did not have is
    taken to keep every document.

    Args:
        recipe: the recipe to plan.
        inputs: input files of each source; only their proportions matter if ``raw_bytes`` is given.
        measured: amounts of measured runs; a source is scaled from the first that has a source of the same name and
            kind, or else of the same kind.
        raw_bytes: bytes of input of all sources together; None: the sum of ``inputs``.
        earlier: documents of earlier corpora; they do not grow with the input, and candidate pairs with them are
            assumed not to be more than within the run.

    Raises:
        UserError: no measured run has a source of the kind of some source, or the inputs are empty.
    """
    whole = sum(each.raw_bytes for each in inputs.values())
    if not whole and raw_bytes is not None:
        raise UserError("sources: want input files with something in them, got 0 bytes in all; nothing can be scaled")
    factor = 1.0 if raw_bytes is None else raw_bytes / whole
    grown = {
        name: _grown(recipe, name, _resized(inputs[name], factor), _measured(recipe, name, measured))
        for name in recipe.sources
    }
    drawn, tokens = _scale_draws(recipe, grown)
    before, options = measured[0], recipe.records
    compared = sum(v.before(NEAR_DEDUP.name).documents for v in drawn.values() if NEAR_DEDUP.name in v.judged_by)
    share = compared / (before.before(NEAR_DEDUP.name).documents or math.inf)
    kept = sum(volume.kept.bytes for volume in drawn.values())
    return RunVolume(
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
        earlier_documents=earlier.documents,
        earlier_shards=earlier.shards,
        canaries=0.0
        if isinstance(recipe.canaries, msgspec.UnsetType)
        else len(recipe.sources) * recipe.canaries.most_per_source,
    )


def _resized(inputs: InputVolume, factor: float) -> InputVolume:
    return InputVolume(inputs.raw_bytes * factor, inputs.largest_file, inputs.reread_bytes * factor)


def _measured(recipe: Recipe, name: str, measured: Sequence[RunVolume]) -> SourceVolume:
    kind, read_as = recipe.sources[name].kind, recipe.sources[name].format_name
    for corpus in measured:
        here = corpus.sources.get(name)
        filled = [volume for volume in corpus.sources.values() if volume.inputs.raw_bytes]
        same = [volume for volume in filled if (volume.kind, volume.format_name) == (kind, read_as)]
        same.sort(key=lambda volume: volume is not here)  # the source of the same name first
        if same:
            return same[0]
    for corpus in measured:
        for volume in corpus.sources.values():
            if volume.inputs.raw_bytes and volume.kind == _SIMILAR.get(kind) and volume.format_name == read_as:
                return volume
    raise UserError(
        f"sources.{name}: nothing of kind '{kind}' and format '{read_as}' was measured; give --sample a run that has "
        "some"
    )


def _grown(recipe: Recipe, name: str, inputs: InputVolume, measured: SourceVolume) -> SourceVolume:
    options = recipe.sources[name]
    factor = inputs.raw_bytes / measured.inputs.raw_bytes
    sets = verdict_sets(recipe, STAGES)
    funnel = [(INGEST.name, measured.ingested.scaled_by(factor))]
    counted = dict(measured.funnel)
    for verdicts in sets:
        left = funnel[-1][1]
        if name in verdicts.sources and verdicts.stage in counted:  # one that was not counted is taken to keep all
            left = _scale_kept(left, measured.before(verdicts.stage), measured.after(verdicts.stage))
        funnel.append((verdicts.stage, left))
    return SourceVolume(
        kind=options.kind,
        format=options.format,
        extractor=recipe.ingest.extractor,
        inputs=inputs,
        shard_bytes=options.shard_bytes,
        judged_by=tuple(verdicts.stage for verdicts in sets if name in verdicts.sources),
        funnel=tuple(funnel),
        draws=measured.draws * factor,
        drawn_tokens=measured.drawn_tokens * factor,
    )


def _scale_kept(before: TextVolume, measured_before: TextVolume, measured_after: TextVolume) -> TextVolume:
    """Return what a stage keeps, by the shares of documents and bytes that it kept in the measured run."""
    if not measured_before.documents:
        return before
    return TextVolume(
        before.documents * measured_after.documents / measured_before.documents,
        before.bytes * (measured_after.bytes / measured_before.bytes if measured_before.bytes else 0.0),
    )


def _scale_draws(recipe: Recipe, grown: Mapping[str, SourceVolume]) -> tuple[dict[str, SourceVolume], float]:
    """Return the sources with the draws that the recipe asks for, and the number of tokens in the records."""
    options = recipe.records
    weights = {name: float(weight) for name, weight in recipe.weights.items()}
    crops = {name: volume for name, volume in grown.items() if recipe.mode_of(name) == "gopher"}
    rows = {name: _rows_per_draw(volume.tokens_per_draw, options) for name, volume in crops.items()}
    wanted = options.wanted_sequences
    if wanted is not None:
        draws = {name: 1.1 * wanted * weights[name] / (rows[name] or math.inf) for name in crops}
    else:
        draws = {name: volume.kept.documents * recipe.epochs_of(name) for name, volume in crops.items()}
    drawn = {
        name: msgspec.structs.replace(volume, draws=draws[name], drawn_tokens=draws[name] * volume.tokens_per_draw)
        for name, volume in crops.items()
    }
    window = options.bytes_per_token * options.sequence_length
    for name in grown.keys() - crops.keys():  # whole documents are encoded once, however often they are read
        kept = grown[name].kept
        tokens = kept.bytes * grown[name].tokens_per_byte(window)
        drawn[name] = msgspec.structs.replace(grown[name], draws=kept.documents, drawn_tokens=tokens)
        rows[name] = tokens * recipe.epochs_of(name) / options.sequence_length
        draws[name] = 1
    if wanted is not None:
        sequences = float(wanted)
    elif crops.keys() == grown.keys():
        sequences = min(draws[name] * rows[name] / weights[name] for name in grown)
    else:
        sequences = sum(draws[name] * rows[name] for name in grown)
    return {name: drawn[name] for name in grown}, sequences * options.sequence_length


def _rows_per_draw(tokens: float, options: RecordsOptions) -> float:
    return (
        expected_sequences_per_group(tokens, options.crops_per_group, options.sequence_length) / options.crops_per_group
    )


def parse_size(text: str) -> float:
    """Return the bytes of a size such as ``10TB``, ``64 MiB`` or ``1e12``. Raises UserError if it is not a size."""
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
