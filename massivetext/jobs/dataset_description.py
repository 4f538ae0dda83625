"""``records/dataset.json``, which describes the record shards, from their commits; the metadata of TFDS beside it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from massivetext import __version__
from massivetext.errors import StageError
from massivetext.jobs.coverage import SourceCoverage
from massivetext.jobs.encode_draws import EncodedDraws
from massivetext.jobs.encode_round import STAGE, run_encoder
from massivetext.recipe import GuardOptions
from massivetext.records.dataset import (
    FILE_NAME,
    CreatedBy,
    DatasetSource,
    DatasetSplit,
    RecordShard,
    SpecialIds,
    SplitSource,
    TokenizerFile,
    describe_dataset,
)
from massivetext.records.exports.tfds_metadata import tfds_metadata
from massivetext.runs.context import Context
from massivetext.runs.store import ShardCommit, json_sha256
from massivetext.storage import files as fs
from massivetext.tokenizer.model_files import model_file


class WrittenSplit(NamedTuple):
    """A split whose record shards are written: its name, what was drawn, and the names of its record shards."""

    name: str
    encoded: EncodedDraws
    shards: list[str]


def write_dataset(context: Context, splits: Sequence[WrittenSplit], coverage: Mapping[str, SourceCoverage]) -> None:
    """Write records/dataset.json and the metadata of TFDS.

    Args:
        context: the run.
        splits: the splits; the first is "train".
        coverage: what "train" holds of each source.

    Raises:
        StageError: a record shard is missing.
    """
    run, recipe = context.run, context.recipe
    encoded = splits[0].encoded
    commits, *held_out = (
        list(fs.concurrently(run.folder, lambda name: _commit(context, name), split.shards)) for split in splits
    )
    names = sorted(recipe.sources)
    info = run_encoder(context).info
    described = describe_dataset(
        name=recipe.name,
        created_by=CreatedBy(massivetext=__version__, recipe_sha256=recipe_digest(context)),
        sequence_length=recipe.records.sequence_length,
        vocab_size=info.vocabulary_size,
        special_ids=SpecialIds(
            pad=info.pad_id, unk=info.unk_id, bos=info.bos_id, eos=info.eos_id, pad_origin=info.pad_origin
        ),
        tokenizer=TokenizerFile(
            path=f"../{model_file(recipe)}",
            type=info.type,
            sha256=info.sha256,
            normalizer=info.normalization,
            byte_fallback=info.byte_fallback,
            normalizer_by_source={name: recipe.normalization_of(name) for name in names}
            if recipe.normalizes_by_source
            else msgspec.UNSET,
        ),
        seed=recipe.seed,
        weights={name: recipe.sources[name].weight for name in names},
        sources=[
            _describe_source(context, encoded, coverage[name], commits, number, name)
            for number, name in enumerate(names)
        ],
        quotas=None if encoded.follows_weights else encoded.quotas,
        limited_by=encoded.limited_by,
        shards=_record_shards(commits),
        held_out={
            split.name: _describe_split(context, split, commits_of_split)
            for split, commits_of_split in zip(splits[1:], held_out, strict=True)
        },
        has_doc_ids=recipe.records.doc_ids == "record",
    )
    written = fs.write_bytes(run.path(STAGE, FILE_NAME), described.to_json())
    beside = [fs.write_bytes(run.path(STAGE, name), data) for name, data in tfds_metadata(described).items()]
    files = tuple(run.committed(file) for file in (written, *beside))
    drawn = {f"drawn_bytes:{name}": coverage[name].drawn_bytes for name in names}  # for estimates of other runs
    run.commit_shard(STAGE, context.stage_keys[STAGE], ShardCommit("dataset", files, drawn))


def _record_shards(commits: Sequence[ShardCommit]) -> list[RecordShard]:
    """Return the record shards; the first file of a commit is the shard, another one says which documents it holds."""
    files = [(commit.task, commit.files[0]) for commit in commits]
    return [
        RecordShard(path=name, records=file.rows or 0, bytes=file.bytes, sha256=file.sha256) for name, file in files
    ]


def _describe_split(context: Context, split: WrittenSplit, commits: Sequence[ShardCommit]) -> DatasetSplit:
    shards, names = _record_shards(commits), sorted(context.recipe.sources)
    sequences = sum(shard.records for shard in shards)
    padding = sum(commit.counts[f"padding:{name}"] for commit in commits for name in names)
    return DatasetSplit(
        sequences=sequences,
        tokens=sequences * context.recipe.records.sequence_length - padding,
        padding=padding,
        shards=shards,
        sources={
            name: SplitSource(
                documents=split.encoded.kept[name].documents,
                sequences=sum(commit.counts[f"sequences:{name}"] for commit in commits),
            )
            for name in names
        },
    )


def recipe_digest(context: Context) -> str:
    """Return the SHA-256 of everything in the recipe that decides the output of a run.

    The path of the recipe, the run folder, the order of inputs, the guards and canaries do not change it.
    """
    sources = {
        name: msgspec.structs.replace(source, inputs=tuple(sorted(source.inputs)))
        for name, source in context.recipe.sources.items()
    }
    return json_sha256(
        msgspec.structs.replace(context.recipe, sources=sources, guards=GuardOptions(), canaries=msgspec.UNSET)
    )


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
    documents = encoded.kept[name].documents
    return DatasetSource(
        id=number,
        name=name,
        documents=documents,
        draws=covered.draws,
        epochs=covered.draws / max(documents, 1),
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
