"""How far a run has come: which stages are complete and belong together."""

from massivetext.runs.context import Context
from massivetext.runs.store import STAGES


def reached(context: Context) -> tuple[str, ...]:
    """The stages that are complete under the run's keys, in order, up to the first that is not.

    A manifest that an earlier recipe left behind has another key and does not count.
    """
    done: list[str] = []
    for stage in STAGES:
        manifest = context.run.manifest(stage)
        if manifest is None or manifest.key != context.keys.get(stage):
            break
        done.append(stage)
    return tuple(done)
