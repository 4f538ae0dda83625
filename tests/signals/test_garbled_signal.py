"""Text by the wrong encoding is told from text that only looks like it."""

import pytest

from massivetext import rules, signals
from massivetext.signals import registry

TEXTS = {
    "French": "Les élèves étaient très fâchés à la fête où l’on mangea des gâteaux — « voilà ».",
    "Russian": "Река берёт начало в горах и течёт к морю, а люди долины всегда жили рядом с ней.",
    "Chinese": "河水从山上流向大海，人们住在河谷里。",
    "Czech": "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "emoji": "Good 😀 morning 🎉",
}


def garbled(text: str) -> float:
    return float(signals.measure_text(text)["garbled_frac"])


def read_bytes_as(text: str, encoding: str) -> str:
    """Return the text with every byte of its UTF-8 as a character; a byte without one is a control character."""
    return "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_all_characters_of_several_bytes_are_counted(name: str, encoding: str) -> None:
    text = read_bytes_as(TEXTS[name], encoding)
    # Of the bytes of each character above 127; "à" before a no-break space and "ü" are not in the texts.
    expected = sum(len(character.encode()) for character in TEXTS[name] if character > "\x7f")

    assert garbled(text) == pytest.approx(expected / len(text))


def test_russian_as_windows_1251_is_counted() -> None:
    assert garbled(read_bytes_as(TEXTS["Russian"], "cp1251")) > 0.8


@pytest.mark.parametrize(
    "text",
    [
        *TEXTS.values(),
        "",
        "„Spaß“, „FUSS“, „MENÜ“",
        "« voilà\xa0» — « passé\xa0» « là\xa0»",
        "Рівне, СРСР» и «Р»",
        "Zé Povinho, ó",
    ],
)
def test_sound_text_has_none(text: str) -> None:
    assert garbled(text) == 0


# U+FFFD is one of four characters; "â€" and a U+FFFD stand for one quotation mark, three of five characters.
@pytest.mark.parametrize(("text", "expected"), [("ab\ufffdc", 0.25), ("\ufffd", 1.0), ("a â€\ufffd", 0.6)])
def test_replacement_characters_are_counted(text: str, expected: float) -> None:
    assert garbled(text) == expected


def test_a_sequence_does_not_reach_into_the_next_text() -> None:
    assert signals.measure(["aÃ", "©", "â€", "™", "РџС", "Ђ"])["garbled_frac"].to_pylist() == [0.0] * 6


def test_blocks_do_not_cut_a_sequence() -> None:
    for before in range(130):
        assert garbled("a" * before + "Ã©") == pytest.approx(2 / (before + 2))


@pytest.mark.parametrize(("share", "passes"), [(1, True), (2, False)])
def test_the_shipped_rule_has_one_percent_as_its_limit(share: int, passes: bool) -> None:
    rule_set = rules.load_rule_set("encoding", known=registry.types())
    measured = signals.measure(["\ufffd" * share + "a" * (100 - share)])
    kept, _ = rules.judge_documents(measured, rules.combine_rule_sets([rule_set]))

    assert kept.tolist() == [passes]
