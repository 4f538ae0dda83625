"""Tell the encodings of Japanese, Chinese and Korean apart by the characters that these languages use most."""

import codecs
import re
from collections.abc import Mapping

_HIGH = re.compile(r"[^\x00-\x7f]")
_KANA = re.compile("[\u3041-\u3093\u30a1-\u30f6]")
_HALF_KANA = re.compile("[\uff61-\uff9f]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_IDEOGRAPH = re.compile("[\u4e00-\u9fff]")
# Frequent characters of running text, which are a third of it and more; of any 400 ideographs they are 2%.
_SIMPLIFIED = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成"
    "方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日者意无力它与长把机十民第公此已工"
    "使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加月话合回特代内信表化"
    "老给世位次度门任常先海通教原东声提立及比员解水名真论处走义各入几口认条平系气题活更别打女变四神总何电数安少报才结反受"
    "目太量再感建务做接必场件计管期市直资命山金指许统区保至形社便空决治展科司五基书非则听白却界达光放强即像难且权思完设式"
)
_TRADITIONAL = frozenset(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成"
    "方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日者意無力它與長把機十民第公此已工"
    "使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加月話合回特代內信表化"
    "老給世位次度門任常先海通教原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活更別打女變四神總何電數安少報才結反受"
)
_LEAST_KANA, _LEAST_HANGUL, _LEAST_COMMON = 0.2, 0.8, 0.2  # shares of characters beyond ASCII
# In Japanese with many names: kana, and what they stand among.
_FEW_KANA, _MOST_JAPANESE = 0.06, 0.98
_JAPANESE = re.compile("[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]")
_FEWEST = 4  # characters beyond ASCII
# With the least bytes above 127 per ideograph: both bytes of GB 2312 are, and the second of Big5 mostly is. Letters of
# Europe before letters of ASCII, which Big5 has too, give one.
_CHINESE: Mapping[str, tuple[frozenset[str], float]] = {
    "gb18030": (_SIMPLIFIED, 1.9),
    "big5hkscs": (_TRADITIONAL, 1.25),
}
_ESCAPE = b"\x1b"
_ESCAPES = re.compile(rb"\x1b(?:\$[@B]|\(J|\$\([DQ])")
_JAPANESE_CODECS = ("iso2022_jp", "iso2022_jp_2004", "iso2022_jp_ext")


def escaped_encoding(data: bytes) -> str | None:
    """Return the codec of Japanese that is written in ASCII with escape sequences (ISO-2022-JP); None for others."""
    if _ESCAPE not in data or not data.isascii() or not _ESCAPES.search(data):
        return None
    return next((name for name in _JAPANESE_CODECS if _fits_so_far(data, name)), None)


def _fits_so_far(data: bytes, name: str) -> bool:
    """Return whether bytes are the beginning of a text in an encoding."""
    try:
        codecs.getincrementaldecoder(name)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def likely_east_asian(sample: bytes) -> str | None:
    """Return the codec by which bytes are Japanese, Korean or Chinese without an error; None if there is none."""
    for name in ("euc_jp", "cp932"):
        text = _decoded(sample, name)
        high = len(_HIGH.findall(text)) if text else 0
        if text and high >= _FEWEST and len(_KANA.findall(text)) - len(_HALF_KANA.findall(text)) >= _LEAST_KANA * high:
            return name
        if text and high >= _FEWEST and _is_japanese(text, high):
            return name
    # Only the syllables of KS X 1001: the others of cp949 are letters of Europe before letters of ASCII.
    text = _decoded(sample, "euc_kr")
    if text and (high := len(_HIGH.findall(text))) >= _FEWEST and len(_HANGUL.findall(text)) >= _LEAST_HANGUL * high:
        return "cp949"
    bytes_above = len(sample.translate(None, bytes(range(128))))
    found = {
        name: _common_share(_decoded(sample, name), common, bytes_above / least)
        for name, (common, least) in _CHINESE.items()
    }
    best = max(found, key=lambda name: found[name])
    return best if found[best] >= _LEAST_COMMON else None


def _is_japanese(text: str, high: int) -> bool:
    """Return whether there are a few kana among characters that nearly all are those of Japanese."""
    kana = len(_KANA.findall(text))
    return kana >= max(_FEWEST, _FEW_KANA * high) and len(_JAPANESE.findall(text)) >= _MOST_JAPANESE * high


def _common_share(text: str | None, common: frozenset[str], most: float) -> float:
    """Return the share of frequent characters among ideographs; 0.0 if there are few of them, or more than ``most``."""
    ideographs = _IDEOGRAPH.findall(text) if text else []
    high = len(_HIGH.findall(text)) if text else 0
    if not max(_FEWEST, high // 2) <= len(ideographs) <= most:
        return 0.0
    return sum(each in common for each in ideographs) / len(ideographs)


def _decoded(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None
