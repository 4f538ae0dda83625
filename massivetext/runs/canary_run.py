"""Where a run keeps the files of its canaries: beside those of its documents, under the folder ``canaries``."""

from massivetext.runs.canary_names import CANARIES
from massivetext.runs.store import Run, Shard, ShardCommit

# Data sets that are made with the canaries, before the stages that documents and canaries share.
_MADE_WITH_THEM = frozenset({"bases", "documents", "signals", "truth", "verdicts/rules"})


class CanaryRun(Run):
    """A run folder in which the file of a shard is that of the canaries of its source."""

    def shard_file(self, data_set: str, shard: Shard, suffix: str = ".parquet") -> str:
        """Return the full path of the file of a shard of canaries in a data set."""
        if data_set in _MADE_WITH_THEM:
            return self.path(CANARIES, data_set, shard.name + suffix)
        return self.path(data_set, CANARIES, shard.name + suffix)


def canary_commit(commit: ShardCommit, label: str = "") -> ShardCommit:
    """Return the commit of a shard of canaries: no name and no count of it can be taken for one of documents."""
    counts = {f"{CANARIES}:{name}": count for name, count in commit.counts.items()}
    return ShardCommit(f"{CANARIES}/{label}{commit.task}", commit.files, counts)
