"""UTF-8 and an older encoding in one line: each is read as it is, and the encoding says so."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.schema import Document, Rejected
from massivetext.sources.streams.charset import decode

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

UTF8 = "Die Brücke über den Fluß wurde größer gebaut. "
OLDER = {
    "cp1252": "Später fährt der Zug nach Köln zurück und hält für Gäste. ",
    "cp1251": "Река течёт к морю, и люди живут в долине вместе с ней. ",
    "cp1250": "Město leží na břehu řeky a její obyvatelé se živí převážně zemědělstvím, rybářstvím a řemesly. ",
}


@pytest.mark.parametrize("name", OLDER)
@pytest.mark.parametrize("times", [1, 20, 2000])
@pytest.mark.parametrize("turned", [False, True])
def test_a_line_of_two_encodings_is_read(name: str, times: int, turned: bool) -> None:
    pieces = [UTF8.encode(), OLDER[name].encode(name)]
    texts = [UTF8, OLDER[name]]
    found = decode(b"".join(pieces[::-1] if turned else pieces) * times)

    assert found == ("".join(texts[::-1] if turned else texts) * times, f"utf-8+{name}", 0)


def test_bytes_of_neither_are_counted() -> None:
    found = decode(UTF8.encode() * 2 + OLDER["cp1252"].encode("cp1252") * 2 + b"a\x81b")  # cp1252 has no 0x81

    assert found == (UTF8 * 2 + OLDER["cp1252"] * 2 + "a\ufffdb", "utf-8+cp1252", 1)


def test_a_declared_encoding_is_that_of_the_rest() -> None:
    data = UTF8.encode() + "naïve café, déjà vu".encode("latin-1")

    assert decode(data, "iso-8859-15") == (UTF8 + "naïve café, déjà vu", "utf-8+iso8859-15", 0)


@pytest.mark.parametrize("text", ["Ã¼ and Ã¶ are how it looks, café", "ÃÂ naïve façade à la carte, déjà vu"])
def test_an_older_text_with_few_chance_characters_is_read_whole(text: str) -> None:
    assert decode(text.encode("cp1252")).text == text


def test_records_of_two_encodings(tmp_path: Path, read_file: ReadFile) -> None:
    line = json.dumps({"text": "@"}).encode().replace(b"@", UTF8.encode() + OLDER["cp1252"].encode("cp1252"))
    (tmp_path / "a.jsonl").write_bytes((line + b"\n") * 3)
    (tmp_path / "a.csv").write_bytes(b"text\n" + (UTF8.encode() + OLDER["cp1252"].encode("cp1252") + b"\n") * 3)
    for name in ("a.jsonl", "a.csv"):
        documents, rejected = read_file("documents", tmp_path / name)

        assert rejected == []
        assert [(each.text, each.encoding) for each in documents] == [
            ((UTF8 + OLDER["cp1252"]).strip(), "utf-8+cp1252")
        ] * 3
