"""What the tokenizer is, and how many bytes of each source one of its tokens stands for."""

import msgspec
import numpy as np
import sentencepiece as spm

from massivetext.report.accumulate import KEPT, ShardSummary
from massivetext.report.examples import Place, place
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.storage import files as fs

MODEL = "tokenizer/tokenizer.model"
_CHARACTERS = 20_000  # of a document: a few long ones should not speak for a source


class Tokenizer(msgspec.Struct, frozen=True, kw_only=True):
    """The tokenizer.

    Attributes:
        vocabulary_size: pieces.
        trained: on this run's text; else the recipe names a ready model.
        normalization: what the recipe asks for when it is trained.
        bytes_per_token: UTF-8 bytes of text a token by source, measured on a sample of up to 20 kept documents.
        sampled_bytes: bytes of that sample by source.
    """

    vocabulary_size: int
    trained: bool
    normalization: str
    bytes_per_token: dict[str, float]
    sampled_bytes: dict[str, int]


def tokenizer(context: Context, summary: ShardSummary) -> Tokenizer:
    """The tokenizer of a run, measured on the kept documents that the summary has picked."""
    model = spm.SentencePieceProcessor(model_proto=fs.read_bytes(context.run.path(MODEL)))
    ratios, sizes = {}, {}
    for name, source in sorted(summary.sources.items()):
        picks = [place(context, pick.source, pick.shard, pick.row) for pick in source.samples.get(KEPT, ())]
        texts = _texts(context, picks)
        size = sum(len(text.encode()) for text in texts)
        tokens = sum(len(ids) for ids in model.encode(texts))
        if tokens:
            ratios[name], sizes[name] = size / tokens, size
    return Tokenizer(
        vocabulary_size=model.get_piece_size(),
        trained=context.recipe.tokenizer.model is None,
        normalization=context.recipe.tokenizer.normalization,
        bytes_per_token=ratios,
        sampled_bytes=sizes,
    )


def _texts(context: Context, places: list[Place]) -> list[str]:
    texts = []
    for shard in sorted({where.shard for where in places}):
        rows = np.array(sorted(where.row for where in places if where.shard == shard), np.int64)
        texts += [
            str(found["text"])[:_CHARACTERS] for _, found in documents.read_rows(context.run, shard, ["text"], rows)
        ]
    return texts
