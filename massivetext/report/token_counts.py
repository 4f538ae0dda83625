"""The tokenizer of a run, and the bytes of text per token of each source."""

import itertools

import msgspec
import numpy as np

from massivetext.report.accumulate import KEPT, ShardSummary
from massivetext.report.examples import DocumentLocation, locate_row
from massivetext.runs.context import Context
from massivetext.runs.cut_texts import read_final_rows
from massivetext.runs.store import Shard
from massivetext.storage import files as fs
from massivetext.tokenizer.model_files import model_file, read_encoder

_CHARACTERS = 20_000  # per document, so that a few long documents do not dominate the mean of a source


class TokenizerReport(msgspec.Struct, frozen=True, kw_only=True):
    """The tokenizer of a run.

    Attributes:
        vocabulary_size: number of pieces.
        trained: True if it was trained on the text of this run; False if the recipe names a ready model.
        normalization: normalization in the recipe, used in training.
        bytes_per_token: UTF-8 bytes of text per token, by source, measured on a sample of up to 20 kept documents.
        sampled_bytes: UTF-8 bytes of that sample, by source.
    """

    vocabulary_size: int
    trained: bool
    normalization: str
    bytes_per_token: dict[str, float]
    sampled_bytes: dict[str, int]


def describe_tokenizer(context: Context, summary: ShardSummary) -> TokenizerReport:
    """Return the tokenizer of a run, measured on the kept documents in the samples of the summary."""
    model = read_encoder(context.run.path(model_file(context.recipe)))
    ratios, sizes = {}, {}
    for name, source in sorted(summary.sources.items()):
        picks = [locate_row(context, pick.source, pick.shard, pick.row) for pick in source.samples.get(KEPT, ())]
        texts = _texts(context, picks)
        size = sum(len(text.encode()) for text in texts)
        tokens = sum(len(ids) for ids in model.encode(texts))
        if tokens:
            ratios[name], sizes[name] = size / tokens, size
    return TokenizerReport(
        vocabulary_size=model.info.vocabulary_size,
        trained=context.recipe.tokenizer.model is None,
        normalization=context.recipe.tokenizer.normalization,
        bytes_per_token=ratios,
        sampled_bytes=sizes,
    )


def _texts(context: Context, locations: list[DocumentLocation]) -> list[str]:
    def read(shard: Shard) -> list[str]:
        rows = np.array(sorted(location.row for location in locations if location.shard == shard), np.int64)
        found = read_final_rows(context, shard, ["text"], rows)
        return [str(document["text"])[:_CHARACTERS] for _, document in found]

    shards = sorted({location.shard for location in locations})
    return list(itertools.chain.from_iterable(fs.concurrently(context.run.folder, read, shards)))
