"""Grouping and look-up of 64-bit keys, and the hashes of words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.signals import characters, scan
from massivetext.signals.forms import form
from massivetext.signals.hash_table import (
    GroupingTable,
    build_key_numbers,
    find_key_number,
    group_keys,
    grouping_table,
)
from massivetext.signals.scan import CharacterCount
from massivetext.signals.word_hash import extend_hash, word_hash

KEYS = st.lists(st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 5)), max_size=60)
MOST = 60


def grouped(table: GroupingTable, keys: list[int]) -> tuple[list[int], list[int]]:
    groups, copies = np.zeros(MOST, np.int32), np.zeros(MOST, np.int32)
    found = group_keys(table, np.array(keys, np.uint64), len(keys), groups, copies)
    return groups[: len(keys)].tolist(), copies[:found].tolist()


def by_hand(keys: list[int]) -> tuple[list[int], list[int]]:
    distinct = list(dict.fromkeys(keys))
    return [distinct.index(key) for key in keys], [keys.count(key) for key in distinct]


@settings(deadline=None)
@given(st.lists(KEYS, max_size=4))
def test_equal_keys_have_one_number_whatever_was_grouped_before(texts: list[list[int]]) -> None:
    table = grouping_table(MOST)

    assert [grouped(table, keys) for keys in texts] == [by_hand(keys) for keys in texts]


def test_generations_may_run_out() -> None:
    table = grouping_table(MOST)
    table.generation[0] = 2**32 - 2
    for keys in ([1, 1, 2], [2, 3], [3, 3, 1], [1]):
        assert grouped(table, keys) == by_hand(keys)


@settings(deadline=None)
@given(st.sets(st.integers(1, 2**64 - 1), max_size=60), st.integers(1, 2**64 - 1))
def test_known_keys_have_their_numbers_and_others_none(known: set[int], other: int) -> None:
    keys = sorted(known)
    lookup = build_key_numbers(np.array(keys, np.uint64))

    assert [find_key_number(lookup, np.uint64(key)) for key in keys] == list(range(len(keys)))
    assert find_key_number(lookup, np.uint64(other)) == (keys.index(other) if other in known else -1)
    assert find_key_number(lookup, np.uint64(0)) == -1


@pytest.mark.parametrize(
    ("keys", "message"),
    [([1, 2, 1], "want distinct keys, but key 2 occurs before"), ([1, 0], "want keys other than 0, but key 1 is 0")],
)
def test_a_look_up_wants_each_key_once_and_none_of_them_0(keys: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_key_numbers(np.array(keys, np.uint64))


def test_the_order_of_what_is_joined_counts() -> None:
    one, two, three = (word_hash(word) for word in ("one", "two", "three"))

    assert extend_hash(one, two) != extend_hash(two, one)
    assert extend_hash(extend_hash(one, two), three) != extend_hash(extend_hash(one, three), two)


@pytest.mark.parametrize("word", ["a", "Don't", "ΟΔΟΣ", "\u0130stanbul", "K", "\u01c5", "x" * 100])
def test_a_word_has_the_hash_of_its_spelling_and_of_its_form(word: str) -> None:
    # The hash that Python computes for a word of a list equals the hash that the compiled scan computes.
    text = f"“{word}!”".encode()
    words, counts = np.zeros(4, scan.WORD), np.zeros(len(CharacterCount))
    data = np.frombuffer(text, np.uint8)

    assert scan.scan(data, 0, len(data), characters.character_table(), characters.lower(), words, counts) == 1
    assert words[0].hash == word_hash(text.decode())
    assert words[0].form == word_hash(form(word))
    assert (words[0].length, counts[CharacterCount.CHARACTERS]) == (len(word) + 3, len(word) + 3)
