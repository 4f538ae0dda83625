"""Errors of object stores, translated into errors of massivetext that say what to do.

s3fs and gcsfs raise errors of some ten libraries, and tell some of them apart by their text alone. Only this module
looks at those; everything above catches the classes of :mod:`massivetext.errors`.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator

from massivetext.errors import (
    AccessDeniedError,
    BucketMissingError,
    CredentialsMissingError,
    FileChangedError,
    MassivetextError,
    StoreFailedError,
    StoreSettingsError,
)

# Protocols of object stores, and the extra that each needs.
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcp", "gcs": "gcp"}

_CREDENTIALS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role",
    "gcp": "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS",
}
# Names of the classes by which botocore and google.auth say that there are no credentials.
_NO_CREDENTIALS = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"}
    | {"TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError", "DefaultCredentialsError"}
)
# Names of the classes by which botocore says that the environment or the file of settings holds a wrong value.
_WRONG_SETTINGS = frozenset(
    {"InvalidMaxRetryAttemptsError", "InvalidRetryModeError", "InvalidRegionError", "ConfigParseError"}
    | {"InvalidRetryConfigurationError", "InvalidConfigError", "InvalidEndpointConfigurationError"}
)
_WRONG_VALUES = ("invalid literal", "Invalid endpoint")  # the same, said by a plain ValueError
# Errors of s3fs and gcsfs that are not OSError, by module and name. Looked up only in modules that are loaded already:
# a run on local disks imports none of these libraries.
_FOREIGN = (
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("aiohttp", "ClientError"),
    ("requests.exceptions", "RequestException"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("gcsfs.retry", "HttpError"),
)
_REFUSED_CONDITIONS = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})
_UNKNOWN_CONDITIONS = frozenset({"NotImplemented", "501"})
_NO_SUCH_RANGE = frozenset({"InvalidRange", "416"})


def protocol_of(path: str) -> str:
    """Return the protocol of a URL, without ``://``; empty for a local path."""
    return path.split("://")[0] if "://" in path else ""


@contextlib.contextmanager
def translate_store_errors(path: str) -> Iterator[None]:
    """Translate the errors that remain after the store's own retries.

    Args:
        path: the file or folder in question, for messages.

    Raises:
        FileNotFoundError: there is no such file; carries ``path``.
        FileExistsError: unchanged.
        UserError: no credentials, no permission, no such bucket, or wrong settings.
        StageError: the store fails, or a file has changed while it was read.
    """
    try:
        yield
    except FileNotFoundError as error:
        if _response_code(error) == "NoSuchBucket":
            raise _bucket_missing(path) from error
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
    except FileExistsError:
        raise
    except _store_errors() as error:
        raise _user_message(path, error) from error


@contextlib.contextmanager
def translate_write_errors(path: str) -> Iterator[None]:
    """Translate errors as :func:`translate_store_errors`; a write that finds no file means that there is no bucket."""
    try:
        with translate_store_errors(path):
            yield
    except FileNotFoundError as error:
        raise _bucket_missing(path) from error


def refuses_condition(error: OSError) -> bool:
    """Return whether S3 refused a request because its condition does not hold: another process was faster."""
    return _response_code(error) in _REFUSED_CONDITIONS


def has_no_conditions(error: OSError) -> bool:
    """Return whether a store refused a request because it does not implement conditions at all."""
    return _response_code(error) in _UNKNOWN_CONDITIONS


def has_no_such_range(error: Exception) -> bool:
    """Return whether a store refused to send the last bytes of a file because the file is empty."""
    return bool(_NO_SUCH_RANGE & {_response_code(error), str(getattr(error, "code", ""))})


def _store_errors() -> tuple[type[Exception], ...]:
    foreign = [getattr(sys.modules[module], name) for module, name in _FOREIGN if module in sys.modules]
    return (OSError, ValueError, *foreign)


def _bucket_missing(path: str) -> BucketMissingError:
    bucket = "/".join(path.split("/")[:3])
    return BucketMissingError(f"{path}: there is no {bucket}; make it or correct the URL")


def _user_message(path: str, error: Exception) -> MassivetextError:
    name = type(error).__name__
    cause = f"{name}: {' '.join(str(error).split())}"
    if name in _NO_CREDENTIALS:
        hint = _CREDENTIALS.get(EXTRAS.get(protocol_of(path), ""), "see the documentation of the store")
        return CredentialsMissingError(f"{path}: no credentials for it ({cause}); {hint}")
    if _is_denied(error):
        return AccessDeniedError(
            f"{path}: the store denies access ({cause}); correct the credentials or the permissions"
        )
    if name in _WRONG_SETTINGS or (name == "ValueError" and str(error).startswith(_WRONG_VALUES)):
        return StoreSettingsError(
            f"{path}: settings of the store are wrong ({cause}); correct the environment (AWS_...) or its file"
        )
    if name == "FileExpired":  # s3fs.utils: the ETag differs from that of the first read
        return FileChangedError(f"{path}: has changed while it was read; leave the inputs alone and run again")
    return StoreFailedError(f"{path}: the store fails, after several attempts ({cause}); run again to go on")


def _is_denied(error: Exception) -> bool:
    # s3fs raises PermissionError. gcsfs raises a plain OSError that begins with "Forbidden" for status 403, and an
    # HttpError with a code for others.
    google = str(error).startswith("Forbidden") or str(getattr(error, "code", "")) in ("401", "403")
    return isinstance(error, PermissionError) or google


def _response_code(error: Exception) -> str:
    """Return the error code of S3's own answer, which s3fs keeps as the cause of its error; empty without one."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
