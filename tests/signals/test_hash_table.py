"""Grouping and look-up of 64-bit keys, and the hashes that the compiled loop makes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.signals import characters, hash_table, scan
from massivetext.signals.forms import form
from massivetext.signals.hash_table import Table, group, lookup_of, number_of

KEYS = st.lists(st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 5)), max_size=60)
MOST = 60


def grouped(table: Table, keys: list[int]) -> tuple[list[int], list[int]]:
    groups, copies = np.zeros(MOST, np.int32), np.zeros(MOST, np.int32)
    found = group(table, np.array(keys, np.uint64), len(keys), groups, copies)
    return groups[: len(keys)].tolist(), copies[:found].tolist()


def by_hand(keys: list[int]) -> tuple[list[int], list[int]]:
    distinct = list(dict.fromkeys(keys))
    return [distinct.index(key) for key in keys], [keys.count(key) for key in distinct]


@settings(deadline=None)
@given(st.lists(KEYS, max_size=4))
def test_equal_keys_have_one_number_whatever_was_grouped_before(texts: list[list[int]]) -> None:
    table = hash_table.room(MOST)

    assert [grouped(table, keys) for keys in texts] == [by_hand(keys) for keys in texts]


def test_generations_may_run_out() -> None:
    table = hash_table.room(MOST)
    table.generation[0] = 2**32 - 2
    for keys in ([1, 1, 2], [2, 3], [3, 3, 1], [1]):
        assert grouped(table, keys) == by_hand(keys)


@settings(deadline=None)
@given(st.sets(st.integers(1, 2**64 - 1), max_size=60), st.integers(1, 2**64 - 1))
def test_known_keys_have_their_numbers_and_others_none(known: set[int], other: int) -> None:
    keys = sorted(known)
    lookup = lookup_of(np.array(keys, np.uint64))

    assert [number_of(lookup, np.uint64(key)) for key in keys] == list(range(len(keys)))
    assert number_of(lookup, np.uint64(other)) == (keys.index(other) if other in known else -1)
    assert number_of(lookup, np.uint64(0)) == -1


@pytest.mark.parametrize(("keys", "message"), [([1, 2, 1], "key 2 again"), ([1, 0], "got it as key 1")])
def test_a_look_up_wants_each_key_once_and_none_of_them_0(keys: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lookup_of(np.array(keys, np.uint64))


def test_the_order_of_what_is_joined_counts() -> None:
    one, two, three = (scan.hash_of(word) for word in ("one", "two", "three"))

    assert scan.join(one, two) != scan.join(two, one)
    assert scan.join(scan.join(one, two), three) != scan.join(scan.join(one, three), two)


@pytest.mark.parametrize("word", ["a", "Don't", "ΟΔΟΣ", "\u0130stanbul", "K", "\u01c5", "x" * 100])
def test_a_word_has_the_hash_of_its_spelling_and_of_its_form(word: str) -> None:
    # The hash of a list's word, made in Python, is that of a text's word, made by the compiled scan.
    text = f"“{word}!”".encode()
    words, counts = np.zeros(4, scan.WORD), np.zeros(scan.COUNTS, np.int64)
    data = np.frombuffer(text, np.uint8)

    assert scan.scan(data, 0, len(data), characters.table(), characters.lower(), words, counts) == 1
    assert words[0].hash == scan.hash_of(text.decode())
    assert words[0].form == scan.hash_of(form(word))
    assert (words[0].length, counts[scan.CHARACTERS]) == (len(word) + 3, len(word) + 3)
