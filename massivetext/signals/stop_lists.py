"""Lists of stop words per language, from ``filters/lists/stop_words.toml``."""

import functools
import tomllib
from pathlib import Path
from typing import NamedTuple

import msgspec

from massivetext.errors import UserError
from massivetext.signals.definitions import MOST_STOP_WORDS, STOP_WORDS_FILE
from massivetext.signals.forms import form

DEFAULT = "en"


class StopLists(NamedTuple):
    """Stop words per language.

    Attributes:
        languages: language that has a list -> number of the list.
        words: the lists, indexed by number.
    """

    languages: dict[str, int]
    words: tuple[tuple[str, ...], ...]

    def list_number(self, language: str) -> int:
        """Return the number of the list for texts of a language: its own, or the English one."""
        return self.languages.get(language, self.languages[DEFAULT])


def read_stop_lists(path: Path) -> StopLists:
    """Return the lists of a TOML file.

    Raises:
        UserError: the file is missing or of another form, a list is empty or too long, or a word is not in normal form
            or occurs twice; names file, language and word.
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
        raise UserError(f"{path}: want a list for {DEFAULT!r}, which is used for languages without a list")
    return StopLists({language: number for number, language in enumerate(lists)}, tuple(lists.values()))


def _check(words: tuple[str, ...], where: str) -> None:
    if not 1 <= len(words) <= MOST_STOP_WORDS:
        raise UserError(f"{where}: want 1 to {MOST_STOP_WORDS} words, got {len(words)}")
    for word in words:
        if form(word) != word or words.count(word) > 1:
            raise UserError(f"{where}: want each word once, in lower case and without punctuation around, got {word!r}")


@functools.cache
def built_in() -> StopLists:
    """Return the shipped lists. Raises UserError if they are missing or damaged."""
    return read_stop_lists(STOP_WORDS_FILE)
