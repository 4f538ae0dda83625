"""The file API, on a local folder and on an object store (fsspec's, in memory)."""

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from massivetext.errors import UserError
from massivetext.storage import files as fs
from massivetext.storage import object_store


@pytest.fixture(params=["local", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty folder, of each kind of filesystem."""
    if request.param == "local":
        yield str(tmp_path / "root")
    else:
        folder = f"memory:///{tmp_path.name}"
        yield folder
        fs.remove(folder)
        assert fs.find(folder) == []


def test_results_come_in_the_order_of_their_arguments(root: str) -> None:
    assert list(fs.concurrently(root, lambda number: number * number, range(100))) == [n * n for n in range(100)]
    assert list(fs.concurrently(root, str, ())) == []


def test_an_error_for_one_argument_is_raised(root: str) -> None:
    def read(number: int) -> int:
        if number == 40:
            raise UserError("forty")
        return number

    done: list[int] = []
    with pytest.raises(UserError, match="forty"):
        done += fs.concurrently(root, read, range(100))


def test_an_object_store_gets_many_requests_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(fs.AT_ONCE, timeout=60)
    list(fs.concurrently("memory:///x", lambda _: together.wait(), range(fs.AT_ONCE)))

    threads = set(fs.concurrently(str(tmp_path), lambda _: threading.get_ident(), range(50)))
    assert threads == {threading.get_ident()}


def test_results_that_are_given_up_join_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[threading.Thread] = []
    monkeypatch.setattr(threading.Thread, "join", lambda thread, timeout=None: joined.append(thread))
    before = set(threading.enumerate())
    results = fs.concurrently("memory:///x", str, range(100))
    next(iter(results))
    started = set(threading.enumerate()) - before
    del results  # as the garbage collector does, in any thread and at any time
    monkeypatch.undo()
    for thread in started:
        thread.join(60)

    assert started
    assert not joined  # the thread that collects may hold the locks that a join needs
    assert not any(thread.is_alive() for thread in started)


def names(infos: list[fs.FileInfo], root: str) -> list[str]:
    return [fs.relative(info.path, root) for info in infos]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("a", "b"), "a/b"),
        (("a/", "b/c"), "a/b/c"),
        (("/", "b"), "/b"),
        (("gs://bucket/run", "a", "b"), "gs://bucket/run/a/b"),
        (("gs://bucket/run/", "/a/"), "gs://bucket/run/a"),
    ],
)
def test_join(parts: tuple[str, ...], expected: str) -> None:
    assert fs.join(*parts) == expected


def test_what_is_written_can_be_read(root: str) -> None:
    path = fs.join(root, "a", "b.bin")
    fs.write_bytes(path, b"\x00data\n")

    assert fs.read_bytes(path) == b"\x00data\n"
    assert fs.size(path) == 6
    assert fs.exists(path)
    assert fs.exists(fs.join(root, "a"))
    assert not fs.exists(fs.join(root, "b"))


def test_open_files_are_seekable(root: str) -> None:
    path = fs.join(root, "a")
    fs.write_bytes(path, b"0123456789")
    with fs.open_read(path) as handle:
        handle.seek(-3, os.SEEK_END)

        assert handle.read() == b"789"


def test_a_missing_file_is_not_found(root: str) -> None:
    path = fs.join(root, "missing")
    for read in (fs.open_read, fs.read_bytes, fs.size, fs.digest):
        with pytest.raises(FileNotFoundError):
            read(path)


def test_file_urls_and_home_folders_are_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"x")
    monkeypatch.setenv("HOME", str(tmp_path))

    for path in (f"file://{tmp_path}/a", "~/a"):
        assert fs.is_local(path)
        assert fs.read_bytes(path) == b"x"
        assert fs.digest(path) == hashlib.sha256(b"x").hexdigest()
    assert not fs.is_local("memory:///a")


def test_listings_are_sorted_and_hold_files_alone(root: str) -> None:
    for name in ("b", "a/2", "a/10", "a/deep/x", "c.txt"):
        fs.write_bytes(fs.join(root, name), name.encode())
    found = fs.find(root)

    assert names(found, root) == ["a/10", "a/2", "a/deep/x", "b", "c.txt"]
    assert [info.size for info in found] == [4, 3, 8, 1, 5]
    assert [fs.read_bytes(info.path) for info in found] == [name.encode() for name in names(found, root)]


def test_a_missing_folder_holds_nothing(root: str) -> None:
    assert fs.find(fs.join(root, "missing")) == []
    assert fs.glob(fs.join(root, "missing", "*")) == []


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["a.txt", "b.txt"]),
        ("?.txt", ["a.txt", "b.txt"]),
        ("[b-z].txt", ["b.txt"]),
        ("**/*.txt", ["a.txt", "b.txt", "d/c.txt", "d/e/f.txt"]),
        ("d/**", ["d/c.txt", "d/e/f.txt", "d/g.gz"]),
        ("d/*", ["d/c.txt", "d/g.gz"]),
        ("a.txt", ["a.txt"]),
        ("*.zip", []),
    ],
)
def test_patterns(root: str, pattern: str, expected: list[str]) -> None:
    for name in ("a.txt", "b.txt", "d/c.txt", "d/e/f.txt", "d/g.gz"):
        fs.write_bytes(fs.join(root, name), b"")

    assert names(fs.glob(fs.join(root, pattern)), root) == expected


def test_links_are_what_they_point_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_bytes(b"12345")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.txt").symlink_to(tmp_path / "real" / "a.txt")
    (tmp_path / "in" / "c.txt").write_bytes(b"1")

    assert [(Path(info.path).name, info.size) for info in fs.glob(f"{tmp_path}/in/*.txt")] == [
        ("b.txt", 5),
        ("c.txt", 1),
    ]


def test_the_version_of_a_file_changes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    os.utime(path, ns=(10**18, 10**18))
    (before,) = fs.find(str(tmp_path))
    os.utime(path, ns=(10**18, 10**18 + 10**9))
    (after,) = fs.find(str(tmp_path))

    assert before.version != after.version != ""


def test_remove_takes_files_and_folders_and_what_is_not_there(root: str) -> None:
    for name in ("a/1", "a/b/2", "c"):
        fs.write_bytes(fs.join(root, name), b"")
    fs.remove(fs.join(root, "a"))
    fs.remove(fs.join(root, "c"))
    fs.remove(fs.join(root, "missing"))

    assert fs.find(root) == []
    assert not fs.exists(fs.join(root, "a"))


def test_digest_is_the_sha256_of_all_bytes(root: str) -> None:
    data = bytes(range(256)) * 5000  # 1.28 MB: more than one chunk
    fs.write_bytes(fs.join(root, "a"), data)
    fs.write_bytes(fs.join(root, "empty"), b"")

    assert fs.digest(fs.join(root, "a")) == hashlib.sha256(data).hexdigest()
    assert fs.digest(fs.join(root, "empty")) == hashlib.sha256(b"").hexdigest()


def test_relative_is_the_part_below_a_folder(root: str) -> None:
    assert fs.relative(fs.join(root, "a", "b"), root) == "a/b"
    assert fs.relative(fs.join(root, "a"), root + "/") == "a"
    for outside in (root + "2/a", root):
        with pytest.raises(ValueError, match="is not below"):
            fs.relative(outside, root)


def test_relative_accepts_every_spelling_of_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert fs.relative(str(tmp_path / "run" / "a"), "run") == "a"
    assert fs.relative("memory:///run/a", "memory://run") == "a"


def test_a_file_is_not_there_before_it_is_whole(root: str) -> None:
    path = fs.join(root, "a", "whole")
    with fs.publish(path) as temporary:
        Path(temporary).write_bytes(b"ha")

        assert not fs.exists(path)
        Path(temporary).write_bytes(b"half and half")
        assert not fs.exists(path)
    assert fs.read_bytes(path) == b"half and half"


def test_a_file_that_is_replaced_is_the_old_one_until_the_new_one_is_whole(root: str) -> None:
    path = fs.join(root, "a")
    fs.write_bytes(path, b"old")
    with fs.publish(path) as temporary:
        Path(temporary).write_bytes(b"n")
        assert fs.read_bytes(path) == b"old"
        Path(temporary).write_bytes(b"new")

    assert fs.read_bytes(path) == b"new"


@pytest.mark.parametrize("missing", [[], ["d"]])
def test_several_files_are_removed_at_once(root: str, missing: list[str]) -> None:
    for name in ("a", "b/1", "c"):
        fs.write_bytes(fs.join(root, name), b"x")
    fs.remove_files([fs.join(root, name) for name in ["a", *missing, "b/1"]])
    fs.remove_files([])

    assert names(fs.find(root), root) == ["c"]


def test_a_failed_attempt_leaves_nothing(root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    fs.write_bytes(fs.join(root, "before"), b"")

    def attempt() -> None:
        with fs.publish(fs.join(root, "a")) as temporary:
            Path(temporary).write_bytes(b"half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        attempt()
    assert names(fs.find(root), root) == ["before"]
    assert list(scratch.iterdir()) == []


def test_a_finished_attempt_leaves_the_file_alone(root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    fs.write_bytes(fs.join(root, "a"), b"x")

    assert names(fs.find(root), root) == ["a"]
    assert list(scratch.iterdir()) == []


def test_an_unfinished_local_file_has_its_mark_in_its_name(tmp_path: Path) -> None:
    with fs.publish(str(tmp_path / "a.parquet")) as temporary:
        Path(temporary).write_bytes(b"")

        assert fs.TEMPORARY in Path(temporary).name
        assert Path(temporary).parent == tmp_path  # a file can be renamed only within a file system
        assert os.fspath(temporary).endswith("a.parquet")


def test_what_is_published_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, rename = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        events.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def renamed(old: str, new: str) -> None:
        events.append(f"rename {Path(old).name}")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    with fs.publish(str(tmp_path / "new" / "a")) as temporary:
        Path(temporary).write_bytes(b"data")
        name = Path(temporary).name

    assert events == [f"sync {tmp_path.name}", f"sync {name}", f"rename {name}", "sync new"]


def test_a_file_is_created_once(root: str) -> None:
    path = fs.join(root, "folder", "a")

    assert fs.create_exclusively(path, b"first") is True
    assert fs.create_exclusively(path, b"second") is False
    assert fs.read_bytes(path) == b"first"


def test_a_file_that_is_not_there_is_not_replaced(root: str) -> None:
    path = fs.join(root, "a")
    with pytest.raises(FileNotFoundError):
        fs.overwrite(path, b"x")
    assert not fs.exists(path)
    fs.write_bytes(path, b"1")
    fs.overwrite(path, b"2")

    assert fs.read_bytes(path) == b"2"


def test_a_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert fs.absolute("run") == fs.absolute(str(tmp_path / "run")) == str(tmp_path / "run")
    assert fs.absolute("memory://run/") == "memory:///run"


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(UserError, match="tape://reel/1: want a local path, s3:// or gs://"):
        fs.exists("tape://reel/1")


def test_two_attempts_at_a_work_item_do_not_share_a_file(root: str) -> None:
    path, written = fs.join(root, "a"), threading.Barrier(2, timeout=10)
    temporaries: list[str] = []

    def attempt(data: bytes) -> None:
        with fs.publish(path) as temporary:
            temporaries.append(os.fspath(temporary))
            Path(temporary).write_bytes(data)
            written.wait()  # both have written half of it at the same time

    threads = [threading.Thread(target=attempt, args=(b"same bytes",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(temporaries)) == 2
    assert fs.read_bytes(path) == b"same bytes"
    assert names(fs.find(root), root) == ["a"]


def test_what_another_process_writes_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # fsspec caches listings of object stores by default; a cached listing hides the files of other workers.
    class Remembering(fsspec.AbstractFileSystem):  # type: ignore[misc]
        protocol = "remembering"
        files: list[str] = []  # noqa: RUF012

        def ls(self, path: str, detail: bool = True, **_: object) -> list[dict[str, object]]:
            folder = path.strip("/")
            if folder not in self.dircache:
                self.dircache[folder] = [{"name": name, "size": 1, "type": "file"} for name in self.files]
            found: list[dict[str, object]] = self.dircache.get(folder) or [
                {"name": name, "size": 1, "type": "file"} for name in self.files
            ]
            return found

    monkeypatch.setattr(object_store, "PROTOCOLS", {"remembering"})
    fsspec.register_implementation("remembering", Remembering, clobber=True)
    Remembering.files.append("run/a")

    assert names(fs.find("remembering://run"), "remembering://run") == ["a"]
    Remembering.files.append("run/b")
    assert names(fs.find("remembering://run"), "remembering://run") == ["a", "b"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a/*.txt", "/recipes/a/*.txt"), ("/a.txt", "/a.txt"), ("s3://bucket/a.txt", "s3://bucket/a.txt")],
)
def test_a_path_of_a_recipe_is_below_its_folder_unless_absolute_or_a_url(path: str, expected: str) -> None:
    assert fs.resolve(path, "/recipes/") == expected
    assert fs.is_absolute(path) is (path == expected)
