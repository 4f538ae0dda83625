"""The command ``massivetext init``: look at folders of files and write a recipe for them."""

from pathlib import Path
from typing import Annotated

import typer

from massivetext.cli.messages import make_console, print_line


def init(
    folders: Annotated[list[str], typer.Argument(metavar="DIR...", help="Folders with your files.")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Recipe to write; it must not exist yet.")
    ] = "recipe.toml",
) -> None:
    """Look at the files in folders and write a recipe that reads them, with comments.

    Every kind of file in a folder becomes a source; its first records are shown. Files that hold no documents are named
    in comments.
    """
    from massivetext.cli.preview_lines import preview_lines
    from massivetext.errors import UserError
    from massivetext.orchestration.first_recipe import find_sources, recipe_lines
    from massivetext.orchestration.plan import make_plan
    from massivetext.orchestration.preview import preview_source
    from massivetext.recipe import load_recipe

    path = Path(output)
    if path.exists():
        raise UserError(f"--output: {output}: exists already; give another name, or move it away")
    if "://" not in "".join(folders):  # paths in a recipe begin at its own folder
        folders = [folder if folder.startswith("~") else str(Path(folder).resolve()) for folder in folders]
    found = find_sources(folders)
    if not any(source.kind for source in found):
        reasons = "; ".join(f"{source.inputs[0]}: {source.detail}" for source in found)
        raise UserError(f"init: want folders with documents, got none: {reasons}")
    path.write_text("\n".join(recipe_lines("mine", found)) + "\n", encoding="utf-8")
    console, loaded = make_console(), load_recipe(str(path))
    plan = make_plan(loaded)
    previews = {source: preview_source(plan, source) for source in sorted(plan.splits)}
    without_rules = {}
    for source, preview in previews.items():
        for line in preview_lines(source, preview):
            print_line(console, line)
        languages = preview.languages
        if languages and "en" not in languages and "language" in loaded.recipe.sources[source].rule_sets:
            without_rules[source] = f"the rules of this kind keep English only, and these texts are in {languages[0]}"
    path.write_text("\n".join(recipe_lines("mine", found, without_rules)) + "\n", encoding="utf-8")
    print_line(console, f"{output}: {len(plan.splits)} sources; `massivetext run {output} --output RUN` runs it.")
