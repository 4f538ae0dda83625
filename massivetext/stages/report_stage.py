"""Report: a summary of every shard, merged into one JSON file, one page, and a card of the data."""

from massivetext import __version__
from massivetext.runs.stage import RunPlan, Stage

PAGE, JSON, CARD = "report/index.html", "report/report.json", "report/card.md"  # paths in the run


def _key(plan: RunPlan) -> object:
    # Recipes without canaries keep their keys.
    return [__version__, plan.recipe.guards, *([plan.recipe.canaries] if plan.recipe.has_canaries else [])]


def _describe(_plan: RunPlan) -> str:
    return f"{PAGE}, {JSON} and {CARD}"


REPORT = Stage(
    name="report",
    title="reported",
    version=9,  # the card and the page say what was cut; addresses cannot turn the direction of writing
    libraries=("vl-convert-python",),
    reads=("documents", "quarantine", "signals", "verdicts", "duplicates", "contamination", "tokenizer", "records"),
    key=_key,
    describe=_describe,
    announce="massivetext.tokenizer.encode_loop:announce_compilation",
    run="massivetext.jobs.report_pages:run_report",
    work="massivetext.estimate.work:report",
)
