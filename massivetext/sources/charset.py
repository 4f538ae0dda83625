"""Decode bytes of unknown encoding."""

import codecs
import re

import webencodings
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
# Python's codecs of character sets that the WHATWG Encoding Standard does not have; Python's other codecs change the
# text ("rot13", "unicode_escape").
_TEXT_CODEC = re.compile(
    r"utf-(?:16|32)(?:-[lb]e)?|utf-8-sig|iso(?:8859|2022)[-_]\w+|cp\d+|big5hkscs|shift_jis\w*|euc_\w+|mac-\w+|koi8-t|"
    r"johab|hz|ptcp154|kz1048|hp-roman8"
)
# Encodings of the standard that are not character sets, or depend on a form.
_NO_CHARACTER_SET = frozenset(("replacement", "x-user-defined"))
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
    labels = (*declared, _declared_inside(data) if html else None)
    names = [codec for label in labels if (codec := _find_codec(label))]
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
    name = _find_codec(best.encoding) if best else None
    return name if name and name != "utf-8" else "cp1252"


def _declared_inside(data: bytes) -> str | None:
    found = _META.search(data[:_META_BYTES])
    if found is None:
        return None
    name = (found[1] or found[2]).decode("ascii")
    # A page whose declaration could be read byte by byte is not UTF-16 (HTML Standard, 13.2.3.2).
    return "utf-8" if name.lower().startswith(("utf-16", "utf-32")) else name


def _find_codec(label: str | None) -> str | None:
    """Return the name of Python's codec for a label: as browsers read it, else among Python's own names; or None."""
    label = (label or "").strip()
    try:
        if found := _browser_codec(label):
            return found
        codec = codecs.lookup(label).name
    except (LookupError, ValueError):  # ValueError: NUL or a lone surrogate in the label
        return None
    return _browser_codec(codec.replace("_", "-")) or (codec if _TEXT_CODEC.fullmatch(codec) else None)


def _browser_codec(label: str) -> str | None:
    """Return the name of Python's codec for a label of the WHATWG Encoding Standard (4.2), or None."""
    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name in _NO_CHARACTER_SET:
        return None
    # The standard decodes GBK as GB 18030, which contains it; webencodings does not.
    return "gb18030" if encoding.name == "gbk" else str(encoding.codec_info.name)
