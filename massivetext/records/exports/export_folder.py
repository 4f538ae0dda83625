"""The folder of an export: who has it, which shards are done, and that no file of somebody else is overwritten."""

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Generic

import msgspec

from massivetext.errors import StageError, UserError
from massivetext.records.exports.export_format import ExportedFile, ExportedShard, json_file
from massivetext.records.exports.export_manifest import (
    BEGUN,
    COMMITS,
    FILE_NAME,
    ExportKey,
    M,
)
from massivetext.storage import files as fs


class ExportFolder(Generic[M]):
    """A folder that one export has for itself.

    Attributes:
        folder: local path or URL.
    """

    def __init__(self, folder: str, key: ExportKey, parse: Callable[[bytes, str], M]) -> None:
        """Keep the folder and the key of the export; nothing is read or written yet.

        Args:
            folder: local path or URL.
            key: what decides the export.
            parse: makes the manifest of its bytes and its path, as ``parse_manifest`` does.
        """
        self.folder, self._key, self._parse = folder, key, parse

    def path(self, name: str) -> str:
        """Return the full path of a file of the export."""
        return fs.join(self.folder, name)

    def manifest(self) -> M | None:
        """Return the manifest of a finished export; None if there is none.

        Raises:
            UserError: the folder holds another export.
            StageError: the manifest is damaged.
        """
        try:
            found = self._parse(fs.read_bytes(self.path(FILE_NAME)), self.path(FILE_NAME))
        except FileNotFoundError:
            return None
        self._require_key(found.key, FILE_NAME)
        return found

    def begin(self, own: Collection[str]) -> None:
        """Take the folder, or continue an export of the same key that did not finish.

        Args:
            own: paths of all files of the export, relative to its folder.

        Raises:
            UserError: the folder holds files of somebody else, or another export.
        """
        listed = {fs.relative(info.path, self.folder) for info in fs.find(self.folder)}
        temporary = {name for name in listed if name.rsplit("/", 1)[-1].startswith(fs.TEMPORARY)}
        begun = BEGUN in listed
        allowed = {*own, BEGUN, FILE_NAME} if begun else set()
        foreign = sorted(
            name for name in listed - temporary if name not in allowed and not (begun and _is_commit(name))
        )
        if foreign:
            raise UserError(
                f"{self.path(foreign[0])}: is not part of this export, and nothing is written beside it; "
                "give an empty folder to --to"
            )
        if not begun and not fs.create_exclusively(self.path(BEGUN), json_file(self._key)):
            raise UserError(f"{self.folder}: another export has just begun here; give another folder to --to")
        if begun:
            self._require_key(self._begun_key(), BEGUN)
            fs.remove_files([self.path(name) for name in temporary])

    def _begun_key(self) -> ExportKey:
        try:
            return msgspec.json.decode(fs.read_bytes(self.path(BEGUN)), type=ExportKey)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StageError(f"{self.path(BEGUN)}: is damaged ({error}); remove the folder and export again") from error

    def _require_key(self, found: ExportKey, name: str) -> None:
        if found != self._key:
            raise UserError(
                f"{self.path(name)}: this folder holds an export of something else or another format: "
                f"{found.format} of {found.fingerprint[:16]}..., want {self._key.format} of "
                f"{self._key.fingerprint[:16]}...; give another folder to --to"
            )

    # -- shards --------------------------------------------------------------------------------------------------------

    def commit(self, name: str, shard: ExportedShard) -> None:
        """Record that a shard is done; its files must be in place."""
        fs.write_bytes(self.path(f"{COMMITS}/{name}.json"), json_file(shard))

    def done(self, names: Sequence[str]) -> dict[str, ExportedShard]:
        """Return the shards that are recorded as done and whose files have the recorded bytes, by name."""
        prefix = f"{COMMITS}/"
        there = {fs.relative(info.path, self.folder).removeprefix(prefix) for info in fs.find(self.path(COMMITS))}
        found = {}
        for name in names:
            if f"{name}.json" not in there:
                continue
            try:
                shard = msgspec.json.decode(fs.read_bytes(self.path(f"{prefix}{name}.json")), type=ExportedShard)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # cut short by a full disk or a crash of the machine
            if not self.problems(shard.files):
                found[name] = shard
        return found

    def problems(self, files: Iterable[ExportedFile]) -> list[str]:
        """Return what is wrong with files, one message each; every byte is read."""
        return [problem for problem in fs.concurrently(self.folder, self._problem, files) if problem is not None]

    def _problem(self, file: ExportedFile) -> str | None:
        path = self.path(file.path)
        try:
            size = fs.size(path)
        except FileNotFoundError:
            return f"{path}: is missing"
        if size != file.bytes:
            return f"{path}: has {size:,} bytes, want {file.bytes:,}"
        return None if fs.digest(path) == file.sha256 else f"{path}: its bytes have changed"

    def check_free(self, new: fs.NewFile) -> None:
        """Raise StageError if there is a file of the same name with other bytes; to call before ``new`` is published.

        A file with the same bytes is that of an attempt which ended before it could record the shard.
        """
        new.measure()
        if fs.exists(new.path) and fs.digest(new.path) != new.sha256:
            raise StageError(f"{new.path}: exists with other bytes, and is not overwritten; remove it and export again")

    def write(self, name: str, data: bytes) -> ExportedFile:
        """Write a file beside the shards, and return its entry. Raises StageError as :meth:`check_free` does."""
        with fs.publish(self.path(name)) as new:
            Path(new).write_bytes(data)
            self.check_free(new)
        return ExportedFile(path=name, bytes=new.size, sha256=new.sha256)

    def finish(self, manifest: M) -> None:
        """Write the manifest, which completes the export, and remove what was needed to continue it."""
        fs.write_bytes(self.path(FILE_NAME), manifest.to_json())
        self.sweep()

    def sweep(self) -> None:
        """Remove what an unfinished export needs and a finished one does not."""
        fs.remove(self.path(COMMITS))
        fs.remove_file(self.path(BEGUN))


def _is_commit(name: str) -> bool:
    return name.startswith(f"{COMMITS}/")
