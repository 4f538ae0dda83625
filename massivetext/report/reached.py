"""How far a run has come: the stages that are complete and belong together."""

from massivetext.runs.context import Context


def reached(context: Context) -> tuple[str, ...]:
    """Return the names of the stages that are complete under the run's keys, in order, up to the first that is not.

    A manifest that an earlier recipe left behind has another key and does not count.
    """
    done: list[str] = []
    for stage, key in context.stage_keys.items():
        manifest = context.run.manifest(stage)
        if manifest is None or manifest.key != key:
            break
        done.append(stage)
    return tuple(done)
