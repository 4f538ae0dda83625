"""Chooses the near-duplicates that are kept, as a run does: component by component, each on one worker.

A *component* is what near-duplicate pairs and oversized buckets connect, directly or through others. What crosses the
shuffles beside the pairs (:mod:`massivetext.transforms.near_pairs`): 32 bytes per pair above the threshold and per row
of an oversized bucket, all to one worker, which finds the components; and the shingles of each document once more.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypedDict, TypeVar

import apache_beam as beam
import numpy as np

from massivetext.dedup.clusters import connected_components
from massivetext.dedup.keeper import keeper_rank
from massivetext.dedup.near_duplicates import is_near_duplicate
from massivetext.dedup.pair_windows import PairWindows
from massivetext.dedup.representatives import I64, Crowds, choose_representatives
from massivetext.dedup.set_join import similar_pairs
from massivetext.dedup.similarity import similarity
from massivetext.recipe import NearOptions
from massivetext.schema import U64
from massivetext.transforms.id_sets import id_digest
from massivetext.transforms.near_pairs import (
    Sent,
    group_buckets,
    measure_candidates,
    pair_members,
    shingle_candidates,
    split_buckets,
)
from massivetext.transforms.pcollection_rows import DuplicatePair, Rows
from massivetext.transforms.row_preferences import unpack_ranks

Near = tuple[bytes, float]  # digest of another document, and the similarity with it
Kept = tuple[str, float]  # id of the keeper (its own id for a document that stays), and a similarity; 0.0: none


class Member(NamedTuple):
    """A document of a component.

    Attributes:
        digest: digest of its id.
        id: its id.
        shingles: packed shingles.
        near: near-duplicates of larger id, with their similarity.
        buckets: bucket hashes of the oversized buckets that it is in, 8 bytes each.
        ranks: packed ranks by the preferences of the caller.
    """

    digest: bytes
    id: str
    shingles: bytes
    near: tuple[Near, ...]
    buckets: tuple[bytes, ...]
    ranks: bytes


class Parts(TypedDict):
    """A candidate grouped by digest; without a component if nothing resembles it."""

    own: Iterable[Sent]
    component: Iterable[bytes]
    near: Iterable[Near]
    crowds: Iterable[bytes]


# Beam does not accept a TypedDict for the output of CoGroupByKey, but it accepts a type variable.
AnyParts = TypeVar("AnyParts", bound=Parts)


class ChooseKeepers(beam.PTransform[Rows, beam.PCollection[tuple[str, Kept]]]):
    """Rows with ``id`` and ``text`` -> the keeper of each document that has a near-duplicate.

    Args:
        options: what a near-duplicate is.
        seed: seed of the signatures and of the ranks.
        preferences: which copy stays, before the keyed hash decides.
        batch_signatures: number of signatures whose buckets are computed together.
    """

    def __init__(
        self, options: NearOptions, seed: int, preferences: tuple[str, ...] = (), *, batch_signatures: int
    ) -> None:
        super().__init__()
        self._options, self._seed, self._batch = options, seed, batch_signatures
        self._preferences = preferences

    def expand(self, documents: Rows) -> beam.PCollection[tuple[str, Kept]]:
        """Measure the candidate pairs, bring the documents of each component together, and choose."""
        options = self._options
        split = group_buckets(documents, options, self._seed, self._batch) | "SplitBuckets" >> beam.FlatMap(
            split_buckets, options.max_bucket
        ).with_output_types(
            tuple[bytes, bytes], candidates=tuple[bytes, bytes], crowds=tuple[bytes, bytes]
        ).with_outputs("crowds", main="candidates")
        paired = split.candidates | "Members" >> beam.FlatMapTuple(pair_members).with_output_types(bytes)
        crowded = split.crowds | "Crowded" >> beam.Keys().with_output_types(bytes)
        members = (paired, crowded) | "AllMembers" >> beam.Flatten()
        shingled = shingle_candidates(documents, members, options, self._preferences)
        pairs = measure_candidates(split.candidates, shingled, options)
        near = pairs | "Near" >> beam.Map(near_of_first).with_output_types(tuple[bytes, Near])
        links = (
            near | "LinkPairs" >> beam.Map(link_pair).with_output_types(tuple[bytes, bytes]),
            split.crowds | "LinkCrowds" >> beam.Map(link_crowd).with_output_types(tuple[bytes, bytes]),
        )
        component = (
            links
            | "Links" >> beam.Flatten()
            | "GroupLinks" >> beam.GroupByKey()
            | "LabelComponents" >> beam.FlatMap(label_components).with_output_types(tuple[bytes, bytes])
        )
        keepers: beam.PCollection[tuple[str, Kept]] = (
            {"own": shingled, "component": component, "near": near, "crowds": split.crowds}
            | "GroupParts" >> beam.CoGroupByKey()
            | "SendToComponent" >> beam.FlatMap(send_to_component).with_output_types(tuple[bytes, Member])
            | "GroupByComponent" >> beam.GroupByKey()
            | "Choose" >> beam.FlatMap(choose_in_component, options, self._seed).with_output_types(tuple[str, Kept])
        )
        return keepers


def near_of_first(pair: DuplicatePair) -> tuple[bytes, Near]:
    """Return (digest of the first document, digest of the second and similarity) of a pair."""
    return id_digest(pair.a), (id_digest(pair.b), pair.jaccard)


def link_pair(near: tuple[bytes, Near]) -> tuple[bytes, bytes]:
    """Return the digests of both documents of a pair, under one key for all."""
    return b"", near[0] + near[1][0]


def link_crowd(row: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return the digests of a document of an oversized bucket and of the first one there, under one key for all."""
    return b"", row[0] + row[1][8:]


def label_components(group: tuple[bytes, Iterable[bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield (digest of a document, digest of one document of its component), given pairs of digests."""
    ends = np.frombuffer(b"".join(group[1]), "<u8").reshape(-1, 2)
    digests, numbers = np.unique(ends, axis=0, return_inverse=True)
    nodes, labels = connected_components(numbers.reshape(-1, 2).astype(np.uint64))
    for node, label in zip(nodes.tolist(), nodes[labels].tolist(), strict=True):
        yield digests[node].tobytes(), digests[label].tobytes()


def send_to_component(group: tuple[bytes, AnyParts]) -> Iterator[tuple[bytes, Member]]:
    """Yield (component, member) for a document that is in one."""
    digest, parts = group
    for component in parts["component"]:
        ((document_id, shingles, ranks),) = parts["own"]
        buckets = sorted({row[:8] for row in parts["crowds"]})
        yield component, Member(digest, document_id, shingles, tuple(sorted(parts["near"])), tuple(buckets), ranks)


def choose_in_component(
    group: tuple[bytes, Iterable[Member]], options: NearOptions, seed: int
) -> Iterator[tuple[str, Kept]]:
    """Yield (id, keeper and similarity) of each document of a component; of a keeper, the highest with its copies."""
    members = sorted(group[1], key=lambda member: member.id)
    hashes = keeper_rank([member.id for member in members], seed)
    ranks = unpack_ranks([member.ranks for member in members], hashes)
    order = np.lexsort((np.arange(len(members)), *reversed(ranks.T)))
    members = [members[number] for number in order.tolist()]
    places = {member.digest: place for place, member in enumerate(members)}
    found = _Similarities(members, options)
    for place, member in enumerate(members):
        for other, jaccard in member.near:
            found.known[_ordered(place, places[other])] = jaccard
    rows = [
        (int.from_bytes(bucket, "little"), place) for place, member in enumerate(members) for bucket in member.buckets
    ]
    buckets: U64 = np.array([bucket for bucket, _ in rows], np.uint64)
    crowds: list[Crowds] = [(buckets, np.array([place for _, place in rows], np.int64))]
    with PairWindows(len(members), 0) as pairs:
        pairs.add(np.array(sorted(found.known), np.int64).reshape(-1, 2))
        choice = choose_representatives(
            len(members), pairs, lambda: crowds, found.measure, found.join, options.max_bucket
        )
    keepers = choice.keepers
    closest = [0.0] * len(members)
    for place, keeper in enumerate(keepers.tolist()):
        if keeper != place:
            closest[place] = found.known[keeper, place]
            closest[keeper] = max(closest[keeper], closest[place])
    for place, member in enumerate(members):
        yield member.id, (members[keepers[place]].id, closest[place])


def _ordered(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)


class _Similarities:
    """Similarities of documents of a component, by (earlier, later) place; those that are asked for are measured."""

    def __init__(self, members: list[Member], options: NearOptions) -> None:
        self._members, self._options = members, options
        self.known: dict[tuple[int, int], float] = {}

    def measure(self, _round: int, wanted: I64) -> tuple[int, I64]:
        """Measure the pairs that are not known; see ``Measure`` in :mod:`massivetext.dedup.representatives`."""
        new = [(a, b) for a, b in wanted.tolist() if (a, b) not in self.known]
        for a, b in new:
            one, two = (np.frombuffer(self._members[place].shingles, "<u8") for place in (a, b))
            self.known[a, b] = similarity(one, two).jaccard
        above = [pair for pair in new if is_near_duplicate(self.known[pair], self._options)]
        return len(new), np.array(above, np.int64).reshape(-1, 2)

    def join(self, groups: list[I64]) -> tuple[I64, I64]:
        """Find the similar pairs of members of a group; see ``Join`` in :mod:`massivetext.dedup.representatives`."""
        found = []
        for places in groups:
            sets: list[U64] = [np.frombuffer(self._members[place].shingles, "<u8") for place in places.tolist()]
            joined = similar_pairs(np.concatenate(sets), np.cumsum([0, *map(len, sets)]), self._options.threshold)
            found.append((places[joined.pairs], places[joined.uncompared]))
        pairs, uncompared = (np.concatenate(each) for each in zip(*found, strict=True))
        return pairs, uncompared
