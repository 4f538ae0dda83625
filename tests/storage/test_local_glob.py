import glob
from pathlib import Path

import pytest

from massivetext.storage import local_glob
from massivetext.storage.local_glob import circular_links, find_matches


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.txt", "b [1].txt", ".hidden", "d/c.txt", "d/.h/x.txt", "d/e/f.txt", "d.txt/g", "[x]/h.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "linked").symlink_to(tmp_path / "d/e")
    return tmp_path


@pytest.mark.parametrize(
    "pattern",
    ["*", "**", "**/*.txt", "d/**", "d/**/*", "*/*.txt", "?.txt", "[ab]*", "[[]x]/*", ".*", "**/**/f.txt", "no/*", "d"],
)
def test_matches_are_those_of_the_standard_library(tree: Path, pattern: str) -> None:
    full = f"{glob.escape(str(tree))}/{pattern}"
    expected = {path.rstrip("/") for path in glob.glob(full, recursive=True)}  # noqa: PTH207

    assert set(find_matches(full)) == expected


def test_circles_of_links_are_not_followed(tree: Path) -> None:
    (tree / "d/up").symlink_to("..")
    (tree / "self").symlink_to(tree)
    (tree / "one").mkdir()
    (tree / "two").mkdir()
    (tree / "one/to_two").symlink_to(tree / "two")
    (tree / "two/to_one").symlink_to(tree / "one")
    (tree / "two/g.txt").write_text("g")
    found = sorted(path.removeprefix(f"{tree}/") for path in find_matches(f"{tree}/**/g.txt"))

    assert found == ["one/to_two/g.txt", "two/g.txt"]
    assert [path.removeprefix(f"{tree}/") for path in circular_links(str(tree))] == [
        "d/up",
        "one/to_two/to_one",
        "self",
        "two/to_one/to_two",
    ]


@pytest.mark.parametrize(
    ("pattern", "has", "path"), [("a*", True, "a*"), ("a[[]1]", False, "a[1]"), ("a", False, "a"), ("[*]?", True, "*?")]
)
def test_escaped_characters_are_no_wildcards(pattern: str, has: bool, path: str) -> None:
    assert local_glob.has_wildcards(pattern) is has
    assert local_glob.unescape(pattern) == path
