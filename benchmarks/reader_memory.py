"""Peak memory of the readers at one size of a file and at several times that size: constant, or growing with the file.

    python benchmarks/reader_memory.py [--quick] [--megabytes 2000] [--times 8] [--only NAME ...] [--folder DIR]

A file of every format is generated, with ``--megabytes`` of plain bytes and with that divided by ``--times``, one at a
time, and deleted after it was read; an archive with a large table takes as much of the disk again while it is read.
Each is read in a fresh process as a run reads it: the first of the slices into which a run divides it. A file that is
one text or one page must be refused with a message. The peak is that of the whole process, its code included (about
85 MB, 150 MB with Arrow), so the growth is given beside the ratio. ``--quick`` reads ten of the files, of 2 and 16 MB.
The last line is one JSON object.
"""

import argparse
import bz2
import csv
import functools
import gzip
import io
import itertools
import json
import lzma
import random
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple, TypedDict, cast

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import zstandard

ROOT = Path(__file__).resolve().parents[1]
_TEXT_WORDS = 800  # about 5 kB: an article
_POOL = 512  # texts; each is written many times under other numbers
_MEMBER_BYTES = 1 << 22
_BATCH = 2000  # rows of an Arrow batch, and of a row group
_READ = """
import json, pathlib, sys
from collections import Counter
from massivetext.recipe.structs import IngestOptions
from massivetext.recipe.kinds import KINDS
from massivetext.schema import Document
from massivetext.sources.reading import read_split
from massivetext.sources.source_formats import FieldPaths, find_format
from massivetext.sources.splits import Split

class Options:
    format_name, text_field, fields, licences = sys.argv[1], "text", FieldPaths(), ("Apache-2.0", "MIT")

path, limits = pathlib.Path(sys.argv[2]), IngestOptions(max_record_bytes=1 << 20)
size = path.stat().st_size
count = -(-size // (64 << 20)) if find_format(Options.format_name).divisible else 1
documents, reasons = 0, Counter()
for found in read_split(Split(path.name, str(path), size, slice_count=count), Options, limits):
    if isinstance(found, Document):
        documents += 1
    elif not found.skipped:
        reasons[found.reason] += 1
peak = pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(json.dumps({"peak_mb": int(peak) / 1024, "documents": documents, "rejected": reasons, "slices": count}))
"""


class Reading(TypedDict):
    """What reading a file gave."""

    peak_mb: float
    documents: int
    rejected: dict[str, int]
    slices: int


class FileKind(NamedTuple):
    """A kind of file.

    Attributes:
        format: name of the format that reads it.
        write: writes a file with about so many plain bytes.
        refused: reason for which it must be refused; None: it must give documents.
    """

    format: str
    write: Callable[[Path, int], None]
    refused: str | None = None


_QUICK = (
    *("jsonl.gz", "pretty-array.json", "csv", "one-group.parquet", "stream.arrow", "table.zip"),
    *("warc.gz", "dump.xml", "enterprise.ndjson", "repository.zip"),
)


# -- what is in the files ----------------------------------------------------------------------------------------------


def _pool() -> list[str]:
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvwz", k=chance.randint(2, 10))) for _ in range(20_000)]
    return [" ".join(chance.choices(words, k=_TEXT_WORDS)) + "." for _ in range(_POOL)]


TEXTS = _pool()


def _texts(size: int) -> Iterator[str]:
    """Yield different texts of so many bytes together."""
    written = 0
    for number in itertools.count():
        if written >= size:
            return
        text = f"Text {number}. {TEXTS[number % _POOL]}"
        written += len(text)
        yield text


def _records(size: int) -> Iterator[dict[str, str]]:
    for number, text in enumerate(_texts(size)):
        yield {"text": text, "url": f"https://news.example/{number}", "title": f"Title {number}"}


def _lines(size: int) -> Iterator[bytes]:
    for record in _records(size):
        yield json.dumps(record).encode() + b"\n"


def _page(text: str) -> str:
    return f"<html><head><title>A page</title></head><body><article><p>{text}</p></article></body></html>"


def _write(open_file: Callable[[Path], IO[bytes]], pieces: Callable[[int], Iterable[bytes]]) -> Callable[..., None]:
    def write(path: Path, size: int) -> None:
        with open_file(path) as file:
            for piece in pieces(size):
                file.write(piece)

    return write


def _write_members(compress: Callable[[bytes], bytes]) -> Callable[[Path, int], None]:
    """Return a writer of JSON lines whose members are all the same, since these compressors are slow."""

    def write(path: Path, size: int) -> None:
        lines = b"".join(_lines(min(size, _MEMBER_BYTES)))
        member = compress(lines)
        with path.open("wb") as file:
            for _ in range(max(1, size // len(lines))):
                file.write(member)

    return write


def _plain(path: Path) -> IO[bytes]:
    return path.open("wb")


def _gzip(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "wb", compresslevel=1))


def _zstd(path: Path) -> IO[bytes]:
    return cast(IO[bytes], zstandard.open(path, "wb"))


# -- tables ------------------------------------------------------------------------------------------------------------


def _array(size: int, indent: int | None = None) -> Iterator[bytes]:
    yield b"["
    for number, record in enumerate(_records(size)):
        yield (b",\n" if number else b"\n") + json.dumps(record, indent=indent).encode()
    yield b"\n]\n"


def _pretty_array(size: int) -> Iterator[bytes]:
    return _array(size, 2)


def _pretty_objects(size: int) -> Iterator[bytes]:
    return (json.dumps(record, indent=2).encode() + b"\n" for record in _records(size))


def _utf16_lines(size: int) -> Iterator[bytes]:
    yield b"\xff\xfe"
    yield from (line.decode().encode("utf-16-le") for line in _lines(size // 2))


def _table(delimiter: str) -> Callable[[int], Iterator[bytes]]:
    def rows(size: int) -> Iterator[bytes]:
        target = io.StringIO()
        writer = csv.writer(target, delimiter=delimiter)
        for row in itertools.chain([("text", "url", "title")], (record.values() for record in _records(size))):
            writer.writerow(row)
            yield target.getvalue().encode()
            target.seek(0)
            target.truncate()

    return rows


def _batches(size: int) -> Iterator[pa.RecordBatch]:
    records = _records(size)
    while some := list(itertools.islice(records, _BATCH)):
        yield pa.RecordBatch.from_pylist(some)


_SCHEMA = pa.schema([(name, pa.string()) for name in ("text", "url", "title")])


def _parquet(path: Path, size: int) -> None:
    with pq.ParquetWriter(path, _SCHEMA) as writer:
        for batch in _batches(size):
            writer.write_batch(batch)


def _parquet_in_one_group(path: Path, size: int) -> None:
    table = pa.Table.from_batches(_batches(size), _SCHEMA)
    pq.write_table(table, path, row_group_size=1 << 30)


def _arrow(new: Callable[..., pa.ipc.RecordBatchStreamWriter]) -> Callable[[Path, int], None]:
    def write(path: Path, size: int) -> None:
        with path.open("wb") as file, new(file, _SCHEMA) as writer:
            for batch in _batches(size):
                writer.write_batch(batch)

    return write


def _feather(path: Path, size: int) -> None:
    feather.write_feather(pa.Table.from_batches(_batches(size), _SCHEMA), path, chunksize=_BATCH)


# -- one text, and archives --------------------------------------------------------------------------------------------


def _prose(size: int) -> Iterator[bytes]:
    return (text.encode() + b"\n\n" for text in _texts(size))


def _long_page(size: int) -> Iterator[bytes]:
    yield b"<html><body>"
    yield from (f"<p>{text}</p>\n".encode() for text in _texts(size))


def _epub(path: Path, size: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="a.opf"/></rootfiles></container>',
        )
        names = [f"{number}.xhtml" for number in range(max(1, size // (1 << 20)))]
        items = "".join(f'<item id="i{n}" href="{n}" media-type="application/xhtml+xml"/>' for n in names)
        refs = "".join(f'<itemref idref="i{name}"/>' for name in names)
        package = f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest><spine>{refs}</spine>'
        archive.writestr("a.opf", package + "</package>")
        for name in names:
            archive.writestr(name, _page("</p><p>".join(_texts(1 << 20))), zipfile.ZIP_DEFLATED, 1)


def _zip(pieces: Callable[[int], Iterator[tuple[str, Iterable[bytes]]]]) -> Callable[[Path, int], None]:
    def write(path: Path, size: int) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, data in pieces(size):
                with archive.open(name, "w", force_zip64=True) as member:
                    member.writelines(data)

    return write


def _tar(mode: str, pieces: Callable[[int], Iterator[tuple[str, Iterable[bytes]]]]) -> Callable[[Path, int], None]:
    def write(path: Path, size: int) -> None:
        with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
            for name, data in pieces(size):
                with tempfile.TemporaryFile(dir=path.parent) as member:
                    member.writelines(data)
                    info = tarfile.TarInfo(name)
                    info.size = member.tell()
                    member.seek(0)
                    archive.addfile(info, member)

    return write


def _one_table(size: int) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "a.jsonl", _lines(size)


def _many_texts(size: int) -> Iterator[tuple[str, Iterable[bytes]]]:
    return ((f"folder/{number}.txt", [text.encode()]) for number, text in enumerate(_texts(size)))


def _enterprise_files(size: int) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "dewiki_0.ndjson", _enterprise(size)


# -- web, Wikipedia, code ----------------------------------------------------------------------------------------------


def _warc(size: int) -> Iterator[bytes]:
    for number, text in enumerate(_texts(size)):
        page = _page(text).encode()
        http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/{number}\r\n"
            f"WARC-Date: 2024-01-01T00:00:00Z\r\nContent-Length: {len(http)}\r\n"
        )
        yield head.encode() + b"Content-Type: application/http; msgtype=response\r\n\r\n" + http + b"\r\n\r\n"


def _warc_members(size: int) -> Iterator[bytes]:
    return (gzip.compress(record, 1) for record in _warc(size))


def _dump(size: int) -> Iterator[bytes]:
    yield b'<mediawiki xml:lang="en"><siteinfo><sitename>W</sitename><dbname>enwiki</dbname></siteinfo>\n'
    for number, text in enumerate(_texts(size)):
        yield (
            f"  <page>\n    <title>Page {number}</title>\n    <ns>0</ns>\n    <id>{number}</id>\n    <revision>\n"
            f"      <id>{number}</id>\n      <text>{text}</text>\n    </revision>\n  </page>\n"
        ).encode()
    yield b"</mediawiki>\n"


def _dump_in_streams(path: Path, size: int) -> None:
    """Write a multistream dump: a hundred pages in a stream, which are the same in all."""
    head, *pages = itertools.islice(_dump(size), 101)
    stream = bz2.compress(b"".join(pages))
    with path.open("wb") as file:
        file.write(bz2.compress(head))
        for _ in range(max(1, size // sum(map(len, pages)))):
            file.write(stream)
        file.write(bz2.compress(b"</mediawiki>\n"))


def _enterprise(size: int) -> Iterator[bytes]:
    for number, text in enumerate(_texts(size)):
        page = {"name": f"Page {number}", "identifier": number, "article_body": {"html": _page(text)}}
        yield json.dumps(page).encode() + b"\n"


def _code_lines(size: int) -> Iterator[bytes]:
    for number, text in enumerate(_texts(size)):
        yield json.dumps({"text": text, "path": f"{number}.py", "license": "MIT"}).encode() + b"\n"


def _licensed_files(size: int) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "project/LICENSE", [(ROOT / "LICENSE").read_bytes()]
    yield from ((f"project/{number}.py", [text.encode()]) for number, text in enumerate(_texts(size)))


FILES: Mapping[str, FileKind] = {
    "jsonl": FileKind("documents", _write(_plain, _lines)),
    "jsonl.gz": FileKind("documents", _write(_gzip, _lines)),
    "jsonl.bz2": FileKind("documents", _write_members(bz2.compress)),
    "jsonl.xz": FileKind("documents", _write_members(functools.partial(lzma.compress, preset=0))),
    "jsonl.zst": FileKind("documents", _write(_zstd, _lines)),
    "utf16.jsonl": FileKind("documents", _write(_plain, _utf16_lines)),
    "array.json": FileKind("documents", _write(_plain, _array)),
    "pretty-array.json": FileKind("documents", _write(_plain, _pretty_array)),
    "pretty-objects.json": FileKind("documents", _write(_plain, _pretty_objects)),
    "csv": FileKind("documents", _write(_plain, _table(","))),
    "tsv": FileKind("documents", _write(_plain, _table("\t"))),
    "parquet": FileKind("documents", _parquet),
    "one-group.parquet": FileKind("documents", _parquet_in_one_group),
    "file.arrow": FileKind("documents", _arrow(pa.ipc.new_file)),
    "stream.arrow": FileKind("documents", _arrow(pa.ipc.new_stream)),
    "feather": FileKind("documents", _feather),
    "txt": FileKind("text", _write(_plain, _prose), "record_too_large"),
    "html": FileKind("documents", _write(_plain, _long_page), "record_too_large"),
    "epub": FileKind("text", _epub, "bad_epub"),
    "table.zip": FileKind("documents", _zip(_one_table)),
    "texts.zip": FileKind("documents", _zip(_many_texts)),
    "table.tar.gz": FileKind("documents", _tar("w:gz", _one_table)),
    "texts.tar": FileKind("documents", _tar("w", _many_texts)),
    "warc": FileKind("warc", _write(_plain, _warc)),
    "warc.gz": FileKind("warc", _write(_plain, _warc_members)),
    "dump.xml": FileKind("mediawiki", _write(_plain, _dump)),
    "dump.xml.bz2": FileKind("mediawiki", _dump_in_streams),
    "enterprise.ndjson": FileKind("wiki-enterprise", _write(_plain, _enterprise)),
    "enterprise.tar.gz": FileKind("wiki-enterprise", _tar("w:gz", _enterprise_files)),
    "code.jsonl": FileKind("repository", _write(_plain, _code_lines)),
    "repository.zip": FileKind("repository", _zip(_licensed_files)),
}


def read_in_fresh_process(kind: FileKind, path: Path) -> Reading:
    """Return what reading a file gave, and the peak memory of the process that read it."""
    script = [sys.executable, "-c", _READ, kind.format, str(path)]
    return cast(Reading, json.loads(subprocess.check_output(script, text=True, cwd=ROOT)))


def _measure(name: str, kind: FileKind, folder: Path, size: int) -> Reading:
    path = folder / f"a.{name}"
    try:
        kind.write(path, size)
        found = read_in_fresh_process(kind, path)
    finally:
        path.unlink(missing_ok=True)
    wanted = {} if kind.refused is None else {kind.refused: 1}
    if found["rejected"] != wanted or (found["documents"] == 0) != (kind.refused is not None):
        raise AssertionError(f"{name}: want documents, or the rejection {wanted}; got {found}")
    return found


def main() -> None:
    """Measure every format at both sizes; print a table, and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="ten of the files, 16 MB instead of 2,000")
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--times", type=int, default=8, help="the smaller file is so many times smaller")
    parser.add_argument("--only", nargs="+", choices=FILES, help="the files to read (default: all)")
    parser.add_argument("--folder", type=Path, help="where the files are written (default: the system's)")
    options = parser.parse_args()
    large = 16 if options.quick else options.megabytes
    print(f"{'file':<20} {large / options.times:>7.0f} MB {large:>7} MB   ratio   growth")
    figures = {}
    for name in options.only or (_QUICK if options.quick else FILES):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            small, whole = (
                _measure(name, FILES[name], Path(folder), int(size * 1e6)) for size in (large / options.times, large)
            )
        ratio, growth = whole["peak_mb"] / small["peak_mb"], whole["peak_mb"] - small["peak_mb"]
        result = f"refused: {FILES[name].refused}" if FILES[name].refused else f"{whole['documents']:,} documents"
        peaks = f"{small['peak_mb']:>7.0f} MB {whole['peak_mb']:>7.0f} MB"
        print(f"{name:<20} {peaks} {ratio:>7.2f} {growth:>5.0f} MB   {result}", flush=True)
        figures[name] = {"peak_mb": whole["peak_mb"], "ratio": ratio, "slices": whole["slices"]}
    print(json.dumps({"megabytes": large, "times": options.times, "files": figures}))


if __name__ == "__main__":
    main()
