"""Mutants of web pages and of crawl files, read to the end: no exception, no lost neighbour, every byte accounted for.

    python benchmarks/fuzz_web.py [--mutants 2000] [--seed 1] [--only html]

A mutant of a page goes through every extractor. A mutant of a crawl (plain or compressed) is a file of records of which
one or two neighbours are changed; it goes through the whole reader of format `warc`. A record that is not changed must
come out as it was, and every changed one as a document, or in quarantine. The last line is one JSON object.
"""

import argparse
import gzip
import io
import itertools
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import lz4.frame
import zstandard

from massivetext.extract.extractors import EXTRACTORS, ExtractorName, extract_page
from massivetext.recipe import IngestOptions
from massivetext.recipe.kinds import KINDS
from massivetext.schema import Document, Rejected
from massivetext.sources.reading import read_split
from massivetext.sources.source_formats import FieldPaths
from massivetext.sources.splits import Split
from massivetext.sources.streams import charset
from massivetext.sources.streams.compressed import PlainStream
from massivetext.sources.warc import LostBytes, WarcRecord, read_warc_records
from massivetext.sources.warc_slices import find_slice

SENTENCE = "The river rises in the hills and runs down to the sea, and the people of the valley live by it."
_PIECES = (
    f"<p>{SENTENCE}</p>",
    f"<div class='comment'><p>{SENTENCE}</p></div>",
    "<ul><li>one<li>two<ul><li>three</ul></ul>",
    "<table><tr><th>a<th>b<tr><td>1<td>2</table>",
    "<pre>def f():\n    return 1\n</pre>",
    "<h2>Heading &amp; more</h2>",
    "<script>var x = '<p>no';</script>",
    "<style>p { color: red }</style>",
    "<!-- a > b -->",
    "<math><mi>x</mi></math>",
    "<svg><path d='M0 0'/></svg>",
    "<img src='a.png' alt='b'>",
    "x<sup>2</sup> and <q>so</q>",
    "<blockquote>q</blockquote>",
    "<dl><dt>t<dd>d</dl>",
    "<a href='http://a.example/'>link</a>",
    "中文句子。再来一句。",
    "\xe9t\xe9 \U0001f468\u200d\U0001f469",
    "<noscript><p>no scripts</p></noscript>",
    "<details><summary>s</summary>d</details>",
    "<br><br>",
    "&nbsp;&#8217;",
)
_TOKENS = tuple(
    token.encode("utf-8", "surrogateescape")
    for token in (
        "<",
        ">",
        "</",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<a <a ",
        "&",
        "&#",
        "&#x110000;",
        "&#0;",
        "\0",
        "\x01",
        '"',
        "'",
        "=",
        "<table>",
        "</table>",
        "<td colspan=99999999>",
        "<script>",
        "<title>",
        "</body></html>",
        "<svg>",
        "<math>",
        "<template>",
        "<p " + "a=b " * 500,
        "<div>" * 300,
        "<b><i><p>",
        "\u0301" * 50,
        "\ufeff",
        "<meta charset=utf-16>",
        "<?xml version='1.0' encoding='utf-7'?>",
        "<frameset>",
        "<plaintext>",
        "<select><option>",
        "<pre>\n",
        "\r",
        "\u2028",
        "\udcff\udcfe",
        "\udc80\udc81",
        "\udced\udca0\udc80",
        "\udcf8\udc88\udc80\udc80\udc80",
    )
)
_HEADERS = tuple(
    line.encode()
    for line in (
        "Content-Length: 99999999",
        "Content-Length: 7",
        "Content-Length: -1",
        "Content-Encoding: gzip",
        "\r\n\r\n",
        "\n\n",
        "Content-Encoding: br, gzip",
        "Transfer-Encoding: chunked",
        "WARC/1.0\r\n",
        "WARC-Type: request",
        "HTTP/1.1 404 No\r\n",
        "Content-Type: text/html; charset=utf-16",
        "WARC/9.9\r\nWARC-Type: response\r\nContent-Length: 3\r\n\r\n",
    )
)
RECORDS = 40


def make_page(chance: random.Random) -> bytes:
    """Return a page of some pieces in any order."""
    body = "".join(chance.choice(_PIECES) for _ in range(chance.randrange(5, 60)))
    return f"<!doctype html><html><head><title>{chance.random()}</title></head><body>{body}</body></html>".encode()


# What becomes of the bytes before, within and behind a place.
_CHANGES: tuple[Callable[[bytes, bytes, bytes, random.Random], bytes], ...] = (
    lambda before, part, after, chance: before + bytes(byte ^ 1 << chance.randrange(8) for byte in part) + after,
    lambda before, part, after, chance: before + after,
    lambda before, part, after, chance: before + part * chance.randrange(2, 6) + after,
    lambda before, part, after, chance: before + bytes(len(part)) + after,
    lambda before, part, after, chance: before + chance.randbytes(min(1_000, len(part))) + after,
    lambda before, part, after, chance: after + part + before,
    lambda before, part, after, chance: before if chance.random() < 0.3 else before + part + after,
)


def mutate(data: bytes, tokens: Sequence[bytes], chance: random.Random) -> bytes:
    """Return bytes with one to four changes: turned, deleted, doubled, zeroed, moved or cut bytes, and odd tokens."""
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + int(chance.paretovariate(0.6)))
        number = chance.randrange(len(_CHANGES) + 1)
        if number < len(_CHANGES):
            data = _CHANGES[number](data[:at], data[at:end], data[end:], chance)
        else:
            data = data[:at] + chance.choice(tokens) * chance.choice((1, 1, 1, 30)) + data[at:]
    return data


class Finding(NamedTuple):
    """Something that must not be.

    Attributes:
        mutant: number of the mutant, from which it can be made again.
        what: what happened.
    """

    mutant: int
    what: str


def fuzz_pages(mutants: range, seed: int, extractors: Sequence[ExtractorName]) -> Iterator[Finding]:
    """Yield what is wrong with what the extractors give for mutants of pages."""
    for extractor in extractors:
        extract_page(f"<p>{SENTENCE}</p>", None, extractor)  # code is compiled once
    for mutant in mutants:
        chance = random.Random(f"html {seed} {mutant}")
        html = charset.decode(mutate(make_page(chance), _TOKENS, chance), html=True).text
        for extractor in extractors:
            begin = time.process_time()
            try:
                page = extract_page(html, "http://a.example/", extractor)
            except Exception as error:
                yield Finding(mutant, f"{extractor}: {type(error).__name__}: {error}")
                continue
            if page.text != page.text.strip() or re.search("[\0\ud800-\udfff]", page.text):
                yield Finding(mutant, f"{extractor}: the text is not clean")
            if not 0 <= page.link_text_frac <= 1:
                yield Finding(mutant, f"{extractor}: link_text_frac is {page.link_text_frac}")
            if time.process_time() - begin > 5:
                yield Finding(mutant, f"{extractor}: takes more than 5 s")


def _record(number: int, page: bytes) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/{number}\r\n"
    head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    return head.encode() + block + b"\r\n\r\n"


_PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "warc": bytes,
    "warc.gz": lambda record: gzip.compress(record, mtime=0),
    "warc.zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    "warc.lz4": lambda record: bytes(lz4.frame.compress(record, content_checksum=True)),
}


class _Options:
    format_name, text_field, fields, licences = KINDS["web"].format, "text", FieldPaths(), ()


def read_crawl(path: Path) -> list[Document | Rejected]:
    """Return what the reader of crawls gives for a file; small pages are its largest."""
    split = Split(path.name, str(path), path.stat().st_size)
    return list(read_split(split, _Options(), IngestOptions(max_html_bytes=1 << 14)))


def fuzz_crawls(kind: str, mutants: range, seed: int, folder: Path) -> Iterator[Finding]:
    """Yield what is wrong with what is read of mutants of crawl files of a kind: one of `_PACK`."""
    path = folder / f"mutant.{kind}"
    chance = random.Random(f"{kind} {seed}")
    records = [_record(number, make_page(chance)) for number in range(RECORDS)]
    members = [_PACK[kind](record) for record in records]
    path.write_bytes(b"".join(members))
    sound = [item for item in read_crawl(path) if isinstance(item, Document)]
    if len(sound) != RECORDS:
        yield Finding(-1, f"{RECORDS - len(sound)} of {RECORDS} sound records are not documents")
        return
    for mutant in mutants:
        chance = random.Random(f"{kind} {seed} {mutant}")
        first = chance.randrange(RECORDS)
        last = min(RECORDS - 1, first + chance.choice((0, 0, 0, 1)))
        if kind != "warc" and chance.random() < 0.3:  # within the compression
            changed = b"".join(
                _PACK[kind](mutate(record, _HEADERS + _TOKENS, chance)) for record in records[first : last + 1]
            )
        else:
            changed = mutate(b"".join(members[first : last + 1]), _HEADERS + _TOKENS, chance)
        before, after = b"".join(members[:first]), b"".join(members[last + 1 :])
        path.write_bytes(before + changed + after)
        try:
            items = read_crawl(path)
        except Exception as error:
            yield Finding(mutant, f"{type(error).__name__}: {error}")
            continue
        yield from (Finding(mutant, what) for what in _faults(items, sound, first, last, changed, len(before)))


def _faults(
    items: Sequence[Document | Rejected], sound: Sequence[Document], first: int, last: int, changed: bytes, start: int
) -> Iterator[str]:
    """Yield what is wrong: neighbours that are missing or changed, and changed bytes of which nothing is told."""
    texts = Counter((item.url, item.text) for item in items if isinstance(item, Document))
    missing = [
        number for number, item in enumerate(sound) if not first <= number <= last and not texts[item.url, item.text]
    ]
    if missing:
        yield f"records {missing} are lost beside the changed {first} to {last}"
    keys = [item.key if isinstance(item, Document) else item.offset for item in items]
    if len(set(keys)) < len(keys):
        yield f"keys are not unique: {[key for key, count in Counter(keys).items() if count > 1][:3]}"
    if not changed.strip(b"\r\n\0"):
        return
    offsets = [int(re.match(r"\d+", key.rpartition("/")[2])[0]) for key in keys]  # type: ignore[index]
    if not any(start <= offset < start + len(changed) for offset in offsets):
        covered = [
            offset
            for offset, item in zip(offsets, items, strict=True)
            if isinstance(item, Rejected) and offset <= start < offset + (item.length or 0)
        ]
        if not covered:
            yield f"nothing is told of {len(changed):,} bytes at {start:,}"


def make_sliced_crawl(chance: random.Random) -> list[bytes]:
    """Return the members of a `.warc.gz` that several slices share; some of its pages are such files themselves."""
    members = []
    for number in range(60):
        level = 9
        page = make_page(chance)
        if number % 3 == 0:
            page += chance.randbytes(chance.randrange(20_000)).hex().encode()
        elif number % 10 == 5:
            level = 0  # so that the members of the page stand in the file as they are
            page = b"".join(
                gzip.compress(_record(1_000 + inner, make_page(chance) + chance.randbytes(3_000)), mtime=0)
                for inner in range(40)
            )
        members.append(gzip.compress(_record(number, page), level, mtime=0))
    return members


def read_slices(data: bytes, count: int) -> tuple[list[WarcRecord | LostBytes], int]:
    """Return the records of all slices of a crawl, slice after slice, and how many slices have any."""
    found: list[WarcRecord | LostBytes] = []
    slices = [find_slice(PlainStream(io.BytesIO(data)), index, count) for index in range(count)]
    if None in slices:
        return list(read_warc_records(PlainStream(io.BytesIO(data)), 1 << 14)), 1
    filled = [each for each in slices if each is not None and each.start < each.stop]
    for each in filled:
        stream = PlainStream(io.BytesIO(data))
        stream.begin_at(each.start)
        records = read_warc_records(stream, 1 << 14)
        found += itertools.takewhile(lambda record, each=each: each.has(record.document_key), records)  # type: ignore[misc]
    return found, len(filled)


def fuzz_slices(mutants: range, seed: int) -> Iterator[Finding]:
    """Yield mutants of a `.warc.gz` whose slices give something else than the whole file."""
    members = make_sliced_crawl(random.Random(f"slices {seed}"))
    for mutant in mutants:
        chance = random.Random(f"slices {seed} {mutant}")
        first = chance.randrange(len(members))
        last = min(len(members) - 1, first + chance.choice((0, 0, 0, 1)))
        changed = b"".join(members[first : last + 1])
        if chance.random() < 0.4:  # within the compression
            changed = gzip.compress(mutate(gzip.decompress(changed), _HEADERS + _TOKENS, chance), mtime=0)
        else:
            changed = mutate(changed, _HEADERS + _TOKENS, chance)
        data = b"".join([*members[:first], changed, *members[last + 1 :]])
        count = chance.choice((2, 3, 5, 9, 30))
        if read_slices(data, count)[0] != list(read_warc_records(PlainStream(io.BytesIO(data)), 1 << 14)):
            yield Finding(mutant, f"{count} slices give something else than the whole file")


def main() -> None:
    """Run all mutants and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutants", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["html", *_PACK, "slices"], action="append")
    given = parser.parse_args()
    figures: dict[str, object] = {"mutants": given.mutants, "seed": given.seed}
    for kind in given.only or ["html", *_PACK, "slices"]:
        begin = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            mutants = range(given.mutants)
            known = [each for each in EXTRACTORS if each != "resiliparse"]
            found = list(
                fuzz_pages(mutants, given.seed, known)
                if kind == "html"
                else fuzz_slices(mutants, given.seed)
                if kind == "slices"
                else fuzz_crawls(kind, mutants, given.seed, Path(folder))
            )
        for finding in found[:20]:
            print(f"{kind} {finding.mutant}: {finding.what}", flush=True)
        figures |= {f"{kind}_findings": len(found), f"{kind}_cpu_seconds": round(time.process_time() - begin, 1)}
        print(f"{kind}: {given.mutants:,} mutants, {len(found)} findings", flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
