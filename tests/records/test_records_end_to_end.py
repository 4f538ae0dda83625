"""From documents to records in memory, against an implementation that just concatenates and cuts."""

import itertools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_draws import drawn_documents

from massivetext.records.crops import Ids, add_bos_eos, crop, crop_window, draws_of_documents
from massivetext.records.example import encode_record
from massivetext.records.mixture import compute_quotas, largest_total
from massivetext.records.record_format import SequenceRecord
from massivetext.records.sequences import (
    SequenceOrder,
    assemble_sequence,
    lay_out_draws,
    shard_count,
    shard_sizes,
)

WEIGHTS = {"code": Decimal("0.2"), "web": Decimal("0.8")}
BOS, EOS = 2, 3
SEED = 5


@dataclass(frozen=True, kw_only=True)
class Sizes:
    length: int
    crop_bytes: int
    group: int
    shard_sequences: int
    epochs: int


def tokens_of(document: str, source: str, draw: int, sizes: Sizes) -> Ids:
    data = document.encode()
    text, has_start, has_end = crop(data, *crop_window(len(data), sizes.crop_bytes, SEED, source, draw))
    ids: Ids = np.array([4 + byte for byte in text.encode()], np.uint16)
    return add_bos_eos(ids, has_start, has_end, BOS, EOS)


def plain(corpus: Mapping[str, list[str]], sizes: Sizes) -> list[bytes]:
    """All records in global order: draw after draw, ten lines of concatenating and cutting."""
    rows: dict[str, list[tuple[list[int], list[int]]]] = {source: [] for source in corpus}
    for source, documents in corpus.items():
        draws = len(documents) * sizes.epochs
        hits = drawn_documents(np.arange(draws), len(documents), SEED, source).tolist()
        for first in range(0, draws - draws % sizes.group, sizes.group):
            stream: list[int] = []
            owner: list[int] = []
            for draw in range(first, first + sizes.group):
                tokens = tokens_of(documents[hits[draw]], source, draw, sizes).tolist()
                stream += tokens
                owner += [draw] * len(tokens)
            for at in range(0, len(stream) - sizes.length + 1, sizes.length):
                owners = owner[at : at + sizes.length]
                starts = [i for i in range(sizes.length) if i == 0 or owners[i] != owners[i - 1]]
                rows[source].append((stream[at : at + sizes.length], starts))
    total = largest_total(WEIGHTS, {source: len(found) for source, found in rows.items()})
    wanted = compute_quotas(WEIGHTS, total)
    used = [(i, row) for i, source in enumerate(WEIGHTS) for row in rows[source][: wanted[source]]]
    if not used:
        return []
    slots = SequenceOrder(total, 1, SEED).slots(np.arange(total)).tolist()
    ordered = sorted(
        (slot, source, tokens, starts) for slot, (source, (tokens, starts)) in zip(slots, used, strict=True)
    )
    return [encode_record(SequenceRecord(np.array(t), np.array(s), source, slot)) for slot, source, t, s in ordered]


def sharded(corpus: Mapping[str, list[str]], cuts: Mapping[str, list[int]], sizes: Sizes) -> list[list[bytes]]:
    """The records of each shard, computed document shard by document shard as a pipeline does."""
    drawn: dict[str, dict[int, Ids]] = {source: {} for source in corpus}
    layouts = {}
    for source, documents in corpus.items():
        draws = len(documents) * sizes.epochs
        edges = [0, *cuts[source], len(documents)]
        for low, high in itertools.pairwise(edges):
            indices = np.arange(low, high, dtype=np.int64)
            for row, draw in zip(*draws_of_documents(indices, len(documents), draws, SEED, source), strict=True):
                drawn[source][int(draw)] = tokens_of(documents[low + int(row)], source, int(draw), sizes)
        counts = np.array([len(drawn[source][draw]) for draw in range(draws)], np.int64)
        layouts[source] = lay_out_draws(counts, sizes.group, sizes.length)
    total = largest_total(WEIGHTS, {source: layouts[source].sequences for source in corpus})
    wanted = compute_quotas(WEIGHTS, total)
    if total == 0:
        return []
    shards = shard_count(total, sizes.shard_sequences)
    order = SequenceOrder(total, shards, SEED)
    parts: dict[tuple[int, int], list[tuple[int, npt.NDArray[np.integer]]]] = defaultdict(list)
    origin = {}
    offset = 0
    for number, source in enumerate(WEIGHTS):
        # Any order of arrival will do.
        for draw in sorted(drawn[source], reverse=True):
            tokens = drawn[source][draw]
            for span in layouts[source].spans(draw, len(tokens), wanted[source]):
                shard, index = order.record_positions(np.array([offset + span.sequence]))
                parts[int(shard[0]), int(index[0])].append((span.position, tokens[span.start : span.stop]))
                origin[int(shard[0]), int(index[0])] = number
        offset += wanted[source]
    return [
        [
            encode_record(
                SequenceRecord(
                    *assemble_sequence(parts[shard, index], sizes.length),
                    origin[shard, index],
                    order.slot(shard, index),
                )
            )
            for index in range(size)
        ]
        for shard, size in enumerate(shard_sizes(total, shards))
    ]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_records_equal_the_plain_ones_however_documents_are_divided(data: st.DataObject) -> None:
    texts = st.lists(st.text("añ€ \n", max_size=60), min_size=1, max_size=12)
    corpus = {source: data.draw(texts) for source in WEIGHTS}
    sizes = Sizes(
        length=data.draw(st.integers(2, 12)),
        crop_bytes=data.draw(st.integers(1, 80)),
        group=data.draw(st.integers(1, 4)),
        shard_sequences=data.draw(st.integers(1, 8)),
        epochs=data.draw(st.integers(1, 3)),
    )
    wanted = plain(corpus, sizes)
    for _ in range(2):
        cuts = {s: sorted(data.draw(st.sets(st.integers(0, len(corpus[s])), max_size=4))) for s in corpus}
        shards = sharded(corpus, cuts, sizes)

        # Slot i lies in shard i % shards at index i // shards.
        assert [shards[i % len(shards)][i // len(shards)] for i in range(sum(map(len, shards)))] == wanted


def test_the_example_is_not_empty() -> None:
    # Guards the property above against a world in which every example gives no record.
    corpus = {"web": ["hello world, this is it"] * 30, "code": ["x = 1"] * 30}
    sizes = Sizes(length=8, crop_bytes=40, group=3, shard_sequences=4, epochs=1)

    assert len(plain(corpus, sizes)) > 30
    assert sum(map(len, sharded(corpus, {"web": [10], "code": []}, sizes))) == len(plain(corpus, sizes))
