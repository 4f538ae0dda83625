"""Paths of files: strings that are local paths or URLs, and what can be computed from them without reading a file."""

from fsspec.implementations.local import LocalFileSystem

from massivetext.storage import object_store


def join(*parts: str) -> str:
    """Return the parts joined by ``/``; the first part may be a URL."""
    return "/".join([parts[0].rstrip("/"), *(part.strip("/") for part in parts[1:])])


def is_absolute(path: str) -> bool:
    """Return whether a path is a URL or begins at the root, so that it does not depend on a folder."""
    return path.startswith("/") or "://" in path


def resolve(path: str, root: str) -> str:
    """Return the path that a recipe in the folder ``root`` means: below that folder, unless absolute or a URL.

    Raises:
        UserError: the path has a NUL character, or is meant as a URL and lacks a slash.
    """
    object_store.require_path(path)
    return path if is_absolute(path) else join(root, path)


def is_local(path: str) -> bool:
    """Return whether a path is on this machine's file system. Raises UserError if its protocol is not supported."""
    return isinstance(object_store.connect(path)[0], LocalFileSystem)


def absolute(path: str) -> str:
    """Return a path that does not depend on the working folder. Raises UserError as :func:`is_local` does."""
    fs, inner = object_store.connect(path)
    return inner if isinstance(fs, LocalFileSystem) else fs.unstrip_protocol(inner)


def relative(path: str, folder: str) -> str:
    """Return the part of ``path`` below ``folder``. Raises ValueError if ``path`` is not below it."""
    prefix = object_store.connect(folder)[1].rstrip("/") + "/"
    inner = object_store.connect(path)[1]
    if not inner.startswith(prefix):
        raise ValueError(f"{path}: is not below {folder}")
    return inner[len(prefix) :]
