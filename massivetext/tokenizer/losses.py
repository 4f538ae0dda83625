"""What a tokenizer loses: texts that are not the same after they were encoded and decoded."""

import unicodedata
from collections.abc import Mapping
from typing import Literal, NamedTuple

from massivetext.tokenizer.text_encoder import TextEncoder

# What can be lost, with a text that shows it.
TRIALS = (
    ("line breaks", "One line.\nAnother line.\n\nA paragraph."),
    ("tabs", "name\tvalue\n\tindented"),
    ("runs of spaces", "if x:\n    return  1   # two, three"),
    ("spaces at both ends", "  a text between spaces  "),
    ("source code", 'def f(x: int) -> str:\n\treturn f"{x!r:>8}" if x <= 0x1F else "\\\\n"\n'),
    ("numbers and symbols", "3.14159 € 5 − 2 = 3 ≤ ½ №42 §7 ²"),
    ("emoji", "👩‍🚀 flies 🚀 to 🇳🇴 ❤️"),
    ("Chinese, Japanese and Korean", "中文字符 日本語の文章 한국어 문장"),
    ("Arabic and Hebrew", "السَّلامُ عَلَيْكُم שָׁלוֹם"),
    ("Indic scripts", "हिन्दी বাংলা தமிழ் ਪੰਜਾਬੀ"),
    ("rare scripts", "ᚠᚢᚦ ꦗꦮ ᏣᎳᎩ 𐌰𐌱𐌲 ⠓⠑⠇⠇⠕"),
    ("combining marks", "e\u0301 n\u0303 a\u0323\u0302"),
)


_FORMS: Mapping[str, Literal["NFC", "NFKC"]] = {"nfc": "NFC", "nfkc": "NFKC", "nmt_nfkc": "NFKC"}


class Loss(NamedTuple):
    """A kind of text that is lost: what came back for a text, and whether an unknown id did it."""

    what: str
    text: str
    back: str
    unknown: bool

    def __str__(self) -> str:
        how = "unknown ids; " if self.unknown else ""
        return f"{self.what} ({how}{self.text!r} comes back as {self.back!r})"


def find_losses(encoder: TextEncoder) -> list[Loss]:
    """Return what a tokenizer loses of some texts of every kind; empty if all come back.

    A model that normalises texts is expected to give the normal form back.
    """
    found = []
    for what, text in TRIALS:
        form = _FORMS.get(encoder.info.normalization)
        wanted = text if form is None else unicodedata.normalize(form, text)
        (ids,) = encoder.encode([text])
        back, unknown = encoder.decode(ids), bool((ids == encoder.info.unk_id).any())
        if back != wanted or unknown:
            found.append(Loss(what, text, back, unknown))
    return found
