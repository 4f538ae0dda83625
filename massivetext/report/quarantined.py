"""Input that became no document, by reason."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from massivetext.report.tallies import EXAMPLES, Reason, RejectedInput
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.schema import Rejected
from massivetext.storage import files as fs


def rejects(context: Context, shard: Shard) -> tuple[dict[str, Reason], dict[str, int]]:
    """What a shard rejected, with examples, and how many records it skipped; both by reason, in order."""
    rejected: dict[str, list[RejectedInput]] = {}
    counts: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for line in quarantine_lines(context, shard):
        if line.skipped:
            skipped[line.reason] += 1
            continue
        counts[line.reason] += 1
        kept = rejected.setdefault(line.reason, [])
        kept.append(RejectedInput(line.origin, line.offset, line.detail, line.length, line.url))
        if len(kept) >= 100 * EXAMPLES:  # a broken file may have millions
            rejected[line.reason] = sorted(kept, key=lambda each: each.order)[:EXAMPLES]
    reasons = {
        reason: Reason(counts[reason], tuple(sorted(rejected[reason], key=lambda each: each.order)[:EXAMPLES]))
        for reason in sorted(counts)
    }
    return reasons, dict(sorted(skipped.items()))


def quarantine_lines(context: Context, shard: Shard) -> Iterator[Rejected]:
    """The input of a shard that became no document, in the order in which it was met."""
    with fs.open_read(context.run.shard_file("quarantine", shard, ".jsonl")) as handle:
        for line in handle:
            yield Rejected(**msgspec.json.decode(line))
