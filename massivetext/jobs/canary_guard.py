"""The guard of the canaries: a warning, or the end of the run, if the stages treat too few of them as they must."""

from collections.abc import Callable

import msgspec

from massivetext.canaries.scores import missed
from massivetext.errors import UserError
from massivetext.recipe import LoadedRecipe
from massivetext.report.canary_outcomes import summarise_canaries
from massivetext.report.guards import Alarm, give_warnings
from massivetext.runs.context import Context


def apply_canary_guard(context: Context, loaded: LoadedRecipe, notify: Callable[[str], None], first: bool) -> None:
    """Warn if recall or precision of a stage on the canaries is below its bound, or stop the run if the recipe says so.

    Args:
        context: a run that has completed every stage that judges documents.
        loaded: the recipe.
        notify: called with each warning.
        first: whether the last of these stages ran just now; otherwise its warnings are not repeated.

    Raises:
        UserError: the guard stops the run.
    """
    options = loaded.recipe.canaries
    if isinstance(options, msgspec.UnsetType) or options.missed == "ignore":
        return
    report = summarise_canaries(context)
    found = [] if report is None else missed(report, options.least_recall, options.least_precision)
    if stopping := give_warnings([Alarm(message, options.missed) for message in found], notify, first=first):
        raise UserError(
            f"{stopping} The guard of [canaries] stops the run here. `massivetext report {context.run.folder}` shows "
            "which canaries were missed; correct the options of the stage, or change [canaries] in the recipe, and run "
            "again to go on"
        )
