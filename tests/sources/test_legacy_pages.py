"""Pages in old character sets: whole pages of 33 languages, with right, wrong and no declarations."""

from collections import Counter
from pathlib import Path

import pytest

from massivetext.sources.streams.charset import decode
from massivetext.sources.streams.letter_model import likely_encoding

ROOT = Path(__file__).resolve().parents[2]
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy."
RUSSIAN = "Река берёт начало в горах и течёт к морю."
GERMAN = "Die Vögel fliegen über das Straßenpflaster, und die Mühle mahlt für den Müller."


def test_pages_of_every_language_are_read_right(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from legacy_pages import make_pages, read_sentences

    right, total = Counter[str](), Counter[str]()
    for page in make_pages(read_sentences(shared_data / "langid/samples.jsonl.gz"), 1):
        if page.length != "forty_sentences":
            right[page.language] += decode(page.data, page.header, html=True).text == page.text
            total[page.language] += 1

    assert len(total) == 32  # no sentence of English that is chosen has a character beyond ASCII
    assert {name for name in total if right[name] < 0.98 * total[name]} == set()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", CZECH),
        ("iso8859-2", CZECH),
        ("koi8-r", RUSSIAN),
        ("iso8859-5", RUSSIAN),
        ("cp949", "강은 산에서 바다로 흐른다."),
        ("gb18030", "这份文件讲述了河流和附近的城市。"),
    ],
)
def test_latin_1_is_not_believed_of_text_that_surely_is_not(encoding: str, text: str) -> None:
    page = f'<meta charset="iso-8859-1"><title>Home</title><p>{text}</p>'

    assert decode(page.encode(encoding), "ISO-8859-1", html=True)[:2] == (page, encoding)


@pytest.mark.parametrize("text", [GERMAN, "Déjà vu", "Blåbærgrød på øen, æble", "O coração não é só emoção", "«¿Qué?»"])
def test_latin_1_is_believed_of_western_text(text: str) -> None:
    page = f'<meta charset="iso-8859-1"><p>{text}</p>'

    assert decode(page.encode("latin-1"), html=True)[:2] == (page, "cp1252")
    assert (found := likely_encoding(page.encode("latin-1"))) is not None
    assert found.lead <= 0


def test_vietnamese_tones_are_joined_with_their_letters() -> None:
    apart = "Người Việt Nam sống ở Hà Nội".replace("ờ", "ơ\u0300").replace("ệ", "ê\u0323").replace("ố", "ô\u0301")
    apart = apart.replace("ở", "ơ\u0309").replace("ộ", "ô\u0323")

    assert decode(apart.encode("cp1258"), "windows-1258")[:2] == ("Người Việt Nam sống ở Hà Nội", "cp1258")


def test_japanese_with_many_names_is_told_from_chinese() -> None:
    text = "父は加賀藩家老本多政敏。母は前田孝貞の娘。正室は前田備後直作の娘。子は本多図書政恒室。"

    assert [decode(text.encode(name)).text for name in ("euc_jp", "cp932")] == [text, text]


def test_ligatures_of_latin_9_are_told_from_fractions() -> None:
    text = "Le cœur et l'œuvre de ma sœur, à la fête où l'on mangea des gâteaux, ont été très appréciés."

    assert decode(text.encode("iso8859-15"))[:2] == (text, "iso8859-15")


def test_a_character_of_utf8_that_old_text_forms_by_chance_is_none() -> None:
    page = "сон, сон, сон, сон: начало реки в горах."  # "сон" is U+1B2E in UTF-8

    assert decode(page.encode("cp866"), "ibm866")[:2] == (page, "cp866")
