"""The table of characters agrees with Python's ``str`` for every code point."""

import pytest

from massivetext.signals import characters

# All of the planes with properties, and a sample of the others; `character_bits` takes 4 microseconds per character.
CODES = [*range(0x3400), *range(0xA000, 0xAC00), *range(0xD700, 0x1FB00), *range(0x1FB00, 0x110000, 997)]


def test_the_bits_of_a_character_are_those_of_python() -> None:
    table = characters.character_table()

    assert [code for code in CODES if table[code] != characters.character_bits(chr(code))] == []
    assert not table[0x110000:].any()


def test_small_letters_are_the_first_of_pythons() -> None:
    lower = characters.lower()

    assert [code for code in range(len(lower)) if chr(lower[code]) != chr(code).lower()[0]] == []
    assert [code for code in range(len(lower), 0x110000) if chr(code).lower() != chr(code)] == []


@pytest.mark.parametrize(("character", "bit"), [("\u3000", "SPACE"), ("é", "ALPHA"), ("②", "ALNUM"), ("٣", "DIGIT")])
def test_bits_are_named(character: str, bit: str) -> None:
    assert characters.character_table()[ord(character)] & getattr(characters, bit)
