"""``records/dataset.json``, which describes the record shards, from their commits; the metadata of TFDS beside it."""

import msgspec
import numpy as np

from massivetext import __version__
from massivetext.errors import StageError
from massivetext.jobs.encode_draws import STAGE, EncodedDraws, encoder
from massivetext.jobs.tokenizer_training import MODEL
from massivetext.recipe import GuardOptions
from massivetext.records.dataset import FILE_NAME, CreatedBy, RecordShard, SpecialIds, TokenizerFile, describe_dataset
from massivetext.records.exports.tfds_metadata import tfds_metadata
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.sequences import lay_out_draws
from massivetext.records.tokens import load_counts
from massivetext.runs.context import Context
from massivetext.runs.store import ShardCommit, json_sha256
from massivetext.stages import TOKENIZER
from massivetext.storage import files as fs


def write_dataset(context: Context, encoded: EncodedDraws, shards: int) -> None:
    """Write records/dataset.json and the metadata of TFDS. Raises StageError if a record shard is missing."""
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
        documents={name: encoded.kept[name].documents for name in names},
        draws={name: _used_draws(context, name, encoded.quotas[name]) for name in names},
        realised={name: sum(commit.counts[f"sequences:{name}"] for commit in commits) for name in names},
        shards=[
            RecordShard(path=commit.task, records=file.rows or 0, bytes=file.bytes, sha256=file.sha256)
            for commit in commits
            for file in commit.files
        ],
    )
    written = fs.write_bytes(run.path(STAGE, FILE_NAME), described.to_json())
    beside = [fs.write_bytes(run.path(STAGE, name), data) for name, data in tfds_metadata(described).items()]
    files = tuple(run.committed(file) for file in (written, *beside))
    run.commit_shard(STAGE, context.stage_keys[STAGE], ShardCommit("dataset", files, {}))


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


def _used_draws(context: Context, source: str, quota: int) -> int:
    options = context.recipe.records
    draw_layout = lay_out_draws(load_counts(context.run, source), options.crops_per_group, options.sequence_length)
    groups = int(np.searchsorted(draw_layout.first_sequences + draw_layout.group_sequences, quota)) + 1 if quota else 0
    return min(groups, len(draw_layout.first_sequences)) * options.crops_per_group
