"""A run on disk: its data sets, the commit of a shard and of a stage, and what makes a run resumable and verifiable.

A stage writes its files shard by shard. Each file appears whole under its final name, then the shard's commit (rows,
sizes, hashes) is written; when all shards have theirs, the stage's manifest gathers them and is the commit point of the
stage. A stage whose manifest carries the wanted key is skipped; a stage that was interrupted redoes the shards that
have no commit under the wanted key; anything else is cleared first.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.errors import StageError, UserError
from massivetext.runs.stage import Stage
from massivetext.storage import files as fs
from massivetext.storage import tables

FORMAT = 1
MANIFEST = "manifest.json"
RUN = "run.json"
_FEW = 16  # files that are looked at one by one; an object store lists a thousand with one request
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError)


class Shard(msgspec.Struct, frozen=True, order=True):
    """One shard of a source's documents: every row-aligned data set has a part of this name."""

    source: str
    index: int
    count: int

    @property
    def name(self) -> str:
        """Path of the shard's part within a data set, without a suffix."""
        return f"{self.source}/part-{self.index:05d}-of-{self.count:05d}"


class File(msgspec.Struct, frozen=True, order=True):
    """A committed file: path relative to the run, bytes, SHA-256, and rows where it has rows."""

    path: str
    bytes: int
    sha256: str
    rows: int | None = None


class ShardCommit(msgspec.Struct, frozen=True):
    """What one task of a stage wrote, and its counts (documents, words, rejected:bad_json, ...)."""

    task: str
    files: tuple[File, ...]
    counts: dict[str, int]


class Manifest(msgspec.Struct, frozen=True):
    """The commit point of a stage.

    Attributes:
        stage: its name.
        key: hash of all that decides its output.
        inputs: keys of the stages that it read.
        tasks: every shard's commit, sorted by task.
        facts: what the stage says of itself beyond counts (rule names, vocabulary, ...); JSON values only.
    """

    stage: str
    key: str
    inputs: dict[str, str]
    tasks: tuple[ShardCommit, ...]
    facts: dict[str, Any] = {}

    def totals(self, prefix: str = "") -> dict[str, int]:
        """Sums of the counts over tasks whose name begins with ``prefix``."""
        sums: dict[str, int] = {}
        for task in self.tasks:
            if task.task.startswith(prefix):
                for name, count in task.counts.items():
                    sums[name] = sums.get(name, 0) + count
        return dict(sorted(sums.items()))

    def files(self) -> Iterable[File]:
        """Every file of the stage."""
        return (file for task in self.tasks for file in task.files)


class StageState(msgspec.Struct, frozen=True):
    """A line of ``run.json``: where a stage stands, and what it took, which decides nothing.

    Attributes:
        name: of the stage.
        key: of the stage.
        manifest: SHA-256 of its manifest.
        seconds: wall time; stages that share a job share it equally.
        cpu_seconds: of all processes, shared likewise; left out where another engine than the embedded one ran it.
        peak_bytes: largest process of the run up to the end of this stage; left out likewise.
    """

    name: str
    key: str
    manifest: str | None = None
    seconds: float = 0.0
    cpu_seconds: float | msgspec.UnsetType = msgspec.UNSET
    peak_bytes: int | msgspec.UnsetType = msgspec.UNSET


class RunState(msgspec.Struct, frozen=True, kw_only=True):
    """``run.json``: what is being built and how far it is."""

    format: int
    name: str
    recipe: dict[str, Any]
    recipe_sha256: str
    root: str
    seed: int
    versions: dict[str, str]
    complete: bool
    until: str
    stages: tuple[StageState, ...]


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and an end of line: equal values give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n"


def key_of(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, as hex."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


class Run:
    """A run folder. Holds nothing but its path, so it can be sent to workers."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def path(self, *parts: str) -> str:
        """Full path of something in the run."""
        return fs.join(self.folder, *parts)

    def part(self, data_set: str, shard: Shard, suffix: str = ".parquet") -> str:
        """Full path of a shard's part of a data set."""
        return self.path(data_set, shard.name + suffix)

    def committed(self, path: str, rows: int | None = None) -> File:
        """The entry of a file that has just been written."""
        return File(fs.relative(path, self.folder), fs.size(path), fs.digest(path), rows)

    def write_table(self, data_set: str, shard: Shard, table: pa.Table) -> File:
        """Writes a shard's part of a data set from one table."""
        path = self.part(data_set, shard)
        with fs.publish(path) as temporary:
            pq.write_table(table, temporary, compression="zstd", row_group_size=64 * 1024)
        return self.committed(path, table.num_rows)

    def read_table(self, data_set: str, shard: Shard, columns: list[str] | None = None) -> pa.Table:
        """Reads a shard's part of a data set. Raises StageError where it is missing or damaged."""
        path = self.part(data_set, shard)
        try:
            return tables.read_table(path, columns)
        except (OSError, pa.ArrowInvalid) as error:
            raise StageError(f"{path}: cannot be read ({error}); run `massivetext verify` on the run") from error

    # -- commits of shards ---------------------------------------------------------------------------------------------

    def _commit_path(self, stage: str, key: str, task: str) -> str:
        return self.path(stage, "commits", key[:16], task.replace("/", ".") + ".json")

    def marker(self, stage: str, key: str) -> str:
        """Full path of a file that is there while a stage is under way: from :meth:`begin` to :meth:`commit`."""
        return self.path(stage, "commits", key[:16], "begun")

    def commit_shard(self, stage: str, key: str, commit: ShardCommit) -> None:
        """Marks a task as done; every file of it must be in place."""
        path = self._commit_path(stage, key, commit.task)
        fs.write_bytes(path, msgspec.json.encode(commit, order="deterministic"))
        if fs.is_marker_gone():  # the stage was completed just now, and its commits removed
            fs.remove(self.path(stage, "commits", key[:16]))

    def shard_commit(self, stage: str, key: str, task: str) -> ShardCommit | None:
        """The commit of a task, or None where it is not done or a file of it has gone."""
        try:
            commit = msgspec.json.decode(fs.read_bytes(self._commit_path(stage, key, task)), type=ShardCommit)
        except FileNotFoundError:
            return None
        except NOT_JSON:
            return None  # a commit that a full disk or a crash of the machine cut short is no commit
        return commit if self.has_files(commit.files) else None

    def undone(self, stage: str, key: str, tasks: Sequence[str]) -> list[str]:
        """The tasks that have no commit, or of whose files one has gone."""
        commits = fs.concurrently(self.folder, lambda task: self.shard_commit(stage, key, task), tasks)
        return [task for task, commit in zip(tasks, commits, strict=True) if commit is None]

    def has_files(self, files: Iterable[File]) -> bool:
        """Whether every file is there and has its size."""
        wanted = list(files)
        if len(wanted) <= _FEW:
            return all(fs.has_size(self.path(file.path), file.bytes) for file in wanted)
        folders = {file.path.split("/")[0] for file in wanted}
        found = {fs.relative(info.path, self.folder): info.size for f in folders for info in fs.find(self.path(f))}
        return all(found.get(file.path) == file.bytes for file in wanted)

    def commits(self, stage: str, key: str) -> list[ShardCommit]:
        """Every task's commit of a stage under a key, sorted by task."""
        paths = [info.path for info in fs.find(self.path(stage, "commits", key[:16])) if info.path.endswith(".json")]
        whole = [path for path in paths if not _is_temporary(path)]
        commits = (
            msgspec.json.decode(data, type=ShardCommit) for data in fs.concurrently(self.folder, fs.read_bytes, whole)
        )
        return sorted(commits, key=lambda commit: commit.task)

    # -- stages --------------------------------------------------------------------------------------------------------

    def manifest(self, stage: str) -> Manifest | None:
        """A stage's manifest, or None where the stage is not complete."""
        path = self.path(stage, MANIFEST)
        try:
            return msgspec.json.decode(fs.read_bytes(path), type=Manifest)
        except FileNotFoundError:
            return None
        except NOT_JSON as error:
            raise StageError(f"{path}: is damaged ({error}); delete it to have the stage redone") from error

    def need(self, stage: str) -> Manifest:
        """A stage's manifest. Raises StageError where the stage is not complete."""
        manifest = self.manifest(stage)
        if manifest is None:
            raise StageError(f"{self.folder}: stage '{stage}' is not complete; run `massivetext run` again to go on")
        return manifest

    def clear_stale(self, stage: Stage, key: str) -> None:
        """Remove what a stage wrote under another key; keep an interrupted attempt at the same key."""
        manifest = self.manifest(stage.name)
        if manifest is not None and manifest.key == key and self.has_files(manifest.files()):
            return
        if not fs.exists(self.path(stage.name, "commits", key[:16])):
            # Commits go first: from here on, an attempt that still runs under another key writes nothing.
            fs.remove(self.path(stage.name, "commits"))
            for folder in stage.folders:
                fs.remove(self.path(folder))

    def begin(self, stage: Stage, key: str) -> None:
        """Prepare a stage for writing: keep an interrupted attempt at the same key, remove anything else."""
        fs.remove(self.path(stage.name, MANIFEST))
        self.clear_stale(stage, key)
        fs.write_bytes(self.marker(stage.name, key), b"")

    def commit(self, stage: Stage, manifest: Manifest) -> str:
        """Complete a stage: remove files that are not part of it, write its manifest; return the manifest's SHA-256."""
        wanted = {file.path for file in manifest.files()}
        for folder in stage.folders:
            for info in fs.find(self.path(folder)):
                name = fs.relative(info.path, self.folder)
                if name not in wanted and not name.startswith(f"{stage.name}/commits/"):
                    fs.remove(info.path)
        data = canonical(manifest)
        fs.write_bytes(self.path(stage.name, MANIFEST), data)
        # Commits go after the manifest is in place: a kill in between would otherwise cost the whole stage.
        fs.remove(self.path(stage.name, "commits"))
        return hashlib.sha256(data).hexdigest()

    # -- the whole run -------------------------------------------------------------------------------------------------

    def sweep(self, done: Iterable[str]) -> None:
        """Removes what workers that were killed or came too late have left.

        Args:
            done: stages that are complete; the commits of others stay, so that an interrupted stage can go on.
        """
        for stage in done:
            fs.remove(self.path(stage, "commits"))
        for info in fs.find(self.folder):
            if _is_temporary(info.path):
                fs.remove(info.path)
        fs.remove_empty_folders(self.folder)

    def state(self) -> RunState | None:
        """``run.json``, or None in a folder that is no run. Raises UserError where it is damaged."""
        try:
            data = fs.read_bytes(self.path(RUN))
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            sealed = msgspec.json.decode(data, type=Sealed)
        except NOT_JSON as error:
            raise UserError(f"{self.path(RUN)}: is not a run's state ({error})") from error
        return sealed.run

    def write_state(self, state: RunState) -> None:
        """Writes ``run.json`` with a seal, so that `verify` can tell whether it is as it was written."""
        fs.write_bytes(self.path(RUN), canonical(Sealed(run=state, seal=key_of(state))))


def _is_temporary(path: str) -> bool:
    return path.rsplit("/", 1)[-1].startswith(fs.TEMPORARY)


class Sealed(msgspec.Struct, frozen=True):
    """``run.json`` as it is written: the state, and the key of the state."""

    run: RunState
    seal: str
