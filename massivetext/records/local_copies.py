"""Shards as local files: ArrayRecord readers take local paths only, so those of an object store are copied first."""

import os
import shutil
import tempfile
import weakref

from massivetext.records.dataset import Dataset
from massivetext.storage import files as fs


class Copies:
    """Local paths of a data set's shards; shards of an object store are copied when they are asked for.

    Args:
        folder: folder of the records; local path or URL.
        dataset: its ``dataset.json``.
        cache: local folder in which copies stay and are used again; None: a temporary one, removed with this object.
    """

    def __init__(self, folder: str, dataset: Dataset, cache: str | None = None) -> None:
        self._folder, self._shards = folder, dataset.train.shards
        self._local = fs.is_local(folder)
        self._cache = cache
        if not self._local and cache is None:
            self._cache = tempfile.mkdtemp(prefix="massivetext-records-")
            weakref.finalize(self, shutil.rmtree, self._cache, ignore_errors=True)

    def path(self, number: int) -> str:
        """The local path of a shard.

        Raises:
            OSError: the copy is not what ``dataset.json`` says.
        """
        shard = self._shards[number]
        remote = fs.join(self._folder, shard.path)
        if self._local:
            return remote
        assert self._cache is not None
        path = os.path.join(self._cache, shard.path)  # noqa: PTH118
        if not os.path.exists(path) or fs.digest(path) != shard.sha256:  # noqa: PTH110
            with fs.publish(path) as temporary:
                fs.download(remote, temporary)
                if (digest := fs.digest(temporary)) != shard.sha256:
                    raise OSError(f"{remote}: want SHA-256 {shard.sha256}, got {digest}; copy the folder again")
        return path

    def paths(self) -> list[str]:
        """The local paths of all shards, in order."""
        return [self.path(number) for number in range(len(self._shards))]
