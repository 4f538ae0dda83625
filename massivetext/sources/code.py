"""Read source files under accepted licences, from archives of repositories, JSON lines or Parquet."""

import posixpath
from collections.abc import Iterator, Mapping

from massivetext.schema import Document, Rejected
from massivetext.sources import languages
from massivetext.sources.documents import fields, jsonl
from massivetext.sources.documents.layouts import find_layout
from massivetext.sources.licensing import licence_notices, licences, unwanted_code
from massivetext.sources.licensing.licence_statements import LICENCE_BYTES, Statement, Verdict, verdict_of
from massivetext.sources.licensing.repository_licences import RepositoryLicences
from massivetext.sources.misplaced_files import describe_layout
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split
from massivetext.sources.streams import charset
from massivetext.sources.streams.archives import (
    ARCHIVE_EXPANSION,
    ArchiveError,
    ArchiveMember,
    archive_members,
    is_archive,
)
from massivetext.sources.streams.coding_declarations import coding_declaration
from massivetext.sources.streams.compressed import ExpansionLimit, open_stream
from massivetext.sources.streams.seen_paths import SeenPaths
from massivetext.sources.streams.wide_encodings import wide_encoding
from massivetext.text import clean

# Fields of records that name licences; the last five are those of The Stack, versions 1 and 2.
_LICENCE_FIELDS = (
    *("license", "licence", "licenses", "licences", "detected_licenses", "gha_license_id"),
    *("max_stars_repo_licenses", "max_issues_repo_licenses", "max_forks_repo_licenses"),
)
# Fields of The Stack, version 2: what linguist says of the file.
_UNWANTED_FIELDS = {"is_vendor": "vendored", "is_generated": "generated"}


def read_source_files(
    split: Split, options: ReadOptions, limits: ReadLimits, expansion: ExpansionLimit = ARCHIVE_EXPANSION
) -> Iterator[Document | Rejected]:
    """Yield the source files of an archive, which is one repository, or of JSON lines or Parquet.

    The document key of a file is its path in the archive. A repository is skipped unless every licence that is named at
    its top level is accepted; a file in it is skipped unless those of its folders and of its own are. In JSON lines
    (``text``, ``path``, ``license``) each line names its own licence. The metadata says which file names the licence.

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
            what = describe_layout(find_layout(split.name, stream, options.text_field))
            detail = f"{split.name}: want a zip or tar archive of a repository, JSON lines or Parquet, got {what}"
            yield Rejected(split.name, "0", split.size, "wrong_format", detail)


def _archive(
    split: Split, options: ReadOptions, limits: ReadLimits, expansion: ExpansionLimit
) -> Iterator[Document | Rejected]:
    try:
        root, stated = _read_licences(split, expansion)
    except ArchiveError as error:
        if split.slice_index == 0:
            detail = f"{split.name}: {error}; no file of it is used, since its licence may be in what was not read"
            yield Rejected(split.name, "0", split.size, error.reason, detail)
        return
    refusal = stated.of_repository().refused(options.licences)
    if refusal and not stated.lets_files_speak(options.licences):
        if split.slice_index == 0:
            yield Rejected(split.name, "0", split.size, "licence", clean(refusal), skipped=True)
        return
    seen = SeenPaths()
    try:
        with open_stream(split.path) as stream:
            for ordinal, member in enumerate(archive_members(stream, expansion)):
                copy = seen.count(member.path)
                if ordinal % split.slice_count == split.slice_index:
                    document_key = clean(member.path) + (f"#{copy}" if copy > 1 else "")
                    made = _from_member(split.name, document_key, member, root, limits)
                    yield _judged(made, member, stated, options.licences)
    except ArchiveError as error:  # not damage, since its licences could be read
        yield Rejected(split.name, str(ordinal), None, "too_large", f"{split.name}: {error}; the rest is lost")


def _read_licences(split: Split, expansion: ExpansionLimit) -> tuple[str, RepositoryLicences]:
    """Return the folder that contains all files, with a slash, or "", and what the files say of licences."""
    tops: set[str] = set()
    stated = RepositoryLicences()
    for path, member in _members(split, expansion):
        if len(tops) < 2:
            tops.add(path.rpartition("/")[0].partition("/")[0])
        if member.link is not None:
            stated.add_link(path, member.link, hard=member.is_hard)
        elif stated.wants(path) and not unwanted_code.is_vendored(path.partition("/")[2]):
            stated.add(path, member.read(LICENCE_BYTES + 1))
    if needed := stated.needed():
        for path, member in _members(split, expansion):
            if path in needed and member.link is None:
                stated.add_needed(path, member.read(LICENCE_BYTES + 1))
    root = tops.pop() if len(tops) == 1 else ""
    stated.finish(root)
    return (f"{root}/" if root else ""), stated


def _members(split: Split, expansion: ExpansionLimit) -> Iterator[tuple[str, ArchiveMember]]:
    """Yield the files and links of an archive with their paths, but for those that a Mac adds."""
    with open_stream(split.path) as stream:
        for member in archive_members(stream, expansion, links=True):
            path = _normal(member.path)
            folder, _, name = path.rpartition("/")
            if not unwanted_code.is_of_a_mac(folder, name):
                yield path, member


def _normal(path: str) -> str:
    """Return the path of a member in one form, which other members name it by."""
    return posixpath.normpath(path)


def _from_member(
    origin: str, document_key: str, member: ArchiveMember, root: str, limits: ReadLimits
) -> Document | Rejected:
    path = clean(_normal(member.path).removeprefix(root))
    language = languages.language_of_path(path)
    unwanted = unwanted_code.unwanted_path(path) or ("not_source_code" if language is None else None)
    if unwanted or language is None:
        return Rejected(origin, document_key, member.size, unwanted or "", f"{path}: left out", skipped=True)
    try:
        data = member.read(limits.max_record_bytes + 1)
    except ArchiveError as error:
        return Rejected(origin, document_key, member.size, error.reason, str(error))
    if len(data) > limits.max_record_bytes:
        detail = f"{path} is larger than ingest.max_record_bytes = {limits.max_record_bytes:,}"
        return Rejected(origin, document_key, member.size, "record_too_large", detail)
    decoded = _decode(data, language)
    if decoded is None:
        detail = f"{path}: has zero bytes, or bytes that are text in no encoding"
        return Rejected(origin, document_key, len(data), "binary", detail, skipped=True)
    text = clean(decoded.text)
    if not text:
        return Rejected(origin, document_key, len(data), "empty_file", f"{path}: nothing in it", skipped=True)
    if unwanted := unwanted_code.unwanted_text(path, text):
        return Rejected(origin, document_key, len(data), unwanted, f"{path}: left out", skipped=True)
    return Document(
        text,
        origin,
        document_key,
        metadata={"path": path, "language": language},
        encoding=decoded.encoding,
        replaced=decoded.replaced,
    )


def _decode(data: bytes, language: str) -> charset.DecodedText | None:
    """Return the text of a source file, with the encoding that it declares where that fits; None for a binary file."""
    is_wide = (wide_encoding(data) or "utf-8") != "utf-8"
    if unwanted_code.is_binary(data) and not is_wide:
        return None
    decoded = charset.decode(data, coding_declaration(data), html=language == "HTML")
    is_plain = decoded.encoding == "utf-8" and not decoded.replaced
    return None if not is_plain and unwanted_code.reads_as_binary(decoded.text, decoded.replaced) else decoded


def _judged(
    made: Document | Rejected, member: ArchiveMember, stated: RepositoryLicences, accepted: tuple[str, ...]
) -> Document | Rejected:
    """Return the document of a file with its licence, or a rejection."""
    if isinstance(made, Rejected):
        return made
    return _under_licence(made, stated.of_file(_normal(member.path), made.text), member.size, accepted)


def _under_licence(made: Document, verdict: Verdict, size: int, accepted: tuple[str, ...]) -> Document | Rejected:
    """Return a document with its licence and the evidence of it, or a rejection if it is not accepted."""
    if refusal := verdict.refused(accepted):
        detail = clean(f"{made.metadata.get('path', '')}: {refusal}")
        return Rejected(made.origin, made.key, size, "file_licence", detail, skipped=True)
    known = {"licence": verdict.expression, "licence_evidence": verdict.evidence}
    return made._replace(metadata={**made.metadata, **known})


def _from_record(
    origin: str, document_key: str, record: Mapping[str, object], length: int, options: ReadOptions
) -> Document | Rejected:
    verdict = _verdict_of_record(record)
    if refusal := verdict.refused(options.licences):
        return Rejected(origin, document_key, length, "licence", clean(refusal), skipped=True)
    path = record.get("path")
    path = clean(path) if isinstance(path, str) else ""
    flagged = next((reason for name, reason in _UNWANTED_FIELDS.items() if record.get(name) is True), None)
    unwanted = unwanted_code.unwanted_path(path) or flagged
    if unwanted:
        return Rejected(origin, document_key, length, unwanted, f"{path}: left out", skipped=True)
    made = fields.document_of_record(origin, document_key, record, options.text_field, length)
    if isinstance(made, Rejected):
        return made
    if unwanted := unwanted_code.unwanted_text(path, made.text):
        return Rejected(origin, document_key, length, unwanted, f"{path}: left out", skipped=True)
    header = licence_notices.judge_header(made.text)
    if header.licences:
        verdict = verdict_of([Statement("its header", *header)], "")
    made = _under_licence(made, verdict, length, options.licences)
    language = languages.language_of_path(path)
    if isinstance(made, Rejected) or language is None:
        return made
    return made._replace(metadata={"language": language, **made.metadata})


def _verdict_of_record(record: Mapping[str, object]) -> Verdict:
    """Return the verdict that follows from the fields of a record."""
    named = [(name, value) for name in _LICENCE_FIELDS if (value := record.get(name))]
    said = [
        Statement(f"field {name}", licences.licences_of_values([value]), choices=licences.choices_of_value(value))
        for name, value in named
    ]
    return verdict_of(said, "")
