import itertools
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import mmh3
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from massivetext.hashing import mix64
from massivetext.schema import U64
from massivetext.shingles import normalised_words, shingle_hashes, shingle_hashes_of
from massivetext.shingles.shingle_stream import STREAMED_WORDS

WORDS = st.lists(st.sampled_from(["a", "b", "c", "dd", "E"]), max_size=60)
TEXT = st.text(alphabet=st.characters(codec=None), max_size=200)


# Punctuation (category P) goes, symbols (category S: $ = < +) stay, a word of punctuation only is removed.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n", []),
        ("... — !", []),
        ("Don't  panic,\nsaid «he».", ["Dont", "panic", "said", "he"]),
        ("and/or $5 = <unk>", ["andor", "$5", "=", "<unk>"]),
        ("a\u00a0b\u3000c\u2028d", ["a", "b", "c", "d"]),
    ],
)
def test_words_lose_punctuation_and_keep_case_and_symbols(text: str, expected: list[str]) -> None:
    assert normalised_words(text) == expected


def test_words_are_lower_cased_on_request() -> None:
    assert normalised_words("Don't PANIC", lowercase=True) == ["dont", "panic"]


@given(TEXT)
def test_no_punctuation_is_left(text: str) -> None:
    # `regex` may know characters that Python's own table does not, so only this direction holds for every character.
    left = "".join(normalised_words(text))

    assert not [c for c in left if unicodedata.category(c).startswith("P")]


def test_each_ascii_character_is_treated_as_its_category_says() -> None:
    for character in map(chr, range(33, 127)):
        expected = [] if unicodedata.category(character).startswith("P") else [character]

        assert normalised_words(character) == expected


def ngrams(words: list[str], n: int) -> set[tuple[str, ...]]:
    if len(words) < n:
        return {tuple(words)} if words else set()
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


@given(WORDS, st.integers(1, 15))
def test_there_is_one_hash_for_each_distinct_ngram(words: list[str], n: int) -> None:
    assert len(shingle_hashes(" ".join(words), n)) == len(ngrams(words, n))


@given(WORDS, WORDS, st.integers(1, 15))
def test_texts_share_as_many_hashes_as_ngrams(a: list[str], b: list[str], n: int) -> None:
    shared = np.intersect1d(shingle_hashes(" ".join(a), n), shingle_hashes(" ".join(b), n))

    assert len(shared) == len(ngrams(a, n) & ngrams(b, n))


@given(TEXT)
@example("ΑΣ. ΣΑΣ-Σ")
def test_hashes_depend_only_on_the_normalised_words(text: str) -> None:
    for lowercase in (False, True):
        rejoined = " ".join(normalised_words(text, lowercase))

        assert np.array_equal(shingle_hashes(text, 3, lowercase=lowercase), shingle_hashes(rejoined, 3))


@given(WORDS)
def test_hashes_are_sorted_and_distinct(words: list[str]) -> None:
    hashes = shingle_hashes(" ".join(words), 2)

    assert hashes.dtype == np.uint64
    assert np.array_equal(hashes, np.unique(hashes))


# 12 words: one shingle, all of it. 13: one 13-gram. 14: two.
@pytest.mark.parametrize(("words", "count"), [(0, 0), (1, 1), (12, 1), (13, 1), (14, 2), (100, 88)])
def test_shorter_texts_are_one_shingle(words: int, count: int) -> None:
    assert len(shingle_hashes(" ".join(f"w{i}" for i in range(words)))) == count


def test_a_short_text_differs_from_each_ngram_that_contains_it() -> None:
    assert not set(shingle_hashes("a b", 3).tolist()) & set(shingle_hashes("a b a b a", 3).tolist())


def test_order_of_words_matters() -> None:
    assert shingle_hashes("a b c", 3) != shingle_hashes("a c b", 3)


def test_case_matters_by_default() -> None:
    assert shingle_hashes("A b", 2) != shingle_hashes("a b", 2)
    assert shingle_hashes("A b", 2, lowercase=True) == shingle_hashes("a B", 2, lowercase=True)


@given(st.lists(st.text(), max_size=6), st.integers(1, 4), st.booleans())
@example(["a " * 9000 + "b", "", "a a b a a b"], 2, False)  # more words than are read at once; none; repetitions
def test_many_texts_have_the_hashes_of_each(texts: list[str], n: int, lowercase: bool) -> None:
    bounds, hashes = shingle_hashes_of(texts, n, lowercase=lowercase)

    found = [hashes[low:high].tolist() for low, high in itertools.pairwise(bounds.tolist())]
    assert found == [shingle_hashes(text, n, lowercase=lowercase).tolist() for text in texts]


def test_n_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="want n of at least 1 word, got 0"):
        shingle_hashes("a", 0)
    with pytest.raises(ValueError, match="n of at least 1 word, got 0"):
        shingle_hashes_of(["a"], 0)


def plain_hash(words: list[str]) -> int:
    """The definition, in whole numbers: a polynomial in the word hashes, scrambled by SplitMix64's finaliser."""
    mask, total = (1 << 64) - 1, 0
    for word in words:
        total = (total * 0xD1342543DE82EF95 + mmh3.hash64(word.encode(), signed=False)[0]) & mask
    value = (total + len(words)) & mask
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
    return value ^ (value >> 31)


@pytest.mark.parametrize("n", range(1, 18))
def test_a_vectorised_hash_equals_its_plain_definition(n: int) -> None:
    words = [f"w{i}" for i in range(20)]
    expected = sorted(plain_hash(words[i : i + n]) for i in range(20 - n + 1))

    assert shingle_hashes(" ".join(words), n).tolist() == expected


def test_hashes_are_the_same_in_another_process() -> None:
    text = "To be, or not to be: that is the question. Überall 你好"
    script = (
        "import json, sys; from massivetext.shingles import shingle_hashes;"
        "print(json.dumps(shingle_hashes(sys.argv[1], 3).tolist()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", script, text], env=environment, capture_output=True, check=True)

    assert json.loads(done.stdout) == shingle_hashes(text, 3).tolist()


# More words than are read at once, so shingles cross from one portion of words to the next; with n above the portion.
@pytest.mark.parametrize(
    ("n", "words"),
    [
        *((n, STREAMED_WORDS + more) for n in (1, 2, 13) for more in (-1, 0, 1)),
        (3, 2 * STREAMED_WORDS + 7),
        (5000, 4999),
        (5000, 5003),
    ],
)
def test_long_texts_are_hashed_as_a_whole(n: int, words: int) -> None:
    text = " ".join(f"w{i % 5000}" for i in range(words))
    expected = plain_shingles(text, n)

    for end in ("", "  ", " ."):
        assert shingle_hashes(text + end, n).tolist() == expected


def plain_shingles(text: str, n: int, lowercase: bool = False) -> list[int]:
    """The shingles by their definition: whole numbers, words as strings, and the library of the word hashes."""
    words = normalised_words(text, lowercase)
    length = min(n, len(words))
    windows = range(len(words) - length + 1) if words else ()
    hashes = {word: mmh3.hash64(word.encode("utf-8", "surrogatepass"), signed=False)[0] for word in words}
    mask, factor = (1 << 64) - 1, 0xD1342543DE82EF95
    powers = [pow(factor, length - 1 - place, 1 << 64) for place in range(length)]
    values = np.array([hashes[word] for word in words], dtype=np.uint64).astype(object)
    found = set()
    for start in windows:
        total = sum(int(one) * power for one, power in zip(values[start : start + length], powers, strict=True))
        found.add(int(mix64(np.array([(total + length) & mask], np.uint64))[0]))
    return sorted(found)


# Letters with and without case, capital sigmas, signs that are ignored in deciding whether they end a word, Turkish
# and long letters, marks, punctuation, scripts with and without spaces, a variation selector, spaces.
ODD = st.text(
    alphabet="aZé ΑΣσς'.-:\u0301İǅẞ\u2c3a漢字かー\u3099ไทยក្ខမြ\u0f51\u0f7c\U000e0100\U00010400\u3000\n$", max_size=60
)


@given(ODD | TEXT, st.integers(1, 6), st.booleans())
@example("ΑΣ. ΣΑΣ-Σ ΑΣ'Α ΑΣ:", 1, True)
def test_compiled_hashes_equal_their_plain_definition(text: str, n: int, lowercase: bool) -> None:
    assert shingle_hashes(text, n, lowercase=lowercase).tolist() == plain_shingles(text, n, lowercase)


@pytest.mark.parametrize("size", range(40))
def test_words_of_every_length_have_the_hash_of_the_library(size: int) -> None:
    word = "".join(chr(97 + i % 26) for i in range(size))

    assert shingle_hashes(word, 1).tolist() == plain_shingles(word, 1)


# In Han, kana, Thai, Lao, Khmer, Burmese and Tibetan every character is a word, with the marks after it. Hangul, which
# has spaces, is not split; nor is anything in a text without these scripts.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我们喜欢ABC。", ["我", "们", "喜", "欢", "ABC"]),
        ("ラーメンを", ["ラ", "ー", "メ", "ン", "を"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("ພາສາ", ["ພ", "າ", "ສ", "າ"]),
        ("ភាសា", ["ភា", "សា"]),
        ("မြန်", ["မြ", "န်"]),
        ("བོད་", ["བོ", "ད"]),
        ("漢\U000e0100字\u3099", ["漢\U000e0100", "字\u3099"]),
        ("가나 다라", ["가나", "다라"]),
        ("ta\u02bcu e\u0301te\u0301", ["ta\u02bcu", "e\u0301te\u0301"]),
    ],
)
def test_a_character_is_a_word_in_scripts_without_spaces(text: str, expected: list[str]) -> None:
    assert normalised_words(text) == expected
    assert shingle_hashes(text, 1).tolist() == plain_shingles(text, 1)


# 2,697 characters with another one in the middle: 13 of 2,685 shingles differ, 2672 / (2 * 2685 - 2672) = 0.990.
def test_chinese_texts_with_one_other_character_are_near_duplicates() -> None:
    text = "".join(chr(0x4E00 + (i * 7919) % 20_000) for i in range(2697))
    other = text[:1300] + "龘" + text[1301:]
    a, b = shingle_hashes(text), shingle_hashes(other)

    assert len(a) == len(b) == 2685
    assert len(np.intersect1d(a, b)) == 2672


def test_a_lone_surrogate_is_hashed_as_any_character() -> None:
    assert len(shingle_hashes("a \ud800 b", 2)) == 2


def test_bits_of_the_hashes_are_even() -> None:
    # 20,000 distinct 2-grams: each bit is set in half of them, give or take 5 standard deviations of 0.0035.
    hashes: U64 = shingle_hashes(" ".join(f"w{i}" for i in range(20_001)), 2)
    shares = [float(np.mean((hashes >> np.uint64(bit)) & np.uint64(1))) for bit in range(64)]

    assert len(hashes) == 20_000
    assert max(abs(share - 0.5) for share in shares) < 0.0177


def test_hashing_is_linear_on_hostile_texts() -> None:
    # A word of 3 million letters, punctuation alone, and one word repeated.
    assert len(shingle_hashes("x" * 3_000_000)) == 1
    assert len(shingle_hashes("." * 3_000_000)) == 0
    assert len(shingle_hashes("a " * 1_500_000)) == 1


def test_real_books_keep_a_hash_for_each_distinct_ngram() -> None:
    folder = Path(__file__).resolve().parents[1] / "../shared/data/books/gutenberg"
    if not folder.is_dir():
        pytest.skip("the real books are not here")
    book = min(folder.glob("*.txt"), key=lambda path: (path.stat().st_size, path.name))
    text = book.read_text(encoding="utf-8", errors="replace")

    assert len(shingle_hashes(text)) == len(ngrams(normalised_words(text), 13))
