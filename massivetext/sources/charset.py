"""Decode bytes of unknown encoding."""

import codecs
import re

from charset_normalizer import from_bytes

_META = re.compile(
    rb"<meta[^>]{0,512}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]+)|<\?xml[^>]{0,256}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]+)",
    re.IGNORECASE,
)
_META_BYTES = 4096
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Python's codecs of character sets; its other codecs change the text ("rot13", "unicode_escape").
_TEXT_CODEC = re.compile(
    r"ascii|utf-(?:8|16|32)(?:-[lb]e|-sig)?|iso(?:8859|2022)[-_]\w+|cp\d+|koi8-.|gb\d+|gbk|big5(?:hkscs)?|shift_jis\w*|"
    r"euc_\w+|mac-\w+|johab|tis-620|hz|ptcp154|kz1048|hp-roman8"
)
# Browsers read these as the larger set of the same family (WHATWG Encoding Standard, 4.2).
_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_SAMPLE_BYTES = 1 << 16


def decode_text(data: bytes, *declared: str | None, html: bool = False) -> str:
    """Return bytes as text; bytes that fit no encoding become U+FFFD.

    Encodings are tried in this order, and the first that fits every byte is used: a byte-order mark, the declared names
    (and the declaration in an HTML page), UTF-8, detection on the first and last 32 KiB. If only a Western encoding is
    declared, valid UTF-8 is used first, since Latin-1 is what servers declare by default.

    Args:
        data: the bytes.
        declared: names of encodings from best to worst source; unknown names count as None.
        html: whether to use a ``<meta charset>`` or an XML declaration as well.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    names = [known for name in (*declared, _declared_inside(data) if html else None) if (known := _known(name))]
    order = ["utf-8", *names] if set(names) <= {"cp1252"} else [*names, "utf-8"]
    for name in order:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return data.decode(names[0] if names else detect(data), "replace")


def detect(data: bytes) -> str:
    """Return the likeliest encoding of bytes that are not UTF-8; "cp1252" if no encoding is likely."""
    half = _SAMPLE_BYTES // 2
    sample = data if len(data) <= _SAMPLE_BYTES else data[:half] + data[-half:]
    best = from_bytes(sample).best()
    name = _known(best.encoding) if best else None
    return name if name and name != "utf-8" else "cp1252"


def _declared_inside(data: bytes) -> str | None:
    found = _META.search(data[:_META_BYTES])
    if found is None:
        return None
    name = (found[1] or found[2]).decode("ascii")
    # A page whose declaration could be read byte by byte is not UTF-16 (HTML Standard, 13.2.3.2).
    return "utf-8" if name.lower().startswith(("utf-16", "utf-32")) else name


def _known(name: str | None) -> str | None:
    try:
        found = codecs.lookup((name or "").strip()).name
    except (LookupError, ValueError):  # ValueError: NUL or a lone surrogate in the name
        return None
    return _LARGER.get(found, found) if _TEXT_CODEC.fullmatch(found) else None
