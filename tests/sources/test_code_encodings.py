"""Source files in encodings other than UTF-8: which are read, by what, and which are no text."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import licence_text, write_zip

from massivetext.schema import Document, Rejected
from massivetext.sources.streams.coding_declarations import coding_declaration

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

LICENCE = {"LICENSE": licence_text("MIT").encode()}
FRENCH = "# Crée la fenêtre et l'événement associé, où qu'elle soit déjà placée.\nx = 'été'"
RUSSIAN = "// Считает сумму всех чисел списка, а пустой список даёт ноль.\nint sum(int *a);"
JAPANESE = "// 文字列を読み込んで、配列に入れる関数です。\nint read(char *s); /* 表示 */"
CHINESE = "// 读取文件的内容，并且返回每一行的长度。\nint read(char *s); /* 显示 */"


def read_source(read_file: ReadFile, tmp_path: Path, name: str, data: bytes) -> Document | Rejected:
    documents, rejected = read_file("code", write_zip(tmp_path / "a.zip", {**LICENCE, name: data}))
    made: list[Document | Rejected] = [*documents, *(each for each in rejected if each.offset != "LICENSE")]
    return made[0]


@pytest.mark.parametrize(
    ("name", "text", "written", "encoding"),
    [
        ("a.py", FRENCH, "latin-1", "cp1252"),
        ("a.c", RUSSIAN, "cp1251", "cp1251"),
        ("a.c", RUSSIAN, "koi8-r", "koi8-r"),
        ("a.c", JAPANESE, "shift_jis", "cp932"),
        ("a.c", JAPANESE, "euc-jp", "euc_jp"),
        ("a.c", CHINESE, "gbk", "gb18030"),
        ("a.c", RUSSIAN, "utf-16", "utf-16-le"),  # with a byte-order mark
        ("a.sql", "-- Größe\nSELECT name, price FROM items;", "utf-16-le", "utf-16-le"),  # without one
        ("a.c", CHINESE, "utf-32", "utf-32-le"),
        ("a.cs", RUSSIAN, "utf-8-sig", "utf-8"),
        ("a.c", JAPANESE, "utf-8", "utf-8"),
    ],
)
def test_a_source_file_is_read_in_its_encoding(
    tmp_path: Path, read_file: ReadFile, name: str, text: str, written: str, encoding: str
) -> None:
    made = read_source(read_file, tmp_path, name, text.encode(written))

    assert isinstance(made, Document), made
    assert (made.text, made.encoding, made.replaced) == (text, encoding, 0)


# "ï", "ë" and "¸" in Windows-1252 are other letters in the encodings that are declared; six bytes tell no detector.
@pytest.mark.parametrize(
    ("name", "text", "written"),
    [
        ("a.py", "#!/usr/bin/env python\n# -*- coding: cp1251 -*-\nx = 'да нет'", "cp1251"),
        ("a.rb", "# encoding: iso-8859-7\nx = 'ναι'", "iso-8859-7"),
        ("a.py", "# vim: set fileencoding=koi8-r :\nx = 'да'", "koi8-r"),
        ("a.c", '/* -*- mode: c; coding: euc-kr-unix -*- */\nchar *x = "예";', "euc-kr"),
        ("a.c", 'char *x = "да";\n/* vim: set ts=4 fenc=cp1251: */', "cp1251"),
        ("a.el", '(setq x "да")\n;; Local Variables:\n;; coding: koi8-r-dos\n;; End:', "koi8-r"),
        ("a.css", '@charset "windows-1253";\n.a::after { content: "ναι" }', "cp1253"),
        ("a.tex", "\\documentclass{article}\n\\usepackage[cp1251]{inputenc}\nда", "cp1251"),
        ("a.html", "<!doctype html><meta charset=windows-1251><p>да", "cp1251"),
    ],
)
def test_a_declared_encoding_is_honoured(
    tmp_path: Path, read_file: ReadFile, name: str, text: str, written: str
) -> None:
    made = read_source(read_file, tmp_path, name, text.encode(written))

    assert isinstance(made, Document), made
    assert (made.text, made.replaced) == (text, 0)


@pytest.mark.parametrize("declared", ["latin-1", "no-such-encoding", "rot13", "ascii"])
def test_a_declaration_gives_way_to_utf8(tmp_path: Path, read_file: ReadFile, declared: str) -> None:
    text = f"# -*- coding: {declared} -*-\n{FRENCH}"
    made = read_source(read_file, tmp_path, "a.py", text.encode())

    assert isinstance(made, Document), made
    assert (made.text, made.encoding) == (text, "utf-8")


def test_a_name_deep_in_the_file_is_no_declaration() -> None:
    assert coding_declaration(b"x = 1\n" * 2 + b"# coding: latin-1\n" + b"x = 1\n" * 9) is None
    assert coding_declaration(b"x = 'coding: latin-1'\n") is None
    assert coding_declaration(b"") is None
    assert coding_declaration(b"x = 1\n# -*- coding: utf-8-unix -*-\n") == "utf-8"


def test_utf8_with_few_wrong_bytes_stays_utf8(tmp_path: Path, read_file: ReadFile) -> None:
    made = read_source(read_file, tmp_path, "a.c", RUSSIAN.encode() + b" // \xff")

    assert isinstance(made, Document), made
    assert (made.text, made.encoding, made.replaced) == (RUSSIAN + " // \ufffd", "utf-8", 1)
    assert made.stored_metadata["replaced_characters"] == "1"


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01" + b"\x00" * 9,
        bytes(range(1, 256)) * 4,  # no zero byte
        b"".join(hashlib.sha256(bytes([n])).digest() for n in range(8)).replace(b"\x00", b"\x01"),
        b"\xff\xfe" + b"".join(hashlib.sha256(bytes([n])).digest() for n in range(64)),  # like a byte-order mark
        b"\x01\x00\x02\x00\x03\x00\x04\x00" * 40,  # small integers of two bytes, like UTF-16
    ],
)
def test_binary_files_are_left_out(tmp_path: Path, read_file: ReadFile, data: bytes) -> None:
    made = read_source(read_file, tmp_path, "a.m", data)

    assert isinstance(made, Rejected), made
    assert (made.reason, made.skipped) == ("binary", True)


def test_control_characters_of_old_source_code_are_no_sign_of_a_binary_file(
    tmp_path: Path, read_file: ReadFile
) -> None:
    made = read_source(read_file, tmp_path, "a.bat", "echo \x1b[31mdéjà\x07\r\necho créé\x1a".encode("latin-1"))

    assert isinstance(made, Document), made
    assert made.text == "echo [31mdéjà\necho créé"


@pytest.mark.parametrize("written", ["latin-1", "utf-16", "utf-16-be", "utf-8-sig"])
def test_json_lines_of_code_are_read_in_their_encoding(tmp_path: Path, read_file: ReadFile, written: str) -> None:
    lines = [json.dumps({"text": FRENCH, "path": f"{n}.py", "license": "MIT"}, ensure_ascii=False) for n in range(3)]
    (tmp_path / "a.jsonl").write_bytes("\n".join(lines).encode(written))
    documents, rejected = read_file("code", tmp_path / "a.jsonl")

    assert rejected == []
    assert [(each.key, each.text) for each in documents] == [(str(n), FRENCH) for n in range(3)]
    assert {each.encoding for each in documents} == {{"latin-1": "cp1252", "utf-16": "utf-16-le"}.get(written)} or (
        written in ("utf-16-be", "utf-8-sig")
    )
