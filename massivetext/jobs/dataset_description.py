"""``records/dataset.json``, which describes the record shards, from their commits."""

from collections.abc import Mapping, Sequence

import msgspec

from massivetext import __version__
from massivetext.errors import StageError
from massivetext.jobs.coverage import SourceCoverage
from massivetext.jobs.encode_draws import STAGE, EncodedDraws, encoder
from massivetext.jobs.tokenizer_training import MODEL
from massivetext.recipe import GuardOptions
from massivetext.records.dataset import (
    FILE_NAME,
    CreatedBy,
    DatasetSource,
    RecordShard,
    SpecialIds,
    TokenizerFile,
    describe_dataset,
)
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.sequences import DrawLayout
from massivetext.records.tokens import lay_out_source
from massivetext.runs.context import Context
from massivetext.runs.store import ShardCommit, json_sha256
from massivetext.stages import TOKENIZER
from massivetext.storage import files as fs


def write_dataset(context: Context, encoded: EncodedDraws, coverage: Mapping[str, SourceCoverage], shards: int) -> None:
    """Write records/dataset.json. Raises StageError if a record shard is missing."""
    run, recipe = context.run, context.recipe
    names_of_shards = [RUN_FORMAT.shard_path(shard, shards) for shard in range(shards)]
    commits = list(fs.concurrently(run.folder, lambda name: _commit(context, name), names_of_shards))
    names = sorted(recipe.sources)
    info = encoder(run.path(MODEL), context.stage_keys[TOKENIZER.name]).info
    described = describe_dataset(
        name=recipe.name,
        created_by=CreatedBy(massivetext=__version__, recipe_sha256=recipe_digest(context)),
        sequence_length=recipe.records.sequence_length,
        vocab_size=info.vocabulary_size,
        special_ids=SpecialIds(pad=info.pad_id, unk=info.unk_id, bos=info.bos_id, eos=info.eos_id),
        tokenizer=TokenizerFile(
            path=f"../{MODEL}", sha256=info.sha256, normalizer=info.normalization, byte_fallback=info.byte_fallback
        ),
        seed=recipe.seed,
        weights={name: recipe.sources[name].weight for name in names},
        sources=[
            _describe_source(context, encoded, coverage[name], commits, number, name)
            for number, name in enumerate(names)
        ],
        quotas=None if encoded.follows_weights else encoded.quotas,
        limited_by=encoded.limited_by,
        shards=[
            RecordShard(path=commit.task, records=file.rows or 0, bytes=file.bytes, sha256=file.sha256)
            for commit in commits
            for file in commit.files
        ],
    )
    written = fs.write_bytes(run.path(STAGE, FILE_NAME), described.to_json())
    run.commit_shard(STAGE, context.stage_keys[STAGE], ShardCommit("dataset", (run.committed(written),), {}))


def recipe_digest(context: Context) -> str:
    """Return the SHA-256 of everything in the recipe that decides the output of a run.

    The path of the recipe, the run folder, the order of inputs and the guards do not change it.
    """
    sources = {
        name: msgspec.structs.replace(source, inputs=tuple(sorted(source.inputs)))
        for name, source in context.recipe.sources.items()
    }
    return json_sha256(msgspec.structs.replace(context.recipe, sources=sources, guards=GuardOptions()))


def _commit(context: Context, name: str) -> ShardCommit:
    commit = context.run.shard_commit(STAGE, context.stage_keys[STAGE], name)
    if commit is None:
        raise StageError(f"records: {name} was not written; run again to go on")
    return commit


def _describe_source(
    context: Context,
    encoded: EncodedDraws,
    covered: SourceCoverage,
    commits: Sequence[ShardCommit],
    number: int,
    name: str,
) -> DatasetSource:
    recipe = context.recipe
    sequences, padding = (
        sum(commit.counts.get(f"{count}:{name}", 0) for commit in commits) for count in ("sequences", "padding")
    )
    documents, draws = encoded.kept[name].documents, encoded.draws[name]
    layout = lay_out_source(context.run, recipe, name, documents, draws)
    if isinstance(layout, DrawLayout):
        draws = layout.draws_for(encoded.quotas[name])
    return DatasetSource(
        id=number,
        name=name,
        documents=documents,
        draws=draws,
        epochs=draws / max(documents, 1),
        sequences=sequences,
        tokens=sequences * recipe.records.sequence_length - padding,
        padding=padding,
        mode=recipe.mode_of(name),
        kept_bytes=encoded.kept[name].bytes,
        kept_tokens=covered.kept_tokens,
        covered_bytes=covered.covered_bytes,
        read_bytes=covered.read_bytes,
        most_reads=covered.most_reads,
    )
