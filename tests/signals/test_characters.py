"""The table of characters agrees with Python's ``str`` for every code point."""

import pytest
import regex

from massivetext.signals import characters

# All of the planes with properties, and a sample of the others; `bits_of` takes 4 microseconds per character.
CODES = [*range(0x3400), *range(0xA000, 0xAC00), *range(0xD700, 0x1FB00), *range(0x1FB00, 0x110000, 997)]


def bits_of(character: str) -> int:
    """Return the bits of one character by Python's own methods."""
    return (
        characters.SPACE * character.isspace()
        | characters.ALPHA * character.isalpha()
        | characters.ALNUM * character.isalnum()
        | characters.UPPER * character.isupper()
        | characters.LOWER * (character.islower() or (character.istitle() and not character.isupper()))
        | characters.DIGIT * character.isdecimal()
        | characters.STOP * (regex.match(r"\p{Sentence_Terminal}", character) is not None or character == "…")
        | characters.MARK * (character in "jJkKvVfFpP")
    )


def test_the_bits_of_a_character_are_those_of_python() -> None:
    table = characters.character_table()

    assert [code for code in CODES if table[code] != bits_of(chr(code))] == []
    assert not table[0x110000:].any()


def test_small_letters_are_the_first_of_pythons() -> None:
    lower = characters.lower()

    assert [code for code in range(len(lower)) if chr(lower[code]) != chr(code).lower()[0]] == []
    assert [code for code in range(len(lower), 0x110000) if chr(code).lower() != chr(code)] == []


@pytest.mark.parametrize(("character", "bit"), [("\u3000", "SPACE"), ("é", "ALPHA"), ("②", "ALNUM"), ("٣", "DIGIT")])
def test_bits_are_named(character: str, bit: str) -> None:
    assert characters.character_table()[ord(character)] & getattr(characters, bit)
