import io
from decimal import Decimal

import msgspec
from rich.console import Console

from massivetext.console import check_tables
from massivetext.recipe import LoadedRecipe, Recipe, SourceOptions
from massivetext.rules import Rule
from massivetext.sources.splits import Split

SOURCES = {
    "web": msgspec.convert({"kind": "web", "inputs": ["[a]*.warc"], "weight": Decimal("0.7")}, SourceOptions),
    "code": msgspec.convert({"kind": "code", "inputs": ["*.zip"], "weight": Decimal("0.3")}, SourceOptions),
}
LOADED = LoadedRecipe(recipe=Recipe(name="tiny", sources=SOURCES), path="tiny.toml", root=".")
RULES = {"web": (Rule(signal="word_count", min=1, source="ours"),), "code": ()}
# One file of 100 bytes in two parts, and two of 7 and 8 bytes together.
PLAN: dict[str, list[tuple[Split, ...]]] = {
    "web": [(Split("a", "/in/a", 100, part=0, parts=2),), (Split("a", "/in/a", 100, part=1, parts=2),)],
    "code": [(Split("b", "/in/b", 7), Split("c", "/in/c", 8))],
}


def printed(*, planned: bool) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    for table in check_tables(LOADED, RULES, PLAN if planned else None):
        console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def row(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"│ {name} "))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_a_file_in_two_shards_counts_once() -> None:
    assert row(printed(planned=True), "web") == [
        "web",
        "web",
        "[a]*.warc",
        "1",
        "100",
        "2",
        "0.7",
        "language, gopher, safesearch: 1 rule",
        "yes",
        "no",
    ]


def test_files_of_one_shard_are_added() -> None:
    assert row(printed(planned=True), "code")[3:] == ["2", "15", "1", "0.3", "none", "no", "no"]


def test_without_a_plan_the_sizes_are_unknown() -> None:
    assert row(printed(planned=False), "web")[3:6] == ["–", "–", "–"]


def test_stages_name_the_sources_that_they_concern() -> None:
    text = printed(planned=True)

    assert row(text, "judge")[1] == "web"
    assert row(text, "near-dedup")[1] == "web"
    assert row(text, "decontaminate")[1] == "none"
    assert row(text, "records")[1] == "all"
