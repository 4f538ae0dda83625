"""The command ``massivetext plan``: estimate what a run will need before it is run."""

from typing import TYPE_CHECKING, Annotated

import typer

from massivetext.cli.command_arguments import RecipeName, full_path
from massivetext.cli.messages import make_console, print_line
from massivetext.errors import UserError

if TYPE_CHECKING:
    from massivetext.estimate.estimator import Prices

_MOST_DOLLARS = 1e9
_SCALES = ("1TB", "10TB", "100TB")


def plan(
    recipe: RecipeName,
    workers: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Number of worker processes, each on its own virtual CPU.")
    ] = 100,
    sample: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="A finished run on a sample of your data; its figures are scaled up."),
    ] = None,
    raw: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SIZE",
            help="Size of the input to plan for, for example 500GB; can be repeated.",
            show_default=f"the input of the recipe, {', '.join(_SCALES)}",
        ),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=DOLLARS",
            help="vcpu_hour, ram_gb_hour, shuffle_gb or storage_gb_month; can be repeated.",
            show_default="list prices as remembered in 2025",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
) -> None:
    """Estimate the time, memory, shuffles, storage and cost of each step of a run, and its bottlenecks.

    The figures are those of your own run (--sample), scaled up, or of our reference run on real data.
    """
    import msgspec

    from massivetext.cli.plan_tables import print_plan
    from massivetext.estimate.earlier_volumes import earlier_volume
    from massivetext.estimate.estimator import estimate_run
    from massivetext.estimate.measured import measure_run
    from massivetext.estimate.reference import reference
    from massivetext.estimate.scaling import input_shares, input_volumes, parse_size, scale_volumes
    from massivetext.orchestration.plan import plan_splits
    from massivetext.recipe import load_recipe
    from massivetext.runs.store import Run
    from massivetext.runs.verify import explain_damage

    loaded, prices = load_recipe(recipe), _prices(price or [])
    folder = None if sample is None else full_path(sample)
    measured = []
    if folder is not None:
        with explain_damage(Run(folder)):
            measured.append(measure_run(Run(folder), f"the run in {folder}"))
    measured.append(reference())
    try:
        inputs = input_volumes(plan_splits(loaded))
        found = True
    except UserError:
        inputs, found = input_shares(loaded.recipe), False
    sizes = [parse_size(each) for each in raw or _SCALES]
    scales = [None, *sizes] if found and raw is None else sizes
    corpora, earlier = [each.corpus for each in measured], earlier_volume(loaded)
    plans = [
        estimate_run(scale_volumes(loaded.recipe, inputs, corpora, size, earlier), measured, workers, prices)
        for size in scales
    ]
    console = make_console()
    if as_json:
        everything = {"plans": plans, "measured": measured, "prices": prices}
        console.out(msgspec.json.format(msgspec.json.encode(everything), indent=2).decode(), highlight=False)
        return
    if not found:
        hint = "The recipe's inputs are not there, so the input is divided among the sources by their weights."
        print_line(console, hint)
    if earlier.unknown:
        unknown = ", ".join(earlier.unknown)
        print_line(console, f"Earlier corpora that cannot be read are left out of the plan: {unknown}.")
    print_plan(console, plans, measured, prices)


def _prices(given: list[str]) -> "Prices":
    from massivetext.estimate.estimator import Prices

    known = Prices.__struct_fields__
    changed = {}
    for each in given:
        name, _, value = each.partition("=")
        try:
            changed[name] = float(value)
        except ValueError:
            changed[name] = -1.0
        if name not in known or not 0 <= changed[name] <= _MOST_DOLLARS:
            raise UserError(f"--price: want NAME=DOLLARS with one of {', '.join(known)}, got {each!r}")
    return Prices(**changed)
