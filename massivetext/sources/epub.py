"""Read EPUB books: the texts of the spine in reading order, with the metadata of the package."""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from lzma import LZMAError
from typing import IO, NamedTuple
from urllib.parse import unquote

from lxml import etree

from massivetext.sources.markup_text import parse_markup, whole_text
from massivetext.sources.streams import charset

_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError, RuntimeError, ValueError, LookupError)
_MARKUP = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document", "application/xml")
_PACKAGE_BYTES = 1 << 24
_ENCRYPTION = "META-INF/encryption.xml"
# Fonts are scrambled with these methods in books that can be read.
_FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
# Names of pages, and of those that are a table of contents, where the package does not say which they are.
_PAGE_NAME = re.compile(r"\.(?:xhtml|html?|xht)$", re.IGNORECASE)
_CONTENTS_NAME = re.compile(r"(?:^|/)(?:nav|toc)\.\w+$", re.IGNORECASE)
_FIELDS = ("creator", "language", "date", "publisher", "identifier", "rights", "subject")


class EpubBook(NamedTuple):
    """An EPUB book.

    Attributes:
        text: the chapters, parted by empty lines.
        title: title of the package, or None.
        metadata: author, language and other fields of the package.
        lost: what of the book could not be read.
    """

    text: str
    title: str | None
    metadata: Mapping[str, str]
    lost: tuple[str, ...]


class EpubError(ValueError):
    """A file that is no readable EPUB book."""


def read_epub(handle: IO[bytes], most_bytes: int) -> EpubBook:
    """Return the book in a file.

    Args:
        handle: the file, seekable.
        most_bytes: number of bytes that its chapters may have together.

    Raises:
        EpubError: the file is no zip archive, no chapter can be read, or the book is too large.
    """
    try:
        with zipfile.ZipFile(handle) as archive:
            return _read_book(archive, most_bytes)
    except EpubError:
        raise
    except _ZIP_ERRORS as error:
        raise EpubError(f"not readable as EPUB: {type(error).__name__}: {error}") from error


def _read_book(archive: zipfile.ZipFile, most_bytes: int) -> EpubBook:
    package, paths = _find_chapters(archive)
    chapters, lost = [], []
    encrypted = _encrypted_paths(archive)
    for path in paths:
        if path in encrypted:
            lost.append(f"{path}: is encrypted")
            continue
        try:
            data = _read_member(archive, path, most_bytes)
        except _ZIP_ERRORS as error:
            lost.append(f"{path}: {error}")
            continue
        most_bytes -= len(data)
        tree = parse_markup(charset.decode_text(data, html=True))
        if tree is not None and (text := whole_text(tree)):
            chapters.append(text)
    if not chapters:
        reason = "its chapters are encrypted" if encrypted else "no text in it"
        raise EpubError("; ".join([reason, *lost[:3]]))
    title, metadata = (None, {}) if package is None else _metadata(package)
    return EpubBook("\n\n".join(chapters), title, metadata, tuple(lost))


def _find_chapters(archive: zipfile.ZipFile) -> tuple[etree._Element | None, list[str]]:
    """Return the package and the paths of the chapters in reading order.

    If the package cannot be read or names no chapters, they are the pages of the archive in its order.
    """
    package, paths = None, []
    try:
        container = _parse(archive, "META-INF/container.xml")
        root = next((path for element in container.iter("{*}rootfile") if (path := element.get("full-path"))), None)
        if root is not None:
            package = _parse(archive, root)
            paths = list(_spine(package, posixpath.dirname(root)))
    except EpubError:
        pass
    stored = {name.lower() for name in archive.namelist()}
    if not any(path.lower() in stored for path in paths):
        paths = [name for name in archive.namelist() if _PAGE_NAME.search(name) and not _CONTENTS_NAME.search(name)]
    return package, paths


def _encrypted_paths(archive: zipfile.ZipFile) -> set[str]:
    """Return the paths of the files that cannot be read without a key."""
    if _ENCRYPTION not in archive.NameToInfo:
        return set()
    found: set[str] = set()
    for data in _parse(archive, _ENCRYPTION).iter("{*}EncryptedData"):
        methods = {method.get("Algorithm") for method in data.iterchildren("{*}EncryptionMethod")}
        if not methods or not methods.issubset(_FONT_METHODS):
            references = (reference.get("URI") or "" for reference in data.iter("{*}CipherReference"))
            found.update(posixpath.normpath(unquote(path)).lstrip("/") for path in references)
    return found


def _spine(package: etree._Element, folder: str) -> Iterator[str]:
    """Yield the paths of the chapters in reading order, each once."""
    items = {item.get("id"): item for item in package.iter("{*}item")}
    seen = set()
    for reference in package.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type", _MARKUP[0]) not in _MARKUP:
            continue
        if "nav" in (item.get("properties") or "").split() or not item.get("href"):
            continue  # the table of contents
        href = unquote(item.get("href").partition("#")[0]).replace("\\", "/")
        path = posixpath.normpath(posixpath.join(folder, href))
        if path not in seen:
            seen.add(path)
            yield path


def _metadata(package: etree._Element) -> tuple[str | None, dict[str, str]]:
    def first(name: str) -> str | None:
        found = (" ".join("".join(each.itertext()).split()) for each in package.iter(f"{{*}}{name}"))
        return next((text for text in found if text), None)

    fields = {("author" if name == "creator" else name): value for name in _FIELDS if (value := first(name))}
    return first("title"), {name: value for name, value in fields.items() if len(value) <= 1000}


def _parse(archive: zipfile.ZipFile, path: str) -> etree._Element:
    # No entities and no network: a package is data of strangers.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(_read_member(archive, path, _PACKAGE_BYTES), parser)
    except (etree.LxmlError, *_ZIP_ERRORS) as error:
        raise EpubError(f"{path}: {type(error).__name__}: {error}") from error
    if root is None:
        raise EpubError(f"{path}: is not XML")
    return root


def _read_member(archive: zipfile.ZipFile, path: str, most_bytes: int) -> bytes:
    with archive.open(_stored_name(archive, path)) as member:
        data = member.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise EpubError("its chapters are larger than ingest.max_record_bytes")
    return data


def _stored_name(archive: zipfile.ZipFile, path: str) -> str:
    """Return the name of a file in the archive, in which case and slashes may differ as they may on Windows."""
    if path in archive.NameToInfo:
        return path
    folded = path.lower()
    return next((name for name in archive.namelist() if name.replace("\\", "/").lower() == folded), path)
