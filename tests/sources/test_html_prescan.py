"""The character set that a page declares is found where the HTML standard looks for it, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sources.streams.charset import decode
from massivetext.sources.streams.html_prescan import PRESCAN_BYTES, declared_in_html

RUSSIAN = "Река берёт начало в горах и течёт к морю, а люди долины всегда жили рядом с ней. " * 5


@pytest.mark.parametrize(
    ("page", "label"),
    [
        ("<meta charset=koi8-r>", "koi8-r"),
        ("<META CHARSET = 'koi8-r' />", "koi8-r"),
        (
            '<!DOCTYPE html><html lang=ru><head><title>x</title><meta name=a charset="koi8-r"><meta charset=big5>',
            "koi8-r",
        ),
        ("<meta http-equiv='Content-Type' content='text/html; charset=koi8-r'>", "koi8-r"),
        ("<meta content=\"text/html;charset='koi8-r';x=1\" http-equiv=content-type>", "koi8-r"),
        ("<meta/charset=koi8-r/>", "koi8-r"),
        ("<?xml version='1.0' encoding='koi8-r'?><html>", "koi8-r"),
        ('\r\n<?xml version="1.0" encoding="koi8-r"?>', "koi8-r"),
        ("<meta charset=utf-16le>", "utf-8"),
        ("<a title='>'><meta charset=koi8-r>", "koi8-r"),
        ("</p title='>'><meta charset=koi8-r>", "koi8-r"),
        ("< meta charset=big5><meta charset=koi8-r>", "koi8-r"),
        ("<!-- <meta charset=big5> --><meta charset=koi8-r>", "koi8-r"),
        ("<!--><meta charset=koi8-r>", "koi8-r"),
        ("<meta charset=''><meta charset=koi8-r>", "koi8-r"),
        # Not declarations.
        ('<meta name=description content="on charset=big5 pages">', None),
        ('<meta name="charset" content="big5">', None),
        ('<meta property="og:title" content="<meta charset=big5>">', None),
        ("<!-- <meta charset=big5>", None),
        ("<p>a page in encoding='big5' or charset=big5</p>", None),
        ("<p><?xml version='1.0' encoding='big5'?></p>", None),
        ("<metadata charset=big5>", None),
        ("<meta http-equiv=refresh content='0; charset=big5'>", None),
        (f"{' ' * PRESCAN_BYTES}<meta charset=big5>", None),
        ("<meta charset", None),
        ("", None),
    ],
)
def test_a_declaration_is_found_where_it_counts(page: str, label: str | None) -> None:
    assert declared_in_html(page.encode()) == label


@given(st.binary(max_size=300), st.sampled_from([b"<meta ", b"<", b"<!--", b"</", b"charset=", b"'", b'"', b"=", b">"]))
def test_any_bytes_are_read(data: bytes, piece: bytes) -> None:
    found = declared_in_html(data + piece + data)

    assert found is None or found


def test_the_latin_1_of_a_server_yields_to_the_page() -> None:
    page = '<meta charset="windows-1251">' + RUSSIAN
    data = page.encode("cp1251")

    assert decode(data, "ISO-8859-1", html=True)[:2] == (page, "cp1251")
    assert decode(data, " latin1", html=True)[:2] == (page, "cp1251")
    assert decode(data, "windows-1251", html=True)[:2] == (page, "cp1251")
    assert decode(data.replace(b"windows-1251", b"koi8-r"), "windows-1251", html=True).encoding == "cp1251"
