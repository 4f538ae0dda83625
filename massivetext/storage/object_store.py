"""Object stores behind the file API: how a path is connected, and writes that depend on what is there.

s3fs and gcsfs do the work: they sign requests, divide large files, abort an upload that fails, and repeat requests with
growing pauses if a connection breaks or a store asks for fewer requests. This package adds options, reading ahead
that suits both streams and Parquet (:mod:`massivetext.storage.read_ahead`), and errors that say what to do
(:mod:`massivetext.storage.store_errors`).
"""

import contextlib
import os
import re
from collections.abc import Mapping
from typing import cast

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem, make_path_posix

from massivetext.errors import UserError
from massivetext.storage.answers import with_limit
from massivetext.storage.file_systems import FileSystem
from massivetext.storage.read_ahead import MOST_AHEAD_BYTES
from massivetext.storage.store_errors import (
    EXTRAS,
    has_no_conditions,
    protocol_of,
    refuses_condition,
    translate_store_errors,
    translate_write_errors,
)

# fsspec knows many more, and chains of them: some run templates, shells or other people's servers, and none was tried.
PROTOCOLS = frozenset({"", "file", "memory", *EXTRAS})
UPLOAD_PART_BYTES = 1 << 24
_LOCAL = LocalFileSystem()
_PARALLEL_UPLOAD_PARTS = 4
# What begins like a URL and is none would be made as a folder of this machine: ``gs:/bucket``, ``s3:``.
_MISTYPED_URL = re.compile(r"((?:s3a?|gs|gcs|https?|ftp|hdfs|file|memory):|[A-Za-z][A-Za-z0-9+.-]*:/)(?!//)")
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}|arn:[^?#\s]+")
_CREDENTIALS_IN_URL = re.compile("://[^/]*@")
# botocore repeats a failed request up to five times within some 15 seconds on average; s3fs repeats all of that four
# times where the connection failed or the store said SlowDown. Variables of the environment take precedence.
_S3_RETRIES = {"mode": "standard", "max_attempts": 6}
_S3_VARIABLES = ("AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE")


def connect(path: str) -> tuple[FileSystem, str]:
    """Return the file system of a path, and the path within it.

    Listings are never cached, because other processes write to the same folders.

    Raises:
        UserError: the protocol is not supported, its extra is not installed, or the URL holds credentials.
    """
    require_path(path)
    if "://" not in path and "::" not in path:
        return cast("FileSystem", _LOCAL), make_path_posix(path).rstrip("/") or "/"
    protocol = protocol_of(path)
    if _CREDENTIALS_IN_URL.search(path):  # they would be written to run.json and to messages
        raise UserError(f"a URL of {protocol}:// holds credentials; leave them out, and set them in the environment")
    if protocol not in PROTOCOLS or "::" in path:
        hint = "; download it first" if protocol in ("http", "https", "ftp", "hdfs") else ""
        raise UserError(f"{path}: want a local path, s3:// or gs://{hint}")
    if protocol in EXTRAS and not _BUCKET.fullmatch(path.split("/")[2]):
        raise UserError(
            f"{path}: want {protocol}://BUCKET/FOLDER, where a bucket has letters, digits, '.', '_' and '-', got "
            f"{path.split('/')[2]!r} as bucket"
        )
    try:
        found: tuple[FileSystem, str] = url_to_fs(path, use_listings_cache=False, **_options(protocol))
    except ImportError as error:
        extra = EXTRAS.get(protocol)
        remedy = f"pip install 'massivetext[{extra}]'" if extra else str(error)
        raise UserError(f"{path}: {protocol}:// needs more than is installed here: {remedy}") from error
    except ValueError as error:
        raise UserError(f"{path}: {error}; want a local path, s3:// or gs://") from error
    return (with_limit(found[0]), found[1]) if protocol in EXTRAS else found


def require_path(path: str) -> None:
    """Refuse what can be no path, and what is meant as a URL and lacks a slash.

    Raises:
        UserError: names the path, and what was probably meant.
    """
    if "\0" in path:
        raise UserError(f"{path!r}: want a path, got one with a NUL character; take it out")
    if "://" not in path and (found := _MISTYPED_URL.match(path)):
        scheme, rest = path.split(":", 1)
        meant = f"{scheme}://{rest.lstrip('/')}" if scheme in PROTOCOLS else "s3:// or gs://"
        raise UserError(f"{path}: want {meant}, or ./{path} for a local path that begins with '{found[0]}'")


def is_object_store(fs: FileSystem) -> bool:
    """Return whether a file system keeps objects, such as S3 or Google Cloud Storage, rather than files in folders."""
    names = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    return not EXTRAS.keys().isdisjoint(names)


def _options(protocol: str) -> Mapping[str, object]:
    if EXTRAS.get(protocol) != "s3":
        return {}
    ours = not any(name in os.environ for name in _S3_VARIABLES)
    return {
        "default_block_size": MOST_AHEAD_BYTES,
        "max_concurrency": _PARALLEL_UPLOAD_PARTS,
        "config_kwargs": {"retries": _S3_RETRIES} if ours else {},
    }


def upload(fs: FileSystem, local: str, path: str, inner: str, *, part_bytes: int = UPLOAD_PART_BYTES) -> None:
    """Copy a local file to a store, where it appears at once and whole.

    Args:
        fs: file system of the store.
        local: path of the local file.
        path: URL to write, for messages.
        inner: the same path within ``fs``.
        part_bytes: a larger file is uploaded in parts of this size; a few of them are in memory at a time.
    """
    parts = {"chunksize": part_bytes} if protocol_of(path) in EXTRAS else {}
    with translate_write_errors(path):
        fs.put_file(local, inner, **parts)


def read_object(fs: FileSystem, path: str, inner: str) -> bytes:
    """Return the bytes of a file, read in one request so that it may be replaced at any time."""
    one_request = {"max_concurrency": 1} if EXTRAS.get(protocol_of(path)) == "s3" else {}
    with translate_store_errors(path):
        return fs.cat_file(inner, **one_request)


def create_object(fs: FileSystem, path: str, inner: str, data: bytes) -> bool:
    """Write a small file if there is none; return whether the file holds ``data`` now.

    S3 and Google Cloud Storage check and write in one step. For a store without conditional requests we check first
    and write then, so that two processes may both get True.
    """
    try:
        with translate_write_errors(path):
            _write_new(fs, inner, data)
    except FileExistsError:
        # A request is repeated when its answer was lost, and may then find the file that it has written itself.
        with contextlib.suppress(FileNotFoundError), translate_store_errors(path):
            return fs.cat_file(inner) == data
        return False
    return True


def _write_new(fs: FileSystem, inner: str, data: bytes) -> None:
    try:
        fs.pipe_file(inner, data, mode="create")
    except OSError as error:
        if has_no_conditions(error) and not fs.exists(inner):
            fs.pipe_file(inner, data)
        elif has_no_conditions(error) or refuses_condition(error):
            raise FileExistsError(inner) from error
        else:
            raise


def replace_object(fs: FileSystem, path: str, inner: str, data: bytes) -> None:
    """Overwrite a small file that exists; on S3 only if no other process has written it since this call began.

    Raises:
        FileNotFoundError: there is none, or another process has written it.
    """
    with translate_store_errors(path):
        info: Mapping[str, object] = fs.info(inner)
        unchanged = {"IfMatch": info["ETag"]} if EXTRAS.get(protocol_of(path)) == "s3" else {}
        try:
            fs.pipe_file(inner, data, **unchanged)
        except OSError as error:
            if has_no_conditions(error):
                fs.pipe_file(inner, data)
            elif refuses_condition(error):
                raise FileNotFoundError(path) from error
            else:
                raise
