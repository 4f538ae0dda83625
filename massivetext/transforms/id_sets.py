"""Sets of document ids as a side input: 16 bytes per id, the whole set on every worker."""

import bisect
from collections.abc import Iterable

import apache_beam as beam
import mmh3


def id_digest(document_id: str) -> bytes:
    """Return the 128-bit hash of an id, 16 bytes."""
    return mmh3.hash_bytes(document_id.encode("utf-8", "surrogatepass"))


def contains_digest(digests: bytes, digest: bytes) -> bool:
    """Return whether packed digests (sorted, 16 bytes each) contain this one."""
    count = len(digests) // 16
    position = bisect.bisect_left(range(count), digest, key=lambda number: digests[16 * number : 16 * number + 16])
    return digests[16 * position : 16 * position + 16] == digest


class PackDigests(beam.PTransform[beam.PCollection[bytes], beam.PCollection[bytes]]):
    """Digests, each any number of times -> one element: the distinct digests, sorted and joined."""

    def expand(self, digests: beam.PCollection[bytes]) -> beam.PCollection[bytes]:
        """Combine all digests under one key; the accumulators are sets."""
        packed: beam.PCollection[bytes] = digests | "Union" >> beam.CombineGlobally(_Union())
        return packed


class _Union(beam.CombineFn):
    def create_accumulator(self) -> set[bytes]:
        return set()

    def add_input(self, accumulator: set[bytes], digest: bytes) -> set[bytes]:
        accumulator.add(digest)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[set[bytes]]) -> set[bytes]:
        return set().union(*accumulators)

    def extract_output(self, accumulator: set[bytes]) -> bytes:
        return b"".join(sorted(accumulator))
