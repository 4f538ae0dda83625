"""Look at folders of files and write a first recipe for them."""

import glob
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from massivetext.errors import UserError
from massivetext.formatting import count_noun
from massivetext.recipe import IngestOptions
from massivetext.sources.documents.layouts import Layout, find_layout, is_sentence
from massivetext.sources.documents.record_samples import GuessedFields, guess_fields, sample_records
from massivetext.sources.gutenberg import strip_gutenberg
from massivetext.sources.input_lists import at_home
from massivetext.sources.languages import language_of_path
from massivetext.sources.splits import DATA_SET_METADATA, Split, find_files
from massivetext.sources.streams.archives import ArchiveError, archive_members
from massivetext.sources.streams.compressed import PlainStream, open_stream
from massivetext.storage import files as fs

_LOOKED_AT = 200  # largest files of one ending in one folder; more are taken to be like most of these
_MEMBERS = 200
_CRAWL_FILE = re.compile(r"\.w?arc(?:\.gz|\.zst|\.lz4)?\Z", re.IGNORECASE)
_OPENED_MEMBERS = 5  # of an archive, until one can be read
_WAT = re.compile(rb"^WARC-Type: metadata\r?\n(?:[^\r\n]+\r?\n)*Content-Type: application/json", re.I | re.M)
_BOOK_BYTES = 100_000
_COMPRESSED = re.compile(r"\.(?:gz|gzip|bz2|xz|zst|zstd|lz4)$", re.I)
_SHOWN_PATHS = 3  # of files that are left out
_NO_FIELDS = GuessedFields(None, {})
# Bytes of input up to which a run has this vocabulary and this length of sequences: a trainer cannot find more pieces.
_SIZES = ((1 << 20, 400, 128), (50 << 20, 4000, 512), (1 << 30, 16_000, 1024))


class FoundSource(NamedTuple):
    """Files that belong together.

    Attributes:
        name: name of the source.
        kind: kind of the source; "" for files that hold no documents.
        inputs: its patterns; paths with wildcard characters are escaped.
        files: number of files.
        size: bytes of the files.
        fields: fields of its records.
        detail: what the files are, or why they are left out.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    files: int
    size: int
    fields: GuessedFields = _NO_FIELDS
    detail: str = ""


class _Look(NamedTuple):
    """What a look at a file shows: the kind of a source for it, or "", the fields of its records, and what it is."""

    kind: str
    fields: GuessedFields
    detail: str


def find_sources(folders: Sequence[str]) -> list[FoundSource]:
    """Return what is in folders: one source for the files of one ending and one text field in each of them.

    Raises:
        UserError: a folder does not exist or is empty.
    """
    found: list[FoundSource] = []
    names: Counter[str] = Counter()
    for folder in folders:
        left_out: dict[str, str] = {}
        try:
            path = at_home(folder)
            files = find_files([path], str(Path.cwd()), leave_out=left_out.setdefault)
        except (FileNotFoundError, ValueError) as error:
            raise UserError(f"init: {folder}: want a folder with files: {error}") from error
        groups: dict[str, list[Split]] = {}
        for split in files:
            groups.setdefault(_ending(split.name), []).append(split)
        for ending, splits in sorted(groups.items()):
            lost = any(_ending(name) == ending for name in left_out)
            for alike, look in _group(splits):
                name = _source_name(path, ending)
                names[name] += 1
                name += f"_{names[name]}" if names[name] > 1 else ""
                inputs = _patterns(path, ending, alike, alone=len(alike) == len(splits) and not lost)
                size = sum(split.size for split in alike)
                found.append(FoundSource(name, look.kind, inputs, len(alike), size, look.fields, look.detail))
        left_out |= dict.fromkeys(fs.circular_links(path), "a link to a folder that contains it")
        found += [FoundSource("", "", (_shown(name),), 1, 0, detail=reason) for name, reason in left_out.items()]
    return found


def _shown(path: str) -> str:
    """Return a path that can be written: bytes that are not UTF-8 and control characters as escapes."""
    shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in shown)


def _patterns(folder: str, ending: str, splits: list[Split], *, alone: bool) -> tuple[str, ...]:
    """Return inputs that match these files only.

    Args:
        folder: the folder that holds them.
        ending: of their names.
        splits: the files.
        alone: whether there are no other files of this ending in the folder.
    """
    if alone and len(splits) > 1:
        return (f"{glob.escape(folder.rstrip('/'))}/**/*{glob.escape(ending)}",)
    return tuple(glob.escape(split.path) for split in splits)


def _ending(name: str) -> str:
    file_name = name.rpartition("/")[2]
    plain = _COMPRESSED.sub("", file_name)
    ending = plain.rpartition(".")[2] if "." in plain[1:] else ""
    return f"{'.' + ending if ending else ''}{file_name[len(plain) :]}"


def _source_name(folder: str, ending: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", f"{Path(folder).resolve().name} {ending}".lower()).strip("_")
    return (words if words[:1].isalpha() else f"source_{words}")[:48].strip("_")


def _group(splits: list[Split]) -> list[tuple[list[Split], _Look]]:
    """Return files of one ending by their kind and text field, each group with what a look at its largest file shows.

    Empty files, and files beyond those that are looked at, belong to the largest group that holds documents.
    """
    groups: dict[tuple[str, str | None, str], tuple[list[Split], _Look]] = {}
    rest: list[Split] = []
    for number, split in enumerate(sorted(splits, key=lambda each: (-each.size, each.name))):
        if number >= _LOOKED_AT or split.size == 0:
            rest.append(split)
            continue
        look = _look(split)
        groups.setdefault((look.kind, look.fields.text, "" if look.kind else look.detail), ([], look))[0].append(split)
    if not groups:
        return [(splits, _Look("", _NO_FIELDS, "they are empty"))]
    most = max(groups.values(), key=lambda group: (bool(group[1].kind), len(group[0])))
    most[0].extend(rest)
    return [(sorted(alike), look) for alike, look in groups.values()]


def _look(split: Split) -> _Look:
    """Return what a file is by its first bytes."""
    file_name = split.path.rpartition("/")[2]
    if file_name in DATA_SET_METADATA and any(_beside(split.path, each) for each in DATA_SET_METADATA - {file_name}):
        return _Look("", _NO_FIELDS, "metadata of a data set of Hugging Face")
    with open_stream(split.path) as stream:
        head = stream.peek(1 << 14)
        layout = find_layout(split.name, stream, "text")
        if head.startswith((b"WARC/", b"filedesc:")):
            if _WAT.search(head):
                return _Look("", _NO_FIELDS, "metadata of a web crawl (WAT), without texts; take its WARC or WET files")
            return _Look("web", _NO_FIELDS, "web crawl")
        if layout.name == "refused":
            is_wiki = b"<mediawiki" in head
            return _Look("wikipedia" if is_wiki else "", _NO_FIELDS, "MediaWiki dump" if is_wiki else layout.detail)
        if layout.name == "archive":
            return _look_into(stream)
        return _look_at(split, stream, layout, head)


def _beside(path: str, file_name: str) -> bool:
    """Return whether there is a file of this name in the folder of a file or in a folder of that one."""
    folder = path.rpartition("/")[0]
    return any(fs.glob(f"{glob.escape(folder)}/{below}{file_name}") for below in ("", "*/"))


def _look_at(split: Split, stream: PlainStream, layout: Layout, head: bytes) -> _Look:
    if layout.name in ("html", "epub"):
        return _Look("web" if layout.name == "html" else "books", _NO_FIELDS, layout.name)
    if layout.name == "doc_elements":
        return _Look("documents", _NO_FIELDS, "articles of WikiExtractor")
    if layout.name in ("text", "markdown"):
        is_book = strip_gutenberg(head.decode("latin-1")).title is not None or split.size > _BOOK_BYTES
        return _Look("books" if is_book else "documents", _NO_FIELDS, layout.name)
    fields = guess_fields(sample_records(split, stream, layout, IngestOptions()))
    what = layout.name.replace("_", " ")
    if layout.name == "csv" and fields.text is not None and is_sentence(fields.text):
        return _Look("", _NO_FIELDS, "a table whose first line is a row; add a line with the names of its columns")
    return _Look("documents", fields, what) if fields.text else _Look("", fields, f"{what} without a field of text")


def _look_into(stream: PlainStream) -> _Look:
    code = others = crawls = 0
    unreadable = ""
    try:
        for number, member in enumerate(archive_members(stream)):
            if number < _OPENED_MEMBERS and not (code or others):
                try:
                    member.read(1)
                except ArchiveError as error:
                    unreadable = str(error)
                    continue
            crawls += _CRAWL_FILE.search(member.path) is not None
            is_code = language_of_path(member.path) not in (None, "HTML", "Markdown", "Text", "JSON", "XML", "CSV")
            code, others = code + is_code, others + (not is_code)
            if number >= _MEMBERS:
                break
    except ArchiveError as error:
        unreadable = str(error)
    if unreadable and not (code or others):
        return _Look("", _NO_FIELDS, f"an archive that cannot be read: {unreadable}")
    if crawls:  # a WACZ, whose other files are indexes
        return _Look("web", _NO_FIELDS, "web crawl in an archive")
    return _Look("code" if code > others else "documents", _NO_FIELDS, "archive")


def recipe_lines(name: str, found: Sequence[FoundSource], without_rules: Mapping[str, str] = {}) -> Iterator[str]:
    """Yield the lines of a recipe for sources, with comments.

    Args:
        name: name of the recipe.
        found: what was found in the folders; files that hold no documents become comments.
        without_rules: sources that get no rules, with the reason.
    """
    used = [each for each in found if each.kind]
    size = sum(each.size for each in used)
    yield "# Written by `massivetext init`: look through it, then"
    yield "#     massivetext check THIS_FILE                        # shows the first records of every source"
    yield "#     massivetext run THIS_FILE --output RUN"
    yield "# The recipe `pipelines/massivetext.toml` explains every option. [canaries] makes a run measure its stages."
    yield ""
    yield f'name = "{name}"'
    yield "seed = 1"
    for each, weight in zip(used, _weights(len(used)), strict=True):
        yield ""
        yield from _source_lines(each, weight, without_rules.get(each.name))
    for each in (each for each in found if not each.kind):
        yield ""
        yield f"# left out: {_listed(each.inputs)} ({count_noun(each.files, 'file')}): {each.detail}"
    for most, vocabulary, length in _SIZES:
        if size <= most:
            yield ""
            yield "# Small, for so little text; without these tables they are 32,000 pieces and 2,048 tokens."
            yield "[tokenizer]"
            yield f"vocabulary_size = {vocabulary}"
            yield "[records]"
            yield f"sequence_length = {length}"
            break


def _weights(count: int) -> Iterable[Decimal]:
    each = (Decimal(1) / max(1, count)).quantize(Decimal("0.0001"))
    return [1 - each * (count - 1), *[each] * (count - 1)]


def _source_lines(source: FoundSource, weight: Decimal, without_rules: str | None) -> Iterator[str]:
    yield f"[sources.{source.name}]"
    yield f'kind = "{source.kind}"  # {source.files:,} files, {source.detail}'
    yield from _input_lines([json.dumps(path, ensure_ascii=False) for path in source.inputs])
    yield f"weight = {weight}  # share of the training sequences; all weights sum to exactly 1"
    if source.fields.text not in (None, "text"):
        yield f"text_field = {json.dumps(source.fields.text, ensure_ascii=False)}  # the field with the longest texts"
    for what, path in source.fields.others.items():
        if path != what or what not in ("url", "title"):
            yield f"{what}_field = {json.dumps(path, ensure_ascii=False)}"
    if without_rules:
        yield f"rules = []  # {without_rules}"


def _input_lines(inputs: Sequence[str]) -> Iterator[str]:
    if len(inputs) == 1:
        yield f"inputs = [{inputs[0]}]"
        return
    yield "inputs = ["
    yield from (f"    {path}," for path in inputs)
    yield "]"


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths[:_SHOWN_PATHS]) + (", ..." if len(paths) > _SHOWN_PATHS else "")
