"""Errors that a user can mend: told in one message without a traceback."""

import errno

# What a machine may refuse and its owner can mend: no space, a quota, a limit on files, no permission, read-only, or a
# disk or server that does not answer.
MENDABLE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.ENFILE}
    | {errno.EIO, errno.ESTALE, errno.ETIMEDOUT}
)


class MassivetextError(Exception):
    """An error that its message explains: what happened, where, what was expected, and what to do."""


class UserError(MassivetextError):
    """Something in the recipe, the input or the machine that the message says how to mend; exit code 2."""


class StageError(MassivetextError):
    """A stage that could not finish, with the place and the remedy; what is complete stays, a rerun resumes."""
