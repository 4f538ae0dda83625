"""Check a finished run: every file is compared with its manifest, byte by byte."""

import contextlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import msgspec

from massivetext.errors import MassivetextError, ReadError, StageError, UserError
from massivetext.formatting import count_noun
from massivetext.runs.log_events import is_log
from massivetext.runs.manifests import (
    MANIFEST,
    NOT_JSON,
    RUN,
    CommittedFile,
    Sealed,
    StageState,
    canonical_json,
    json_sha256,
    require_format,
)
from massivetext.runs.store import Run, Shard
from massivetext.storage import files as fs
from massivetext.storage import lock, tables

_HASHED_TO_EXPLAIN = 4 << 30  # bytes: what is read of a large run before an error in it remains unexplained


def verify_run(run: Run) -> list[str]:
    """Return the problems of a run, one line each; an empty list if every byte is as it was written.

    Raises:
        UserError: there is no run in the folder.
    """
    path = run.path(RUN)
    try:
        data = fs.read_bytes(path)
        require_format(data, path)
        sealed = msgspec.json.decode(data, type=Sealed)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            f"{run.folder}: no run here (no {RUN}); give the folder that `massivetext run` wrote to"
        ) from None
    except NOT_JSON:
        return [f"{path}: is damaged, or not the state of a run"]
    if json_sha256(sealed.run) != sealed.seal or canonical_json(sealed) != data:
        return [f"{path}: is not as it was written"]
    problems = [] if sealed.run.complete else [f"{run.folder}: the run is not complete; run it again to go on"]
    expected = {RUN}
    for state in sealed.run.stages:
        if state.manifest is not None:
            problems += _check_stage(run, state, expected)
    problems += [
        f"{path}: cannot be listed: {cause}"
        for path, cause in fs.unreadable_folders(run.folder)
        if not is_log(f"{fs.relative(path, run.folder)}/")
    ]
    found = [fs.relative(info.path, run.folder) for info in fs.find(run.folder)]
    foreign = [name for name in found if name not in expected and not lock.is_lock(name) and not is_log(name)]
    # What an interrupted stage has left fills folders that no complete stage has files in.
    folders = {_top(name) for name in (found if sealed.run.complete else expected)}
    of_interrupted = Counter(_top(name) for name in foreign if _top(name) not in folders)
    problems += [f"{run.path(name)}: is not part of the run" for name in foreign if _top(name) in folders]
    return problems + [
        f"{run.path(name)}: {count_noun(count, 'file')} of no complete stage" for name, count in of_interrupted.items()
    ]


def _top(name: str) -> str:
    """Return the folder, or file, of the run folder that a path below it begins with."""
    return name.partition("/")[0]


def visible_damage(run: Run) -> str | None:
    """Return the first problem of a run that shows without reading all of its files; None if there is none.

    Such are a manifest that is not as it was written, and a file that is missing or has another size.
    """
    state = run.state()
    for stage in () if state is None else state.stages:
        if stage.manifest is None:
            continue
        if problem := _check_manifest(run, stage):
            return problem
        if missing := run.missing(run.need(stage.name).files()):
            return f"{run.path(min(missing))}: is missing, or has another size than when it was written"
    return None


def require_unchanged(run: Run, stage: str, paths: Sequence[str]) -> None:
    """Compare some files of a stage with its manifest, byte by byte.

    Args:
        run: the run.
        stage: name of the stage, which is complete.
        paths: paths of the files below the run folder.

    Raises:
        StageError: one is not as it was written.
    """
    files = {file.path: file for file in run.need(stage).files()}
    for path in paths:
        problems = _check_file(run, files[path]) if path in files else [f"{run.path(path)}: is not part of the run"]
        if problems:
            raise StageError(f"{problems[0]}; {_remedy(run)}")


def require_shards_unchanged(run: Run, shards: Collection[Shard]) -> None:
    """Compare every file of some shards, in all complete stages, with the manifests, byte by byte.

    Raises:
        StageError: one is not as it was written; what they say together would be of different documents.
    """
    state = run.state()
    for stage in () if state is None else state.stages:
        if stage.manifest is not None:
            files = (file.path for file in run.need(stage.name).files())
            of_shards = [path for path in files if any(f"/{shard.name}." in path for shard in shards)]
            require_unchanged(run, stage.name, of_shards)


def _remedy(run: Run) -> str:
    return (
        f"`massivetext verify {run.folder}` lists everything that is damaged, and the same `massivetext run` into a "
        "new folder makes it again"
    )


@contextlib.contextmanager
def explain_damage(run: Run) -> Iterator[None]:
    """Raise StageError with the name of a damaged file if reading a run fails in any way and a file is damaged.

    Readers of a run need not foresee what a damaged file makes of them: files are compared with their manifests only
    after something has failed, the smallest first, and up to 4 GiB of them.
    """
    try:
        yield
    except (MassivetextError, MemoryError):
        raise
    except Exception as error:
        problem = _first_problem(run)
        if problem is None:
            raise
        raise StageError(f"{problem}; {_remedy(run)}") from error


def _first_problem(run: Run) -> str | None:
    with contextlib.suppress(MassivetextError, OSError):
        state = run.state()
        if state is None:
            return None
        budget = _HASHED_TO_EXPLAIN
        stages = [stage for stage in state.stages if stage.manifest is not None]
        for stage in stages:
            if problem := _check_manifest(run, stage):
                return problem
        files = sorted((file for stage in stages for file in run.need(stage.name).files()), key=lambda file: file.bytes)
        for file in files:
            budget -= file.bytes
            if budget < 0:
                break
            if problems := _check_file(run, file):
                return problems[0]
    return None


def _check_stage(run: Run, state: StageState, expected: set[str]) -> list[str]:
    expected.add(f"{state.name}/{MANIFEST}")
    if problem := _check_manifest(run, state):
        return [problem]  # and what it lists is not known
    problems = []
    for file in run.need(state.name).files():
        expected.add(file.path)
        problems += _check_file(run, file)
    return problems


def _check_manifest(run: Run, state: StageState) -> str | None:
    path = run.path(state.name, MANIFEST)
    try:
        if not fs.exists(path):
            return f"{path}: is missing"
        return None if fs.digest(path) == state.manifest else f"{path}: is not as it was written"
    except OSError as error:  # a folder, or one that may not be read
        return f"{path}: cannot be read: {error.strerror}"


def _check_file(run: Run, file: CommittedFile) -> list[str]:
    path = run.path(file.path)
    try:
        return _compare_file(path, file)
    except (OSError, ReadError) as error:
        cause = error.strerror if isinstance(error, OSError) else "the disk cannot read it"
        return [f"{path}: cannot be read: {cause}"]


def _compare_file(path: str, file: CommittedFile) -> list[str]:
    if not fs.exists(path):
        return [f"{path}: is missing"]
    if (size := fs.size(path)) != file.bytes:
        return [f"{path}: has {size:,} bytes, want {file.bytes:,}"]
    if fs.digest(path) != file.sha256:
        return [f"{path}: its bytes have changed (SHA-256 differs from the manifest)"]
    if file.rows is not None and path.endswith(".parquet"):
        with tables.open_parquet(path) as table:
            rows = table.metadata.num_rows
        if rows != file.rows:
            return [f"{path}: has {rows:,} rows, want {file.rows:,}"]
    return []
