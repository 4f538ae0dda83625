"""The files of block lists, plain or compressed: their paths, the hashes of their contents, and their lines."""

from collections.abc import Iterator
from typing import NamedTuple

from massivetext.errors import UserError
from massivetext.recipe import BlocklistOptions
from massivetext.storage import files as fs

_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 20
_SHOWN = 80  # most characters of a line that an error message quotes


class ListFiles(NamedTuple):
    """Files of each kind of list, sorted."""

    hosts: tuple[fs.FileInfo, ...]
    urls: tuple[fs.FileInfo, ...]
    url_keywords: tuple[fs.FileInfo, ...]
    url_substrings: tuple[fs.FileInfo, ...]


def find(options: BlocklistOptions, root: str) -> ListFiles:
    """Return the files that a recipe in this folder names. Raises UserError if a pattern matches no file."""
    return ListFiles(*(_files(kind, getattr(options, kind), root) for kind in ListFiles._fields))


def _files(kind: str, patterns: tuple[str, ...], root: str) -> tuple[fs.FileInfo, ...]:
    found: set[fs.FileInfo] = set()
    for pattern in patterns:
        infos = fs.glob(fs.resolve(pattern, root))
        if not infos:
            raise UserError(
                f"blocklists.{kind}: {pattern}: no such file below {root}; correct the recipe or the folder"
            )
        found.update(infos)
    return tuple(sorted(found))


def digests(found: ListFiles) -> dict[str, list[str]]:
    """Return the SHA-256 of the files of each kind of list, sorted: their paths do not matter."""
    return {
        kind: sorted({fs.digest(info.path) for info in infos})
        for kind, infos in zip(ListFiles._fields, found, strict=True)
    }


def idle_signals(options: BlocklistOptions) -> frozenset[str]:
    """Return the signals that are 0 for every document because the recipe names no list for them."""
    has_list = {
        "blocked_host": bool(options.hosts),
        "blocked_url": bool(options.urls),
        "blocked_url_keyword_count": options.shipped_keywords or bool(options.url_keywords or options.url_substrings),
    }
    return frozenset(signal for signal, given in has_list.items() if not given)


def chunks(path: str) -> Iterator[bytes]:
    """Yield the decompressed bytes of a file in whole lines; every line, including the last, ends in a line feed.

    A byte-order mark is left out, and UTF-16 becomes UTF-8.

    Raises:
        UserError: the file is missing or damaged, or has a line of more than 1 MiB.
    """
    from massivetext.sources.streams.compressed import open_stream  # importing it loads the readers of all sources
    from massivetext.sources.streams.recoded import as_marked_utf8

    try:
        stream = open_stream(path)
    except FileNotFoundError as error:
        raise UserError(f"{path}: want a block list, found no file; correct the recipe or restore the file") from error
    with stream:
        text = as_marked_utf8(stream)
        rest = b""
        while chunk := text.read(_CHUNK):
            head, end, tail = chunk.rpartition(b"\n")
            if end:
                yield rest + head + end
                rest = tail
            else:
                rest += chunk
            if len(rest) > _LONGEST_LINE:
                raise UserError(f"{path}: want a block list, got a line of more than {_LONGEST_LINE:,} bytes")
        if stream.damage is not None:
            raise UserError(f"{path}: the block list is damaged: {stream.damage.error}; get it again")
        if rest:
            yield rest + b"\n"


def quote_line(line: bytes) -> str:
    """Return a line as error messages quote it: only its beginning if it is long."""
    text = line.decode("utf-8", "replace").strip()
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
