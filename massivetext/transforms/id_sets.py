"""Sets of ids as a side input: sixteen bytes an id, whole on every worker."""

import bisect
from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import mmh3


def id_digest(document_id: str) -> bytes:
    """128-bit hash of an id: 16 bytes."""
    return mmh3.hash_bytes(document_id.encode("utf-8", "surrogatepass"))


def holds(digests: bytes, digest: bytes) -> bool:
    """Whether the sorted digests, one after the other, hold this one."""
    count = len(digests) // 16
    place = bisect.bisect_left(range(count), digest, key=lambda number: digests[16 * number : 16 * number + 16])
    return digests[16 * place : 16 * place + 16] == digest


class PackDigests(beam.PTransform[Any, Any]):
    """Digests, any number of times each -> one element: the distinct ones, sorted, one after the other."""

    def expand(self, digests: beam.PCollection[bytes]) -> beam.PCollection[bytes]:
        """A combine to one key, whose parts are sets."""
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
