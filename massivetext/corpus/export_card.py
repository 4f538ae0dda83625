"""The card beside exported documents, by which ``datasets.load_dataset`` and dataset hubs know what the files are."""

from collections.abc import Mapping, Sequence

from massivetext.errors import StageError
from massivetext.formatting import count_noun
from massivetext.report.completed import completed_stages
from massivetext.report.corpus_card import card_head
from massivetext.runs.context import Context
from massivetext.stages import REPORT
from massivetext.storage import files as fs

CARD = "README.md"
_OF_RUN = "report/card.md"


def export_card(
    context: Context, sizes: Mapping[str, int], *, removed: bool, after: str, signals: Sequence[str]
) -> bytes:
    """Return the card of exported documents: that of the run if these are all that it keeps, else a short one.

    Args:
        context: the run.
        sizes: number of exported documents of each source.
        removed: whether these are documents that were removed.
        after: the last stage that decided.
        signals: signals that are columns too.

    Raises:
        StageError: the card of the run is not as the run wrote it.
    """
    whole = set(sizes) == set(context.shard_counts) and after == context.verdicts[-1].stage and not removed
    if whole and REPORT.name in completed_stages(context) and all(sizes.values()):
        return _card_of_run(context)
    fate = "removed" if removed else "kept"
    columns = ["removed_by", "failed_rules"] if removed else []
    named = "".join(f", `{name}`" for name in [*columns, *signals])
    lines = [
        card_head(context.recipe.name, sum(sizes.values()), (), [name for name, size in sizes.items() if size]),
        f"# {context.recipe.name}",
        (
            f"{count_noun(sum(sizes.values()), 'document')} {fate} by the stages up to `{after}` of a run; columns are "
            f"`id`, `source`, `url`, `title`, `text`, `metadata`{named}."
        ),
        "The licences of the sources are not known to the pipeline: `license` above is to be set by hand.",
    ]
    return ("\n\n".join(lines) + "\n").encode()


def _card_of_run(context: Context) -> bytes:
    path = context.run.path(_OF_RUN)
    written = {file.path: file.sha256 for file in context.run.need(REPORT.name).files()}
    if not fs.exists(path) or fs.digest(path) != written.get(_OF_RUN):
        raise StageError(f"{path}: is not as the run wrote it; run `massivetext verify` on the run")
    return fs.read_bytes(path)
