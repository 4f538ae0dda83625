"""How far the values of a signal differ between two runs: exact histograms over the same bins, and their distance."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.corpus.document_columns import measured_signals
from massivetext.report import bins
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.signals.registry import ALL
from massivetext.stages import MEASURE
from massivetext.storage import files as fs

_FRACTION_BITS = 20  # of the values in sums: a mean is exact to a millionth, whatever the order of the documents


class DriftBin(msgspec.Struct, frozen=True):
    """Documents of both runs with values from ``low`` to below ``high``; None: no upper end."""

    low: float
    high: float | None
    before: int
    after: int


class SignalDrift(msgspec.Struct, frozen=True):
    """How the values of a signal differ, over all documents that were read.

    Attributes:
        distance: 0 to 1. Of a number it is the distance of Kolmogorov and Smirnov at the borders of the bins: the
            largest difference between the shares of documents below a value. Of a text it is half the sum of the
            differences between the shares of each value (total variation).
        mean_before: mean value, rounded to a millionth; None for a text.
        mean_after: likewise.
        bins: bins of a number that hold a document, in order.
        values: documents by value of a text, in both runs; the most frequent first.
    """

    distance: float
    mean_before: float | None = None
    mean_after: float | None = None
    bins: tuple[DriftBin, ...] = ()
    values: dict[str, tuple[int, int]] = {}


class DriftFound(msgspec.Struct, frozen=True):
    """Drift of the signals of a source.

    Attributes:
        signals: signals whose values differ, the largest distance first.
        only_before: signals that only the one run has measured.
        only_after: signals that only the other run has measured.
    """

    signals: dict[str, SignalDrift] = {}
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()


def find_drift(before: Context, after: Context, source: str) -> DriftFound:
    """Return the signals of a source whose values differ between two runs that both have it.

    Raises:
        StageError: a file is missing or damaged.
    """
    old, new = measured_signals(before, source), measured_signals(after, source)
    both = [name for name in old if name in new and name in ALL]
    only_before, only_after = (
        tuple(name for name in names if name not in others) for names, others in ((old, new), (new, old))
    )
    if _files(before, source) == _files(after, source):  # the same bytes
        return DriftFound({}, only_before, only_after)
    found: dict[str, SignalDrift] = {}
    sums = [_sum_up(context, source, both) for context in (before, after)]
    for name in both:
        drift = _drift(name, sums[0], sums[1])
        if drift.distance or drift.mean_before != drift.mean_after:
            found[name] = drift
    ordered = sorted(found, key=lambda name: (-found[name].distance, name))
    return DriftFound({name: found[name] for name in ordered}, only_before, only_after)


def _files(context: Context, source: str) -> Counter[str]:
    """Return the SHA-256 of the files of a source's signals."""
    start = f"signals/{source}/"
    return Counter(
        file.sha256 for file in context.run.need(MEASURE.name).files() if file.path.startswith(start) and file.sha256
    )


class _ValueCounts:
    """Counts of the values of every signal, shard after shard."""

    def __init__(self, names: Sequence[str]) -> None:
        self.rows = 0
        self.bins: dict[str, npt.NDArray[np.int64]] = {}
        self.totals: dict[str, int] = {}
        self.values: dict[str, Counter[str]] = {}
        for name in names:
            if ALL[name].high is None:
                self.values[name] = Counter()
            else:
                self.bins[name] = np.zeros(len(bins.edges(ALL[name])) - 1, np.int64)
                self.totals[name] = 0

    def add(self, table: pa.Table) -> None:
        """Count the documents of a shard."""
        self.rows += table.num_rows
        for name in self.bins:
            values = table[name].to_numpy()
            self.bins[name] += bins.count_bins(values, bins.edges(ALL[name]))
            self.totals[name] += _exact_sum(values)
        for name, counter in self.values.items():
            for value in table[name].value_counts().to_pylist():
                counter[str(value["values"])] += value["counts"]


def _exact_sum(values: npt.NDArray[np.generic]) -> int:
    """Return the sum of values in units of 2**-20, each value rounded to them."""
    units = np.rint(values.astype(np.float64) * (1 << _FRACTION_BITS)).astype(np.int64)
    high = units >> 24
    return (int(high.sum()) << 24) + int((units & 0xFFFFFF).sum())


def _sum_up(context: Context, source: str, names: list[str]) -> _ValueCounts:
    def read(shard: Shard) -> pa.Table:
        return context.run.read_table("signals", shard, names)

    sums = _ValueCounts(names)
    for table in fs.concurrently(context.run.folder, read, context.shards(source)):
        sums.add(table)
    return sums


def _drift(name: str, before: _ValueCounts, after: _ValueCounts) -> SignalDrift:
    if name in before.values:
        return _text_drift(before.values[name], after.values[name])
    old, new = before.bins[name], after.bins[name]
    rows = max(before.rows, 1), max(after.rows, 1)
    # Whole numbers are compared, so that equal shares of different numbers of documents have the distance 0.
    gap = np.abs(np.cumsum(old).astype(object) * rows[1] - np.cumsum(new).astype(object) * rows[0]).max()
    borders = bins.edges(ALL[name]).tolist()
    return SignalDrift(
        distance=int(gap) / (rows[0] * rows[1]),
        mean_before=_mean(before.totals[name], rows[0]),
        mean_after=_mean(after.totals[name], rows[1]),
        bins=tuple(
            DriftBin(low, None if high == float("inf") else high, was, now)
            for low, high, was, now in zip(borders[:-1], borders[1:], old.tolist(), new.tolist(), strict=True)
            if was or now
        ),
    )


def _mean(total: int, rows: int) -> float:
    return round(total / (rows << _FRACTION_BITS), 6)


def _text_drift(before: Mapping[str, int], after: Mapping[str, int]) -> SignalDrift:
    rows = max(sum(before.values()), 1), max(sum(after.values()), 1)
    both = {value: (before.get(value, 0), after.get(value, 0)) for value in sorted({*before, *after})}
    gap = sum(abs(was * rows[1] - now * rows[0]) for was, now in both.values())
    ordered = sorted(both, key=lambda value: (-sum(both[value]), value))
    return SignalDrift(gap / (2 * rows[0] * rows[1]), values={value: both[value] for value in ordered})
