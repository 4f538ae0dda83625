"""Record shards as local files. Readers take local paths only, so shards of an object store are copied first."""

import os
import shutil
import tempfile
import weakref
from pathlib import Path

from massivetext.records.dataset import Dataset
from massivetext.storage import files as fs


class LocalShards:
    """Local paths of a data set's record shards; a shard of an object store is copied when its path is needed.

    Args:
        folder: folder of the records; local path or URL.
        dataset: the description of the folder.
        cache: local folder for copies, which stay there and are used again; None: a temporary folder that is removed
            with this object.
        split: whose shards these are.
    """

    def __init__(self, folder: str, dataset: Dataset, cache: str | None = None, split: str = "train") -> None:
        self._folder, self._shards = folder, dataset.splits[split].shards
        self._cache: Path | None = None  # None: the shards are local themselves
        if not fs.is_local(folder):
            self._cache = Path(tempfile.mkdtemp(prefix="massivetext-records-") if cache is None else cache)
            if cache is None:
                weakref.finalize(self, shutil.rmtree, self._cache, ignore_errors=True)

    def path(self, number: int) -> str:
        """Return the local path of a record shard.

        Raises:
            OSError: the copy is not what ``dataset.json`` describes.
        """
        shard = self._shards[number]
        source = fs.join(self._folder, shard.path)
        if self._cache is None:
            return source
        copy = self._cache / shard.path
        if not copy.exists() or fs.digest(str(copy)) != shard.sha256:
            with fs.publish(str(copy)) as new:
                fs.download(source, os.fspath(new))
                new.measure()
                if new.sha256 != shard.sha256:
                    raise OSError(f"{source}: want SHA-256 {shard.sha256}, got {new.sha256}; copy the folder again")
        return str(copy)

    def paths(self) -> list[str]:
        """Return the local paths of all record shards, in order."""
        return [self.path(number) for number in range(len(self._shards))]
