"""The declarations of the stages: complete, resolvable, and the one place where a stage is spelt."""

import ast
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import ROOT

from massivetext.recipe import KINDS
from massivetext.runs.stage import Stage, resolve
from massivetext.sources import FORMATS
from massivetext.stages import STAGES, steps

PACKAGE = ROOT / "massivetext"
NAMES = {stage.name for stage in STAGES}
# Strings that are spelt like a stage and mean something else, by file.
OTHER_MEANINGS = {
    "canaries/scores.py": {"canaries"},  # a plural, as in the two files below
    "cli/verify_command.py": {"canaries"},
    "report/sections/canaries_section.py": {"canaries"},
    "jobs/plant_canaries.py": {"canaries"},  # purpose of a hash
    "recipe/loading.py": {"canaries"},  # a name that no source may have
    "runs/canary_names.py": {"canaries"},  # the folder
    "cli/tokenizer_commands.py": {"tokenizer"},  # name of the group of commands
    "demo/source_files.py": {"records"},  # a word of the demo corpus
    "records/dataset.py": {"records"},  # the folder of a run, for readers that know no stage
    "records/exports/flat_files.py": {"tokenizer"},  # key of an index file
    "report/sections/inputs_section.py": {"records"},  # heading of a column
    "recipe/effects.py": {"records"},  # table of the recipe
    "report/sections/output_section.py": {"tokenizer"},  # identifier of a section of the page
    "sources/documents/fields.py": {"records"},  # a usual name of a list of records
    "sources/wiki/wiki_templates.py": {"measure"},  # a template of quantities
}


def strays(tree: ast.Module) -> Iterator[str]:
    """Yield string constants that spell a stage, docstrings left out."""
    docs = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in NAMES and id(node) not in docs:
            yield str(node.value)


def found_strays(package: Path) -> dict[str, set[str]]:
    """Return the stray spellings of each file outside the declarations."""
    found = {
        path.relative_to(package).as_posix(): set(strays(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sorted(package.rglob("*.py"))
        if path.parent.name != "stages"
    }
    return {name: words for name, words in found.items() if words}


def test_stages_are_spelt_in_their_declarations_alone() -> None:
    assert found_strays(PACKAGE) == OTHER_MEANINGS


def test_a_stray_spelling_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""near-dedup"""\nx = run.need("near-dedup")\n')

    assert found_strays(tmp_path) == {"a.py": {"near-dedup"}}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_what_a_declaration_names_exists(stage: Stage) -> None:
    for code in (stage.process, stage.run, stage.after, stage.shard_work, stage.work):
        assert code is None or callable(resolve(code))
    for library in stage.libraries:
        assert importlib.metadata.version(library)


def test_a_stage_reads_what_stages_before_it_write() -> None:
    written: set[str] = set()
    for stage in STAGES:
        known = written | {folder.split("/")[0] for folder in written}
        assert set(stage.reads) <= known, stage.name
        written.update(stage.folders)


def test_neighbours_with_a_function_per_shard_share_a_job() -> None:
    first, *others = (tuple(stage.name for stage in step) for step in steps(STAGES))

    assert first == ("ingest", "measure", "judge")
    assert all(len(step) == 1 for step in others)


def rows_of(page: str, header: str) -> dict[str, str]:
    """The rows of a table of a page, by their first cell."""
    table = (ROOT / page).read_text(encoding="utf-8").partition(header)[2].partition("\n\n")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return {row.split("|")[1].strip().strip("`"): row for row in rows}


def test_the_design_lists_every_stage_with_what_it_writes() -> None:
    rows = rows_of("docs/design.md", "| stage | reads | writes | shuffle |\n")

    assert list(rows) == [stage.name for stage in STAGES], "docs/design.md: a row per stage, in their order"
    for stage in STAGES:
        owned = [
            folder for folder in stage.folders if folder != stage.name or folder in ("tokenizer", "records", "report")
        ]
        missing = [folder for folder in owned if f"`{folder}`" not in rows[stage.name]]
        assert missing == [], f"docs/design.md: say in the row of {stage.name} that it writes {missing}"


def test_the_design_lists_every_source_format_as_it_is_declared() -> None:
    rows = rows_of("docs/design.md", "| format | files | options | CPU seconds per GB | default of kind |\n")

    assert list(rows) == [each.name for each in FORMATS], "docs/design.md: a row per source format, in their order"
    for each in FORMATS:
        _, _, _, options, cost, kinds, _ = (cell.strip() for cell in rows[each.name].split("|"))
        assert options == (", ".join(f"`{name}`" for name in sorted(each.options)) or "none")
        assert float(cost) == each.read_cost * 1000
        assert kinds == (", ".join(kind.name for kind in KINDS.values() if kind.format == each.name) or "none")
