import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sources.streams.charset import decode, decode_text

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


def test_a_declaration_that_fails_gives_way_to_detection() -> None:
    assert decode("Déjà vu".encode("latin-1"), "utf-8")[:2] == ("Déjà vu", "cp1252")


def test_utf8_with_few_wrong_bytes_stays_utf8_and_counts_them() -> None:
    data = GERMAN.encode() + b"\xff" + GERMAN.encode()

    assert decode(data) == (GERMAN + "\ufffd" + GERMAN, "utf-8", 1)
    assert decode(data, "windows-1252").encoding == "utf-8"


def test_a_replacement_character_of_the_file_is_not_counted() -> None:
    assert decode("Vögel \ufffd über Mühlen".encode() + b"\xfc").replaced == 1


def test_valid_utf8_wins_over_a_declared_encoding_of_one_byte_per_character() -> None:
    assert decode(RUSSIAN.encode(), "windows-1251")[:2] == (RUSSIAN, "utf-8")


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf16_is_known_without_a_mark(name: str) -> None:
    assert decode(GERMAN.encode(name)) == (GERMAN, name, 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cp1252", "O coração não é só emoção, é também ação. São Paulo está à espera."),
        ("cp1252", "Les élèves étaient très fâchés à la fête où l'on mangea des gâteaux."),
        ("cp1252", "Blåbærgrød på øen, æble"),
        ("cp1250", "Zażółć gęślą jaźń. Łódź jest dużym miastem w Polsce, które słynie z łąk."),
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy. Řeka teče údolím."),
        ("cp1250", "Árvíztűrő tükörfúrógép, őszi erdő és hűvös szél"),
        ("iso8859-2", "Zażółć gęślą jaźń. Łódź jest dużym miastem w Polsce"),
        ("cp1251", "Река берёт начало в горах и течёт к морю"),
        ("cp1254", "İstanbul'da yaşayan insanların çoğu şehrin güzelliğine hayrandır"),
    ],
)
def test_european_encodings_are_told_apart(name: str, text: str) -> None:
    assert decode(text.encode(name)).text == text
    assert decode(f"{text} ".encode(name) * 20).text == f"{text} " * 20


@pytest.mark.parametrize("name", ["shift_jis", "euc-jp"])
@pytest.mark.parametrize("shift", [0, 1])
def test_detection_never_cuts_a_character_in_two(name: str, shift: int) -> None:
    text = "a" * shift + "日本語の文章です。\n" * 9000

    assert decode(text.encode(name)).text == text


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
