"""Runs with inputs, run folder and records in an object store, and how failures of a store are handled."""

import gc
import gzip
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import s3fs
from botocore.exceptions import ClientError
from builders import source_options
from command import massivetext
from gcsfs.retry import HttpError
from google.auth.exceptions import DefaultCredentialsError
from object_store import Store, object_store
from tiny_records import SEQUENCES, SHARDS, write_folder

from massivetext import demo
from massivetext.errors import (
    AccessDeniedError,
    BucketMissingError,
    CredentialsMissingError,
    FileChangedError,
    LockHeldError,
    StoreFailedError,
    UserError,
)
from massivetext.loader import load
from massivetext.recipe import IngestOptions
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.reader import check_records, open_records
from massivetext.runs.log_events import is_log
from massivetext.runs.store import Run
from massivetext.schema import Document
from massivetext.sources.reading import read_split
from massivetext.sources.splits import plan_shards
from massivetext.stages.finished import open_context
from massivetext.storage import files as fs
from massivetext.storage import lock
from massivetext.storage import object_store as stores
from massivetext.storage.answers import VARIABLE, AnsweringFileSystem
from massivetext.storage.file_systems import FileSystem
from massivetext.storage.read_ahead import ReadAhead
from massivetext.storage.store_errors import translate_store_errors

MB = 1 << 20


@pytest.fixture
def store() -> Iterator[Store]:
    with object_store() as made:
        yield made


def client_of(path: str) -> FileSystem:
    """Return the client behind a URL, which all calls of this process share, to replace its methods."""
    return cast("AnsweringFileSystem", stores.connect(path)[0]).inner


def requests(store: Store, method: str = "GET") -> list[str]:
    """Return the targets of the requests so far with this method."""
    return [request.target for request in store.faults.log if request.method == method]


# -- files -------------------------------------------------------------------------------------------------------------


def test_what_is_written_is_listed_and_read_at_once(store: Store) -> None:
    root = store.url + "/run"
    for name in ("a/1", "a/b/2", "ab/3", "c"):
        fs.write_bytes(fs.join(root, name), name.encode())

    assert [fs.relative(info.path, root) for info in fs.find(root)] == ["a/1", "a/b/2", "ab/3", "c"]
    assert [info.path for info in fs.find(root + "/a")] == [root + "/a/1", root + "/a/b/2"]
    assert [info.path for info in fs.glob(root + "/**/[12]")] == [root + "/a/1", root + "/a/b/2"]
    assert fs.find(root + "/none") == fs.glob(root + "/none/*") == []
    assert (fs.exists(root + "/a"), fs.exists(root + "/a/1"), fs.exists(root + "/a/2")) == (True, True, False)
    store.put("run/a/0", b"of another process")
    assert [info.size for info in fs.find(root + "/a")] == [18, 3, 5]
    fs.remove(root + "/a")
    fs.remove(root + "/none")
    assert store.listing() == ["run/ab/3", "run/c"]


def test_the_version_of_an_object_changes_with_its_bytes(store: Store) -> None:
    versions = []
    for data in (b"1", b"1", b"2"):
        store.put("a", data)
        (info,) = fs.glob(store.url + "/*")
        versions.append(info.version)

    assert versions[0] == versions[1] != versions[2]


def test_a_file_is_there_whole_or_not_at_all(store: Store) -> None:
    path = store.url + "/a"
    with fs.publish(path) as temporary:
        Path(temporary).write_bytes(b"whole")
        assert store.listing() == []
    assert store.read("a") == b"whole"

    def attempt() -> None:
        with fs.publish(path) as temporary:
            Path(temporary).write_bytes(b"half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        attempt()
    assert store.read("a") == b"whole"


def test_a_large_file_goes_in_parts_and_a_failure_leaves_none(store: Store, tmp_path: Path) -> None:
    data = os.urandom(11 * MB)
    (tmp_path / "local").write_bytes(data)

    def upload(path: str) -> None:
        client, inner = stores.connect(path)
        stores.upload(client, str(tmp_path / "local"), path, inner, part_bytes=5 * MB)

    upload(store.url + "/large")
    assert store.read("large") == data
    assert len([target for target in requests(store, "PUT") if "partNumber" in target]) == 3

    store.faults.add("403", method="PUT", target="partNumber=2", times=None)
    with pytest.raises(AccessDeniedError, match="/other: the store denies access"):
        upload(store.url + "/other")
    assert store.listing() == ["large"]
    assert store.uploads() == []


def test_a_large_file_is_downloaded(store: Store, tmp_path: Path) -> None:
    data = os.urandom(20 * MB)  # more than is fetched at once
    store.put("large", data)
    fs.download(store.url + "/large", str(tmp_path / "large"))
    with fs.local_copy(store.url + "/large") as path:
        assert Path(path).read_bytes() == data

    assert (tmp_path / "large").read_bytes() == data
    assert not Path(path).exists()
    with fs.local_copy(str(tmp_path / "large")) as path:
        assert path == str(tmp_path / "large")


# -- reading -----------------------------------------------------------------------------------------------------------


def test_a_stream_is_read_with_few_requests(store: Store) -> None:
    data = os.urandom(12 * MB)
    store.put("a", data)
    with fs.open_read(store.url + "/a") as handle:
        read = b"".join(iter(lambda: handle.read(1 << 14), b""))

    assert read == data
    # 256 KiB, 512 KiB, 1 MiB, 2 MiB, 4 MiB and what is left: each as much as was read before
    assert len(requests(store)) <= 8


def test_reads_at_several_offsets_return_the_right_bytes(store: Store) -> None:
    data = os.urandom(4 * MB)
    store.put("a", data)
    with fs.open_read(store.url + "/a") as handle:
        for place, length in ((3 * MB, 1000), (MB, 10), (2 * MB, 70_000), (MB + 5, 10), (0, 3), (4 * MB - 2, 100)):
            handle.seek(place)
            assert handle.read(length) == data[place : place + length]


def test_a_crawl_is_read_by_its_lists_of_paths(store: Store, tmp_path: Path) -> None:
    noise = random.Random(1)
    for kind in ("warc", "wet"):
        members = []
        for number in range(40):
            text = f"Text {number} of a crawl that is in a store, in a file of the kind {kind}."
            page = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<body><p>{text}</p>".encode()
            page += f"<!-- {noise.randbytes(50_000).hex()} --></body>".encode()
            block, fields = {
                "warc": (page, "Type: response\r\nContent-Type: application/http; msgtype=response"),
                "wet": (text.encode(), "Type: conversion\r\nContent-Type: text/plain"),
            }[kind]
            head = f"WARC/1.0\r\nWARC-{fields}\r\nWARC-Target-URI: http://a.example/{number}\r\n"
            head += f"Content-Length: {len(block)}\r\n\r\n"
            members.append(gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0))
        store.put(f"crawl-data/x/{kind}/a.{kind}.gz", b"".join(members))
        store.put(f"crawl-data/x/{kind}.paths.gz", gzip.compress(f"crawl-data/x/{kind}/a.{kind}.gz\n".encode()))

    for kind, slices in (("warc", 5), ("wet", 1)):
        inputs = [f"@{store.url}/crawl-data/x/{kind}.paths.gz"]
        shards = plan_shards(inputs, str(tmp_path), 500_000, divisible=True, prefix=f"{store.url}/")
        assert [split.name for (split,) in shards] == [f"crawl-data/x/{kind}/a.{kind}.gz"] * slices
        read = [list(read_split(split, source_options("web"), IngestOptions())) for (split,) in shards]

        found = [item.url for items in read for item in items if isinstance(item, Document)]
        assert found == [f"http://a.example/{number}" for number in range(40)]
        assert [len(items) for items in read] == [8] * 5 if slices == 5 else [40]


def test_one_column_of_a_parquet_file_does_not_bring_the_others_along(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pa.table({"text": [os.urandom(500).hex() for _ in range(10_000)], "kept": [True] * 10_000})
    pq.write_table(table, tmp_path / "a.parquet", compression="none", row_group_size=2000)
    size = (tmp_path / "a.parquet").stat().st_size
    store.put("a.parquet", (tmp_path / "a.parquet").read_bytes())
    fetched: list[int] = []
    get = ReadAhead._get

    def counted(self: ReadAhead, start: int, end: int) -> bytes:
        fetched.append(end - start)
        return get(self, start, end)

    monkeypatch.setattr(ReadAhead, "_get", counted)
    with fs.open_read(store.url + "/a.parquet") as handle:
        kept = pq.read_table(handle, columns=["kept"])

    assert kept["kept"].to_pylist() == [True] * 10_000
    assert size > 9 * MB
    assert sum(fetched) < 200_000  # the footer and five small pieces


def test_a_file_that_changes_while_it_is_read_stops_the_reader(store: Store) -> None:
    store.put("a", os.urandom(3 * MB))
    with fs.open_read(store.url + "/a") as handle:
        handle.read(10)
        store.put("a", os.urandom(3 * MB))
        with pytest.raises(FileChangedError, match="/a: has changed while it was read"):
            handle.read()
    with fs.open_read(store.url + "/a") as handle:
        handle.read(10)
        store.delete("a")
        with pytest.raises(FileChangedError, match=r"/a: has (gone|changed) while it was read"):
            handle.read()


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "action"),
    [
        *itertools.product(["GET", "PUT", "HEAD", "POST"], ["500", "503", "drop", "lose-answer"]),
        ("GET", "truncate"),
        ("POST", "truncate"),
    ],
)
def test_a_failure_that_passes_is_not_noticed(store: Store, method: str, action: str) -> None:
    path, data = store.url + "/run/a", os.urandom(MB)
    rule = store.faults.add(action, method=method, times=2)
    fs.write_bytes(path, data)
    assert fs.read_bytes(path) == data
    assert fs.size(path) == MB
    assert [info.path for info in fs.find(store.url + "/run")] == [path]
    fs.remove(store.url + "/run")

    assert store.listing() == store.uploads() == []
    assert rule.failed == 2


def test_a_store_that_keeps_failing_is_reported_in_one_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    store.put("a", b"x")
    store.faults.add("500", times=None)
    for call in (
        lambda: fs.read_bytes(store.url + "/a"),
        lambda: fs.write_bytes(store.url + "/a", b""),
        lambda: fs.find(store.url),
        lambda: fs.exists(store.url + "/a"),
        lambda: fs.remove(store.url + "/a"),
        lambda: fs.create_exclusively(store.url + "/b", b""),
    ):
        with pytest.raises(
            StoreFailedError, match=f"{store.url}.*: the store fails, after several attempts .*run again"
        ):
            call()
    assert len(store.faults.log) < 50


def test_denied_access_is_reported_at_once(store: Store) -> None:
    store.put("a", b"x")
    store.faults.add("403", times=None)
    for call in (
        lambda: fs.read_bytes(store.url + "/a"),
        lambda: fs.write_bytes(store.url + "/a", b""),
        lambda: fs.find(store.url),
        lambda: fs.remove(store.url + "/a"),
    ):
        before = len(store.faults.log)
        with pytest.raises(
            AccessDeniedError, match=f"{store.url}.*: the store denies access .*correct the credentials"
        ):
            call()
        assert len(store.faults.log) <= before + 2


def test_objects_that_may_not_be_deleted_are_not_taken_for_deleted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object, **__: object) -> list[str]:
        return []  # as s3fs does for an answer with an error for every key

    store.put("a/b", b"x")
    monkeypatch.setattr(s3fs.S3FileSystem, "_bulk_delete", refused)
    with pytest.raises(AccessDeniedError, match="/a: cannot be removed; want the permission to delete objects there"):
        fs.remove(store.url + "/a")


def test_a_store_that_accepts_a_request_and_never_answers_is_given_up(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = store.url + "/a"
    store.put("a", os.urandom(3 * MB))
    with fs.open_read(path) as handle:
        monkeypatch.setenv(VARIABLE, "0.5")
        store.faults.add("delay", times=None, seconds=15)
        for call in (
            lambda: fs.info(path),
            lambda: fs.exists(path),
            lambda: fs.find(store.url),
            lambda: fs.names(store.url),
            lambda: fs.glob(store.url + "/*"),
            lambda: fs.open_read(path),
            lambda: fs.read_bytes(path),
            lambda: fs.download(path, str(tmp_path / "copy")),
            lambda: handle.read(10),
            lambda: fs.write_bytes(path, b""),
            lambda: fs.create_exclusively(path, b""),
            lambda: fs.overwrite(path, b""),
            lambda: fs.remove_file(path),
            lambda: fs.remove_files([path]),
            lambda: fs.remove(path),
        ):
            with pytest.raises(StoreFailedError, match=r"no answer within \d+ seconds") as failed:
                call()
            assert f"{VARIABLE} sets the limit" in str(failed.value)
            assert str(failed.value).startswith(store.url)


@pytest.mark.parametrize("given", ["soon", "0", "-1", "nan", "1e400", "1e9"])
def test_a_limit_that_is_no_number_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(
        UserError, match=f"{VARIABLE}: want a number of seconds above 0 and at most 604,800, got '{given}'"
    ):
        fs.exists(store.url + "/a")


def test_a_missing_bucket_is_named(store: Store) -> None:
    nowhere = "s3://no-such-bucket/run/a"
    for call in (
        lambda: fs.write_bytes(nowhere, b""),
        lambda: fs.find(nowhere),
        lambda: fs.create_exclusively(nowhere, b""),
    ):
        with pytest.raises(BucketMissingError, match="there is no s3://no-such-bucket; make it or correct the URL"):
            call()


def test_missing_credentials_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(CredentialsMissingError, match=r"s3://bucket/a: no credentials for it .*AWS_PROFILE"):
        fs.write_bytes("s3://bucket/a", b"")
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (OSError("Forbidden: https://storage.googleapis.com/b\nno list access"), AccessDeniedError, "denies access"),
        (HttpError({"code": 401, "message": "Anonymous caller"}), AccessDeniedError, "denies access"),
        (DefaultCredentialsError("none"), CredentialsMissingError, "gcloud auth application-default login"),  # type: ignore[no-untyped-call]
        (HttpError({"code": 503, "message": "try later"}), StoreFailedError, "after several attempts .*try later, 503"),
        (ValueError("Bad Request: https://..."), StoreFailedError, "Bad Request"),
        (FileNotFoundError("a"), FileNotFoundError, "No such file or directory: .gs://bucket/run"),
    ],
)
def test_errors_of_google_cloud_storage_are_reported_in_one_line(
    error: Exception, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said), translate_store_errors("gs://bucket/run"):
        raise error


@pytest.mark.parametrize(
    ("module", "url", "said"),
    [
        ("gcsfs", "gs://bucket/run", "gs:// needs more than is installed here: pip install 'massivetext[gcp]'"),
        ("s3fs", "s3://bucket/run", "s3:// needs more than is installed here: pip install 'massivetext[s3]'"),
        ("nothing", "tape://run", "tape://run: want a local path, s3:// or gs://"),
    ],
)
def test_a_missing_extra_is_named(tmp_path: Path, module: str, url: str, said: str) -> None:
    (tmp_path / f"{module}.py").write_text(f"raise ImportError('no module named {module}')")
    command = [sys.executable, "-m", "massivetext", "run", "quickstart", "--output", url]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "300"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


# -- the lock ----------------------------------------------------------------------------------------------------------


def test_a_lock_in_a_store_is_held_by_one(store: Store) -> None:
    folder = store.url + "/run"
    with lock.hold(folder) as held:
        held.renew()
        with pytest.raises(LockHeldError, match="another run is at work in this folder"):
            lock.acquire(folder)
        held.check()
    assert store.listing() == []


def test_of_many_that_create_an_object_exactly_one_succeeds(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            path = f"{store.url}/{number}"
            made = list(pool.map(fs.create_exclusively, [path] * 8, [b"%d" % taker for taker in range(8)]))

            assert made.count(True) == 1
            assert fs.read_bytes(path) == b"%d" % made.index(True)


def test_an_object_that_was_made_though_the_answer_was_lost_is_ours(store: Store) -> None:
    store.faults.add("lose-answer", method="PUT")
    assert fs.create_exclusively(store.url + "/a", b"mine") is True
    assert fs.create_exclusively(store.url + "/a", b"another's") is False


def test_an_object_is_replaced_only_where_there_is_one_and_nobody_has_touched_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.url + "/a"
    with pytest.raises(FileNotFoundError):
        fs.overwrite(path, b"1")
    assert store.listing() == []
    store.put("a", b"1")
    fs.overwrite(path, b"2")
    assert store.read("a") == b"2"

    client = client_of(path)
    info = client.info

    def touched_in_between(inner: str) -> object:
        found = info(inner)
        store.put("a", b"another's")
        return found

    monkeypatch.setattr(client, "info", touched_in_between)
    with pytest.raises(FileNotFoundError):
        fs.overwrite(path, b"3")
    assert store.read("a") == b"another's"


def refusal(code: str) -> OSError:
    """Return the error that s3fs makes of an answer of a store."""
    error = OSError(code)
    error.__cause__ = ClientError({"Error": {"Code": code}}, "PutObject")
    return error


@pytest.mark.parametrize("code", ["NotImplemented", "501"])
def test_a_store_without_conditional_requests_can_be_written(
    store: Store, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    path = store.url + "/a"
    client = client_of(path)
    put = client.pipe_file

    def simple(inner: str, data: bytes, **conditions: str) -> object:
        if conditions:
            raise refusal(code)
        return put(inner, data)

    monkeypatch.setattr(client, "pipe_file", simple)
    assert fs.create_exclusively(path, b"1") is True
    assert fs.create_exclusively(path, b"2") is False
    fs.overwrite(path, b"3")
    assert store.read("a") == b"3"


def test_an_object_that_another_is_just_making_is_not_ours(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(store.url)

    def conflicting(*_: object, **__: object) -> None:
        raise refusal("ConditionalRequestConflict")

    monkeypatch.setattr(client, "pipe_file", conflicting)
    assert fs.create_exclusively(store.url + "/a", b"1") is False


# -- whole runs --------------------------------------------------------------------------------------------------------

RECIPE = """
name = "small"
seed = 7
[sources.web]
kind = "web"
inputs = ["CORPUS/web/*.warc.gz"]
weight = 0.5
shard_bytes = 400_000
[sources.books]
kind = "books"
inputs = ["CORPUS/books/*.txt"]
weight = 0.2
[sources.news]
kind = "news"
inputs = ["CORPUS/news/*.jsonl.gz"]
weight = 0.2
[sources.code]
kind = "code"
inputs = ["CORPUS/code/*.zip", "CORPUS/code/*.tar.gz"]
weight = 0.1
[decontaminate]
test_sets = ["CORPUS/bench/*.jsonl.gz"]
[tokenizer]
vocabulary_size = 1_000
training_bytes = 500_000
[records]
sequence_length = 512
epochs = 1
shard_sequences = 32
"""
PARTS = ("web/pages-00*", "books/2*", "news/news-02*", "code/*", "bench/*")
# Files with the paths of inputs, or with dates and durations; all others are the same everywhere.
OWN = ("manifest.json", "run.json", "report/report.json", "report/index.html", "report/card.md", "records/dataset.json")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few hundred documents of the demo corpus, and a run of them on the local disk."""
    folder = tmp_path_factory.mktemp("corpus")
    demo.write_demo(folder / "demo")
    for pattern in PARTS:
        for path in (folder / "demo").glob(pattern):
            copy = folder / "small" / path.relative_to(folder / "demo")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (folder / "recipe.toml").write_text(RECIPE.replace("CORPUS", "small"))
    massivetext("run", "recipe.toml", "--output", "run", "--workers", "2", folder=folder)
    return folder


@pytest.fixture(scope="module")
def filled(corpus: Path) -> Iterator[Store]:
    """The same corpus in a store, with its recipe on this machine."""
    with object_store() as made:
        for path in (corpus / "small").rglob("*.*"):
            made.put(f"corpus/{path.relative_to(corpus / 'small')}", path.read_bytes())
        (corpus / "remote.toml").write_text(RECIPE.replace("CORPUS", made.url + "/corpus"))
        yield made


def contents(corpus: Path) -> dict[str, bytes]:
    """Return the files of the run on disk that are the same everywhere."""
    files = {path.relative_to(corpus / "run").as_posix(): path for path in (corpus / "run").rglob("*")}
    return {name: path.read_bytes() for name, path in files.items() if path.is_file() and is_same(name)}


def is_same(name: str) -> bool:
    """Return whether a file of a run is the same everywhere."""
    return not name.endswith(OWN) and not is_log(name)


def stored(store: Store, run: str) -> dict[str, bytes]:
    """Return the same files of a run in the store."""
    names = [key.removeprefix(f"{run}/") for key in store.listing(f"{run}/")]
    return {name: store.read(f"{run}/{name}") for name in names if is_same(name)}


@pytest.mark.slow
def test_a_run_in_a_store_equals_the_run_on_disk_and_can_be_used_in_the_same_way(corpus: Path, filled: Store) -> None:
    run = filled.url + "/run"
    massivetext("run", "remote.toml", "--output", run, "--workers", "2", folder=corpus)
    ours, theirs = contents(corpus), stored(filled, "run")

    assert sorted(ours) == sorted(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert len([name for name in ours if name.endswith(".array_record")]) > 1
    assert filled.uploads() == []

    again = massivetext("run", "remote.toml", "--output", run, "--workers", "2", folder=corpus)
    assert "everything is done already" in again.stdout
    verified = massivetext("verify", run, folder=corpus)
    assert "every file is as it was written" in verified.stdout
    reported = massivetext("report", run, folder=corpus)
    assert reported.stdout.strip() == f"{run}/report/index.html"
    table = Run(run).read_table("documents", open_context(Run(run)).shards("news")[0], ["id"])
    traced = massivetext("trace", run, table["id"][0].as_py(), "--all", folder=corpus)
    assert "word_count" in traced.stdout

    local, remote = open_records(str(corpus / "run/records")), open_records(run + "/records")
    assert [r.tokens.tolist() for r in remote] == [r.tokens.tolist() for r in local]
    cache = corpus / "cache"
    for _ in range(2):
        batches = load(run + "/records", 8, seed=1, epochs=1, process_index=0, process_count=1, cache=str(cache))
        wanted = load(str(corpus / "run/records"), 8, seed=1, epochs=1, process_index=0, process_count=1)
        assert [b["inputs"].tolist() for b in batches] == [b["inputs"].tolist() for b in wanted]
        before = len(requests(filled))
    assert len([t for t in requests(filled)[before:] if "array_record" in t]) == 0
    assert len(list(cache.iterdir())) == len(local.dataset.train.shards)


@pytest.mark.slow
def test_a_run_in_a_store_that_is_killed_goes_on(corpus: Path, filled: Store) -> None:
    run = filled.url + "/killed"
    command = ("run", "remote.toml", "--output", run, "--workers", "2")
    for moment in ("killed/documents/", "killed/signatures/", "killed/tokens/"):
        process = subprocess.Popen(
            [sys.executable, "-m", "massivetext", *command],
            cwd=corpus,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 180
        while not filled.listing(moment) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    massivetext(*command, folder=corpus)

    assert stored(filled, "killed") == contents(corpus)
    assert filled.uploads() == []
    verified = massivetext("verify", run, folder=corpus)
    assert "every file is as it was written" in verified.stdout


def test_many_files_are_removed_with_few_requests(store: Store) -> None:
    for number in range(50):
        store.put(f"run/cells/{number}", b"x")
    store.put("run/kept", b"x")
    before = len(store.faults.log)
    fs.remove_files([f"{store.url}/run/cells/{number}" for number in range(50)])

    assert store.listing() == ["run/kept"]
    assert len(store.faults.log) - before <= 5


def test_a_damaged_or_missing_shard_of_records_is_named(store: Store, tmp_path: Path) -> None:
    write_folder(tmp_path)
    for path in tmp_path.iterdir():
        store.put(f"records/{path.name}", path.read_bytes())
    folder, shard = store.url + "/records", RUN_FORMAT.shard_path(1, SHARDS)
    assert check_records(folder) == []
    assert [record.seq_id for record in open_records(folder)] == list(range(SEQUENCES))

    whole = store.read(f"records/{shard}")
    store.put(f"records/{shard}", whole[:-1] + b"x")
    assert [problem for problem in check_records(folder) if f"{folder}/{shard}: want SHA-256" in problem]
    with pytest.raises(OSError, match=f"{folder}/{shard}: want SHA-256"):
        list(open_records(folder))
    store.put(f"records/{shard}", whole[:-1])
    with pytest.raises(
        OSError, match=f"{folder}/{shard}: want {len(whole)} bytes by dataset.json, got {len(whole) - 1}"
    ):
        open_records(folder)
    store.delete(f"records/{shard}")
    with pytest.raises(OSError, match=f"{folder}/{shard}: want {len(whole)} bytes by dataset.json, got no file"):
        open_records(folder)
    assert [problem for problem in check_records(folder) if f"{shard}" in problem]


def test_copies_of_records_are_removed_with_their_reader(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "records")
    for path in (tmp_path / "records").iterdir():
        store.put(path.name, path.read_bytes())
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    records = open_records(store.url)
    assert records[0].seq_id == 0
    (copies,) = scratch.iterdir()
    assert len(list(copies.iterdir())) == 1  # of four shards, the one that was read

    del records
    gc.collect()
    assert list(scratch.iterdir()) == []
