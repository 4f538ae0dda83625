import io
from decimal import Decimal

import msgspec
from rich.console import Console

from massivetext.cli.check_tables import check_tables
from massivetext.recipe import LoadedRecipe, NearOptions, Recipe, SourceOptions
from massivetext.rules import Rule
from massivetext.runs.stage import RunPlan
from massivetext.sources.splits import Split

SOURCES = {
    "web": msgspec.convert({"kind": "web", "inputs": ["[a]*.warc"], "weight": Decimal("0.7")}, SourceOptions),
    "code": msgspec.convert({"kind": "code", "inputs": ["*.zip"], "weight": Decimal("0.3")}, SourceOptions),
}
LOADED = LoadedRecipe(recipe=Recipe(name="tiny", sources=SOURCES), path="tiny.toml", root=".")
RULES = {"web": (Rule(signal="word_count", min=1, source="ours"),), "code": ()}
# One file of 100 bytes in two slices, and two of 7 and 8 bytes together.
PLAN: dict[str, list[tuple[Split, ...]]] = {
    "web": [
        (Split("a", "/in/a", 100, slice_index=0, slice_count=2),),
        (Split("a", "/in/a", 100, slice_index=1, slice_count=2),),
    ],
    "code": [(Split("b", "/in/b", 7), Split("c", "/in/c", 8))],
}


def printed(*, planned: bool) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    for table in check_tables(RunPlan(LOADED, PLAN if planned else {}, RULES, {})):
        console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def rows(text: str, name: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith(f"│ {name} ")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_a_file_in_two_shards_counts_once() -> None:
    inputs, judging = rows(printed(planned=True), "web")

    assert inputs == ["web", "[a]*.warc", "1", "100 bytes", "2"]
    assert judging == ["web", "web", "language, gopher, safesearch: 1 rule", "yes", "no", "0.7"]


def test_files_of_one_shard_are_added() -> None:
    inputs, judging = rows(printed(planned=True), "code")

    assert inputs[2:] == ["2", "15 bytes", "1"]
    assert judging[2:] == ["none", "no", "no", "0.3"]


def test_without_a_plan_the_sizes_are_unknown() -> None:
    assert rows(printed(planned=False), "web")[0][2:] == ["–", "–", "–"]


def test_bands_that_would_miss_pairs_are_named_with_better_ones() -> None:
    poor = msgspec.structs.replace(LOADED.recipe, near=NearOptions(threshold=0.5))
    console = Console(file=io.StringIO(), width=300, color_system=None)
    for table in check_tables(RunPlan(msgspec.structs.replace(LOADED, recipe=poor), {}, RULES, {})):
        console.print(table)
    assert isinstance(console.file, io.StringIO)

    # 1 - (1 - 0.5**8)**32 = 0.118; the default threshold of 0.8 gives 0.997 and no advice
    assert "with probability 0.118: better set near.bands = " in console.file.getvalue()
    assert "0.997" in printed(planned=True)
    assert "better set" not in printed(planned=True)


def test_stages_name_the_sources_that_they_concern() -> None:
    text = printed(planned=True)

    assert rows(text, "judge")[0][1] == "web"
    assert rows(text, "near-dedup")[0][1] == "web"
    assert rows(text, "decontaminate")[0][1] == "none"
    assert rows(text, "records")[0][1] == "all"
