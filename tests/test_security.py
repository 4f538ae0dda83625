"""What SECURITY.md promises: recipes are data, inputs are hostile, secrets stay where they are."""

import ast
import bz2
import dataclasses
import functools
import gzip
import io
import ipaddress
import json
import lzma
import os
import re
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from apache_beam.runners.portability.fn_api_runner import worker_handlers
from builders import licence_text, read_file
from command import ROOT

from massivetext.engines import local_workers
from massivetext.errors import UserError
from massivetext.extract import extract
from massivetext.recipe import IngestOptions, SourceOptions, load_recipe, parse_recipe
from massivetext.schema import Document, Rejected
from massivetext.sources import find_format, http
from massivetext.sources.code import read_source_files
from massivetext.sources.documents.fields import builder
from massivetext.sources.documents.parquet import parquet_documents
from massivetext.sources.reading import read_split
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split
from massivetext.sources.streams.archives import ARCHIVE_EXPANSION
from massivetext.sources.streams.compressed import EXPANSION, open_stream
from massivetext.storage import files as fs
from massivetext.text import printable

SENTENCE = "The river rises in the hills and runs down to the sea, and the people of the valley live by it. "


def refused(items: list[Document | Rejected]) -> list[tuple[str, str]]:
    """(reason, detail) of what was rejected and not just skipped."""
    return [(item.reason, item.detail) for item in items if isinstance(item, Rejected) and not item.skipped]


def texts(items: list[Document | Rejected]) -> list[str]:
    return [item.text for item in items if isinstance(item, Document)]


# -- nothing that is read is run ---------------------------------------------------------------------------------------

# Calls that turn data into code: built-in ones, and others by the end of their dotted name.
BUILT_IN = {"eval", "exec", "compile", "__import__"}
DANGEROUS = {
    "import_module", "run_path", "run_module", "extractall", "mktemp",
    "os.system", "os.popen", "np.load", "numpy.load", "pd.read_pickle", "pandas.read_pickle", "torch.load",
    "subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call", "subprocess.check_output",
    "subprocess.getoutput", "subprocess.getstatusoutput",
}  # fmt: skip
# Modules that unpickle, or whose readers do.
MODULES = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib", "yaml", "xmlrpc", "pty"}
# (file, call) that may be, and why.
ALLOWED = {
    (
        "engines/leash.py",
        "run_module",
    ): "runs the module that its own process was started for: Beam's worker, by its name",
    ("extract/block_trees.py", "np.load"): "reads the arrays of the package's own model; pickle is off",
    ("__init__.py", "import_module"): "imports a module of this package when one of its names is first used",
    ("transforms/__init__.py", "import_module"): "imports a module of this package when one of its names is first used",
    ("engines/spark.py", "subprocess.Popen"): "starts Spark's own processes; a list of arguments, no shell",
    ("engines/java.py", "subprocess.run"): "asks a Java for its version; a list of arguments, no shell",
    ("engines/job_server.py", "subprocess.run"): "has Maven fetch the job server; a list of arguments, no shell",
    ("engines/fork_server.py", "import_module"): "imports the modules that the driver's own code names for preloading",
    ("engines/fork_server.py", "subprocess.Popen"): "starts the process that forks our workers; a list of arguments",
    (
        "extract/watchdog.py",
        "subprocess.Popen",
    ): "starts the process that extracts pages; a list of arguments, no shell",
    ("engines/local_workers.py", "subprocess.Popen"): "starts worker processes of ourselves; a list of arguments",
}


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of a name or attribute; the attribute alone where it hangs on something else."""
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else node.attr
    return node.id if isinstance(node, ast.Name) else ""


def dangers(tree: ast.Module) -> Iterator[str]:
    """Dangerous calls, calls with a shell, and imports of dangerous modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"import {name}" for name in names if name.split(".")[0] in MODULES)
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            yield from {name.removeprefix("builtins.")} & BUILT_IN
            yield from {".".join(name.split(".")[-2:]), name.split(".")[-1]} & DANGEROUS
            for keyword in node.keywords:
                off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                if keyword.arg in ("shell", "allow_pickle") and not off:
                    yield f"{keyword.arg}=..."


def found_in(package: Path) -> set[tuple[str, str]]:
    return {
        (path.relative_to(package).as_posix(), danger)
        for path in sorted(package.rglob("*.py"))
        for danger in dangers(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_no_module_can_turn_data_into_code() -> None:
    found = found_in(ROOT / "massivetext")

    assert found - set(ALLOWED) == set()
    assert set(ALLOWED) - found == set()  # none that is not needed


@pytest.mark.parametrize(
    ("code", "danger"),
    [
        ("import pickle", "import pickle"),
        ("from cloudpickle import loads", "import cloudpickle"),
        ("eval(text)", "eval"),
        ("builtins.exec(text)", "exec"),
        ("import yaml", "import yaml"),
        ("subprocess.run(command)", "subprocess.run"),
        ("anything(command, shell=True)", "shell=..."),
        ("tar.extractall(folder)", "extractall"),
        ("np.load(path)", "np.load"),
        ("read(path, allow_pickle=True)", "allow_pickle=..."),
        ("importlib.import_module(name)", "import_module"),
    ],
)
def test_a_planted_danger_is_found(code: str, danger: str) -> None:
    assert danger in set(dangers(ast.parse(code)))


RECIPE = 'name = "r"\n[sources.news]\nkind = "news"\ninputs = ["*.jsonl"]\nweight = 1.0\n'


@pytest.mark.parametrize(
    "value",
    [
        "{{ 7 * 7 }}",
        "${HOME}",
        "$(touch owned)",
        "`touch owned`",
        "__import__('os').system('touch owned')",
        "!!python/object/apply:os.system ['touch owned']",
        "%(HOME)s",
        "~",
    ],
)
def test_a_string_in_a_recipe_is_a_string(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = parse_recipe(RECIPE.replace("*.jsonl", value), "recipe.toml")

    assert recipe.sources["news"].inputs == (value,)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", "a.b", "A", "", "a\x1b"])
def test_a_source_cannot_name_another_folder(name: str) -> None:
    with pytest.raises(UserError, match="want a name of a-z, 0-9 and _"):
        parse_recipe(RECIPE.replace("[sources.news]", f"[sources.{json.dumps(name)}]"), "recipe.toml")


@pytest.mark.parametrize(
    "url",
    [
        "reference://?fo=evil.json",
        "simplecache::s3://bucket/x",
        "zip://a.txt::http://example.org/b.zip",
        "github://user:repo@/x",
        "ssh://host/etc/passwd",
        "python://x",
        "data:,x::file",
    ],
)
def test_paths_are_local_or_of_object_stores(url: str) -> None:
    with pytest.raises(UserError, match=r"want a local path, s3:// or gs://|holds credentials"):
        fs.find(url)


def test_the_servers_of_the_embedded_runner_listen_on_loopback_alone() -> None:
    local_workers.register_worker_handler()
    server = worker_handlers.GrpcServer(None, None, None)  # type: ignore[arg-type]
    try:
        ports = {server.control_port, server.data_port, server.state_port, server.logging_port}
        found = [(address, port) for address, port in _listening() if port in ports]
    finally:
        server.close()

    assert {port for _, port in found} == ports
    assert [str(address) for address, _ in found if not address.is_loopback] == []


def _listening() -> Iterator[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]]:
    """Address and port of every TCP socket of this machine that listens."""
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            endpoint, state = line.split()[1], line.split()[3]
            address, port = endpoint.split(":")
            words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
            if state == "0A":
                found = ipaddress.ip_address(b"".join(words))
                yield getattr(found, "ipv4_mapped", None) or found, int(port, 16)


def test_the_hashed_requirements_are_those_of_the_constraints() -> None:
    pinned = dict(_pins(ROOT / "constraints.txt"))
    hashed = dict(_pins(ROOT / "requirements-image.txt"))

    assert {"apache-beam", "pyarrow", "s3fs", "gcsfs"} <= set(hashed)
    assert hashed.items() <= pinned.items()
    for line in (ROOT / "requirements-image.txt").read_text().splitlines()[2:]:
        assert re.fullmatch(r"\S+==\S+ --hash=sha256:[0-9a-f]{64}", line), line


def _pins(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text().splitlines():
        name, equal, version = line.split(" ")[0].partition("==")
        if equal:
            yield re.sub("[-_.]+", "-", name.lower()), version


# -- compressed files and archives -------------------------------------------------------------------------------------

MIT = licence_text("MIT").encode()


@pytest.mark.parametrize(
    "compress",
    [bz2.compress, lzma.compress, zstandard.ZstdCompressor(level=3).compress],
    ids=["bz2", "xz", "zstd"],
)
def test_what_expands_too_far_is_not_read_to_its_end(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    whole = b'{"text": "first"}\n' + b" " * (64 << 20)
    (tmp_path / "a.jsonl").write_bytes(compress(whole))
    largest = 0
    with open_stream(str(tmp_path / "a.jsonl"), EXPANSION._replace(free_bytes=1 << 20)) as stream:
        given = 0
        while piece := stream.read(64 << 20):
            given, largest = given + len(piece), max(largest, len(piece))

    assert largest < 32 << 20  # in memory at a time
    assert stream.damage is not None
    assert "expands more than 2,000 times" in stream.damage.error
    assert given < len(whole) // 2


def test_what_repeats_itself_is_read_to_its_end(tmp_path: Path) -> None:
    # 64 MiB of blanks in a few kilobytes: odd, but not large.
    (tmp_path / "a.jsonl").write_bytes(lzma.compress(b'{"text": "first"}\n' + b" " * (64 << 20) + b"\n"))

    assert refused(read_file("news", tmp_path / "a.jsonl")) == []


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE, field: bytes | None = None) -> bytes:
    """A header of a tar member; ``field`` instead of its size."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    if field is not None:
        block[124:136] = field
    return summed(block)


def summed(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name: str, data: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    return header(name, len(data), kind) + data + bytes(-len(data) % 512)


def sparse() -> bytes:
    """A sparse file whose map goes on for ever."""
    block = bytearray(header("r/a.py", 0, tarfile.GNUTYPE_SPARSE))
    block[482] = 1
    more = bytearray(b"00000000001\x0000000000001\x00" * 21 + bytes(8))
    more[504] = 1
    return summed(block) + bytes(more) * 4000


NEGATIVE = b"\xff" * 10 + b"\xfc\x00"  # -1,024 in base 256
PAX = tarfile.XHDTYPE
TARS = {
    "attributes of 3 GB": header("x", 3 << 30, PAX) + bytes(1 << 20),
    "a name of 3 GB": header("x", 3 << 30, tarfile.GNUTYPE_LONGNAME) + bytes(1 << 20),
    "names of names of names": member("x", b"abc\0", tarfile.GNUTYPE_LONGNAME) * 5000,
    "a length of 5,000 digits": member("x", b"9" * 5000 + b" path=x\n", PAX) + member("r/a.py", b"x = 1"),
    "a negative size": header("r/a.py", 0, field=NEGATIVE),
    "negative attributes": header("x", 0, PAX, NEGATIVE),
    "an endless sparse map": sparse(),
    "a sparse map in attributes": member("x", b"30 GNU.sparse.map=0,1,2,3,4,5\n", PAX) + member("r/a.py", b"x = 1"),
    "many attributes for all": member(
        "x", b"".join(b"%d k%06d=v\n" % (13, number) for number in range(2000)), tarfile.XGLTYPE
    )
    + member("r/a.py", b"x = 1"),
}


TOLD = {
    "attributes of 3 GB": "a header of 3,221,225,472 bytes",
    "a name of 3 GB": "a header of 3,221,225,472 bytes",
    "names of names of names": "recursion",
    "a length of 5,000 digits": "4300 digits",
    "a negative size": "a header of -1,024 bytes",
    "negative attributes": "a header of -1,024 bytes",
    "an endless sparse map": "a sparse file",
    "a sparse map in attributes": "a sparse file",
    "many attributes for all": "more attributes",
}


@pytest.mark.parametrize("name", TARS)
def test_a_tar_that_means_harm_is_rejected_as_a_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(member("r/LICENSE", MIT) + TARS[name] + bytes(1024), 1))
    items = read_file("code", path)

    assert texts(items) == []
    assert [reason for reason, _ in refused(items)] == ["damaged"]
    assert TOLD[name] in refused(items)[0][1]


def test_an_archive_names_no_place_outside_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("password = 1\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    with tarfile.open(inside / "a.tar", "w") as archive:
        for name in ("r/LICENSE", "../up.py", "/abs.py", "r/../../up2.py", "r/C:\\x.py"):
            data = MIT if name == "r/LICENSE" else b"x = 1\n"
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            link = tarfile.TarInfo("r/link.py")
            link.type, link.linkname = kind, "../secret.py"
            archive.addfile(link)
        for kind in (tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            odd = tarfile.TarInfo("r/odd.py")
            odd.type = kind
            archive.addfile(odd)
    with zipfile.ZipFile(inside / "a.zip", "w") as packed:
        packed.writestr("r/LICENSE", MIT)
        link_info = zipfile.ZipInfo("r/link.py")
        link_info.external_attr = 0o120777 << 16
        packed.writestr(link_info, "../../secret.py")
        packed.writestr("../up.py", b"x = 1\n")
    before = sorted(tmp_path.rglob("*"))
    items = [item for name in ("a.tar", "a.zip") for item in read_file("code", inside / name)]

    assert sorted(tmp_path.rglob("*")) == before
    assert not any("password" in text for text in texts(items))
    assert not any("link" in str(item) for item in items)


def overlapping_zip(copies: int, size: int) -> bytes:
    """An archive whose directory names the same ``size`` bytes ``copies`` times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("LICENSE", MIT)
    base = buffer.getvalue()
    begin, end = base.rindex(b"PK\x01\x02"), base.rindex(b"PK\x05\x06")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    plain = b"x = 1\n" * (size // 6)
    data = packer.compress(plain) + packer.flush()
    crc, name = zlib.crc32(plain), b"a.py"
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(data), len(plain), len(name), 0) + name + data
    entry = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, len(data), len(plain), len(name), 0, 0, 0, 0, 0, begin
    )
    directory = base[begin:end] + (entry + name) * copies
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, copies + 1, copies + 1, len(directory), begin + len(local), 0)
    return base[:begin] + local + directory + tail


def test_a_zip_of_one_file_named_many_times_ends_somewhere(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(overlapping_zip(1000, 1 << 20))
    read = functools.partial(read_source_files, expansion=ARCHIVE_EXPANSION._replace(free_bytes=1 << 20))
    items = read_file(
        "code", tmp_path / "a.zip", formats=(dataclasses.replace(find_format("repository"), load_reader=lambda: read),)
    )
    size = (tmp_path / "a.zip").stat().st_size

    assert 0 < sum(map(len, texts(items))) < 100 * size + (1 << 20) + (1 << 20)
    assert [reason for reason, _ in refused(items)] == ["too_large"]


def test_a_parquet_of_one_text_named_many_times_ends_somewhere(tmp_path: Path) -> None:
    limit = EXPANSION._replace(free_bytes=8 << 20)

    def read(split: Split, options: ReadOptions, limits: ReadLimits) -> Iterator[Document | Rejected]:
        with open_stream(split.path) as stream:
            build = builder(split.name, options.fields)
            yield from parquet_documents(split, stream.stored(), "text", limits, build, limit)

    formats = (dataclasses.replace(find_format("documents"), load_reader=lambda: read),)
    text = SENTENCE * 10_000  # 1 MB
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 5000, pa.int32()), pa.array([text]))
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": column}), path, compression="zstd", dictionary_pagesize_limit=1 << 30)
    before = pa.total_allocated_bytes()
    most, given, rejected = 0, 0, ""
    split = Split(name=path.name, path=str(path), size=path.stat().st_size, slice_index=0, slice_count=1)
    options = SourceOptions(kind="news", inputs=("*",), weight=Decimal(1))
    for item in read_split(split, options, IngestOptions(), formats):
        most = max(most, pa.total_allocated_bytes() - before)
        given += len(item.text) if isinstance(item, Document) else 0
        rejected = item.reason if isinstance(item, Rejected) else ""

    assert rejected == "too_large"
    assert given < max(8 << 20, 2000 * split.size) + 2 * len(text)
    assert most < 32 << 20  # 256 rows written out would be 256 MB


# -- markup ------------------------------------------------------------------------------------------------------------

PAGE = "<page><title>T</title><ns>0</ns><id>1</id><revision><text>{}</text></revision></page>"
XML = {
    "an entity that laughs": '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><mediawiki>' + PAGE.format("&b;"),
    "a file as entity": '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><mediawiki>' + PAGE.format("&x;"),
    "a file as parameter": '<!DOCTYPE m [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><mediawiki>' + PAGE.format("a"),
    "elements within elements": "<mediawiki>" + "<a>" * 1_000_000,
    "an attribute of 50 MB": '<mediawiki a="' + "a" * 50_000_000,
    "a comment of 50 MB": "<mediawiki><!--" + "a" * 50_000_000,
    "a name of 50 MB": "<mediawiki><" + "a" * 50_000_000,
}


@pytest.mark.parametrize("name", XML)
def test_xml_that_means_harm_is_given_up_where_it_does(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(XML[name].encode(), 1))
    items = read_file("wikipedia", tmp_path / "a.xml.gz")

    assert [reason for reason, _ in refused(items)] == ["broken_xml"]
    assert re.search("declares an entity|more than 64 deep|more than 1,048,576 bytes", refused(items)[0][1])
    assert not any("root:" in text for text in texts(items))


def test_an_external_dtd_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "evil.dtd").write_text('<!ENTITY x "fetched">')
    dtd = (tmp_path / "evil.dtd").as_uri()
    xml = f'<!DOCTYPE m SYSTEM "{dtd}"><mediawiki>{PAGE.format("before &x; after")}</mediawiki>'
    (tmp_path / "a.xml").write_text(xml)
    items = read_file("wikipedia", tmp_path / "a.xml")

    assert "fetched" not in str(items)


def test_html_fetches_nothing_and_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("fetched")
    uri = (tmp_path / "x.txt").as_uri()
    page = (
        f'<!DOCTYPE html [<!ENTITY x SYSTEM "{uri}">]><html><body><p>{SENTENCE * 3} &x;</p>'
        f'<iframe src="{uri}"></iframe><object data="{uri}"></object><xi:include href="{uri}" parse="text"/>'
        "</body></html>"
    )

    assert "fetched" not in extract(page, "http://a.example/").text


# As libxml2 reads them, each of these is a tag of 300,000 attributes, which it compares with one another for a minute.
ATTRIBUTES = {
    "with values": " ".join(f'a{number}="x"' for number in range(300_000)),
    "without": " ".join(f"a{number}" for number in range(300_000)),
    "one at the other": "".join(f"a{number}='>'" for number in range(300_000)),
    "with tags in them": " ".join(f"a{number}<" for number in range(300_000)),
    "behind quotes": " ".join(f'"q a{number}' for number in range(300_000)),
    "behind signs": " ".join(f"=q a{number}" for number in range(300_000)),
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_tag_of_very_many_attributes_is_text(name: str) -> None:
    page = extract(f"<html><body><p>{SENTENCE * 3}</p><div {ATTRIBUTES[name]}>end</div></body></html>")

    assert SENTENCE.strip() in page.text


def test_a_tag_of_many_attributes_is_a_tag() -> None:
    attributes = " ".join(f'data-a{number}="x > {number}"' for number in range(1500))
    page = extract(f"<html><body><div {attributes}><p>{SENTENCE * 3}</p></div></body></html>")

    assert page.text == (SENTENCE * 3).strip()


def test_a_body_encoded_many_times_over_is_refused() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n"
    body = b"<p>" + SENTENCE.encode() * 1000
    with pytest.raises(http.UndecodableError, match="names 20000 encodings"):
        http.decode_body(http.parse_response(head % (b"br," * 20_000) + body), 1 << 20)
    twice = gzip.compress(gzip.compress(body))

    assert http.decode_body(http.parse_response(head % b"gzip, gzip" + twice), 1 << 20).data == body


BAD_JSON = ("[" * 1_000_000, '{"text":' * 100_000, '{"text": ' + "9" * 100_000 + "}", '{"text": 1e999}')


@pytest.mark.parametrize("text", BAD_JSON, ids=["lists", "objects", "digits", "infinity"])
def test_json_that_means_harm_costs_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "before"}\n' + text + '\n{"text": "after"}\n')
    items = read_file("news", tmp_path / "a.jsonl")

    assert texts(items) == ["before", "after"]
    assert len(refused(items)) == 1


# -- what people look at, and where secrets may not be -----------------------------------------------------------------

EVIL = "\x1b]0;owned\x07\x1b[31m\u202e[bold]<script>alert(1)</script>\" onmouseover='alert(1)' javascript:alert(1)"
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAPLANTED0000000001",
    "AWS_SECRET_ACCESS_KEY": "planted-secret-of-the-environment",
    "AWS_SESSION_TOKEN": "planted-token-of-the-environment",
    "GOOGLE_APPLICATION_CREDENTIALS": "/planted/credentials.json",
    "HF_TOKEN": "planted-other-token",
}
OPTION = "planted-secret-of-an-option"


class Page(HTMLParser):
    """Elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **SECRETS, "COLUMNS": "160"}
    return subprocess.run(
        [sys.executable, "-m", "massivetext", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of documents that mean harm, with secrets around it; what was printed lies in ``output.txt``."""
    folder = tmp_path_factory.mktemp("hostile")
    name = "".join(c for c in EVIL if c.isprintable() and c != "/") + ".jsonl"
    documents = [
        {"text": f"{EVIL} {number} {SENTENCE * 3}", "url": f"https://a.example/{number}/{EVIL}", "title": EVIL}
        for number in range(5)
    ]
    lines = [json.dumps(document) for document in documents]
    lines += [lines[0], json.dumps({"no text": EVIL}), f"no json {EVIL}"]
    (folder / name).write_text("\n".join(lines))
    (folder / "recipe.toml").write_text(RECIPE)
    arguments = ("run", "recipe.toml", "--output", "run", "--workers", "1", "--until", "near-dedup")
    done = command(*arguments, "--", f"--s3_secret_access_key={OPTION}", folder=folder)
    reported = command("report", "run", folder=folder)
    output = done.stdout + done.stderr + reported.stdout + reported.stderr
    assert done.returncode == reported.returncode == 0, output
    (folder / "output.txt").write_text(output)
    return folder


def test_no_secret_is_written_anywhere(hostile: Path) -> None:
    planted = [*SECRETS.values(), OPTION]
    files = [path for path in hostile.rglob("*") if path.is_file()]
    assert {"run.json", "manifest.json", "index.html", "report.json"} <= {path.name for path in files}
    for path in files:
        data = path.read_bytes()
        assert [secret for secret in planted if secret.encode() in data] == [], path


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "recipe.toml", "--output", "other", "--", f"--no_such_option={OPTION}"),
        ("run", "recipe.toml", "--output", f"s3://key:{OPTION}@bucket/run"),
        ("run", "leaky.toml", "--output", "other"),
        ("check", "leaky.toml"),
        ("check", "recipe.toml/nowhere"),
    ],
)
def test_no_secret_is_told_in_a_refusal(hostile: Path, arguments: tuple[str, ...]) -> None:
    (hostile / "leaky.toml").write_text(RECIPE.replace("*.jsonl", f"s3://key:{OPTION}@bucket/*.jsonl"))
    done = command(*arguments, folder=hostile)
    (hostile / "leaky.toml").unlink()

    assert done.returncode == 2
    assert "massivetext:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [secret for secret in (*SECRETS.values(), OPTION) if secret in done.stdout + done.stderr]
    assert not (hostile / "other").exists()


def test_a_recipe_with_credentials_is_refused_by_line() -> None:
    text = RECIPE.replace("*.jsonl", "https://user:word@host/*.jsonl")
    with pytest.raises(UserError, match=r"^recipe.toml: line 4: holds a URL with credentials") as caught:
        parse_recipe(text, "recipe.toml")

    assert "word" not in str(caught.value)
    assert parse_recipe(RECIPE.replace("*.jsonl", "s3://bucket/a@2x/*.jsonl"), "recipe.toml")  # no credentials


def test_a_report_runs_nothing_of_what_documents_say(hostile: Path) -> None:
    page = Page((hostile / "run/report/index.html").read_text())

    assert page.tags.count("script") == 4  # the charts, the data, the library, the script of the page
    assert not {"iframe", "object", "embed", "img", "form", "base", "link"} & set(page.tags)
    assert [value for name, value in page.attributes if name in ("href", "src") and not value.startswith("#")] == []
    assert [name for name, _ in page.attributes if name.startswith("on")] == []
    assert [value for name, value in page.attributes if value.lower().startswith("javascript:")] == []
    policy = next(value for name, value in page.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(("by", "options"), [("url", []), ("url", ["--all"]), ("origin", ["--all"])])
def test_trace_steers_no_terminal(hostile: Path, by: str, options: list[str]) -> None:
    documents = pq.read_table(hostile / "run/documents/news/part-00000-of-00001.parquet")
    done = command("trace", "run", documents[by][0].as_py(), *options, folder=hostile)

    assert done.returncode == 0
    assert "alert(1)" in done.stdout  # it is shown, as text
    assert [c for c in done.stdout if not c.isprintable() and c != "\n"] == []


def test_an_error_steers_no_terminal(tmp_path: Path, hostile: Path) -> None:
    (tmp_path / "\x1b]0;owned\x07.jsonl").write_text("{}")  # a name that is refused, and told
    (tmp_path / "recipe.toml").write_text(RECIPE)
    for done in (command("check", "recipe.toml", folder=tmp_path), command("trace", "run", "\x1b[31m", folder=hostile)):
        assert done.returncode == 2
        assert "massivetext:" in done.stderr
        assert not {"\x1b", "\x07"} & set(done.stderr + done.stdout)

    assert printable("a\tb\nc\x1b[31m\u202ed") == "a\tb\nc\ufffd[31m\ufffdd"


def test_built_in_recipes_hold_no_credentials() -> None:
    for path in sorted((ROOT / "pipelines").glob("*.toml")):
        assert load_recipe(path.stem).recipe.sources
