"""Read source files under accepted licences, from archives of repositories, JSON lines or Parquet."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from massivetext.schema import Document, Rejected
from massivetext.sources import fields, jsonl, languages, licences
from massivetext.sources.archives import ARCHIVE_EXPANSION, ArchiveError, ArchiveMember, archive_members, is_archive
from massivetext.sources.compressed import ExpansionLimit, open_stream
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split
from massivetext.storage import files as fs
from massivetext.text import clean

# Fields of records that name licences; the last five are those of The Stack, versions 1 and 2.
_LICENCE_FIELDS = (
    *("license", "licence", "licenses", "licences", "detected_licenses", "gha_license_id"),
    *("max_stars_repo_licenses", "max_issues_repo_licenses", "max_forks_repo_licenses"),
)
_LICENCE_BYTES = 1 << 18
_HEADER_CHARACTERS = 2000  # beginning of a source file that may name a licence of its own
_MAX_LICENCE_FILES = 64

# Folders of copies of other people's code, with other licences.
_VENDORED = frozenset(
    {"node_modules", "bower_components", "jspm_packages", "site-packages", "__pycache__", ".git"}
    | {"vendor", "vendors", "vendored", "third_party", "third-party", "thirdparty"}
)
_MINIFIED = re.compile(r"[-.]min\.(?:js|mjs|css)$|\.bundle\.js$", re.IGNORECASE)
_LOCK_FILE = re.compile(
    r"(?:.*[-.])?lock(?:\.(?:json|ya?ml|hcl))?|npm-shrinkwrap\.json|go\.sum|packages\.lock\.json", re.IGNORECASE
)


def read_source_files(
    split: Split, options: ReadOptions, limits: ReadLimits, expansion: ExpansionLimit = ARCHIVE_EXPANSION
) -> Iterator[Document | Rejected]:
    """Yield the source files of an archive, which is one repository, or of JSON lines or Parquet.

    The document key of a file is its path in the archive. A repository is skipped unless every licence found at its top
    level is accepted; in JSON lines (``text``, ``path``, ``license``) each line names its own licence.

    Raises:
        FileNotFoundError: the file was deleted.
    """
    with open_stream(split.path) as stream:
        if is_archive(stream):
            yield from _archive(split, options, limits, expansion)
        elif jsonl.is_table(stream):

            def build(document_key: str, record: Mapping[str, object], length: int) -> Document | Rejected:
                return _from_record(split.name, document_key, record, length, options)

            yield from jsonl.json_documents(split, stream, options.text_field, limits, build)
        elif split.slice_index == 0:
            detail = f"{split.name}: want a zip or tar archive or JSON lines, got {stream.peek(16)!r}"
            yield Rejected(split.name, "0", split.size, "wrong_format", detail)


def _archive(
    split: Split, options: ReadOptions, limits: ReadLimits, expansion: ExpansionLimit
) -> Iterator[Document | Rejected]:
    try:
        root, found = _licences(split, expansion)
    except ArchiveError as error:
        # Its licence may be in the unreadable rest, so no file of it can be used.
        if split.slice_index == 0:
            yield Rejected(split.name, "0", split.size, "damaged", f"{split.name}: {error}")
        return
    refused = [licence for licence in found if licence not in options.licences]
    if refused:
        if split.slice_index == 0:
            detail = f"licence {', '.join(found)}; not accepted: {', '.join(refused)}"
            yield Rejected(split.name, "0", split.size, "licence", detail, skipped=True)
        return
    named = " AND ".join(found)
    seen: dict[str, int] = {}
    try:
        with open_stream(split.path) as stream, fs.open_read(split.path) as handle:
            for ordinal, member in enumerate(archive_members(stream, handle, expansion)):
                copy = seen[member.path] = seen.get(member.path, 0) + 1
                if ordinal % split.slice_count == split.slice_index:
                    document_key = clean(member.path) + (f"#{copy}" if copy > 1 else "")
                    made = _from_member(split.name, document_key, member, root, named, limits)
                    yield _under_own_licence(made, member.size, options.licences)
    except ArchiveError as error:  # not damage, since its licences could be read
        yield Rejected(split.name, str(ordinal), None, "too_large", f"{split.name}: {error}; the rest is lost")


def _licences(split: Split, expansion: ExpansionLimit) -> tuple[str, tuple[str, ...]]:
    """Return the folder that contains all files, with a slash, or "", and the licences at its top level."""
    tops: set[str] = set()
    files: dict[str, str] = {}
    with open_stream(split.path) as stream, fs.open_read(split.path) as handle:
        for member in archive_members(stream, handle, expansion):
            folder, _, name = member.path.removeprefix("./").rpartition("/")
            if _of_a_mac(folder, name):
                continue
            tops.add(folder.partition("/")[0])
            if "/" not in folder and licences.is_licence_file(name) and len(files) < _MAX_LICENCE_FILES:
                files[posixpath.join(folder, name)] = member.read(_LICENCE_BYTES).decode("utf-8", "replace")
    root = tops.pop() if len(tops) == 1 else ""
    at_root = {path.rpartition("/")[2]: text for path, text in files.items() if path.rpartition("/")[0] == root}
    return (f"{root}/" if root else ""), licences.licences_of_repository(at_root)


def _from_member(
    origin: str, document_key: str, member: ArchiveMember, root: str, licence: str, limits: ReadLimits
) -> Document | Rejected:
    path = clean(member.path.removeprefix("./").removeprefix(root))
    language = languages.language_of_path(path)
    unwanted = _unwanted(path) or ("not_source_code" if language is None else None)
    if unwanted or language is None:
        return Rejected(origin, document_key, member.size, unwanted or "", f"{path}: left out", skipped=True)
    try:
        data = member.read(limits.max_record_bytes + 1)
    except ArchiveError as error:
        return Rejected(origin, document_key, member.size, "damaged", str(error))
    if len(data) > limits.max_record_bytes:
        detail = f"{path} is larger than ingest.max_record_bytes = {limits.max_record_bytes:,}"
        return Rejected(origin, document_key, member.size, "record_too_large", detail)
    try:
        text = clean(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Rejected(origin, document_key, len(data), "bad_utf8", f"{path}: {error}")
    if not text:
        return Rejected(origin, document_key, len(data), "empty_file", f"{path}: nothing in it", skipped=True)
    return Document(text, origin, document_key, None, None, {"path": path, "language": language, "licence": licence})


def _under_own_licence(made: Document | Rejected, size: int, accepted: tuple[str, ...]) -> Document | Rejected:
    """Return the document with the licence that its first lines name, or a rejection if that is not accepted."""
    if isinstance(made, Rejected):
        return made
    found = licences.licences_of_tags(made.text[:_HEADER_CHARACTERS])
    if not found:
        return made
    refused = [licence for licence in found if licence not in accepted]
    if refused:
        detail = f"{made.metadata['path']}: licence {', '.join(found)}; not accepted: {', '.join(refused)}"
        return Rejected(made.origin, made.key, size, "file_licence", clean(detail), skipped=True)
    return made._replace(metadata={**made.metadata, "licence": " AND ".join(found)})


def _unwanted(path: str) -> str | None:
    """Return why a file of any language is left out, as a short reason, or None."""
    *folders, name = path.split("/")
    if _of_a_mac("/".join(folders), name):
        return "archive_metadata"
    if _VENDORED.intersection(folders):
        return "vendored"
    if _MINIFIED.search(name):
        return "minified"
    return "lock_file" if _LOCK_FILE.fullmatch(name) else None


def _of_a_mac(folder: str, name: str) -> bool:
    """Return whether a Mac put this file into the archive: attributes of another file, or how a folder looks."""
    return "__MACOSX" in folder.split("/") or name.startswith("._") or name == ".DS_Store"


def _from_record(
    origin: str, document_key: str, record: Mapping[str, object], length: int, options: ReadOptions
) -> Document | Rejected:
    found = licences.licences_of_values(record.get(name) for name in _LICENCE_FIELDS)
    refused = [licence for licence in found if licence not in options.licences]
    if refused:
        detail = f"licence {', '.join(found)}; not accepted: {', '.join(refused)}"
        return Rejected(origin, document_key, length, "licence", detail, skipped=True)
    path = record.get("path")
    path = clean(path) if isinstance(path, str) else ""
    unwanted = _unwanted(path)
    if unwanted:
        return Rejected(origin, document_key, length, unwanted, f"{path}: left out", skipped=True)
    made = fields.document_of_record(origin, document_key, record, options.text_field, length)
    if isinstance(made, Rejected):
        return made
    known = {"licence": " AND ".join(found), "language": languages.language_of_path(path) or ""}
    return made._replace(metadata={name: value for name, value in known.items() if value} | dict(made.metadata))
