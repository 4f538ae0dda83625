import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sources.charset import decode_text

GERMAN = "Die Vögel fliegen über das Straßenpflaster, und die Mühle mahlt für den Müller täglich Körner. " * 5
RUSSIAN = "Река берёт начало в горах и течёт к морю, а люди долины всегда жили рядом с ней. " * 5


@pytest.mark.parametrize("text", [GERMAN, RUSSIAN])
@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_wins(text: str, mark: str) -> None:
    assert decode_text(text.encode(mark), "koi8-r") == text


@pytest.mark.parametrize("name", ["windows-1251", "KOI8-R", " iso-8859-5 ", "cp866", "UTF-8"])
def test_the_declared_encoding_is_used(name: str) -> None:
    assert decode_text(RUSSIAN.encode(name.strip()), name) == RUSSIAN


@pytest.mark.parametrize("name", ["iso-8859-1", "latin1", "us-ascii", "windows-1252"])
def test_a_western_default_gives_way_to_valid_utf8(name: str) -> None:
    assert decode_text(GERMAN.encode("utf-8"), name) == GERMAN
    assert decode_text(GERMAN.encode("latin-1"), name) == GERMAN
    assert decode_text("“curly”".encode("cp1252"), name) == "“curly”"


@pytest.mark.parametrize("name", [None, "", "no-such-thing", "rot13", "hex", "unicode_escape", "a\x00b", "utf-7"])
def test_without_a_usable_name_it_is_detected(name: str | None) -> None:
    assert decode_text(RUSSIAN.encode("utf-8"), name) == RUSSIAN
    assert decode_text(RUSSIAN.encode("cp1251"), name) == RUSSIAN


@pytest.mark.parametrize(
    "head",
    [
        '<html><head><meta charset="{}">',
        "<meta http-equiv=Content-Type content='text/html; charset={}'>",
        '<?xml version="1.0" encoding="{}"?>',
    ],
)
def test_a_page_can_declare_its_own(head: str) -> None:
    page = head.format("koi8-r") + RUSSIAN

    assert decode_text(page.encode("koi8-r"), html=True) == page
    assert decode_text(page.encode("cp1251"), "cp1251", html=True) == page  # the header is asked first
    assert decode_text((head.format("utf-16") + RUSSIAN).encode("utf-8"), html=True) == head.format("utf-16") + RUSSIAN


def test_a_wrong_header_gives_way_to_a_name_that_fits() -> None:
    page = '<meta charset="euc-jp">' + "日本語の文章です。" * 20

    assert decode_text(page.encode("euc-jp"), "utf-8", html=True) == page


def test_bytes_that_fit_no_declared_encoding_are_replaced() -> None:
    assert decode_text(b"abc \xff\xfe\xfd def", "utf-8") == "abc \ufffd\ufffd\ufffd def"


def test_browsers_meaning_of_a_name_is_used() -> None:
    assert decode_text("①".encode("cp932"), "shift_jis") == "①"
    assert decode_text("镕".encode("gb18030"), "gb2312") == "镕"


@given(
    data=st.binary(max_size=200), name=st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["utf-16", "gbk"]))
)
def test_nothing_raises(data: bytes, name: str | None) -> None:
    assert isinstance(decode_text(data, name, html=True), str)


@given(text=st.text())
def test_utf8_is_read_back(text: str) -> None:
    data = text.encode("utf-8")

    assert decode_text(data) == text or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("x-sjis", "cp932", "川は山から海へ流れる。"),
        ("windows-949", "cp949", "강은 산에서 바다로 흐른다."),
        ("x-gbk", "gb18030", "河水从山上流向大海。"),
        ("windows-874", "cp874", "แม่น้ำไหลจากภูเขาลงสู่ทะเล"),
        ("iso-8859-11", "cp874", "แม่น้ำ “ไหล”"),
        ("x-cp1251", "cp1251", "Река течёт"),
        ("koi8-ru", "koi8-u", "Річка тече"),
        ("x-mac-cyrillic", "mac-cyrillic", "Река течёт"),
        ("unicode", "utf-16-le", "Река течёт"),
    ],
)
def test_labels_of_the_encoding_standard_are_known(label: str, codec: str, text: str) -> None:
    assert decode_text(text.encode(codec), label) == text


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("cp437", "cp437", "Vögel ░▒▓"),
        ("hz", "hz", "河水"),
        ("iso-2022-kr", "iso2022_kr", "강은"),
        ("johab", "johab", "강은"),
    ],
)
def test_encodings_that_browsers_do_not_read_are_known_by_python_s_names(label: str, codec: str, text: str) -> None:
    assert decode_text(text.encode(codec), label) == text
