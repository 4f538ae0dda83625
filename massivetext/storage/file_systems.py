"""The part of fsspec's interface that massivetext uses, as types: fsspec itself has none."""

from collections.abc import Mapping
from typing import IO, Protocol, TypedDict


class Listed(TypedDict):
    """What fsspec reports about a file; each file system adds fields of its own, such as ``ETag`` or ``mtime``."""

    name: str
    size: int
    type: str


class FileSystem(Protocol):
    """A file system of fsspec. Paths are those within the file system, without a protocol."""

    protocol: str | tuple[str, ...]

    def info(self, path: str) -> Listed:
        """Return what is known about a file. Raises FileNotFoundError."""

    def exists(self, path: str) -> bool:
        """Return whether a file is there; False for every kind of error."""

    def size(self, path: str) -> int:
        """Return the bytes of a file. Raises FileNotFoundError."""

    def find(self, path: str, *, detail: bool, prefix: str = "") -> Mapping[str, Listed]:
        """Return every file below a folder by its path; of an object store, only paths that begin with a prefix."""

    def ls(self, path: str, *, detail: bool) -> list[str]:
        """Return the paths of what is in a folder. Raises FileNotFoundError."""

    def glob(self, path: str, *, detail: bool) -> Mapping[str, Listed]:
        """Return every file that matches a pattern by its path."""

    def open(self, path: str, mode: str, **options: object) -> IO[bytes]:
        """Return an open file."""

    def cat_file(self, path: str, **options: object) -> bytes:
        """Return the bytes of a file."""

    def pipe_file(self, path: str, value: bytes, **options: object) -> object:
        """Write the bytes of a file."""

    def put_file(self, lpath: str, rpath: str, **options: object) -> object:
        """Copy a local file to this file system."""

    def rm_file(self, path: str) -> object:
        """Remove a file."""

    def rm(self, path: str | list[str], *, recursive: bool) -> object:
        """Remove a file, a folder, or several files."""

    def unstrip_protocol(self, name: str) -> str:
        """Return a path with its protocol."""
