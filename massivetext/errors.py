"""The errors that massivetext raises on purpose, and how one of them travels from a worker process to the driver.

::

    MassivetextError                the message says what to do; the command prints it without a traceback
    ├── UserError                   exit code 2: the recipe, the input, the options or the machine need a correction
    │   ├── AccessDeniedError       an object store refuses access
    │   ├── BucketMissingError      an object store has no such bucket
    │   ├── CredentialsMissingError no credentials for an object store
    │   └── LockHeldError           another run is at work in the run folder
    └── StageError                  exit code 1: a stage could not finish; a rerun of the command continues
        ├── FencedOutError          a late attempt: its work was completed or given up meanwhile
        ├── FileChangedError        a file was changed or removed while it was read
        ├── LockLostError           another run has taken over the run folder
        ├── ReadError               a disk of this machine cannot read a file
        └── StoreFailedError        an object store still fails after several attempts

An exception that a Beam worker raises reaches the driver only as the text of a traceback, wrapped by the runner in an
exception of the runner's own. So a worker raises the error with a marked message (:func:`mark_for_driver`), and the
driver finds the mark in the text and makes the same error of it (:func:`unmark`).
"""

import errno
import json
import re
from collections.abc import Iterator

# Errors of the operating system that the owner of a machine can correct: no space, a quota, a file too large, too many
# open files, no permission, a read-only file system, or a disk or server that does not answer.
MENDABLE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.ENFILE}
    | {errno.EIO, errno.ESTALE, errno.ETIMEDOUT}
)

# Packages of the extras of this distribution, by the name under which they are imported.
_EXTRAS = {
    "duckdb": "sql",
    "pyspark": "spark",
    "resiliparse": "resiliparse",
    "s3fs": "s3",
    "gcsfs": "gcp",
    "google": "gcp",
    "grain": "jax",
    "jax": "jax",
}

_MARK = re.compile(r'<<massivetext (\w+) ("(?:[^"\\]|\\.)*")>>')


class MassivetextError(Exception):
    """An error that its message explains: what happened, where, what was expected, and what to do.

    Every subclass takes the message as its only argument, so that :func:`unmark` can make it anew.
    """


class UserError(MassivetextError):
    """The recipe, the input, the options or the machine need a correction that the message names; exit code 2."""


class StageError(MassivetextError):
    """A stage could not finish; complete work stays, and a rerun of the command continues; exit code 1."""


class AccessDeniedError(UserError):
    """An object store refuses access to a file, bucket or operation."""


class BucketMissingError(UserError):
    """An object store has no such bucket."""


class CredentialsMissingError(UserError):
    """There are no credentials for an object store, or they cannot be loaded."""


class StoreSettingsError(UserError):
    """The environment, or a file that it names, holds a value that the library of an object store refuses."""


class LockHeldError(UserError):
    """Another run, which is alive, is at work in the run folder."""


class FencedOutError(StageError):
    """A late attempt did not write a file, because its work was completed by another attempt or given up."""


class FileChangedError(StageError):
    """A file was changed or removed while it was read."""


class LockLostError(StageError):
    """Another run has taken over the run folder, because this one did not renew its lock in time."""


class ReadError(StageError):
    """A disk of this machine cannot read a file."""


class StoreFailedError(StageError):
    """An object store still fails after several attempts."""


def describe_missing_module(error: ModuleNotFoundError) -> str:
    """Return what to install for a module that is missing."""
    package = (error.name or str(error)).split(".")[0]
    extra = _EXTRAS.get(package)
    if extra is None:
        return f"{package}: is not installed, and massivetext needs it; install massivetext again with what it requires"
    return f"{package}: is not installed, and this needs it: pip install 'massivetext[{extra}]'"


def mark_for_driver(error: MassivetextError) -> MassivetextError:
    """Return the same error with its class name and message between marks, for a worker to raise."""
    return type(error)(f"<<massivetext {type(error).__name__} {json.dumps(str(error))}>>")


def unmark(text: str) -> MassivetextError | None:
    """Return the first marked error in the text of a traceback, or None if no error is marked there.

    The class is looked up by name among all subclasses of :class:`MassivetextError` that this process has loaded; the
    first one of that name is taken, since a worker within this process may have unpickled copies of a class.
    """
    found = _MARK.search(text)
    if found is None:
        return None
    name, message = found.group(1), json.loads(found.group(2))
    error_class = next((each for each in _subclasses(MassivetextError) if each.__name__ == name), StageError)
    return error_class(message)


def _subclasses(base: type[MassivetextError]) -> Iterator[type[MassivetextError]]:
    for each in base.__subclasses__():
        yield each
        yield from _subclasses(each)
