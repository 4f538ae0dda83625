"""The fate of every document of a shard: which stage removed it, and which rules it fails."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.errors import StageError, UserError
from massivetext.report.completed import completed_stages
from massivetext.rules import Rule
from massivetext.runs.context import Context
from massivetext.runs.stage import VerdictSet
from massivetext.runs.store import Shard
from massivetext.stages import JUDGE
from massivetext.toml_tables import suggestion

KEPT = -1  # code of a document that no stage removed


def deciding_stages(context: Context, after: str | None, *, argument: str = "after") -> tuple[VerdictSet, ...]:
    """Return the verdicts that decide what is kept, in the order of the stages.

    Args:
        context: a run whose rules have judged.
        after: the last stage that counts; None: every stage of the run that removes documents.
        argument: what the user calls it.

    Raises:
        UserError: no stage of this name removes documents.
        StageError: one of the stages is not complete.
    """
    names = [each.stage for each in context.verdicts]
    if after is not None and after not in names:
        raise UserError(
            f"{argument}: want a stage that removes documents, one of {', '.join(names)}, got {after!r}"
            f"{suggestion(after, names)}"
        )
    wanted = context.verdicts if after is None else context.verdicts[: names.index(after) + 1]
    done = completed_stages(context)
    missing = next((each.stage for each in wanted if each.stage not in done), None)
    if missing is not None:
        last = [name for name in names if name in done][-1]
        raise StageError(
            f"{context.run.folder}: stage '{missing}' is not complete, so it is not known what the run keeps; run "
            f"`massivetext run` again to go on, or ask for what is left after stage '{last}'"
        )
    return wanted


def removal_codes(context: Context, shard: Shard, deciding: Sequence[VerdictSet]) -> npt.NDArray[np.int8]:
    """Return, for each document of a shard, the index in ``deciding`` of the stage that removed it, or ``KEPT``.

    Raises:
        StageError: verdicts are missing or damaged, or two stages have verdicts on different numbers of documents.
    """
    codes: npt.NDArray[np.int8] | None = None
    for index, verdicts in enumerate(deciding):
        if shard.source not in verdicts.sources:
            continue
        kept = context.run.read_table(verdicts.data_set, shard, ["kept"])["kept"].to_numpy()
        if codes is None:
            codes = np.full(len(kept), KEPT, np.int8)
        if len(kept) != len(codes):
            raise StageError(
                f"{context.run.shard_file(verdicts.data_set, shard)}: want one verdict per document, {len(codes)}, "
                f"got {len(kept)}; run `massivetext verify` on the run"
            )
        codes[(codes == KEPT) & ~kept] = index
    if codes is None:
        raise AssertionError(f"no stage has verdicts on source '{shard.source}'")
    return codes


def removing_stages(codes: npt.NDArray[np.int8], deciding: Sequence[VerdictSet]) -> pa.Array:
    """Return the names of the stages that removed documents, null for those that are kept, from their codes."""
    return pa.array([each.stage for each in deciding], pa.string()).take(pa.array(codes, mask=codes == KEPT))


def stored_failures(context: Context, shard: Shard) -> npt.NDArray[np.uint64]:
    """Return the rules that each document of a shard fails as the run has stored them: bit i for rule i."""
    table = context.run.read_table(context.verdicts_of(JUDGE.name), shard, ["failed"])
    failed: npt.NDArray[np.uint64] = table["failed"].to_numpy()
    return failed


def rule_names(failed: npt.NDArray[np.uint64], rules: Sequence[Rule]) -> pa.Array:
    """Return the names of the rules that documents fail, in the order of the rules; list<string>[documents]."""
    bits = np.uint64(1) << np.arange(len(rules), dtype=np.uint64)
    rows, numbers = np.nonzero(failed[:, None] & bits)
    ends = np.searchsorted(rows, np.arange(len(failed) + 1)).astype(np.int32)
    names = pa.array([rule.label for rule in rules], pa.string()).take(pa.array(numbers))
    return pa.ListArray.from_arrays(pa.array(ends), names)
