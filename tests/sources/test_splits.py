import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sources.splits import Split, plan_shards


def write(folder: Path, **sizes: int) -> None:
    for name, size in sizes.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)


def shape(shards: list[tuple[Split, ...]]) -> list[list[tuple[str, int, int]]]:
    return [[(split.name, split.slice_index, split.slice_count) for split in shard] for shard in shards]


def test_small_files_are_grouped_in_order_up_to_the_size_of_a_shard(tmp_path: Path) -> None:
    write(tmp_path, a=40, b=60, c=1, d=99)

    # a and b fill exactly 100; c and d as well.
    assert shape(plan_shards(["*"], str(tmp_path), 100, divisible=True)) == [
        [("a", 0, 1), ("b", 0, 1)],
        [("c", 0, 1), ("d", 0, 1)],
    ]


# 100 bytes are one shard of 100; 101 bytes are two slices, 201 three.
@pytest.mark.parametrize(("size", "slices"), [(100, 1), (101, 2), (200, 2), (201, 3)])
def test_a_file_larger_than_a_shard_is_divided(tmp_path: Path, size: int, slices: int) -> None:
    write(tmp_path, a=size)

    assert shape(plan_shards(["a"], str(tmp_path), 100, divisible=True)) == [
        [("a", index, slices)] for index in range(slices)
    ]
    assert shape(plan_shards(["a"], str(tmp_path), 100, divisible=False)) == [[("a", 0, 1)]]


def test_the_name_is_the_path_below_the_fixed_folder_of_the_pattern(tmp_path: Path) -> None:
    write(tmp_path, data__en__a=1, data__de__a=1, single=1)
    found = {
        split.path: split.name
        for shard in plan_shards(["data/**", "single"], str(tmp_path), 9, divisible=True)
        for split in shard
    }

    assert found == {
        str(tmp_path / "data/en/a"): "en/a",
        str(tmp_path / "data/de/a"): "de/a",
        str(tmp_path / "single"): "single",
    }


def test_an_absolute_pattern_does_not_start_at_the_root(tmp_path: Path) -> None:
    write(tmp_path, a=1)

    assert shape(plan_shards([f"{tmp_path}/*"], "/elsewhere", 9, divisible=True)) == [[("a", 0, 1)]]


def test_a_root_with_wildcard_characters_is_taken_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "run[1]"
    root.mkdir()
    write(root, a=1)

    assert shape(plan_shards(["*"], str(root), 9, divisible=True)) == [[("a", 0, 1)]]


def test_a_pattern_above_the_root_works(tmp_path: Path) -> None:
    write(tmp_path, data__a=1, recipes__r=1)

    assert shape(plan_shards(["../data/*"], str(tmp_path / "recipes"), 9, divisible=True)) == [[("a", 0, 1)]]


def test_a_file_found_by_two_patterns_counts_once_and_order_does_not_matter(tmp_path: Path) -> None:
    write(tmp_path, d__a=1, d__b=1)
    one = plan_shards(["d/*", "d/a", "**"], str(tmp_path), 1, divisible=True)

    assert one == plan_shards(["**", "d/a", "d/*"], str(tmp_path), 1, divisible=True)
    assert shape(one) == [[("a", 0, 1)], [("b", 0, 1)]]


def test_a_pattern_without_a_match_is_named_with_its_root_and_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"'nowhere/\*\.gz' matches no file below .*check the spelling"
    ) as caught:
        plan_shards(["nowhere/*.gz"], str(tmp_path), 9, divisible=True)

    assert str(tmp_path) in str(caught.value)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, x__a=1, y__a=1)

    with pytest.raises(ValueError, match=r"x/a and .*y/a are both named 'a'"):
        plan_shards(["x/*", "y/*"], str(tmp_path), 9, divisible=True)


@given(sizes=st.lists(st.integers(0, 500), min_size=1, max_size=12), shard_bytes=st.integers(1, 300))
def test_every_byte_is_planned_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], shard_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("plan")
    write(folder, **{f"f{number:02d}": size for number, size in enumerate(sizes)})
    shards = plan_shards(["*"], str(folder), shard_bytes, divisible=True)
    slices = sorted((split.name, split.slice_index) for shard in shards for split in shard)

    wanted = [(f"f{n:02d}", index) for n, size in enumerate(sizes) for index in range(max(-(-size // shard_bytes), 1))]
    assert slices == sorted(wanted)
    assert all(len(shard) == 1 or sum(split.size for split in shard) <= shard_bytes for shard in shards)


def names(patterns: list[str], root: Path, prefix: str | None = None) -> list[str]:
    shards = plan_shards(patterns, str(root), 10**9, divisible=True, prefix=prefix)
    return [split.name for splits in shards for split in splits]


def test_a_folder_is_all_files_in_it_but_those_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "a/b/.git").mkdir(parents=True)
    for name in ("a/1.txt", "a/b/2.txt", "a/.DS_Store", "a/Thumbs.db", "a/b/.git/config"):
        (tmp_path / name).write_text("x")

    assert names(["a"], tmp_path) == names(["a/"], tmp_path) == ["1.txt", "b/2.txt"]
    assert names([str(tmp_path / "a")], tmp_path) == ["1.txt", "b/2.txt"]


def test_what_describes_tables_of_arrow_is_no_input_of_their_folder(tmp_path: Path) -> None:
    for name in (
        "a/dataset_dict.json",
        "a/train/state.json",
        "a/train/dataset_info.json",
        "a/train/x.arrow",
        "b/state.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")

    assert names(["a"], tmp_path) == ["train/x.arrow"]
    assert names(["b"], tmp_path) == ["state.json"]
    assert names(["a/**/*.json"], tmp_path) == ["dataset_dict.json", "train/dataset_info.json", "train/state.json"]


def test_a_list_names_files_and_patterns(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    for folder in ("x", "y"):
        (tmp_path / "lists" / folder).mkdir()
        (tmp_path / "lists" / folder / "1.txt").write_text("x")
    (tmp_path / "lists/paths.gz").write_bytes(gzip.compress(b"# two files of one name\nx/1.txt\n\ny/*.txt\n"))

    assert names(["@lists/paths.gz"], tmp_path) == ["x/1.txt", "y/1.txt"]
    (tmp_path / "paths").write_text("x/1.txt\ny/1.txt\n")
    assert names(["@paths"], tmp_path, f"{tmp_path}/lists/") == ["x/1.txt", "y/1.txt"]
    assert names(["@paths"], tmp_path, "lists/") == ["x/1.txt", "y/1.txt"]


def test_the_home_folder_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "1.txt").write_text("x")

    assert names(["~/1.txt"], Path("/nowhere")) == ["1.txt"]


def test_a_list_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# nothing\n")
    with pytest.raises(FileNotFoundError, match="there is no such list of inputs"):
        names(["@nowhere"], tmp_path)
    with pytest.raises(ValueError, match="got no line"):
        names(["@empty"], tmp_path)


def test_a_path_with_wildcard_characters_that_exists_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, **{"a[1]": 1, "a1": 1, "d[x]__b": 1})

    assert shape(plan_shards(["a[1]"], str(tmp_path), 9, divisible=True)) == [[("a[1]", 0, 1)]]
    assert shape(plan_shards([f"{tmp_path}/d[x]"], "/", 9, divisible=True)) == [[("b", 0, 1)]]
    assert shape(plan_shards(["d[[]x]/*"], str(tmp_path), 9, divisible=True)) == [[("b", 0, 1)]]
    assert shape(plan_shards(["a[12]"], str(tmp_path), 9, divisible=True)) == [[("a1", 0, 1)]]


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    write(tmp_path, a=1)
    (tmp_path / "gone").symlink_to("/nowhere/x")

    with pytest.raises(ValueError, match=r"gone.*got a link to '/nowhere/x', where nothing is; repair or remove"):
        plan_shards(["*"], str(tmp_path), 9, divisible=True)


def test_an_unknown_user_and_a_prefix_without_a_list_are_named(tmp_path: Path) -> None:
    write(tmp_path, a=1)

    with pytest.raises(FileNotFoundError, match="~no-such-user is no user's home folder"):
        plan_shards(["~no-such-user/x"], str(tmp_path), 9, divisible=True)
    with pytest.raises(ValueError, match="inputs_prefix stands before the paths of lists"):
        plan_shards(["a"], str(tmp_path), 9, divisible=True, prefix="s3://x/")
