"""Object stores behind the filesystem layer: how they are reached, how they are read, and what their errors mean.

s3fs and gcsfs do the work: they sign, divide large files, abort an upload that fails, and try again with growing pauses
when a connection breaks or a store asks for less. Added here are options that suit us, reading ahead that suits both
streams and Parquet, and errors in plain words.
"""

import contextlib
import errno
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from fsspec import AbstractFileSystem
from fsspec.caching import BaseCache, register_cache
from fsspec.core import url_to_fs

from massivetext.errors import StageError, UserError

# Protocols of object stores, and the extra that each needs.
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcp", "gcs": "gcp"}
# fsspec knows many more, and chains of them: some run templates, shells or other people's servers, none was tried.
_PROTOCOLS = frozenset({"", "file", "local", "memory", "hdfs", "http", "https", *EXTRAS})
_CREDENTIALS_IN_URL = re.compile("://[^/]*@")
# A failed request is sent again by botocore up to five times in some 15 seconds on average; s3fs does all that again,
# four times, where the connection failed or the store said SlowDown. What a user has set in the environment goes first.
_S3_RETRIES = {"mode": "standard", "max_attempts": 6}
_S3_VARIABLES = ("AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE")
_PART = 1 << 24  # bytes of a part of a large upload
_PARTS_AT_ONCE = 4
_AHEAD = 1 << 23  # how far a stream is read ahead at most
_FIRST_AHEAD = 1 << 18  # a smaller file is read whole
_BEHIND = 1 << 16  # how much of what was read is kept, for callers that step back

_CREDENTIALS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role",
    "gcp": "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS",
}
_NO_CREDENTIALS = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"}
    | {"TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError", "DefaultCredentialsError"}
)
# What s3fs and gcsfs raise that is no OSError, by module and name: the modules are imported where they are used alone.
_FOREIGN = (
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("aiohttp", "ClientError"),
    ("requests.exceptions", "RequestException"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("gcsfs.retry", "HttpError"),
)


def connect(path: str) -> tuple[Any, str]:
    """The filesystem of a path, and the path within it; listings are never remembered, since other processes write.

    Raises:
        UserError: no such protocol, its extra is not installed, or the URL holds credentials.
    """
    protocol = _protocol(path)
    if _CREDENTIALS_IN_URL.search(path):  # which would stand in run.json and in messages
        raise UserError(f"a URL of {protocol}:// holds credentials; leave them out, and set them in the environment")
    if protocol not in _PROTOCOLS or "::" in path:
        raise UserError(f"{path}: want a local path, s3:// or gs://")
    try:
        found: tuple[Any, str] = url_to_fs(path, use_listings_cache=False, **_options(protocol))
    except ImportError as error:
        extra = EXTRAS.get(protocol)
        remedy = f"pip install 'massivetext[{extra}]'" if extra else str(error)
        raise UserError(f"{path}: {protocol}:// needs more than is installed here: {remedy}") from error
    except ValueError as error:
        raise UserError(f"{path}: {error}; want a local path, s3:// or gs://") from error
    return found


def _protocol(path: str) -> str:
    return path.split("://")[0] if "://" in path else ""


def _options(protocol: str) -> dict[str, Any]:
    if EXTRAS.get(protocol) != "s3":
        return {}
    mine = not any(name in os.environ for name in _S3_VARIABLES)
    return {
        "default_block_size": _AHEAD,
        "max_concurrency": _PARTS_AT_ONCE,
        "config_kwargs": {"retries": _S3_RETRIES} if mine else {},
    }


# -- transfers ---------------------------------------------------------------------------------------------------------


def upload(fs: AbstractFileSystem, local: str, path: str, inner: str) -> None:
    """Puts a local file under its name at once; a large one goes in parts, of which few are in memory."""
    parts = {"chunksize": _PART} if _protocol(path) in EXTRAS else {}
    with writing(path):
        fs.put_file(local, inner, **parts)


def open_ahead(fs: AbstractFileSystem, path: str, inner: str) -> Any:
    """An open file that reads ahead as :class:`ReadAhead` does. Raises FileNotFoundError."""
    own = {"cache_type": ReadAhead.name, "block_size": _AHEAD, "cache_options": {"path": path}}
    with telling(path):
        return fs.open(inner, "rb", **(own if _protocol(path) in EXTRAS else {}))


class ReadAhead(BaseCache):  # type: ignore[misc]  # fsspec has no types
    """Reads ahead as long as reads follow one another, further each time; a read elsewhere gets what it asks for.

    So a stream takes few requests, and a column of a Parquet file does not bring its neighbours along.
    """

    name = "massivetext"

    def __init__(self, blocksize: int, fetcher: Callable[[int, int], bytes], size: int, path: str) -> None:
        super().__init__(blocksize, fetcher, size)
        self._path = path
        self._start = 0
        self._data = b""
        self._in_order = 0  # bytes read one after the other

    def _fetch(self, start: int | None, stop: int | None) -> bytes:
        first, end = start or 0, self.size if stop is None else min(stop, self.size)
        if first >= end:
            return b""
        if self.size <= _FIRST_AHEAD and not self._data:
            self._data = self._get(0, self.size)
        held = self._start + len(self._data)
        if not self._start <= first <= held:
            self._start, self._data, self._in_order, held = first, b"", 0, first
            ahead = 0
        else:
            ahead = min(max(self._in_order, _FIRST_AHEAD), self.blocksize)
        if end > held:
            more = self._get(held, min(end + ahead, self.size))
            kept = max(min(first, held - _BEHIND), self._start)
            self._data = self._data[kept - self._start :] + more
            self._start = kept
            self._in_order += len(more)
        return self._data[first - self._start : end - self._start]

    def _get(self, start: int, end: int) -> bytes:
        try:
            with telling(self._path):
                data: bytes = self.fetcher(start, end)
        except FileNotFoundError as error:
            raise StageError(f"{self._path}: has gone while it was read; put it back and run again to go on") from error
        if len(data) != end - start:
            raise StageError(f"{self._path}: want bytes {start:,} to {end:,}, got {len(data):,} bytes; run again")
        return data


register_cache(ReadAhead, clobber=True)


# -- errors ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
    """As :func:`telling`; what is not found when something is written is the bucket."""
    try:
        with telling(path):
            yield
    except FileNotFoundError as error:
        raise _no_bucket(path) from error


@contextlib.contextmanager
def telling(path: str) -> Iterator[None]:
    """Around a call of fsspec: what is left of a store's errors after its retries, in plain words.

    Raises:
        FileNotFoundError: with the path.
        FileExistsError: as it comes.
        UserError: no credentials, no permission, or no such bucket.
        StageError: the store fails, or a file has changed while it was read.
    """
    try:
        yield
    except FileNotFoundError as error:
        if _response_code(error) == "NoSuchBucket":
            raise _no_bucket(path) from error
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
    except FileExistsError:
        raise
    except _errors() as error:
        raise _plain(path, error) from error


def _errors() -> tuple[type[Exception], ...]:
    foreign = [getattr(sys.modules[module], name) for module, name in _FOREIGN if module in sys.modules]
    return (OSError, ValueError, *foreign)


def _no_bucket(path: str) -> UserError:
    bucket = "/".join(path.split("/")[:3])
    return UserError(f"{path}: there is no {bucket}; make it or mend the URL")


def _plain(path: str, error: Exception) -> UserError | StageError:
    said = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if type(error).__name__ in _NO_CREDENTIALS:
        hint = _CREDENTIALS.get(EXTRAS.get(_protocol(path), ""), "see the documentation of the store")
        return UserError(f"{path}: no credentials for it ({said}); {hint}")
    if _is_denied(error):
        return UserError(f"{path}: the store denies access ({said}); mend the credentials or the permissions")
    if type(error).__name__ == "FileExpired":
        return StageError(f"{path}: has changed while it was read; leave the inputs alone and run again")
    return StageError(f"{path}: the store fails, after several attempts ({said}); run again to go on")


def _is_denied(error: Exception) -> bool:
    google = str(error).startswith("Forbidden") or str(getattr(error, "code", "")) in ("401", "403")
    return isinstance(error, PermissionError) or google


def _response_code(error: Exception) -> str:
    """The code of S3's own answer behind an error of s3fs."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


# -- conditions --------------------------------------------------------------------------------------------------------


def read(fs: AbstractFileSystem, path: str, inner: str) -> bytes:
    """The whole of a file in one request, so that it may be replaced at any time."""
    in_one = {"max_concurrency": 1} if EXTRAS.get(_protocol(path)) == "s3" else {}
    with telling(path):
        data: bytes = fs.cat_file(inner, **in_one)
        return data


def create(fs: AbstractFileSystem, path: str, inner: str, data: bytes) -> bool:
    """Puts a small file where there is none; returns whether the file holds ``data`` now.

    S3 and Google Cloud Storage do it in one step. A store that knows no conditions is asked first and written to then,
    so that two may both believe to have been the first.
    """
    try:
        with writing(path):
            _put_new(fs, inner, data)
    except FileExistsError:
        # A request whose answer was lost is sent again, and then finds what it has put itself.
        with contextlib.suppress(FileNotFoundError), telling(path):
            return bool(fs.cat_file(inner) == data)
        return False
    return True


def _put_new(fs: AbstractFileSystem, inner: str, data: bytes) -> None:
    try:
        fs.pipe_file(inner, data, mode="create")
    except OSError as error:
        reason = condition(error)
        if reason == "NotImplemented" and not fs.exists(inner):
            fs.pipe_file(inner, data)
        elif reason is not None:
            raise FileExistsError(inner) from error
        else:
            raise


def replace(fs: AbstractFileSystem, path: str, inner: str, data: bytes) -> None:
    """Puts a small file in the place of one that is there, and on S3 only if nobody has touched that in between.

    Raises:
        FileNotFoundError: there is none, or somebody has.
    """
    with telling(path):
        info = fs.info(inner)
        on_s3 = {"IfMatch": info["ETag"]} if EXTRAS.get(_protocol(path)) == "s3" else {}
        try:
            fs.pipe_file(inner, data, **on_s3)
        except OSError as error:
            reason = condition(error)
            if reason == "NotImplemented":
                fs.pipe_file(inner, data)
            elif reason is not None:
                raise FileNotFoundError(path) from error
            else:
                raise


def condition(error: Exception) -> str | None:
    """Why S3 refused a conditional request; None where the error is of another kind."""
    code = _response_code(error)
    known = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NotImplemented", "501"}
    return {"501": "NotImplemented"}.get(code, code) if code in known else None
