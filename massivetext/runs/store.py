"""A run folder: its data sets, the commits of work items, and the manifests of stages.

A stage writes its files work item by work item. Each file appears complete under its final name; then the commit of the
work item (rows, sizes, hashes) is written. When every work item has a commit, the manifest of the stage collects them;
writing it completes the stage. A stage with a manifest under the wanted stage key is skipped. An interrupted stage
redoes the work items that have no commit under the wanted key. Anything else is deleted first.
"""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.errors import StageError, UserError
from massivetext.recipe import Recipe
from massivetext.runs.manifests import FORMAT as FORMAT
from massivetext.runs.manifests import MANIFEST as MANIFEST
from massivetext.runs.manifests import NOT_JSON as NOT_JSON
from massivetext.runs.manifests import RUN as RUN
from massivetext.runs.manifests import CommittedFile as CommittedFile
from massivetext.runs.manifests import Manifest as Manifest
from massivetext.runs.manifests import RunState as RunState
from massivetext.runs.manifests import Sealed as Sealed
from massivetext.runs.manifests import ShardCommit as ShardCommit
from massivetext.runs.manifests import StageState as StageState
from massivetext.runs.manifests import canonical_json as canonical_json
from massivetext.runs.manifests import json_sha256 as json_sha256
from massivetext.runs.manifests import require_format as require_format
from massivetext.runs.stage import Stage
from massivetext.storage import files as fs
from massivetext.storage import tables

_LIST_ABOVE = 16  # up to so many files are checked one by one; an object store lists a thousand with one request


class Shard(msgspec.Struct, frozen=True, order=True):
    """A shard of the documents of one source. Every aligned data set has one file with this name."""

    source: str
    index: int
    count: int

    @property
    def name(self) -> str:
        """Path of the shard's file within a data set, without suffix."""
        return f"{self.source}/part-{self.index:05d}-of-{self.count:05d}"


class Run:
    """A run folder. It holds only the path, so it can be sent to workers."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def path(self, *parts: str) -> str:
        """Return the full path of something in the run."""
        return fs.join(self.folder, *parts)

    def shard_file(self, data_set: str, shard: Shard, suffix: str = ".parquet") -> str:
        """Return the full path of the file of a shard in a data set."""
        return self.path(data_set, shard.name + suffix)

    def committed(self, new: fs.NewFile, rows: int | None = None) -> CommittedFile:
        """Return the entry of a file that has just been written, for its commit."""
        return CommittedFile(fs.relative(new.path, self.folder), new.size, new.sha256, rows)

    def write_table(self, data_set: str, shard: Shard, table: pa.Table) -> CommittedFile:
        """Write the file of a shard in a data set from one table."""
        with fs.publish(self.shard_file(data_set, shard)) as new:
            pq.write_table(table, new, compression="zstd", row_group_size=64 * 1024)
        return self.committed(new, table.num_rows)

    def read_table(self, data_set: str, shard: Shard, columns: list[str] | None = None) -> pa.Table:
        """Read the file of a shard in a data set. Raises StageError if it is missing or damaged."""
        path = self.shard_file(data_set, shard)
        try:
            return tables.read_table(path, columns)
        except (OSError, pa.ArrowInvalid) as error:
            raise StageError(f"{path}: cannot be read ({error}); run `massivetext verify` on the run") from error

    # -- commits of work items -----------------------------------------------------------------------------------------

    def _commit_path(self, stage: str, key: str, name: str) -> str:
        return self.path(stage, "commits", key[:16], name.replace("/", ".") + ".json")

    def marker(self, stage: str, key: str) -> str:
        """Return the full path of a file that exists while a stage runs: from :meth:`begin` to :meth:`commit`."""
        return self.path(stage, "commits", key[:16], "begun")

    def commit_shard(self, stage: str, key: str, commit: ShardCommit) -> None:
        """Write the commit of a work item; all its files must be in place."""
        path = self._commit_path(stage, key, commit.task)
        # Its files are safe from a loss of power. The commit itself need not be: without it the work is done again.
        fs.write_bytes(path, msgspec.json.encode(commit, order="deterministic"), durable=False)
        if fs.is_marker_gone(now=True):  # the stage was completed and its commits were removed during this call
            fs.remove(self.path(stage, "commits", key[:16]))

    def shard_commit(self, stage: str, key: str, name: str) -> ShardCommit | None:
        """Return the commit of the work item with this name; None if it is not done or one of its files is missing."""
        return self.done(stage, key, [name]).get(name)

    def done(self, stage: str, key: str, names: Sequence[str]) -> dict[str, ShardCommit]:
        """Return the commits, by name, of those work items that have one and whose files all exist in their sizes."""
        paths = {self._commit_path(stage, key, name): name for name in names}
        if len(paths) > 1:  # most of the time none has a commit yet: one request instead of many
            listed = {info.path for info in fs.find(self.path(stage, "commits", key[:16]))}
            paths = {path: name for path, name in paths.items() if path in listed}
        found = fs.concurrently(self.folder, _read_commit, paths)
        commits = {name: commit for name, commit in zip(paths.values(), found, strict=True) if commit is not None}
        missing = self.missing(file for commit in commits.values() for file in commit.files)
        return {
            name: commit for name, commit in commits.items() if not any(file.path in missing for file in commit.files)
        }

    def has_files(self, files: Iterable[CommittedFile]) -> bool:
        """Return whether every file exists and has its size."""
        return not self.missing(files)

    def missing(self, files: Iterable[CommittedFile]) -> set[str]:
        """Return the paths below the run folder of the files that do not exist or have another size."""
        wanted = list(files)
        if len(wanted) <= _LIST_ABOVE:
            there = fs.concurrently(self.folder, lambda file: fs.has_size(self.path(file.path), file.bytes), wanted)
            return {file.path for file, is_there in zip(wanted, there, strict=True) if not is_there}
        folders = {file.path.split("/")[0] for file in wanted}
        found = {fs.relative(info.path, self.folder): info.size for f in folders for info in fs.find(self.path(f))}
        return {file.path for file in wanted if found.get(file.path) != file.bytes}

    def commits(self, stage: str, key: str) -> list[ShardCommit]:
        """Return the commits of all work items of a stage under a key, sorted by name."""
        found = (info.path for info in fs.find(self.path(stage, "commits", key[:16])))
        paths = [path for path in found if path.endswith(".json") and not _is_temporary(path)]
        contents = fs.concurrently(self.folder, fs.read_bytes, paths)
        commits = (msgspec.json.decode(data, type=ShardCommit) for data in contents)
        return sorted(commits, key=lambda commit: commit.task)

    # -- stages --------------------------------------------------------------------------------------------------------

    def manifest(self, stage: str) -> Manifest | None:
        """Return the manifest of a stage; None if the stage is not complete. Raises StageError if it is damaged."""
        path = self.path(stage, MANIFEST)
        try:
            return msgspec.json.decode(fs.read_bytes(path), type=Manifest)
        except FileNotFoundError:
            return None
        except NOT_JSON as error:
            raise StageError(f"{path}: is damaged; delete it and run again to redo the stage") from error

    def need(self, stage: str) -> Manifest:
        """Return the manifest of a stage. Raises StageError if the stage is not complete."""
        manifest = self.manifest(stage)
        if manifest is None:
            raise StageError(f"{self.folder}: stage '{stage}' is not complete; run `massivetext run` again to go on")
        return manifest

    def clear_stale(self, stage: Stage, key: str) -> None:
        """Remove the files of a stage under another key; keep those of an interrupted attempt under the same key."""
        there = fs.names(self.folder)
        folders = [folder for folder in stage.folders if folder.split("/")[0] in there]
        if not folders:
            return
        manifest = self.manifest(stage.name)
        if manifest is not None and manifest.key == key and self.has_files(manifest.files()):
            return
        if key[:16] not in fs.names(self.path(stage.name, "commits")):
            # Remove the commits first: they hold the marker, so a late attempt under another key writes nothing after.
            fs.remove(self.path(stage.name, "commits"))
            for folder in folders:
                fs.remove(self.path(folder))

    def begin(self, stage: Stage, key: str) -> None:
        """Prepare a stage for writing: keep an interrupted attempt under the same key, remove anything else."""
        fs.remove_file(self.path(stage.name, MANIFEST))
        self.clear_stale(stage, key)
        fs.write_bytes(self.marker(stage.name, key), b"")

    def commit(self, stage: Stage, manifest: Manifest) -> str:
        """Complete a stage: remove files that are not part of it, write its manifest; return the manifest's SHA-256."""
        wanted = {file.path for file in manifest.files()}
        commits = f"{stage.name}/commits/"
        for folder in stage.folders:
            names = {fs.relative(info.path, self.folder): info.path for info in fs.find(self.path(folder))}
            left_over = [path for name, path in names.items() if name not in wanted and not name.startswith(commits)]
            fs.remove_files(left_over)
        data = canonical_json(manifest)
        fs.write_bytes(self.path(stage.name, MANIFEST), data)
        # Delete the commits only after the manifest is written: a kill in between would cost the whole stage.
        fs.remove(self.path(stage.name, "commits"))
        return hashlib.sha256(data).hexdigest()

    # -- the whole run -------------------------------------------------------------------------------------------------

    def sweep(self, done: Iterable[str]) -> None:
        """Remove the files that killed or late workers have left.

        Args:
            done: names of the complete stages; the commits of others stay, so that an interrupted stage can continue.
        """
        commits = tuple(f"{stage}/commits/" for stage in done)
        paths = {info.path: fs.relative(info.path, self.folder) for info in fs.find(self.folder)}
        fs.remove_files([path for path, name in paths.items() if _is_temporary(path) or name.startswith(commits)])
        fs.remove_empty_folders(self.folder)

    def state(self) -> RunState | None:
        """Return the content of ``run.json``; None if there is none.

        Raises:
            UserError: it is damaged, or of another version of massivetext.
        """
        try:
            data = fs.read_bytes(self.path(RUN))
        except (FileNotFoundError, NotADirectoryError):
            return None
        require_format(data, self.path(RUN))
        try:
            sealed = msgspec.json.decode(data, type=Sealed)
        except NOT_JSON as error:
            raise UserError(
                f"{self.path(RUN)}: is damaged, or not the state of a run; give a new folder, or restore this file"
            ) from error
        return sealed.run

    def recorded_recipe(self, state: RunState) -> Recipe:
        """Return the recipe in a state of this run. Raises UserError if this version of massivetext cannot read it."""
        try:
            return msgspec.convert(state.recipe, Recipe, strict=False)
        except msgspec.ValidationError as error:
            raise UserError(
                f"{self.path(RUN)}: holds a recipe that this version of massivetext cannot read ({error}); use the "
                "version that made the run, or run again into a new folder"
            ) from error

    def write_state(self, state: RunState) -> None:
        """Write ``run.json`` with a seal, by which `massivetext verify` finds out whether it was changed."""
        fs.write_bytes(self.path(RUN), canonical_json(Sealed(run=state, seal=json_sha256(state))))


def _read_commit(path: str) -> ShardCommit | None:
    try:
        return msgspec.json.decode(fs.read_bytes(path), type=ShardCommit)
    except FileNotFoundError:
        return None
    except NOT_JSON:
        return None  # a full disk or a crash of the machine has cut the commit short


def _is_temporary(path: str) -> bool:
    return path.rsplit("/", 1)[-1].startswith(fs.TEMPORARY)
