"""UTF-16 and UTF-32 without a byte-order mark, in scripts other than Latin; and what only looks like them."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from massivetext.schema import Document, Rejected
from massivetext.sources.streams.charset import decode
from massivetext.sources.streams.wide_encodings import wide_encoding

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]
LINES = (
    "Москва является столицей России. Он пошёл домой — «да».",
    "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας.",
    "ירושלים היא בירת מדינת ישראל.",
    "القاهرة هي عاصمة جمهورية مصر العربية.",
    "これは日本語の文章です。東京は日本の首都であり、人口が多い都市です。\n",
    "北京是中华人民共和国的首都，也是全国的政治中心。\n",
    "서울은 대한민국의 수도이며 가장 큰 도시이다.",
    "กรุงเทพมหานคร เป็นเมืองหลวงและนครที่มีประชากรมากที่สุด",
    "दिल्ली भारत की राजधानी है और एक बड़ा नगर है।",
    "თბილისი საქართველოს დედაქალაქია.",
    "Zürich ist die größte Stadt der Schweiz; über die Brücke fährt täglich die Bahn.",
)
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("line", LINES)
def test_text_of_one_script_needs_no_mark(tmp_path: Path, read_file: ReadFile, line: str, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes((line * 3).encode(encoding))
    ((document,), rejected) = read_file("documents", tmp_path / "a.txt")

    assert (document.text, document.encoding, rejected) == ((line * 3).strip(), encoding, [])


@example(LINES[-1], "euc-kr", [27, 30, 29])
@example("Москва является столицей России. Он пошёл домой — «да».", "shift_jis", [12, 1, 39, 1])
@given(
    st.sampled_from(LINES),
    st.sampled_from(("utf-8", "cp1251", "shift_jis", "gb18030", "euc-kr", "koi8-r", "cp1256")),
    st.lists(st.integers(0, 200), min_size=1, max_size=4),
)
def test_stray_zero_bytes_make_no_text_wide(line: str, encoding: str, places: list[int]) -> None:
    data = (line * 4).encode(encoding, "ignore")
    assume(2 * len(data) > len(line * 4))  # the encoding has the script,
    assume(encoding != "gb18030" or line[0] in "こ北МΗ")  # and in at most two bytes a letter
    for place in places:
        data = data[: place % len(data)] + b"\x00" + data[place % len(data) :]

    assert wide_encoding(data) is None


@given(st.integers(0, 10_000), st.sampled_from((256, 4_000, 32_000, 65_536)), st.sampled_from(("<u2", "<i4", ">u2")))
def test_arrays_of_numbers_are_no_text(seed: int, most: int, kind: str) -> None:
    numbers = np.random.default_rng(seed).integers(0, most, 400)

    assert wide_encoding(numbers.astype(kind).tobytes()) is None


@given(st.binary(min_size=64, max_size=600))
def test_binary_data_is_no_text(data: bytes) -> None:
    mixed = bytearray(random.Random(len(data)).randbytes(600) + b"\x00")
    mixed[: len(data)] = data

    assert wide_encoding(b"\x01\x00" + bytes(mixed)) is None


@pytest.mark.parametrize(
    "text",
    [
        "L’été dernier, nous étions à l’hôtel « Père » où le garçon mangeait des œufs.\n" * 10,
        "El niño comió una manzana en el jardín; ¿qué más había allí? «Nada.»\n" * 10,
    ],
)
def test_text_of_old_macs_is_not_taken_for_windows(text: str) -> None:
    assert decode(text.encode("mac-roman"))[:2] == (text, "mac-roman")
