"""The command ``massivetext check``: validate a recipe without running it."""

from pathlib import Path

from massivetext.cli.command_arguments import RecipeName
from massivetext.cli.messages import make_console, print_line


def check(recipe: RecipeName) -> None:
    """Validate a recipe and list its inputs and stages; run nothing."""
    from massivetext.cli.check_tables import check_tables
    from massivetext.orchestration.plan import compute_stage_keys, load_edits, load_rules, make_plan, validate_files
    from massivetext.recipe import load_recipe
    from massivetext.runs.stage import RunPlan

    console, loaded = make_console(), load_recipe(recipe)
    is_demo_missing = loaded.recipe.demo is not None and not Path(loaded.root, loaded.recipe.demo).exists()
    if is_demo_missing:
        plan = RunPlan(loaded, {}, load_rules(loaded), load_edits(loaded))
    else:
        plan = make_plan(loaded)
        compute_stage_keys(plan)  # looks for the test sets, the lists and the models
        validate_files(loaded)
    for table in check_tables(plan):
        console.print(table)
    if is_demo_missing:
        print_line(console, f"The demo corpus {loaded.recipe.demo} does not exist yet; `massivetext run` writes it.")
