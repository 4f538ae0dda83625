"""Repeated n-grams against counting every n-gram of every size."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from massivetext.signals.ported.ngrams import repeated

WORDS = st.lists(st.sampled_from(["a", "bb", "c", "dé", "ee"]), max_size=40)


@given(WORDS)
def test_repeated_n_grams_are_those_that_occur_more_than_once(words: list[str]) -> None:
    for found in repeated(words, 6):
        grams = [tuple(words[start : start + found.size]) for start in range(len(words) - found.size + 1)]
        copies = Counter(grams)
        starts = [start for start, gram in enumerate(grams) if copies[gram] > 1]
        firsts = {gram: grams.index(gram) for gram in copies if copies[gram] > 1}

        assert found.starts.tolist() == starts
        assert {grams[first]: count for first, count in zip(found.firsts, found.counts, strict=True)} == {
            gram: copies[gram] for gram in firsts
        }
        assert sorted(found.firsts.tolist()) == sorted(firsts.values())
        assert [grams[found.firsts[group]] for group in found.groups] == [grams[start] for start in starts]
        assert found.lengths.tolist() == [sum(map(len, grams[first])) for first in found.firsts]


@given(WORDS)
def test_covered_words_lie_in_a_copy(words: list[str]) -> None:
    for found in repeated(words, 4):
        grams = [tuple(words[start : start + found.size]) for start in range(len(words) - found.size + 1)]
        every, later = set[int](), set[int]()
        for start, gram in enumerate(grams):
            if grams.count(gram) > 1:
                every |= set(range(start, start + found.size))
                later |= set(range(start, start + found.size)) if gram in grams[:start] else set()

        assert set(found.covered().nonzero()[0].tolist()) == every
        assert set(found.covered(later=True).nonzero()[0].tolist()) == later


def test_the_sizes_are_two_to_the_last() -> None:
    assert [found.size for found in repeated([], 5)] == [2, 3, 4, 5]
