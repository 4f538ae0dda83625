"""HTML pages in the character sets of the web before UTF-8, with right, wrong and no declarations.

Sentences of `../shared/data/langid` are put into a plain page of those years; `charsets.py` measures on many of the
pages how often the text comes back, and a test on few.
"""

import gzip
import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from letter_counts import WORDS, as_encoded, is_for_training, is_sound

# Language: its codes and names in the samples, and its encodings as Python's codec -> what pages call it.
LANGUAGES: Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    "english": (("en", "eng", "English"), {"cp1252": "windows-1252"}),
    "german": (("de", "deu", "German"), {"cp1252": "iso-8859-1", "iso8859-15": "iso-8859-15"}),
    "french": (("fr", "French"), {"cp1252": "iso-8859-1", "iso8859-15": "iso-8859-15"}),
    "spanish": (("es", "spa", "Spanish"), {"cp1252": "iso-8859-1", "iso8859-15": "iso-8859-15"}),
    "portuguese": (("pt", "por"), {"cp1252": "iso-8859-1"}),
    "italian": (("it", "ita", "Italian"), {"cp1252": "iso-8859-1"}),
    "dutch": (("nl", "nld", "Dutch"), {"cp1252": "iso-8859-1"}),
    "swedish": (("sv", "swe", "Swedish"), {"cp1252": "iso-8859-1"}),
    "danish": (("da", "dan", "Danish"), {"cp1252": "iso-8859-1"}),
    "finnish": (("fi", "fin", "Finnish"), {"cp1252": "iso-8859-1", "iso8859-15": "iso-8859-15"}),
    "icelandic": (("is", "isl", "Icelandic"), {"cp1252": "iso-8859-1"}),
    "polish": (("pl", "pol", "Polish"), {"iso8859-2": "iso-8859-2", "cp1250": "windows-1250"}),
    "czech": (("cs", "ces", "Czech"), {"iso8859-2": "iso-8859-2", "cp1250": "windows-1250"}),
    "slovak": (("sk", "slk", "Slovak"), {"iso8859-2": "iso-8859-2", "cp1250": "windows-1250"}),
    "hungarian": (("hu", "hun", "Hungarian"), {"iso8859-2": "iso-8859-2", "cp1250": "windows-1250"}),
    "romanian": (("ro", "ron", "Romanian"), {"iso8859-2": "iso-8859-2", "cp1250": "windows-1250"}),
    "croatian": (("hr", "hrv", "Croatian"), {"iso8859-2": "iso-8859-2", "cp1250": "windows-1250"}),
    "turkish": (("tr", "tur", "Turkish"), {"cp1254": "windows-1254", "iso8859-9": "iso-8859-9"}),
    "estonian": (("et", "est", "Estonian"), {"cp1257": "windows-1257", "iso8859-15": "iso-8859-15"}),
    "latvian": (("lv", "lav", "Latvian"), {"cp1257": "windows-1257", "iso8859-13": "iso-8859-13"}),
    "lithuanian": (("lt", "lit", "Lithuanian"), {"cp1257": "windows-1257", "iso8859-13": "iso-8859-13"}),
    "russian": (
        ("ru", "rus", "Russian"),
        {"cp1251": "windows-1251", "koi8-r": "koi8-r", "iso8859-5": "iso-8859-5", "cp866": "ibm866"},
    ),
    "ukrainian": (("uk", "ukr", "Ukrainian"), {"cp1251": "windows-1251", "koi8-u": "koi8-u"}),
    "bulgarian": (("bg", "bul", "Bulgarian"), {"cp1251": "windows-1251", "iso8859-5": "iso-8859-5"}),
    "greek": (("el", "ell", "Greek"), {"iso8859-7": "iso-8859-7", "cp1253": "windows-1253"}),
    "hebrew": (("he", "heb", "Hebrew"), {"cp1255": "windows-1255", "iso8859-8": "iso-8859-8-i"}),
    "arabic": (("ar", "arb", "Arabic"), {"cp1256": "windows-1256", "iso8859-6": "iso-8859-6"}),
    "thai": (("th", "tha", "Thai"), {"cp874": "tis-620"}),
    "vietnamese": (("vi", "vie", "Vietnamese"), {"cp1258": "windows-1258"}),
    "japanese": (
        ("ja", "jpn", "Japanese"),
        {"cp932": "Shift_JIS", "euc_jp": "EUC-JP", "iso2022_jp": "ISO-2022-JP"},
    ),
    "korean": (("ko", "kor", "Korean"), {"cp949": "euc-kr"}),
    "chinese": (("zh", "cmn"), {"gb18030": "gb2312"}),
    "taiwanese": (("yue",), {"big5": "big5"}),
}
# Another encoding of each script, which a wrong declaration names; the bytes of a page mostly fit it.
_OTHERS = {
    "cp1251": "koi8-r", "koi8-r": "windows-1251", "koi8-u": "windows-1251", "iso8859-5": "windows-1251",
    "cp866": "windows-1251",
}  # fmt: skip
SENTENCES = {"one_sentence": 1, "five_sentences": 5, "forty_sentences": 40}
_HEAD = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html><head>{meta}<title>{title}</title>
<link rel="stylesheet" href="/style.css" type="text/css">
<script type="text/javascript">var d = new Date();
if (d < 5 && top != self) document.write('<b>' + d + '</b>');</script>
</head><body bgcolor="#ffffff"><table width="100%"><tr><td class="nav"><a href="index.html">{first}</a> |
<a href="news.php?id=3&amp;p=1">{second}</a></td></tr></table>
"""
_FOOT = """<hr><p class="footer">&copy; 2004 example.com&nbsp;<img src="a.gif" alt="{alt}"></p></body></html>
"""


class LegacyPage(NamedTuple):
    """A page with what is said of it.

    Attributes:
        language: key of LANGUAGES.
        encoding: Python's codec.
        declared: how it is declared: "nothing", "meta", ...
        length: key of SENTENCES.
        data: its bytes.
        header: character set that the server names; None: none.
        text: what is to come out.
    """

    language: str
    encoding: str
    declared: str
    length: str
    data: bytes
    header: str | None
    text: str


def read_sentences(samples: Path) -> dict[str, list[str]]:
    """Return sentences by language that `letter_counts.json` is not counted from."""
    by_name = {name: language for language, (names, _) in LANGUAGES.items() for name in names}
    found: dict[str, dict[str, None]] = defaultdict(dict)
    with gzip.open(samples, "rt", encoding="utf-8") as lines:
        for line in lines:
            sample = json.loads(line)
            text = unicodedata.normalize("NFC", sample["text"].strip())
            language = by_name.get(sample["lang"]) or by_name.get(sample["lang_name"])
            wanted = sample["source"] not in WORDS and len(text) >= 20 and is_sound(text)
            if language and wanted and not is_for_training(text):
                found[language][" ".join(text.split())] = None
    return {language: list(texts) for language, texts in found.items()}


def encode_page(text: str, encoding: str) -> bytes:
    """Return a page as bytes; what the encoding lacks becomes a reference to a character, as browsers send it."""
    return text.encode(encoding, "xmlcharrefreplace")


def make_pages(sentences: Mapping[str, Sequence[str]], per_length: int) -> Iterator[LegacyPage]:
    """Yield pages of every language, encoding, length and declaration.

    Args:
        sentences: sentences by language.
        per_length: number of pages of each.
    """
    for language, (_, encodings) in LANGUAGES.items():
        texts = sentences[language]
        for encoding, label in encodings.items():
            for length, count in SENTENCES.items():
                for number in range(per_length):
                    some = [texts[(number * max(count, 7) + step) % len(texts)] for step in range(count)]
                    yield from _declared_in_every_way(language, encoding, label, length, some)


def _declared_in_every_way(
    language: str, encoding: str, label: str, length: str, sentences: Sequence[str]
) -> Iterator[LegacyPage]:
    other = _OTHERS.get(encoding, "utf-8")
    ways: dict[str, tuple[str, str | None, str | None]] = {  # encoding, what meta says, what the server says
        "nothing": (encoding, None, None),
        "meta": (encoding, label, None),
        "server": (encoding, None, label),
        "meta, server's default Latin-1": (encoding, label, "ISO-8859-1"),
        "server, meta of another set": (encoding, other, label),
        "wrong: server UTF-8": (encoding, None, "utf-8"),
        "wrong: meta UTF-8": (encoding, "utf-8", None),
        "wrong: meta Latin-1": (encoding, "iso-8859-1", None),
        "UTF-8, wrong: meta": ("utf-8", label, None),
        "UTF-8, wrong: server": ("utf-8", None, label),
    }
    for declared, (used, meta, header) in ways.items():
        if declared == "wrong: meta Latin-1" and label == "iso-8859-1":
            continue
        if encoding == "iso2022_jp" and "wrong" in declared and used != encoding:
            continue  # nobody calls UTF-8 so
        page = _page(language, [as_encoded(each, "" if used == "utf-8" else language) for each in sentences], meta)
        data = encode_page(page, used)
        if data.isascii() and encoding != "iso2022_jp":
            continue
        yield LegacyPage(
            language, encoding, declared, length, data, header, unicodedata.normalize("NFC", data.decode(used))
        )


def _page(language: str, sentences: Sequence[str], label: str | None) -> str:
    words = sentences[0].split()
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={label}">' if label else ""
    short = [" ".join(words[at : at + 2])[:20].replace("<", "") for at in range(3)]
    title = f"{sentences[-1][:40]} - Home"
    body = "\n".join(
        f"<p>{each}</p>" if number % 4 else f'<h2><font color="#336699">{each}</font></h2>'
        for number, each in enumerate(each.replace("&", "&amp;").replace("<", "&lt;") for each in sentences)
    )
    head = _HEAD.format(meta=meta, title=title, first=short[0], second=short[1])
    return head + body + _FOOT.format(alt=short[2].replace('"', ""))
