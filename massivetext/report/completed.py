"""The stages of a run that are complete and belong to the same recipe."""

from massivetext.runs.context import Context


def completed_stages(context: Context) -> tuple[str, ...]:
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
