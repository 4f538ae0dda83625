"""What a run writes about itself, as JSON: commits of work items, manifests of stages, and ``run.json``.

Every name of a field here is written to files.
"""

import hashlib
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from massivetext.errors import StageError, UserError

T = TypeVar("T")

FORMAT = 1  # version of run.json
MANIFEST = "manifest.json"
RUN = "run.json"
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError)


class CommittedFile(msgspec.Struct, frozen=True, order=True):
    """A committed file: path relative to the run folder, size in bytes, SHA-256, and number of rows if it has rows."""

    path: str
    bytes: int
    sha256: str
    rows: int | None = None


class ShardCommit(msgspec.Struct, frozen=True):
    """The commit of one work item: its name, its files and its counts (documents, words, rejected:bad_json, ...)."""

    task: str
    files: tuple[CommittedFile, ...]
    counts: dict[str, int]


class Manifest(msgspec.Struct, frozen=True):
    """The manifest of a stage; writing it completes the stage.

    Attributes:
        stage: name of the stage.
        key: stage key: hash of everything that decides the output.
        inputs: keys of the stages before it.
        tasks: commit of every work item, sorted by name.
        facts: facts beyond counts (rules, weights, ...), as JSON values; read them with :meth:`fact`.
    """

    stage: str
    key: str
    inputs: dict[str, str]
    tasks: tuple[ShardCommit, ...]
    facts: dict[str, object] = {}

    def fact(self, name: str, type_: type[T], default: object = msgspec.UNSET) -> T:
        """Return a fact as a value of this type, converted from JSON values.

        Raises:
            StageError: there is no such fact and no default, or it is not of this type.
        """
        try:
            found = self.facts[name] if default is msgspec.UNSET else self.facts.get(name, default)
            return msgspec.convert(found, type_)
        except (KeyError, msgspec.ValidationError) as error:
            raise StageError(
                f"{self.stage}/{MANIFEST}: want '{name}' as this version of massivetext writes it, got {error}; use "
                "the version that made the run, or run again into a new folder"
            ) from error

    def totals(self, prefix: str = "") -> dict[str, int]:
        """Return the sums of the counts of all work items with names that begin with ``prefix``."""
        sums: dict[str, int] = {}
        for commit in self.tasks:
            if commit.task.startswith(prefix):
                for name, count in commit.counts.items():
                    sums[name] = sums.get(name, 0) + count
        return dict(sorted(sums.items()))

    def files(self) -> Iterable[CommittedFile]:
        """Return every file of the stage."""
        return (file for commit in self.tasks for file in commit.files)


class StageState(msgspec.Struct, frozen=True):
    """State of one stage in ``run.json``. Times and memory are for information and decide nothing.

    Attributes:
        name: name of the stage.
        key: stage key.
        manifest: SHA-256 of its manifest; None if it is not complete.
        seconds: wall time; stages that share a job get equal shares of it.
        cpu_seconds: CPU time of all processes, shared in the same way; only on the embedded engine.
        peak_bytes: memory of the largest process of the run up to the end of this stage; only on the embedded engine.
    """

    name: str
    key: str
    manifest: str | None = None
    seconds: float = 0.0
    cpu_seconds: float | msgspec.UnsetType = msgspec.UNSET
    peak_bytes: int | msgspec.UnsetType = msgspec.UNSET


class RunState(msgspec.Struct, frozen=True, kw_only=True):
    """Content of ``run.json``: what the run builds, and which stages are complete."""

    format: int
    name: str
    recipe: dict[str, object]
    recipe_sha256: str
    root: str
    seed: int
    versions: dict[str, str]
    complete: bool
    until: str
    stages: tuple[StageState, ...]


class Sealed(msgspec.Struct, frozen=True):
    """``run.json`` as it is written: the state of the run, and the SHA-256 of that state."""

    run: RunState
    seal: str


class _Format(msgspec.Struct, frozen=True):
    format: int = FORMAT


class _SealedFormat(msgspec.Struct, frozen=True):
    run: _Format = _Format()


def require_format(data: bytes, path: str) -> None:
    """Refuse a ``run.json`` of another format.

    Raises:
        UserError: names the file and both formats. Nothing is raised for a file that is damaged.
    """
    try:
        found = msgspec.json.decode(data, type=_SealedFormat).run.format
    except NOT_JSON:
        return
    if found != FORMAT:
        raise UserError(
            f"{path}: want format {FORMAT}, got {found}: another version of massivetext made this run; use that "
            "version, or give a new folder"
        )


def canonical_json(value: object) -> bytes:
    """Return indented JSON with sorted keys and a line end; equal values give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n"


def json_sha256(value: object) -> str:
    """Return the SHA-256 of the compact JSON of a value with sorted keys, as 64 hex digits."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
