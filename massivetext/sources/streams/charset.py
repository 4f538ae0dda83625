"""Decode bytes of unknown encoding."""

import codecs
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import webencodings
from charset_normalizer import from_bytes

from massivetext.sources.streams.east_asian import escaped_encoding, likely_east_asian
from massivetext.sources.streams.html_prescan import declared_in_html
from massivetext.sources.streams.letter_model import likely_encoding
from massivetext.sources.streams.mixed_lines import (
    decode_lines_of_two,
    decode_within,
    is_damaged_utf8,
    join_surrogates,
    older_encoding,
    older_encoding_within,
)
from massivetext.sources.streams.wide_encodings import byte_order_mark, wide_encoding

# Python's codecs of character sets that the WHATWG Encoding Standard does not have; Python's other codecs change the
# text ("rot13", "unicode_escape").
_TEXT_CODEC = re.compile(
    r"utf-(?:16|32)(?:-[lb]e)?|utf-8-sig|iso(?:8859|2022)[-_]\w+|cp\d+|big5hkscs|shift_jis\w*|euc_\w+|mac-\w+|koi8-t|"
    r"johab|hz|ptcp154|kz1048|hp-roman8"
)
_LATIN_1 = re.compile(r"iso[-_]?8859[-_]1|latin-?1", re.IGNORECASE)
# Encodings of the standard that are not character sets, or depend on a form.
_NO_CHARACTER_SET = frozenset(("replacement", "x-user-defined"))
_SAMPLE_BYTES = 1 << 16
_CUT_BYTES = 1 << 12  # of a sample's half, in which a place to cut is sought
_SAFE_CUT = re.compile(rb"[\x00-\x2f]")
_JUDGED_BYTES = 1 << 20
_ONE_BYTE = re.compile(
    r"cp(?:125\d|866|874|437|8\d\d|10\d\d)|iso8859-\d+|koi8-\w|mac-\w+|ptcp154|kz1048|hp-roman8|latin.*|ascii"
)
_LIKE_WESTERN = re.compile(r"cp125[0478]|cp[4578]\d\d|cp1\d{3}|iso8859-(?:1|2|3|4|9|10|13|14|15|16)|mac-\w+|hp-roman8")
_LIKE_CENTRAL = re.compile(r"cp1250|iso8859-(?:2|4|10|13|14|16)")
_OLD_SYSTEM = re.compile(r"cp(?:[45678]\d\d|1[01]\d\d)(?<!cp874)(?<!cp866)(?<!cp932)|mac-\w+|hp-roman8|iso8859-\d+")
_ON_THE_WEB = re.compile(r"cp125\d|iso8859-\d+|koi8-\w|cp874|cp866")
_FEW_BYTES = 16  # so few bytes above 127 do not tell an encoding
_BYTES_PER_UNDEFINED = 50
_LEAST_BYTES = 3  # above 127, that can contradict a declaration
_SURE_LEAD = 15.0  # of an encoding's likelihood over that of Windows-1252, which is declared; as a logarithm
_ASCII = bytes(range(128))
_REPLACEMENT = "\ufffd".encode()
_WESTERN = frozenset(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŸŒšžŠŽ“”„‘’‚‹›«»–—…•·°ºª©®™€£¥§¶¿¡´¨†‡½¼¾²³¹±×÷\xa0\xad"
)
# Letters of Windows-1250 as they look in Windows-1252: signs within words, and Czech letters that no Western language
# has beside each other.
_CENTRAL_EUROPEAN = re.compile(r"[^\W\d_][¹³¿º¼¾½£¥][^\W\d_]|(?<![^\W\d_])¿[a-z]|[ìøïòù][a-z]*[ìøïòù]|[a-z]³\b")


class DecodedText(NamedTuple):
    """A text with the encoding by which it was decoded.

    Attributes:
        text: the text.
        encoding: name of Python's codec; "cesu-8"; or "utf-8+" and a name for text in two encodings.
        replaced: number of U+FFFD that stand for bytes which the encoding does not have.
    """

    text: str
    encoding: str
    replaced: int


def decode_text(data: bytes, *declared: str | None, html: bool = False) -> str:
    """Return bytes as text; see :func:`decode`."""
    return decode(data, *declared, html=html).text


def decode(data: bytes, *declared: str | None, html: bool = False) -> DecodedText:
    """Return bytes as text with the encoding that was used; bytes that fit no encoding become U+FFFD.

    Encodings are tried in this order, and the first that fits every byte is used: a byte-order mark, ISO-2022-JP by its
    escape sequences, declared encodings of several bytes per character (and the declaration in an HTML page), UTF-8,
    CESU-8, UTF-8 in some lines and an older encoding in the others, UTF-8 in which few bytes are wrong, UTF-8 and an
    encoding of one byte per character in the same lines, declared encodings of one byte per character, which fit nearly
    any bytes. If none fits, a declared encoding with few errors is used; everything else is detected on the first and
    last 32 KiB.

    Args:
        data: the bytes.
        declared: names of encodings from best to worst source; unknown names count as None.
        html: whether to use a ``<meta charset>`` or an XML declaration as well.
    """
    if wide := wide_encoding(data):
        return _replacing(data.removeprefix(byte_order_mark(data)), wide)
    if escaped := escaped_encoding(data):
        return _replacing(data, escaped)
    inside = declared_in_html(data) if html else None
    # Servers send Latin-1 for pages that they know nothing of.
    by_default = inside is not None and any(label and _LATIN_1.fullmatch(label.strip()) for label in declared)
    labels = (inside, *declared) if by_default else (*declared, inside)
    return _decode_bytes(data, [codec for label in labels if (codec := _find_codec(label))])


def _decode_bytes(data: bytes, names: Sequence[str]) -> DecodedText:
    """Return text in an encoding that contains ASCII; ``names`` are declared, from best to worst source."""
    several = [name for name in names if name != "utf-8" and not _has_one_byte_characters(name)]
    single = [name for name in names if _has_one_byte_characters(name)]
    if (found := _first_that_fits(data, [*several, "utf-8"])) is not None:
        return found
    joined = join_surrogates(data)
    if joined != data and (found := _first_that_fits(joined, ["utf-8"])) is not None:
        return found._replace(encoding="cesu-8")
    if not several and (older := older_encoding(data)):
        lines = decode_lines_of_two(data, older)
        return DecodedText(lines.text, f"utf-8+{older}", lines.replaced)
    if is_damaged_utf8(joined):
        return _replacing(joined, "utf-8")
    if not several and (older := older_encoding_within(data, single[0] if single else None)):
        mixed = decode_within(data, older)
        return DecodedText(mixed.text, f"utf-8+{older}", mixed.replaced)
    if single[:1] == ["cp1252"] and (other := _likely_despite_latin_1(data)):
        single = [other, *single]
    return _first_that_fits(data, single) or _least_replaced(data, [*several, *single] or [detect(data)])


def detect(data: bytes) -> str:
    """Return the likeliest encoding of bytes that are not UTF-8; "cp1252" if no encoding is likely.

    Texts in languages that are known by their characters are told first. For others charset_normalizer is asked, which
    knows few languages; the code pages of old systems that it likes are not believed.
    """
    sample = _sample(data)
    if east_asian := likely_east_asian(sample):
        return east_asian
    single = likely_encoding(sample)
    if single is not None and single.is_likely:
        return single.name
    found = from_bytes(sample)
    best = found.best()
    name = _find_codec(best.encoding) if best else None
    if single is not None and _has_undefined(sample, "cp1252") and not _has_undefined(sample, single.name):
        return single.name
    if best is None or name is None or name == "utf-8":
        return "cp1252"
    high = len(data[:_JUDGED_BYTES].translate(None, _ASCII))
    if (high < _FEW_BYTES or _LIKE_WESTERN.fullmatch(name)) and _reads_western(data[:_JUDGED_BYTES]):
        return "cp1252"
    if _LIKE_CENTRAL.fullmatch(name):
        return max(("cp1250", "iso8859-2", name), key=lambda each: _count_letters(data[:_JUDGED_BYTES], each))
    return "cp1252" if _OLD_SYSTEM.fullmatch(name) else name


def _likely_despite_latin_1(data: bytes) -> str | None:
    """Return the encoding of text that is said to be Latin-1, as templates say, and surely is not; else None.

    Browsers believe the declaration, so readers of such pages have to change the encoding themselves.
    """
    sample = _sample(data)
    if len(sample.translate(None, _ASCII)) < _LEAST_BYTES:
        return None
    if east_asian := likely_east_asian(sample):
        return east_asian
    single = likely_encoding(sample)
    if single is None or not single.is_likely or single.lead < _SURE_LEAD:
        return None
    return single.name if _ON_THE_WEB.fullmatch(single.name) else None


def _has_undefined(data: bytes, name: str) -> bool:
    """Return whether more than few of the bytes above 127 are no characters of an encoding."""
    undefined = data.decode(name, "replace").count("\ufffd")
    return _BYTES_PER_UNDEFINED * undefined > len(data.translate(None, _ASCII))


def _first_that_fits(data: bytes, names: Sequence[str]) -> DecodedText | None:
    for name in names:
        try:
            return DecodedText(_composed(data.decode(name), name), name, 0)
        except UnicodeDecodeError:
            continue
    return None


def _replacing(data: bytes, name: str) -> DecodedText:
    text = data.decode(name, "replace")
    own = data.count(_REPLACEMENT) if name == "utf-8" else 0
    return DecodedText(_composed(text, name), name, text.count("\ufffd") - own)


def _composed(text: str, name: str) -> str:
    """Return text of Windows-1258, which has the tones of Vietnamese apart from letters, as all other text has them."""
    return unicodedata.normalize("NFC", text) if name == "cp1258" else text


def _least_replaced(data: bytes, names: list[str]) -> DecodedText:
    """Return the text by the first declared encoding if few of its bytes are wrong, else by the detected one."""
    first = _replacing(data, names[0])
    if first.replaced <= len(first.text) // 50:
        other = likely_east_asian(_sample(data))  # the declaration may be that of a template
        return (_first_that_fits(data, [other]) if other else None) or first
    detected = _replacing(data, detect(data))
    return detected if detected.replaced < first.replaced else first


def _has_one_byte_characters(name: str) -> bool:
    """Return whether every byte is a character of an encoding."""
    return _ONE_BYTE.fullmatch(name) is not None


def _sample(data: bytes) -> bytes:
    """Return the beginning and the end of long data, cut where no character of several bytes can be cut in two.

    Bytes up to 0x2F are never part of a longer character, in no encoding that contains ASCII.
    """
    if len(data) <= _SAMPLE_BYTES:
        return data
    half = _SAMPLE_BYTES // 2
    head, tail = data[:half], data[-half:]
    last = max((match.end() for match in _SAFE_CUT.finditer(head, half - _CUT_BYTES)), default=half)
    first = _SAFE_CUT.search(tail, 0, _CUT_BYTES)
    return head[:last] + tail[first.end() if first else 0 :]


def _count_letters(data: bytes, name: str) -> int:
    return sum(map(str.isalpha, data.decode(name, "replace")))


def _reads_western(data: bytes) -> bool:
    """Return whether text reads well as Windows-1252: its characters above 127 are letters and marks of Western text.

    The encodings of Central Europe and those of old systems have other letters in the same places, so a detector that
    knows no language takes short Portuguese for them.
    """
    text = data.decode("cp1252", "replace")
    others = [character for character in text if character > "\x7f"]
    good = sum(character in _WESTERN for character in others)
    hungarian = "û" in text and "õ" in text and "ã" not in text  # they stand for ű and ő
    return bool(others) and good >= 0.98 * len(others) and not hungarian and not _CENTRAL_EUROPEAN.search(text)


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
