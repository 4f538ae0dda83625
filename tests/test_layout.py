"""Who may import whom, which modules there may be, and that each of them can be imported."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]

# From the top. A module imports its own package, and what is in lower layers; `massivetext` itself is below them all.
LAYERS = (
    {"__init__"},
    {"__main__"},
    {"cli", "api"},
    {"orchestration"},
    {"jobs", "transforms"},
    {"corpus"},
    {"engines", "estimate", "report", "loader", "classifier"},
    {"earlier"},
    {"stages"},
    {"canaries", "demo", "records"},
    {"runs"},
    {"signals"},
    {"dedup", "decontaminate", "tokenizer"},
    {"edits", "recipe", "rules", "shingles"},
    {"sources"},
    {"extract"},
    {"rule_files"},
    {"assets", "schema", "text", "utf8"},
    {"storage"},
    {"toml_tables"},
    {"compiled", "errors", "formatting", "hashing", "wilson"},
)
BEAM = "apache_beam"
WITH_BEAM = {"engines", "jobs", "transforms"}
OPTIONAL = {"duckdb", "jax", "grain", "tensorflow"}
VAGUE = {"utils", "util", "helpers", "common", "misc"}


class Import(NamedTuple):
    """An import statement: dotted name of what is imported, its line, and whether it runs when the module is loaded."""

    name: str
    line: int
    at_load: bool


def imports(tree: ast.Module) -> Iterator[Import]:
    """Every import of a module, within functions as well."""
    lazy = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, id(node) not in lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (Import(f"{module}.{alias.name}", node.lineno, id(node) not in lazy) for alias in node.names)


def layer_of(part: str) -> int | None:
    """Number of a part's layer from the top, or None."""
    return next((number for number, parts in enumerate(LAYERS) if part in parts), None)


def part_of(name: str) -> str | None:
    """The part of massivetext that is imported: module or package below it; None for `massivetext.__version__`."""
    steps = name.split(".")
    return steps[1] if steps[0] == "massivetext" and len(steps) > 1 and not steps[1].startswith("__") else None


def fault(part: str, found: Import) -> str | None:
    """What is wrong with an import of a part of massivetext; None where it may be."""
    outside = found.name.split(".")[0]
    if found.name.startswith("."):
        return "is relative"
    if outside == BEAM and part not in WITH_BEAM:
        return f"only {', '.join(sorted(WITH_BEAM))} import Beam"
    if outside in OPTIONAL and found.at_load:
        return "is an optional dependency: import it in the function that needs it"
    other = part_of(found.name)
    if other is None or other == part:
        return None
    own_layer, other_layer = layer_of(part), layer_of(other)
    if own_layer is None or other_layer is None:
        return f"{part if own_layer is None else other} is in no layer"
    return None if own_layer < other_layer else f"{part} does not lie above {other}"


def modules(package: Path) -> list[Path]:
    """Every Python file of a package."""
    return sorted(package.rglob("*.py"))


def part_at(path: Path, package: Path) -> str:
    """The part of massivetext that a file belongs to."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def faults(package: Path) -> list[str]:
    """Every import of a package that must not be, and every module that is called or documented as none should be."""
    found = []
    for path in modules(package):
        tree, place = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(package).as_posix()
        if not ast.get_docstring(tree):
            found.append(f"{place}: has no docstring")
        if VAGUE & {step.removesuffix(".py") for step in path.relative_to(package).parts}:
            found.append(f"{place}: its name does not say what it knows")
        part = part_at(path, package)
        found += [f"{place}:{one.line}: {one.name}: {wrong}" for one in imports(tree) if (wrong := fault(part, one))]
    return found


def test_imports_names_and_docstrings_are_in_order() -> None:
    assert faults(ROOT / "massivetext") == []


def test_no_two_modules_share_a_name() -> None:
    names = [path.stem for path in modules(ROOT / "massivetext") if path.stem not in ("__init__", "__main__")]

    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_no_two_classes_share_a_name() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in modules(ROOT / "massivetext")]
    names = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]

    assert sorted(name for name in set(names) if names.count(name) > 1) == []


@pytest.mark.parametrize("path", modules(ROOT / "massivetext"), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_can_be_imported(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    assert importlib.import_module(name).__name__ == name


@pytest.mark.parametrize("folder", ["pipelines", "filters"])
def test_data_folders_hold_no_code(folder: str) -> None:
    assert list((ROOT / folder).glob("*.toml"))
    assert list((ROOT / folder).rglob("*.py")) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("schema.py", "from massivetext.sources import web", "schema.py:2: massivetext.sources.web: schema does not"),
        ("schema.py", "from massivetext import sources", "schema.py:2: massivetext.sources: schema does not lie above"),
        ("dedup/a.py", "import massivetext.engines.engine", "dedup/a.py:2: massivetext.engines.engine: dedup does not"),
        ("dedup/a.py", "def f():\n    from massivetext.signals import x", "dedup/a.py:3: massivetext.signals.x: dedup"),
        ("text.py", "from massivetext.schema import U64", "text.py:2: massivetext.schema.U64: text does not lie"),
        (
            "records/a.py",
            "def f():\n    import apache_beam.io",
            "records/a.py:3: apache_beam.io: only engines, jobs, transforms import Beam",
        ),
        ("loader.py", "import jax.numpy", "loader.py:2: jax.numpy: is an optional dependency"),
        ("cli.py", "if True:\n    from grain import python", "cli.py:3: grain.python: is an optional dependency"),
        ("store.py", "from . import schema", "store.py:2: ..schema: is relative"),
        ("new.py", "from massivetext import text", "new.py:2: massivetext.text: new is in no layer"),
        ("cli.py", "from massivetext import new", "cli.py:2: massivetext.new: new is in no layer"),
        ("dedup/utils.py", "", "dedup/utils.py: its name does not say"),
        ("helpers/a.py", "", "helpers/a.py: its name does not say"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, file: str, text: str, complaint: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'"""A module."""\n{text}\n')
    found = faults(tmp_path)

    assert len(found) == 1
    assert found[0].startswith(complaint)


def test_what_may_be_imported_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "a.py").write_text(
        '"""A job."""\nimport apache_beam as beam\nfrom massivetext import __version__, text\n'
        "from massivetext.jobs.b import x\nfrom massivetext.dedup import exact_copies\n"
    )
    (tmp_path / "loader.py").write_text('"""A loader."""\ndef f():\n    import jax\n')

    assert faults(tmp_path) == []


def test_a_module_without_docstring_is_found(tmp_path: Path) -> None:
    (tmp_path / "text.py").write_text("import re\n")

    assert faults(tmp_path) == ["text.py: has no docstring"]
