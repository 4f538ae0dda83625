"""Labelled web pages for training and measuring extraction: HTML, page type, gold text where there is one."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import zstandard

from massivetext.sources import http
from massivetext.sources.streams import charset
from massivetext.sources.streams.compressed import open_stream
from massivetext.sources.warc import LostBytes, read_warc_records

LONGEST = 8 << 20
FOLDS = 3  # of sites, for cross-validation


def fold_model(fold: int) -> str:
    """Return the name of the file of the model that was trained without the pages of a fold."""
    return f"salient-without-{fold}.npz"


class WebPage(NamedTuple):
    """A page with what is known of it.

    Attributes:
        key: unique name.
        url: its URL; "" if unknown.
        source: collection that it comes from: "wcxb", or ``source`` of the gold texts, or "unlabelled".
        page_type: page type of WCXB; "general" for pages of other collections.
        html: the decoded page.
        gold: main text made by hand, or None.
    """

    key: str
    url: str
    source: str
    page_type: str
    html: str
    gold: str | None

    @property
    def fold(self) -> int:
        """Number of the fold of this page, 0 to FOLDS - 1; all pages of a site are in the same fold."""
        host = urlsplit(self.url).hostname or self.key
        # Pages whose own URL is unknown have one of the collection; each of them is from another site.
        site = (
            self.url if "." not in host or host.endswith((".example", ".invalid")) else ".".join(host.split(".")[-2:])
        )
        return int.from_bytes(hashlib.blake2b(site.encode(), digest_size=4).digest(), "big") % FOLDS


def read_web_pages(data: Path) -> Iterator[WebPage]:
    """Yield the pages of ``wcxb-dev.jsonl.zst``, then those of the crawl files, from the folder of real data."""
    yield from _wcxb(data / "web" / "wcxb-dev.jsonl.zst")
    golds: dict[str, tuple[str, str | None]] = {}
    with gzip.open(data / "web" / "gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            golds[row["url"]] = (row["source"], row.get("gold_text") or None)
    for path in sorted((data / "web").glob("pages-0?.warc.gz")):
        yield from _crawl(path, golds)


def _wcxb(path: Path) -> Iterator[WebPage]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
        for line in io.TextIOWrapper(reader, encoding="utf-8"):
            row = json.loads(line)
            html = row["html"].encode("utf-8", "replace").decode()
            yield WebPage(f"wcxb/{row['id']}", row["url"] or "", "wcxb", row["page_type"], html, row["gold_text"])


def _crawl(path: Path, golds: dict[str, tuple[str, str | None]]) -> Iterator[WebPage]:
    with open_stream(str(path)) as stream:
        for record in read_warc_records(stream, LONGEST):
            if isinstance(record, LostBytes) or record.kind != "response":
                continue
            url = record.headers.get("warc-target-uri", "").strip("<> ")
            response = http.parse_response(record.block)
            html = charset.decode(http.decode_body(response, LONGEST).data, response.charset, html=True).text
            source, gold = golds.get(url, ("unlabelled", None))
            yield WebPage(f"{path.name}/{record.document_key}", url, source, "general", html, gold)
