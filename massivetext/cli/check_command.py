"""The command ``massivetext check``: validate a recipe without running it."""

from massivetext.cli.command_arguments import RecipeName
from massivetext.cli.messages import make_console, print_line


def check(recipe: RecipeName) -> None:
    """Validate a recipe; list its inputs and stages, describe its tokenizer, show the first records of each source."""
    from massivetext.cli.check_tables import check_tables, empty_inputs
    from massivetext.cli.preview_lines import preview_lines
    from massivetext.cli.tokenizer_lines import tokenizer_lines
    from massivetext.earlier.earlier_corpora import unnamed_corpora
    from massivetext.orchestration.plan import check_plan, missing_demo
    from massivetext.orchestration.preview import preview_source
    from massivetext.recipe import load_recipe, options_without_effect
    from massivetext.tokenizer.model_files import model_path, read_encoder

    console, loaded = make_console(), load_recipe(recipe)
    plan, _ = check_plan(loaded)
    for table in check_tables(plan):
        console.print(table)
    for source in sorted(plan.splits):
        for line in preview_lines(source, preview_source(plan, source)):
            print_line(console, line)
    if loaded.recipe.tokenizer.model is not None:
        path = model_path(loaded.root, loaded.recipe.tokenizer.model)
        for line in tokenizer_lines(path, read_encoder(path)):
            print_line(console, line)
    for warning in [*empty_inputs(plan), *options_without_effect(loaded.recipe), *unnamed_corpora(loaded)]:
        print_line(console, warning, style="yellow")
    if missing_demo(loaded):
        print_line(console, f"The demo corpus {loaded.recipe.demo} does not exist yet; `massivetext run` writes it.")
