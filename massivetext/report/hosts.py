"""Which hosts lose most documents to the rules, exactly, without a count of every host of the web.

Each shard counts its own hosts in a file. A sample of the removed documents, drawn by a hash of their ids, then names
the hosts that are worth adding up over all shards: their counts are exact, and what is in memory is bounded. A host
of one removed document in a hundred is missing with a probability of 0.99 ** 1000, or 4 in 100,000; where the rules
removed no more documents than the sample holds, no host is missing.
"""

from collections.abc import Iterable

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.report import failures
from massivetext.report.tallies import PartTally
from massivetext.runs.context import Context, Mask
from massivetext.runs.store import Shard
from massivetext.stages import JUDGE

U64 = npt.NDArray[np.uint64]

SAMPLE = 1000  # removed documents of a source whose hosts are added up
TOP = 25  # hosts of a source that a report names

# User and port are no part of a host; an address of IPv6 stands in brackets. A name has at most 253 bytes and a final
# dot: what is longer is no host, and would make the samples as large as whoever wrote the page likes.
_HOST = (
    r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#]*@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^/?#:@\[\]\s]{1,254})(?:[/?#:]|$)"
)


class HostPick(msgspec.Struct, frozen=True, order=True):
    """The host of a removed document; the documents with the smallest keys are kept.

    Attributes:
        key: keyed hash of the document's id.
        host: of its URL.
    """

    key: int
    host: str


def hosts_of(urls: pa.ChunkedArray) -> pa.ChunkedArray:
    """The host of each URL in lower case, without a final dot; null where there is no URL, or none with a host."""
    found = pc.struct_field(pc.extract_regex(urls, _HOST), "host")
    bare = pc.utf8_rtrim(pc.utf8_lower(found), ".")
    return pc.if_else(pc.equal(bare, ""), None, bare)


def sample(urls: pa.ChunkedArray, removed: Mask, keys: U64) -> tuple[HostPick, ...]:
    """The removed documents with a host whose keys are smallest, at most :data:`SAMPLE`, in order."""
    rows = np.flatnonzero(removed)
    hosts = hosts_of(urls.take(pa.array(rows))).to_pylist()
    picks = (HostPick(key, host) for key, host in zip(keys[rows].tolist(), hosts, strict=True) if host is not None)
    return tuple(sorted(picks)[:SAMPLE])


def add_samples(a: tuple[HostPick, ...], b: tuple[HostPick, ...]) -> tuple[HostPick, ...]:
    """The smallest of both."""
    return tuple(sorted(a + b)[:SAMPLE])


def count(context: Context, shard: Shard) -> pa.Table:
    """What the rules did to every host of a shard.

    Returns:
        A row a host, in their order: see :func:`massivetext.report.failures.by_part`.

    Raises:
        StageError: a part of the shard is missing or damaged.
    """
    run = context.run
    kept = run.read_table(context.verdicts_of(JUDGE.name), shard, ["kept"])["kept"].to_numpy()
    signals = run.read_table("signals", shard, ["word_count", "byte_count"])
    return failures.by_part(
        hosts_of(run.read_table("documents", shard, ["url"])["url"]),
        kept,
        signals["word_count"].to_numpy(),
        signals["byte_count"].to_numpy(),
    )


def most_removed(counts: Iterable[pa.Table], picks: Iterable[HostPick]) -> dict[str, PartTally]:
    """The hosts of a source that lose most documents to the rules, at most :data:`TOP`, the first one the most.

    Args:
        counts: those of its shards, see :func:`count`; held one at a time, and not read where nothing was picked.
        picks: the sample of the source, which names the hosts that are added up.
    """
    drawn = pa.array(sorted({pick.host for pick in picks}), pa.string())
    found: dict[str, PartTally] = {}
    for table in counts if len(drawn) else ():
        tallies = failures.part_tallies(table.filter(pc.is_in(table["part"], value_set=drawn)))
        found |= {host: found[host] + tally if host in found else tally for host, tally in tallies.items()}
    return dict(sorted(found.items(), key=lambda item: (-item[1].removed, item[0]))[:TOP])
