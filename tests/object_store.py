"""An S3 store on loopback, whose requests fail by rules."""

import contextlib
import itertools
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest import mock

import boto3
import s3fs
from botocore.client import BaseClient
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REGION = "us-east-1"
ERRORS = {
    "500": ("500 Internal Server Error", "InternalError", "We encountered an internal error. Please try again."),
    "503": ("503 Slow Down", "SlowDown", "Please reduce your request rate."),
    "403": ("403 Forbidden", "AccessDenied", "Access Denied"),
}
ACTIONS = (*ERRORS, "drop", "truncate", "delay", "lose-answer")
_CALL = "call"
_buckets = itertools.count()


@dataclass(frozen=True)
class Request:
    """A request, and what was done to it: an action of :data:`ACTIONS`, or None."""

    method: str
    target: str
    fault: str | None


@dataclass
class Rule:
    """Which requests fail, and how; ``seen`` counts the requests that match."""

    action: str
    method: str
    target: re.Pattern[str]
    skip: int
    times: int | None
    every: int
    seconds: float
    call: Callable[[], object] | None = None
    seen: int = 0
    failed: int = 0

    def strikes(self, method: str, target: str) -> bool:
        """Count the request if it matches, and return whether it must fail."""
        if not re.fullmatch(self.method, method) or not self.target.search(target):
            return False
        self.seen += 1
        due = self.seen > self.skip and (self.seen - self.skip - 1) % self.every == 0
        if not due or (self.times is not None and self.failed >= self.times):
            return False
        self.failed += 1
        return True


@dataclass
class Faults:
    """An application between the clients and the store: passes requests on, records them, and spoils some by rules."""

    application: "WSGIApplication"
    log: list[Request] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        action: str,
        *,
        method: str = ".*",
        target: str = "",
        skip: int = 0,
        times: int | None = 1,
        every: int = 1,
        seconds: float = 1.0,
    ) -> Rule:
        """Spoil requests from now on.

        Args:
            action: "500", "503" (SlowDown) and "403" answer with this status, and the store never sees the request;
                "drop" reads half of the request and closes the connection; "truncate" closes it within the answer;
                "lose-answer" lets the store execute the request and then answers 500; "delay" waits first.
            method: pattern that the whole method must match.
            target: pattern to find in "/bucket/key?query".
            skip: number of requests that pass first.
            times: number of requests to spoil; None: no limit.
            every: after the skipped requests, every ``every``-th request is spoiled.
            seconds: how long "delay" waits.
        """
        if action not in ACTIONS:
            raise ValueError(f"action: want one of {', '.join(ACTIONS)}, got {action!r}")
        rule = Rule(action, method, re.compile(target), skip, times, every, seconds)
        with self._lock:
            self.rules.append(rule)
        return rule

    def call(self, function: Callable[[], object], *, method: str = ".*", target: str = "", skip: int = 0) -> Rule:
        """Call a function once before a request is passed on; the arguments are those of :meth:`add`."""
        rule = Rule(_CALL, method, re.compile(target), skip, 1, 1, 0.0, function)
        with self._lock:
            self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Spoil no request from now on."""
        with self._lock:
            self.rules.clear()

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        query = environ.get("QUERY_STRING", "")
        method, target = environ["REQUEST_METHOD"], environ["PATH_INFO"] + (f"?{query}" if query else "")
        with self._lock:
            rule = next((rule for rule in self.rules if rule.strikes(method, target)), None)
            self.log.append(Request(method, target, rule.action if rule else None))
        if rule is None:
            return self.application(environ, start)
        if rule.call is not None:
            rule.call()
            return self.application(environ, start)
        if rule.action == "delay":
            time.sleep(rule.seconds)
            return self.application(environ, start)
        if rule.action == "drop":
            return _drop(environ)
        if rule.action == "truncate":
            return _truncate(self.application, environ, start)
        if rule.action == "lose-answer":
            b"".join(self.application(environ, lambda *_: lambda _: None))
            return _refuse("500", environ, start)
        _take(environ, 1.0)
        return _refuse(rule.action, environ, start)


class _AtomicConditions:
    """Moto compares an object with the condition of a request, and then writes it: here one request at a time."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application, self._lock = application, threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        if environ.keys().isdisjoint({"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}):
            return self._application(environ, start)
        with self._lock:
            return self._application(environ, start)


def _refuse(error: str, environ: "WSGIEnvironment", start: "StartResponse") -> list[bytes]:
    status, code, message = ERRORS[error]
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _take(environ: "WSGIEnvironment", share: float) -> None:
    """Read a share of what the client sends; otherwise the client would find the connection closed while it writes."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"].read(int(length * share))


def _drop(environ: "WSGIEnvironment") -> list[bytes]:
    _take(environ, 0.5)
    _close(environ)
    raise ConnectionResetError("dropped on purpose")


def _close(environ: "WSGIEnvironment") -> None:
    with contextlib.suppress(OSError):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def _truncate(application: "WSGIApplication", environ: "WSGIEnvironment", start: "StartResponse") -> list[bytes]:
    """Announce the whole answer, and close the connection in the middle of it."""
    answer: list[tuple[str, list[tuple[str, str]]]] = []

    def keep(status: str, headers: list[tuple[str, str]], _: object = None, /) -> Callable[[bytes], None]:
        answer.append((status, headers))
        return lambda _: None

    body = b"".join(application(environ, keep))
    ((status, headers),) = answer
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    write = start(status, [*kept, ("Content-Length", str(len(body)))])
    write(body[: len(body) // 2])
    _close(environ)
    raise ConnectionResetError("truncated on purpose")


@dataclass(frozen=True)
class Store:
    """A bucket of a store on loopback.

    Attributes:
        url: URL of the bucket, such as "s3://bucket-0".
        environment: environment variables that a process needs to reach it.
        faults: which requests to spoil, and the requests so far.
        client: boto3's client without the faults: its requests are neither spoiled nor recorded.
    """

    url: str
    environment: dict[str, str]
    faults: Faults
    client: BaseClient

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self.url.removeprefix("s3://")

    def listing(self, prefix: str = "") -> list[str]:
        """Return every key that begins with a prefix, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def read(self, key: str) -> bytes:
        """Return the bytes of an object."""
        data: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return data

    def put(self, key: str, data: bytes) -> None:
        """Write an object."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def delete(self, key: str) -> None:
        """Remove an object."""
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def uploads(self) -> list[str]:
        """Return the keys of multipart uploads that were neither completed nor aborted."""
        found = self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        return sorted(upload["Key"] for upload in found)


@contextmanager
def object_store() -> Iterator[Store]:
    """Give an empty bucket; within the block, this process and its children reach it as ``Store.url``."""
    moto = _AtomicConditions(DomainDispatcherApplication(create_backend_app))
    faults = Faults(moto)
    with _served(faults) as endpoint, _served(moto) as own:
        environment = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        with mock.patch.dict(os.environ, environment), _fresh_clients():
            client = boto3.client("s3", endpoint_url=own)
            store = Store(f"s3://bucket-{next(_buckets)}", environment, faults, client)
            client.create_bucket(Bucket=store.bucket)
            try:
                yield store
            finally:
                for key in store.listing():
                    store.delete(key)
                client.delete_bucket(Bucket=store.bucket)


@contextmanager
def _served(application: "WSGIApplication") -> Iterator[str]:
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(MotoRequestHandler):
    def log(self, *_: object) -> None:
        """Log nothing: Faults records every request."""


@contextmanager
def _fresh_clients() -> Iterator[None]:
    # s3fs caches clients by their arguments; the address in the environment is not one of them.
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        yield
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
