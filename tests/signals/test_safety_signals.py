"""Unsafe phrases: matching on a small list, and the shipped list on pages that must and must not fail."""

import dataclasses
from pathlib import Path

import pytest

from massivetext import signals
from massivetext.errors import UserError
from massivetext.signals import registry, safety
from massivetext.signals.definitions import UNSAFE_PHRASES
from massivetext.signals.registry import SignalRegistry

LIST = "# our own\n\n2\tred fox\n3\tred fox den\n1\tfox den\n5\twolf\n"


@pytest.fixture
def phrases(tmp_path: Path) -> safety.PhraseTree:
    path = tmp_path / "phrases.txt"
    path.write_text(LIST, encoding="utf-8")
    return safety.build_phrase_tree(safety.read_phrases(path))


def found(phrases: safety.PhraseTree, *texts: str) -> list[tuple[int, float]]:
    group = dataclasses.replace(safety.GROUP, tables=lambda: phrases)
    groups = tuple(group if each is safety.GROUP else each for each in registry.BUILT_IN.groups)
    table = signals.measure(texts, registry=SignalRegistry(groups))
    columns = (table[name].to_pylist() for name in ("unsafe_phrase_count", "unsafe_phrase_weight"))
    return list(zip(*columns, strict=True))


# Each text has four words, so a weight of 2 is 500 per 1,000 words.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a red fox ran", (1, 500.0)),
        ("A “RED\n\n Fox!” ran", (1, 500.0)),  # case, white space and edge punctuation are ignored
        ("a redfox fox-den ran", (0, 0.0)),  # whole words only
        ("the red den fox", (0, 0.0)),  # in this order only
        ("red fox red fox", (1, 1000.0)),  # copies add weight, not phrases
        ("one red fox den", (1, 750.0)),  # the longest of those that begin together, and none inside it
        ("wolf fox den x", (2, 1500.0)),
        ("a b c red", (0, 0.0)),  # the text ends within a phrase
    ],
)
def test_phrases_are_found(phrases: safety.PhraseTree, text: str, expected: tuple[int, float]) -> None:
    assert found(phrases, text) == [expected]


def test_phrases_do_not_span_texts(phrases: safety.PhraseTree) -> None:
    assert found(phrases, "a red", "fox", "", "wolf") == [(0, 0.0), (0, 0.0), (0, 0.0), (1, 5000.0)]


def test_an_empty_list_finds_nothing() -> None:
    assert found(safety.build_phrase_tree({}), "a b", "") == [(0, 0.0), (0, 0.0)]


@pytest.mark.parametrize(
    "line", ["red fox", "x\tred fox", "0\tred fox", "-1\tred fox", "nan\tred fox", "2\t ... ", "2"]
)
def test_a_line_of_another_form_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "phrases.txt"
    path.write_text(f"# head\n{line}\n", encoding="utf-8")

    with pytest.raises(UserError, match=r"phrases\.txt, line 2: want a weight above 0"):
        safety.read_phrases(path)


def test_a_phrase_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "phrases.txt"
    path.write_text("2\tred fox\n1\tRed  Fox!\n", encoding="utf-8")

    with pytest.raises(UserError, match=r"line 2: want each phrase once, got 'red fox' again"):
        safety.read_phrases(path)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"want a file .*nowhere\.txt"):
        safety.read_phrases(tmp_path / "nowhere.txt")


def test_the_shipped_list_says_where_it_comes_from_and_names_no_people() -> None:
    content = UNSAFE_PHRASES.read_text(encoding="utf-8")
    words = {word for phrase in safety.read_phrases(UNSAFE_PHRASES) for word in phrase}

    assert "Source: written for massivetext" in content
    assert not words & {"gay", "lesbian", "trans", "transgender", "queer", "black", "asian", "muslim", "jewish", "teen"}


def test_every_entry_of_the_shipped_list_has_several_words() -> None:
    lines = UNSAFE_PHRASES.read_text(encoding="utf-8").splitlines()
    single = [line for line in lines if line and line[0] != "#" and len(line.split()) < 3]

    assert single == []


def test_both_signals_are_registered() -> None:
    assert {"unsafe_phrase_count", "unsafe_phrase_weight"} <= set(registry.SIGNALS)
