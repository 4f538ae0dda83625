"""Open a run that lies in a folder, with everything that its manifests say of it."""

from collections.abc import Sequence

from massivetext.edits.actions import EditRule
from massivetext.errors import UserError
from massivetext.rules import Rule
from massivetext.runs.context import Context
from massivetext.runs.stage import Stage, verdict_sets
from massivetext.runs.store import Run
from massivetext.stages import INGEST, JUDGE, STAGES


def open_context(run: Run, stages: Sequence[Stage] = STAGES) -> Context:
    """Return the context of a run whose rules have judged at least, from what is in its folder.

    Raises:
        UserError: there is no run in the folder.
        StageError: the run has not come that far.
    """
    state = run.state()
    if state is None:
        raise UserError(f"{run.folder}: no run here; give the folder that `massivetext run` wrote to")
    rules = run.need(JUDGE.name).fact("rules", dict[str, tuple[Rule, ...]])
    ingested = run.need(INGEST.name)
    counts: dict[str, int] = {}
    for name in ingested.fact("shards", dict[str, object]):
        source = name.split("/")[0]
        counts[source] = counts.get(source, 0) + 1
    recipe = run.recorded_recipe(state)
    return Context(
        run=run,
        recipe=recipe,
        root=state.root,
        stage_keys={stage.name: stage.key for stage in state.stages},
        shard_counts=counts,
        rules=rules,
        edits=ingested.fact("edits", dict[str, tuple[EditRule, ...]], default={}),
        verdicts=verdict_sets(recipe, stages),
    )
