"""Builders for many tests: recipes, inputs, and the context and state of a run; functions of values, no fixtures."""

import hashlib
import io
import json
import string
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
from command import ROOT

from massivetext.recipe import DecontaminateOptions, IngestOptions, Recipe, SourceOptions
from massivetext.rules import Rule
from massivetext.runs.context import Context
from massivetext.runs.log_events import is_log
from massivetext.runs.stage import verdict_sets
from massivetext.runs.store import FORMAT, Run, RunState, StageState, json_sha256
from massivetext.schema import Document, Rejected
from massivetext.sources import FORMATS, Format
from massivetext.sources.reading import read_split
from massivetext.sources.splits import Split
from massivetext.stages import STAGES

# -- recipes as values -------------------------------------------------------------------------------------------------


def source_options(kind: str, **options: object) -> SourceOptions:
    """Return a source that reads all files of a folder and has a weight of 1, unless ``options`` differ."""
    return msgspec.convert({"kind": kind, "inputs": ["*"], "weight": Decimal(1), **options}, SourceOptions)


def recipe_of(sources: Collection[str], *, test_sets: tuple[str, ...] = ()) -> Recipe:
    """Return a recipe with one source per kind; all have a weight of 0.01 except the first, which has the rest."""
    weights = [1 - Decimal("0.01") * (len(sources) - 1), *[Decimal("0.01")] * (len(sources) - 1)]
    table = {kind: source_options(kind, weight=weight) for kind, weight in zip(sources, weights, strict=True)}
    return Recipe(name="tiny", seed=7, sources=table, decontaminate=DecontaminateOptions(test_sets=test_sets))


# -- recipes and inputs as files ---------------------------------------------------------------------------------------


def recipe_text(sources: Mapping[str, Mapping[str, object]], more: str = "", **top: object) -> str:
    """Return a recipe in TOML.

    Args:
        sources: keys of each source by its name. Defaults: the name as kind, ``*.jsonl`` as inputs, equal weights.
        more: further tables in TOML.
        top: keys before the first table; ``name`` is "test" by default.
    """
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"name": "test", **top}.items()]
    for source, options in sources.items():
        defaults = {"kind": source, "inputs": ["*.jsonl"], "weight": 1 / len(sources)}
        lines += [f"[sources.{source}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in {**defaults, **options}.items()]
    return "\n".join([*lines, more]) + "\n"


def write_recipe(folder: Path, sources: Mapping[str, Mapping[str, object]], more: str = "", **top: object) -> Path:
    """Write ``recipe.toml`` with the text of :func:`recipe_text`."""
    path = folder / "recipe.toml"
    path.write_text(recipe_text(sources, more, **top))
    return path


def write_texts(path: Path, texts: Iterable[str]) -> None:
    """Write texts as JSON lines."""
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


def quickstart_recipe(quickstart: Path, folder: Path, change: tuple[str, str] | None = None) -> Path:
    """Write the recipe of the quickstart to a folder, and link the corpus of a finished quickstart beside it.

    Args:
        quickstart: folder with the corpus.
        folder: folder to write to.
        change: a text of the recipe and what replaces it.
    """
    (folder / "massivetext-demo").symlink_to(quickstart / "massivetext-demo")
    text = (ROOT / "pipelines/quickstart.toml").read_text()
    if change is not None:
        assert change[0] in text
        text = text.replace(*change)
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


# -- what a reader or a run gives --------------------------------------------------------------------------------------


def read_file(
    kind: str,
    path: Path,
    limits: IngestOptions | None = None,
    formats: Sequence[Format] = FORMATS,
    *,
    slice_index: int = 0,
    slice_count: int = 1,
    **options: object,
) -> list[Document | Rejected]:
    """Read a file, or a slice of it, as an input of a source of this kind."""
    size = path.stat().st_size
    split = Split(name=path.name, path=str(path), size=size, slice_index=slice_index, slice_count=slice_count)
    return list(read_split(split, source_options(kind, **options), limits or IngestOptions(), formats))


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder by its path in it, without the log of a run, which has times."""
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items() if not is_log(name)}


# -- runs without Beam -------------------------------------------------------------------------------------------------


def context_of(
    folder: str,
    recipe: Recipe,
    keys: Mapping[str, str],
    *,
    shard_counts: Mapping[str, int],
    rules: Mapping[str, tuple[Rule, ...]],
    root: str | None = None,
) -> Context:
    """Return the context of a run in a folder; relative paths of the recipe start there or at ``root``."""
    return Context(
        run=Run(folder),
        recipe=recipe,
        root=folder if root is None else root,
        stage_keys=dict(keys),
        shard_counts=dict(shard_counts),
        rules=dict(rules),
        verdicts=verdict_sets(recipe, STAGES),
    )


def write_state(context: Context, stages: Iterable[StageState], *, until: str) -> None:
    """Write ``run.json`` for a run that is complete up to a stage."""
    recipe = msgspec.to_builtins(context.recipe)
    context.run.write_state(
        RunState(
            format=FORMAT,
            name=context.recipe.name,
            recipe=recipe,
            recipe_sha256=json_sha256(recipe),
            root=context.root,
            seed=context.recipe.seed,
            versions={"numpy": "2"},
            complete=True,
            until=until,
            stages=tuple(stages),
        )
    )


def licence_text(name: str, holder: str = "Ann Lee") -> str:
    """Return a whole licence text of the demo, by its SPDX identifier."""
    path = Path(__file__).parents[1] / "massivetext" / "demo" / "data" / "licences" / f"{name}.txt"
    return string.Template(path.read_text()).substitute(year="2019", holder=holder)


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip archive of files, by path; return its path."""
    path.write_bytes(zip_bytes(files))
    return path


def zip_bytes(files: Mapping[str, bytes | str]) -> bytes:
    """Return a zip archive of files, in this order."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()
