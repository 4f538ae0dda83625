"""Detection of encodings in short texts, and texts in two encodings."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.schema import Document, Rejected
from massivetext.sources.streams.charset import decode
from massivetext.sources.streams.east_asian import escaped_encoding, likely_east_asian
from massivetext.sources.streams.letter_model import likely_encoding
from massivetext.sources.streams.mixed_lines import LineDecoder, join_surrogates, older_encoding

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]
JAPANESE = "これは川と町についての文書です。町の人々は毎晩歩きました。"
CHINESE = "这份文件讲述了河流和附近的城市。"
UTF8_LINE, OLDER_LINE = "Das Haus über dem Fluß ist schön.", "Die Straße führt über die größte Brücke."
CESU = b"smile \xed\xa0\xbd\xed\xb8\x80 end"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cp1252", "El niño comió piña en la montaña; ¿qué pasó? ¡Así!"),
        ("cp1252", "temperature 20°C and 5µm, £5, © 2020, résumé"),
        ("cp1252", "About 2½ miles, ±3 µm, §4."),
        ("cp1252", "Ekki er allt gull sem glóir, þó það sé fallegt. Ég á að fara."),
        ("cp1254", "Bu şehirde İstanbul'un ışığı gibi çok güzel."),
        ("cp1257", "Rīgā ir upe un pilsēta; cilvēki staigā ļoti daudz."),
        ("iso8859-2", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
        ("koi8-r", "Река берёт начало в горах"),
        ("cp1255", "הנהר מתחיל בהרים ויורד אל הים"),
        ("cp1256", "يبدأ النهر في الجبال وينزل إلى البحر"),
        ("mac-roman", "Wörter über Flüsse und Straßen, größer als Bäume. " * 3),
        ("euc_jp", JAPANESE[:20]),
        ("cp932", JAPANESE[:20]),
        ("gb18030", CHINESE[:14]),
        ("big5", "這份文件講述了河流和附近的城市,人們都在這裡"),
        ("cp949", "강은 산에서 바다로 흐른다."),
        ("iso2022_jp", JAPANESE),
    ],
)
def test_short_texts_are_read_in_their_encoding(name: str, text: str) -> None:
    assert decode(text.encode(name))[::2] == (text, 0)
    assert decode(f"{text}\n".encode(name) * 8).text == f"{text}\n" * 8


def test_ascii_has_no_likely_encoding() -> None:
    assert likely_encoding(b"plain") is None
    assert likely_east_asian(b"plain") is None
    assert escaped_encoding(b"\x1b[0m red") is None  # a colour of a terminal


def test_a_soft_hyphen_is_no_letter() -> None:
    assert decode(b"rest -\xad and then " * 50).encoding == "cp1252"


def test_lines_of_two_encodings_are_read_line_by_line() -> None:
    data = b"\n".join([UTF8_LINE.encode(), OLDER_LINE.encode("cp1252"), b"plain"] * 5)

    assert older_encoding(data) == "cp1252"
    assert decode(data) == ("\n".join([UTF8_LINE, OLDER_LINE, "plain"] * 5), "utf-8+cp1252", 0)


def test_a_few_wrong_bytes_are_no_second_encoding() -> None:
    assert older_encoding(f"{UTF8_LINE}\n".encode() * 5 + b"// \xff") is None


def test_pieces_of_a_stream_are_decoded_as_the_whole() -> None:
    data = b"\n".join([UTF8_LINE.encode(), OLDER_LINE.encode("cp1252")] * 3)
    decoder = LineDecoder("cp1252")
    pieces = [decoder.decode(data[at : at + 7]) for at in range(0, len(data), 7)]

    assert "".join([*pieces, decoder.decode(b"", final=True)]) == decode(data).text


def test_pairs_of_surrogates_become_characters() -> None:
    assert join_surrogates(CESU).decode() == "smile \U0001f600 end"  # U+D83D U+DE00
    assert decode(CESU) == ("smile \U0001f600 end", "cesu-8", 0)


def test_records_of_two_encodings_and_with_escapes(tmp_path: Path, read_file: ReadFile) -> None:
    lines = [json.dumps({"text": text}, ensure_ascii=False) for text in (UTF8_LINE, OLDER_LINE)]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([lines[0].encode(), lines[1].encode("cp1252")] * 2))
    (tmp_path / "b.jsonl").write_bytes(json.dumps({"text": JAPANESE}, ensure_ascii=False).encode("iso2022_jp"))
    (tmp_path / "c.jsonl").write_bytes(b'{"text": "' + CESU + b'"}')
    mixed, escaped, surrogates = (read_file("news", tmp_path / f"{name}.jsonl")[0] for name in "abc")

    assert [(each.text, each.encoding) for each in mixed] == [
        (UTF8_LINE, "utf-8+cp1252"),
        (OLDER_LINE, "utf-8+cp1252"),
    ] * 2
    assert [(each.text, each.encoding) for each in escaped] == [(JAPANESE, "iso2022_jp")]
    assert [(each.text, each.encoding) for each in surrogates] == [("smile \U0001f600 end", "cesu-8")]
