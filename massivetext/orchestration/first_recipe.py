"""Look at folders of files and write a first recipe for them."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from massivetext.errors import UserError
from massivetext.recipe import IngestOptions
from massivetext.sources.documents.layouts import Layout, find_layout
from massivetext.sources.documents.record_samples import GuessedFields, guess_fields, sample_records
from massivetext.sources.gutenberg import strip_gutenberg
from massivetext.sources.languages import language_of_path
from massivetext.sources.splits import Split, plan_shards
from massivetext.sources.streams.archives import ArchiveError, archive_members
from massivetext.sources.streams.compressed import PlainStream, open_stream

_LOOKED_AT = 3  # files of one ending in one folder
_MEMBERS = 200
_BOOK_BYTES = 100_000
_COMPRESSED = re.compile(r"\.(?:gz|gzip|bz2|xz|zst|zstd)$", re.I)
_NO_FIELDS = GuessedFields(None, {})
# Bytes of input up to which a run has this vocabulary and this length of sequences: a trainer cannot find more pieces.
_SIZES = ((1 << 20, 400, 128), (50 << 20, 4000, 512), (1 << 30, 16_000, 1024))


class FoundSource(NamedTuple):
    """Files that belong together.

    Attributes:
        name: name of the source.
        kind: kind of the source; "" for files that hold no documents.
        inputs: its pattern.
        files: number of files.
        size: bytes of the files.
        fields: fields of its records.
        detail: what the files are, or why they are left out.
    """

    name: str
    kind: str
    inputs: str
    files: int
    size: int
    fields: GuessedFields = _NO_FIELDS
    detail: str = ""


def find_sources(folders: Sequence[str]) -> list[FoundSource]:
    """Return what is in folders: one source for the files of one ending in each of them.

    Raises:
        UserError: a folder does not exist or is empty.
    """
    found: list[FoundSource] = []
    names: Counter[str] = Counter()
    for folder in folders:
        path = str(Path(folder).expanduser()) if folder.startswith("~") else folder
        try:
            shards = plan_shards([path], str(Path.cwd()), 1 << 62, divisible=False)
        except (FileNotFoundError, ValueError) as error:
            raise UserError(f"init: {folder}: want a folder with files: {error}") from error
        groups: dict[str, list[Split]] = {}
        for split in (split for shard in shards for split in shard):
            groups.setdefault(_ending(split.name), []).append(split)
        for ending, splits in sorted(groups.items()):
            name = _source_name(path, ending)
            names[name] += 1
            name += f"_{names[name]}" if names[name] > 1 else ""
            found.append(_describe(name, path, ending, splits))
    return found


def _ending(name: str) -> str:
    file_name = name.rpartition("/")[2]
    plain = _COMPRESSED.sub("", file_name)
    ending = plain.rpartition(".")[2] if "." in plain[1:] else ""
    return f"{'.' + ending if ending else ''}{file_name[len(plain) :]}"


def _source_name(folder: str, ending: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", f"{Path(folder).resolve().name} {ending}".lower()).strip("_")
    return (words if words[:1].isalpha() else f"source_{words}")[:48].strip("_")


def _describe(name: str, folder: str, ending: str, splits: list[Split]) -> FoundSource:
    inputs = f"{folder.rstrip('/')}/**/*{ending}" if len(splits) > 1 else splits[0].path
    size = sum(split.size for split in splits)
    looks = [_look(split) for split in sorted(splits, key=lambda each: -each.size)[:_LOOKED_AT] if split.size]
    kinds = Counter(look[0] for look in looks if look[0])
    if not kinds:
        detail = looks[0][2] if looks else "they are empty"
        return FoundSource(name, "", inputs, len(splits), size, detail=detail)
    kind = kinds.most_common(1)[0][0]
    chosen = next(look for look in looks if look[0] == kind)
    return FoundSource(name, kind, inputs, len(splits), size, chosen[1], chosen[2])


def _look(split: Split) -> tuple[str, GuessedFields, str]:
    """Return the kind of a file, the fields of its records, and what it is."""
    with open_stream(split.path) as stream:
        head = stream.peek(1 << 14)
        layout = find_layout(split.name, stream, "text")
        if head.startswith((b"WARC/", b"filedesc:")):
            return "web", _NO_FIELDS, "web crawl"
        if layout.name == "refused":
            is_wiki = b"<mediawiki" in head
            return "wikipedia" if is_wiki else "", _NO_FIELDS, "MediaWiki dump" if is_wiki else layout.detail
        if layout.name == "archive":
            return _look_into(stream), _NO_FIELDS, "archive"
        return _look_at(split, stream, layout, head)


def _look_at(split: Split, stream: PlainStream, layout: Layout, head: bytes) -> tuple[str, GuessedFields, str]:
    if layout.name in ("html", "epub"):
        return ("web" if layout.name == "html" else "books"), _NO_FIELDS, layout.name
    if layout.name == "doc_elements":
        return "documents", _NO_FIELDS, "articles of WikiExtractor"
    if layout.name in ("text", "markdown"):
        is_book = strip_gutenberg(head.decode("latin-1")).title is not None or split.size > _BOOK_BYTES
        return "books" if is_book else "documents", _NO_FIELDS, layout.name
    fields = guess_fields(sample_records(split, stream, layout, IngestOptions()))
    what = layout.name.replace("_", " ")
    return ("documents", fields, what) if fields.text else ("", fields, f"{what} without a field of text")


def _look_into(stream: PlainStream) -> str:
    code = others = 0
    try:
        for number, member in enumerate(archive_members(stream)):
            is_code = language_of_path(member.path) not in (None, "HTML", "Markdown", "Text", "JSON", "XML", "CSV")
            code, others = code + is_code, others + (not is_code)
            if number >= _MEMBERS:
                break
    except ArchiveError:
        pass
    return "code" if code > others else "documents"


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
    yield "# The recipe `pipelines/massivetext.toml` explains every option."
    yield ""
    yield f'name = "{name}"'
    yield "seed = 1"
    for each, weight in zip(used, _weights(len(used)), strict=True):
        yield ""
        yield from _source_lines(each, weight, without_rules.get(each.name))
    for each in (each for each in found if not each.kind):
        yield ""
        yield f"# left out: {each.inputs} ({each.files:,} files): {each.detail}"
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
    yield f"inputs = [{json.dumps(source.inputs, ensure_ascii=False)}]"
    yield f"weight = {weight}  # share of the training sequences; all weights sum to exactly 1"
    if source.fields.text not in (None, "text"):
        yield f"text_field = {json.dumps(source.fields.text, ensure_ascii=False)}  # the field with the longest texts"
    for what, path in source.fields.others.items():
        if path != what or what not in ("url", "title"):
            yield f"{what}_field = {json.dumps(path, ensure_ascii=False)}"
    if without_rules:
        yield f"rules = []  # {without_rules}"
