"""The lists of stop words by language, as ``filters/lists/stop_words.toml`` has them."""

import functools
import tomllib
from pathlib import Path
from typing import NamedTuple

import msgspec

from massivetext.errors import UserError
from massivetext.signals.definitions import MOST_STOP_WORDS, STOP_WORDS
from massivetext.signals.forms import form

DEFAULT = "en"


class StopLists(NamedTuple):
    """Stop words by language.

    Attributes:
        languages: number of each language that has a list.
        words: the lists, by number.
    """

    languages: dict[str, int]
    words: tuple[tuple[str, ...], ...]

    def number(self, language: str) -> int:
        """The number of the list for texts of a language: its own, or the English one."""
        return self.languages.get(language, self.languages[DEFAULT])


def read(path: Path) -> StopLists:
    """Reads lists.

    Raises:
        UserError: the file is missing, a list is too long, or a word is not as the words of a text are compared; names
            file, language and word.
    """
    try:
        lists = msgspec.toml.decode(path.read_bytes(), type=dict[str, tuple[str, ...]])
    except FileNotFoundError as error:
        raise UserError(f"stop words: want a file {path}, found none; restore it from the release") from error
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise UserError(f"{path}: want lists of words by language, as in en = [...]: {error}") from error
    for language, words in lists.items():
        _check(words, f"{path}: {language}")
    if DEFAULT not in lists:
        raise UserError(f"{path}: want a list for {DEFAULT!r}, which texts of other languages are held against")
    return StopLists({language: number for number, language in enumerate(lists)}, tuple(lists.values()))


def _check(words: tuple[str, ...], place: str) -> None:
    if not 1 <= len(words) <= MOST_STOP_WORDS:
        raise UserError(f"{place}: want 1 to {MOST_STOP_WORDS} words, got {len(words)}")
    for word in words:
        if form(word) != word or words.count(word) > 1:
            raise UserError(f"{place}: want each word once, in lower case and without punctuation around, got {word!r}")


@functools.cache
def built_in() -> StopLists:
    """The shipped lists. Raises UserError where they are missing or damaged."""
    return read(STOP_WORDS)
