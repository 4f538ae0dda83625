"""Input in quarantine, by reason."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from massivetext.report.tallies import EXAMPLES, RejectedInput, RejectReason
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.schema import Rejected
from massivetext.storage import files as fs


def count_rejects(context: Context, shard: Shard) -> tuple[dict[str, RejectReason], dict[str, int]]:
    """Return the rejected input of a shard with examples, and the number of skipped records, both by reason."""
    rejected: dict[str, list[RejectedInput]] = {}
    counts: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for line in read_quarantine(context, shard):
        if line.skipped:
            skipped[line.reason] += 1
            continue
        counts[line.reason] += 1
        kept = rejected.setdefault(line.reason, [])
        kept.append(RejectedInput(line.origin, line.offset, line.detail, line.length, line.url))
        if len(kept) >= 100 * EXAMPLES:  # bounds memory: a broken file may have millions
            rejected[line.reason] = sorted(kept, key=lambda each: each.order)[:EXAMPLES]
    reasons = {
        reason: RejectReason(counts[reason], tuple(sorted(rejected[reason], key=lambda each: each.order)[:EXAMPLES]))
        for reason in sorted(counts)
    }
    return reasons, dict(sorted(skipped.items()))


def read_quarantine(context: Context, shard: Shard) -> Iterator[Rejected]:
    """Yield the quarantined input of a shard, in the order in which it was read."""
    with fs.open_read(context.run.shard_file("quarantine", shard, ".jsonl")) as handle:
        for line in handle:
            yield Rejected(**msgspec.json.decode(line))
