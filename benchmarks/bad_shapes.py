"""CPU of each extractor on pages of one bad shape each, and on a cut through all sizes that its bounds allow.

    python benchmarks/bad_shapes.py [--quick] [--bytes 8388608] [--extractor salient] [--shape NAME]

Every shape is repeated to the largest page that ingest takes (``max_html_bytes``); shapes for the bounds of the
extractors that are libraries (tags, characters, depth, children, attributes) are made to stay just below them too. CPU
time is of one core, the better of two runs where it is long. ``--quick`` takes a sixteenth of the bytes. The last line
is one JSON object: seconds by extractor and shape, and the worst of each.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable, Mapping

from massivetext.extract.extractors import EXTRACTORS, MAX_LIBRARY_CHARACTERS, MAX_LIBRARY_TAGS, extract_page

PAGE_BYTES = 8 << 20
WORDS = "The river rises in the hills, and the people of the valley live by it. "


def _filled(piece: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """Return what makes a page of a number of bytes that is full of a piece."""

    def make(size: int) -> str:
        room = max(0, size - len(before.encode()) - len(after.encode()))
        inner = (piece * (room // len(piece.encode()) + 1)).encode()[:room].decode("utf-8", "ignore")
        return before + inner + after

    return make


def _bounded(piece: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """Return what makes a page of as many pieces as the extractors that are libraries are given."""
    tags = (MAX_LIBRARY_TAGS - (before + after).count("<")) // piece.count("<")
    return _times(min(tags, (MAX_LIBRARY_CHARACTERS - 100) // len(piece)), piece, before, after)


def _times(count: int, piece: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """Return what makes a page with a number of pieces; fewer where they do not fit."""
    return lambda size: before + piece * min(count, size // len(piece.encode())) + after


def _numbered(piece: str, before: str = "", after: str = "", most: int = 1 << 30) -> Callable[[int], str]:
    """Return what makes a page of pieces that hold their number, so that no two are the same."""

    def make(size: int) -> str:
        count = min(most, size // len(piece.format(10**6).encode()))
        return before + "".join(piece.format(number) for number in range(count)) + after

    return make


_BODY, _END = "<html><head><title>T</title></head><body>", "</body></html>"
_DEEP = "<div><p>a</p>" * 240 + "</div>" * 240
_MISNESTED = "<b><i><p>x</b></i>"
SHAPES: Mapping[str, Callable[[int], str]] = {
    "cells in a row": _filled("<td>ab</td>", f"{_BODY}<table><tr>"),
    "49,900 cells in a row": _times(49_900, "<td>ab</td>", f"{_BODY}<table><tr>"),
    "empty cells": _filled("<td></td>", f"{_BODY}<table><tr><td>a</td><td>b</td>"),
    "code within code": _filled("<ol class='CodeMirror-code'><li>xx", _BODY),
    "code within lists": _filled("<dl class='view-lines'><dt>a<pre>b", _BODY),
    "rows": _filled("<tr><td>ab</td><td>c</td></tr>", f"{_BODY}<table>"),
    "240 deep with branches": _filled(_DEEP, _BODY),
    "at the bound: 240 deep": _bounded(_DEEP, _BODY, _END),
    "one path down": _filled("<div>x", _BODY),
    "one path down, formatting": _filled("<b>x", _BODY),
    "at the bound: paragraphs": _bounded(f"<p>{WORDS}</p>", _BODY, _END),
    "at the bound: short paragraphs": _bounded("<p>x y.</p>", _BODY, _END),
    "at the bound: numbered paragraphs": _numbered("<p>one two {}.</p>", _BODY, _END, (MAX_LIBRARY_TAGS - 7) // 2),
    "at the bound: cells in a row": _bounded("<td>ab</td>", f"{_BODY}<table><tr>"),
    "at the bound: cells left open": _bounded("<td>ab", f"{_BODY}<table><tr>"),
    "at the bound: rows": _bounded(f"<tr><td>ab</td><td>{WORDS}</td></tr>", f"{_BODY}<table>"),
    "at the bound: tables": _bounded("<table><tr><td>x</td><td>y</td></tr></table>", _BODY),
    "at the bound: nested lists": _bounded("<ul><li>x", _BODY),
    "at the bound: paragraphs left open": _bounded(f"<p>{WORDS * 6}", _BODY),
    "at the bound: one path down": _bounded("<div>x", _BODY),
    "at the bound: misnested formatting": _bounded(_MISNESTED, _BODY),
    "at the bound: code": _bounded("<pre><code>x\n</code></pre>", _BODY),
    "at the bound: quotes": _bounded(f"<blockquote>{WORDS}</blockquote>", _BODY),
    "at the bound: headings": _bounded("<h2>x</h2>y", _BODY),
    "at the bound: attributes": _bounded("<p " + " ".join(f"a{number}=b" for number in range(60)) + ">x"),
    "at the bound: links": _bounded("<a href='/x'>link</a> ", _BODY, _END),
    "at the bound: divisions": _bounded("<div>x y</div>", _BODY, _END),
    "at the bound: spans": _bounded("<span>x</span> ", f"{_BODY}<p>", _END),
    "at the bound: formats": _bounded("<b>x</b> ", f"{_BODY}<p>{WORDS}", _END),
    "at the bound: items": _bounded("<li>x", f"{_BODY}<ul>", _END),
    "at the bound: breaks": _bounded("x<br>", f"{_BODY}<article><p>{WORDS}", _END),
    "at the bound: images": _bounded("<img src=a alt=b>", _BODY, _END),
    "tags never closed": _filled("<a "),
    "tags within tags": _filled("<a <a <a"),
    "attributes": _filled(" a=b", "<p"),
    "at the bound: 99 attributes a tag": _bounded("<p " + " ".join(f"a{number}=b" for number in range(99)) + ">x"),
    "attributes, 500 a tag": _filled("<p " + " a=b" * 500 + ">x"),
    "duplicate attributes": _filled("<p class=a class=b id=c id=d>x"),
    "attribute names": _numbered(" a{}", "<p"),
    "one attribute": _filled("x ", "<p title='", "'>text"),
    "one class": _filled("content ", "<p class='", "'>text"),
    "at the bound: one class": _times((MAX_LIBRARY_CHARACTERS - 100) // 8, "content ", "<p class='", "'>text"),
    "one style": _filled("display:none;", "<p style='", "'>text"),
    "classes": _filled(f"<p class='{'content ' * 100}'>x"),
    "open quotes": _filled("<p class='x"),
    "open quotes of both kinds": _filled("<p a=\"x'><p b='x\">"),
    "comments": _filled("<!-- x -->"),
    "open comments": _filled("<!-- x"),
    "dashes": _filled("<!--->-"),
    "declarations": _filled("<!x"),
    "processing instructions": _filled("<?x y?>"),
    "marked sections": _filled("<![CDATA[x]]>"),
    "open marked sections": _filled("<![CDATA["),
    "doctypes": _filled("<!doctype html>"),
    "entities": _filled("&amp;&#1;&#xd800;&bogus"),
    "ampersands": _filled("&"),
    "entities of one kind": _filled("&lt;"),
    "entities unknown": _filled("&a1b2c3d4e5f6"),
    "numbers": _filled("&#x10ffff;&#99999999999;"),
    "combining marks": _filled("e\u0301\u0301\u0301"),
    "one letter with marks": _filled("\u0301", "<p>e"),
    "one letter of marks out of order": _filled("\u0301\u0323", "<p>e"),
    "less-than signs": _filled("<"),
    "greater-than signs": _filled(">"),
    "slashes": _filled("</"),
    "NULs": _filled("\0"),
    "NULs in tags": _filled("<p\0>x\0"),
    "control characters": _filled("\x01\x02\x03 "),
    "surrogates": _filled("\ufffd"),
    "soft hyphens": _filled("\xad"),
    "one word": _filled("a", "<p>"),
    "one line": _filled(WORDS, "<p>"),
    "white space": _filled(" ", "<p>a", "b"),
    "line ends": _filled("\n", "<p>a", "b"),
    "non-breaking spaces": _filled("\xa0", "<p>a<br>", "b"),
    "spaces and breaks": _filled(" \xa0<br>", "<p>a"),
    "lines": _filled("x\n"),
    "at the bound: lines": _times((MAX_LIBRARY_CHARACTERS - 100) // 2, "x\n"),
    "at the bound: entities": _times((MAX_LIBRARY_CHARACTERS - 100) // 13, "&a1b2c3d4e5f6"),
    "at the bound: children": _times(3_990, "<td>ab</td>", "<html><body><table><tr>"),
    "at the bound: 60 deep": _times(30, "<div><p>a</p>" * 60 + "</div>" * 60, "<html><body>"),
    "paragraphs": _filled("<p>one two three."),
    "numbered paragraphs": _numbered("<p>one {} three."),
    "end tags": _filled("</p></div></b>"),
    "breaks": _filled("<br>"),
    "text and breaks": _filled("x<br>"),
    "rules": _filled("<hr>"),
    "nested lists": _filled("<ul><li>x"),
    "lists": _filled("<ul><li>x</li></ul>"),
    "nested definitions": _filled("<dl><dd>x"),
    "nested tables": _filled("<table><tr><td>x"),
    "tables": _filled("<table><tr><td>x</td><td>y</td></tr></table>"),
    "tables without rows": _filled("<table>x"),
    "nested quotes": _filled("<blockquote>x"),
    "inline quotes": _filled("<q>x"),
    "nested code": _filled("<pre><code>x\n"),
    "lines of code": _filled("<pre><div>x</div></pre>"),
    "one block of code": _filled("x\n", "<pre>"),
    "one block of code, a division per line": _filled("<div>x</div>", "<pre>"),
    "numbers before code": _filled("1\n", "<table><tr><td><pre>"),
    "misnested formatting": _filled(_MISNESTED),
    "misnested links": _filled("<a href=x><div>y"),
    "formats left open": _filled("<b><i><u><s>x"),
    "headings left open": _filled("<h1>x<h2>y"),
    "buttons": _filled("<button>x"),
    "forms": _filled("<form><input><select><option>x"),
    "scripts": _filled("<script>x</script>"),
    "open script": _filled("x<y", "<script>"),
    "scripts left open": _filled("<script>x"),
    "styles": _filled("<style>x</style>"),
    "noscripts": _filled("<noscript><p>x</noscript>"),
    "titles": _filled("<title>x"),
    "text areas": _filled("<textarea>x"),
    "frames": _filled("<iframe>x</iframe>"),
    "drawings": _filled("<svg><path d=x></svg>"),
    "open drawings": _filled("<svg><g>"),
    "templates": _filled("<template><p>x"),
    "formulas": _filled("<math><mi>x</mi></math> "),
    "open formulas": _filled("<math><mi>x"),
    "one formula": _filled("<mi>x</mi>", "<math>", "</math>"),
    "formulas of MathJax": _filled("<script type=math/tex>x^2</script>"),
    "formulas with long annotations": _filled(f"<math><annotation>{'x' * 5000}</annotation></math>"),
    "superscripts": _filled("x<sup>2</sup>"),
    "hidden": _filled("<p hidden>x"),
    "comments of readers": _filled("<div class=comment><p>one two."),
    "meta": _filled("<meta property=og:title content=x>"),
    "meta left open": _filled("<meta property=og:title "),
    "structured data": _filled('{"@type":"x"},', '<script type="application/ld+json">[', "]</script>"),
    "dates": _filled("2024-01-01 "),
    "links in paragraphs": _filled("<p><a href=http://a.example/>x</a>"),
    "images": _filled("<img src=a.png alt=b>"),
    "unknown elements": _filled("<x-y>z"),
    "unknown elements, each another": _numbered("<x{}>y"),
    "names of a megabyte": _filled("<" + "a" * (1 << 20) + ">"),
    "namespaces": _filled("<a:b c:d=e>x"),
    "XHTML": _filled("<p/>x<br/>", '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>'),
    "bodies": _filled("<html><body>x"),
    "ends of the page": _filled("</body></html>x"),
    "details": _filled("<details><summary>x</summary>y"),
    "right to left": _filled("\u202e\u05d0 "),
    "Chinese": _filled("中文。", "<p>"),
    "emoji": _filled("\U0001f468\u200d\U0001f469\u200d\U0001f467", "<p>"),
}  # fmt: skip


def measure(extractor: str, name: str, size: int) -> tuple[float, int]:
    """Return the CPU seconds of one page, and the characters of its text; the process may need more memory then."""
    page = SHAPES[name](size)
    begin = time.process_time()
    text = extract_page(page, "http://a.example/", extractor).text  # type: ignore[arg-type]
    return time.process_time() - begin, len(text)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--bytes", type=int, default=PAGE_BYTES)
    parser.add_argument("--extractor", choices=EXTRACTORS, action="append")
    parser.add_argument("--shape", choices=sorted(SHAPES), action="append")
    given = parser.parse_args()
    size = given.bytes // 16 if given.quick else given.bytes
    found: dict[str, dict[str, float]] = {}
    for extractor in given.extractor or EXTRACTORS:
        extract_page(WORDS, None, extractor)
        seconds = found[extractor] = {}
        for name in given.shape or SHAPES:
            cpu, characters = measure(extractor, name, size)
            if cpu > 0.8:
                cpu = min(cpu, measure(extractor, name, size)[0])  # the machine may be busy
            seconds[name] = round(cpu, 3)
            print(f"{extractor:12} {name:40} {cpu:7.2f} s {characters:10,} characters", flush=True)
    worst = {extractor: max(seconds.items(), key=lambda each: each[1]) for extractor, seconds in found.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"bytes": size, "peak_kib": peak, "worst": worst, "seconds": found}))


if __name__ == "__main__":
    main()
