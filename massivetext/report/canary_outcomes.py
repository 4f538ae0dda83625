"""What the stages of a run did to its canaries, and what they had to do."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.canaries.altered_texts import jaccard_of
from massivetext.canaries.scores import CanaryReport, Outcome, score
from massivetext.report.completed import completed_stages
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.stage import VerdictSet
from massivetext.runs.store import Shard
from massivetext.schema import U64, is_earlier, row_numbers, shard_numbers
from massivetext.stages import CANARIES, DECONTAMINATE, EXACT_DEDUP, JUDGE, NEAR_DEDUP

Mask = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]
_SHOWN_CHARACTERS = 400
_REMOVED_BY_RULES = ("unsafe", "boilerplate")


class TracedCanary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run knows of one canary.

    Attributes:
        id: its document id.
        source: the source whose documents it passes for.
        kind: what it is, such as "near" or "item".
        variant: similarity, step of a chain, or form of an item; empty: there is one.
        base_id: id of the document that it was made from.
        jaccard: similarity with that document; None: it is no copy of it.
        test_set: test set of the item that it holds; None: it holds none.
        item: id of that item.
        removed_by: the first stage that removed it or cut the item out; None: none so far.
        text: its first characters.
    """

    id: str
    source: str
    kind: str
    variant: str
    base_id: str
    jaccard: float | None
    test_set: str | None
    item: str | None
    removed_by: str | None
    text: str


def summarise_canaries(context: Context) -> CanaryReport | None:
    """Return the scores of the canaries of a run, up to the last complete stage; None if it has none.

    Raises:
        StageError: a file of the run is missing or damaged.
    """
    done = completed_stages(context)
    if CANARIES.name not in done:
        return None
    of_canaries = context.for_canaries()
    planted: dict[str, int] = {}
    outcomes: list[Outcome] = []
    for shard in context.canary_shards():
        truth = of_canaries.run.read_table("truth", shard)
        planted[shard.source] = truth.num_rows
        outcomes += _outcomes(context, shard, truth, done)
    order = {each.stage: place for place, each in enumerate(context.verdicts)}
    outcomes.sort(key=lambda outcome: (order[outcome.stage], outcome.kind, outcome.variant, outcome.source))
    return score(outcomes, planted)


def find_canary(context: Context, document: str) -> TracedCanary | None:
    """Return the canary with an id; None if there is none.

    Raises:
        StageError: a file of the run is missing or damaged.
    """
    done, of_canaries = completed_stages(context), context.for_canaries()
    for shard in context.canary_shards() if CANARIES.name in done else ():
        table = of_canaries.run.read_table("documents", shard, ["id", "text"])
        row = pc.index(table["id"], document).as_py()
        if row < 0:
            continue
        truth = of_canaries.run.read_table("truth", shard).slice(row, 1).to_pylist()[0]
        judging = (each for each in of_canaries.verdicts if each.stage in done and shard.source in each.sources)
        removed = (each.stage for each in judging if not _kept_canaries(of_canaries, each, shard)[row])
        facts = {name: truth[name] for name in ("kind", "variant", "base_id", "jaccard", "test_set", "item")}
        text = table["text"][row].as_py()[:_SHOWN_CHARACTERS]
        return TracedCanary(id=document, source=shard.source, removed_by=next(removed, None), text=text, **facts)
    return None


def _kept_canaries(of_canaries: Context, verdicts: VerdictSet, shard: Shard) -> Mask:
    """Return which canaries of a source a stage leaves as they are; bool[canaries]."""
    kept: Mask = of_canaries.run.read_table(verdicts.data_set, shard, ["kept"])["kept"].to_numpy()
    if verdicts.stage == DECONTAMINATE.name and of_canaries.has_cut_texts(shard):
        kept = kept.copy()
        kept[of_canaries.read_cuts(shard, ["row"])["row"].to_numpy()] = False  # the item is gone
    return kept


def _outcomes(context: Context, shard: Shard, truth: pa.Table, done: Sequence[str]) -> Iterator[Outcome]:
    """Yield what every stage did to the canaries of a source that reached it."""
    of_canaries = context.for_canaries()
    kinds, variants = truth["kind"].to_pylist(), truth["variant"].to_pylist()
    bases = truth["base"].to_numpy()
    alive = np.ones(truth.num_rows, np.bool_)
    for verdicts in of_canaries.verdicts:
        if verdicts.stage not in done or shard.source not in verdicts.sources:
            continue
        kept = _kept_canaries(of_canaries, verdicts, shard)
        wanted = _WANTED[verdicts.stage](context, shard, truth, ~kept, bases) if verdicts.stage in _WANTED else {}
        for row in np.flatnonzero(alive).tolist():
            removed = not kept[row]
            yield Outcome(verdicts.stage, shard.source, kinds[row], variants[row], wanted.get(row), removed)
        alive &= kept


# -- what a stage must do ----------------------------------------------------------------------------------------------
# Each function returns, by row, whether the stage must remove a canary; rows of which that is not known are left out.

Wanted = Mapping[int, bool]


def _by_rules(_c: Context, _s: Shard, truth: pa.Table, _removed: Mask, _bases: U64) -> Wanted:
    """Pages made for the rules go, and equal copies of documents that the rules keep stay."""
    kinds = truth["kind"].to_pylist()
    return {
        row: kind in _REMOVED_BY_RULES for row, kind in enumerate(kinds) if kind in _REMOVED_BY_RULES or kind == "exact"
    }


def _by_exact(context: Context, _s: Shard, truth: pa.Table, _removed: Mask, bases: U64) -> Wanted:
    """Equal copies go if their document has come so far, all others stay."""
    present = _kept(context, bases, before=EXACT_DEDUP.name)
    kinds = truth["kind"].to_pylist()
    return {row: kind == "exact" for row, kind in enumerate(kinds) if kind != "exact" or present[row]}


def _by_near(context: Context, shard: Shard, truth: pa.Table, removed: Mask, bases: U64) -> Wanted:
    """Copies above the threshold go if their document is kept, all others stay, if they resemble nothing else."""
    kept = _kept(context, bases, through=NEAR_DEDUP.name)
    copies = truth["is_near_copy"].to_pylist()
    found = {row: bool(is_copy) for row, is_copy in enumerate(copies) if not is_copy or kept[row]}
    for row in [row for row, must_go in found.items() if removed[row] and not must_go]:
        if _resembles_its_keeper(context, shard, row):
            del found[row]
    return found


def _resembles_its_keeper(context: Context, shard: Shard, row: int) -> bool:
    """Return whether a canary that was removed as a near duplicate is one of the document that it was removed for."""
    of_canaries, near = context.for_canaries(), context.recipe.near
    verdicts = of_canaries.run.read_table(of_canaries.verdicts_of(NEAR_DEDUP.name), shard, ["cluster", "similarity"])
    keeper = np.array([verdicts["cluster"][row].as_py()], np.uint64)
    if near.is_transitive or is_earlier(keeper)[0]:
        return bool(verdicts["similarity"][row].as_py() > near.threshold)
    other, place = context.locate(int(shard_numbers(keeper)[0]))
    texts = [
        str(next(documents.read_rows(mine.run, where, ["text"], at))[1]["text"])
        for mine, where, at in ((of_canaries, shard, np.array([row])), (other, place, row_numbers(keeper)))
    ]
    return jaccard_of(texts[0], texts[1], near) > near.threshold


def _by_tests(context: Context, _s: Shard, truth: pa.Table, _removed: Mask, bases: U64) -> Wanted:
    """Test items go, and all others stay, unless their own document overlaps a test item."""
    clean = _kept(context, bases, through=DECONTAMINATE.name) & ~_overlapping(context, bases)
    kinds = truth["kind"].to_pylist()
    return {row: kind == "item" for row, kind in enumerate(kinds) if kind == "item" or clean[row]}


_WANTED = {JUDGE.name: _by_rules, EXACT_DEDUP.name: _by_exact, NEAR_DEDUP.name: _by_near, DECONTAMINATE.name: _by_tests}


# -- the documents that they were made from ----------------------------------------------------------------------------


def _kept(context: Context, refs: U64, *, before: str | None = None, through: str | None = None) -> Mask:
    """Return which documents every stage before one, or up to one, has kept."""
    stages = [each.stage for each in context.verdicts]
    end = stages.index(before) if before is not None else stages.index(str(through)) + 1
    return _by_shard(context, refs, lambda shard, rows: _kept_by(context, context.verdicts[:end], shard)[rows])


def _kept_by(context: Context, verdicts: Sequence[VerdictSet], shard: Shard) -> Mask:
    judging = [each for each in verdicts if shard.source in each.sources]
    masks = [context.run.read_table(each.data_set, shard, ["kept"])["kept"].to_numpy() for each in judging]
    found: Mask = np.logical_and.reduce(masks)
    return found


def _overlapping(context: Context, refs: U64) -> Mask:
    def look(shard: Shard, rows: I64) -> Mask:
        if not context.judged_by(DECONTAMINATE.name, shard.source):
            return np.zeros(len(rows), np.bool_)
        hits = context.run.read_table(DECONTAMINATE.data_sets[0], shard, ["row"])["row"].to_numpy()
        found: Mask = np.isin(rows, hits)
        return found

    return _by_shard(context, refs, look)


def _by_shard(context: Context, refs: U64, look: Callable[[Shard, I64], Mask]) -> Mask:
    found = np.zeros(len(refs), np.bool_)
    numbers = shard_numbers(refs)
    for number in np.unique(numbers):
        here = numbers == number
        found[here] = look(context.shard_by_number(int(number)), row_numbers(refs[here]))
    return found
