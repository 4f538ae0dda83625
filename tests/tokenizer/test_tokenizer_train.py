import hashlib
import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.recipe import TokenizerOptions
from massivetext.tokenizer.trainer import describe_model, in_sample, passages, train_tokenizer

WORDS = ["quick", "brown", "fox", "jumps", "over", "lazy", "dogs", "while", "seven", "wizards", "brew", "potions"]
LINES = [" ".join(w) for w in itertools.islice(itertools.permutations(WORDS, 4), 0, 20_000, 40)]
OPTIONS = TokenizerOptions(vocabulary_size=330)


@pytest.fixture(scope="module")
def model() -> bytes:
    return train_tokenizer(LINES, OPTIONS)


def test_same_lines_give_the_same_bytes_in_any_order_and_process(model: bytes) -> None:
    program = (
        "import sys, hashlib; from massivetext.tokenizer.trainer import train_tokenizer; "
        "from massivetext.recipe import TokenizerOptions; "
        "lines = sys.stdin.read().split('\\n'); "
        "print(hashlib.sha256(train_tokenizer(lines, TokenizerOptions(vocabulary_size=330))).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        input="\n".join(reversed(LINES)),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )

    assert other.stdout.strip() == hashlib.sha256(model).hexdigest()


def test_lines_and_passages_of_lines_give_the_same_model(model: bytes) -> None:
    assert train_tokenizer(["\n".join(LINES)], OPTIONS) == model


def test_model_names_no_path(model: bytes) -> None:
    assert str(Path.cwd()).encode() not in model
    assert b"/tmp" not in model


def test_describe_says_what_was_trained(model: bytes) -> None:
    info = describe_model(model)

    assert (info.vocabulary_size, info.pad_id, info.unk_id, info.bos_id, info.eos_id) == (330, 0, 1, 2, 3)
    assert info.byte_fallback
    assert info.normalization == "nfkc"
    assert 2 <= info.max_piece_bytes <= 15
    assert info.sha256 == hashlib.sha256(model).hexdigest()


def test_longest_piece_is_measured_in_bytes_of_text() -> None:
    # The whole word is the first that merges up, being the most frequent: 12 letters of 2 bytes and its space, 1 byte.
    words = ["αβγδεζζεδγβα"] * 9 + ["γαβζδε", "εζαγβδ", "βδζεγα", "ζγεαδβ", "δεβγζα", "αζδβεγ"]
    info = describe_model(train_tokenizer([" " + " ".join(words)], TokenizerOptions(vocabulary_size=300)))

    assert info.max_piece_bytes == 25


def test_identity_normalization_is_named() -> None:
    options = TokenizerOptions(vocabulary_size=330, normalization="identity")

    assert describe_model(train_tokenizer(LINES, options)).normalization == "identity"


def test_no_piece_is_longer_than_asked() -> None:
    options = TokenizerOptions(vocabulary_size=300, max_piece_length=2)

    assert describe_model(train_tokenizer(LINES, options)).max_piece_bytes == 2


def test_too_large_vocabulary_names_what_the_text_supports() -> None:
    with pytest.raises(
        ValueError, match=r"want 32000 pieces, .* supports at most (\d+); set vocabulary_size to \1"
    ) as error:
        train_tokenizer(LINES, TokenizerOptions())

    supported = int(str(error.value).split("at most ")[1].split(";")[0])
    model = train_tokenizer(LINES, TokenizerOptions(vocabulary_size=supported))
    assert describe_model(model).vocabulary_size == supported
    with pytest.raises(ValueError, match="supports at most"):
        train_tokenizer(LINES, TokenizerOptions(vocabulary_size=supported + 1))


def test_too_small_vocabulary_names_what_the_characters_need() -> None:
    # 100 Greek and Cyrillic letters, 256 bytes, 4 special ids and the space are more than 300.
    letters = ["".join(map(chr, range(0x391, 0x391 + 100))) + " x"]

    with pytest.raises(ValueError, match=r"alone need 3[0-9]{2}; set vocabulary_size well above"):
        train_tokenizer(letters, TokenizerOptions(vocabulary_size=300))


@pytest.mark.parametrize("lines", [[], [""], [" ", "\n\n"]])
def test_no_text_is_an_error(lines: list[str]) -> None:
    with pytest.raises(ValueError, match="want text to train on"):
        train_tokenizer(lines, OPTIONS)


def test_long_lines_are_not_skipped(model: bytes) -> None:
    # One line of 200 kB holds the same words as 500 short ones; SentencePiece alone would have skipped it.
    info = describe_model(train_tokenizer([" ".join(LINES * 6)], OPTIONS))

    assert info.vocabulary_size == 330


def test_lines_with_the_reserved_block_character_are_not_skipped() -> None:
    assert describe_model(train_tokenizer([f"{line} ▅" for line in LINES], OPTIONS)).vocabulary_size == 330


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(ValueError, match="want a serialized SentencePiece model, got 4 bytes"):
        describe_model(b"nope")


def test_passages_end_after_a_line_break_else_before_a_space_else_anywhere() -> None:
    # size 10: "aaaaaa\n" ends in the second half; "bbb bbbb c" is cut at the last space of bytes 5..9;
    # " cccccccccccc" has no space in its second half and is cut after 10 bytes.
    text = "aaaaaa\nbbb bbbb ccccccccccccc"

    assert list(passages("id", text, 10)) == [
        ("id:0", "aaaaaa\n"),
        ("id:1", "bbb bbbb"),
        ("id:2", " ccccccccc"),
        ("id:3", "cccc"),
    ]


def test_passages_of_an_empty_text_are_none() -> None:
    assert list(passages("id", "")) == []


@given(st.text(), st.integers(8, 40))
def test_passages_are_the_text_and_none_is_too_long(text: str, size: int) -> None:
    pieces = [passage for _, passage in passages("id", text, size)]

    assert "".join(pieces) == text
    assert all(0 < len(piece.encode()) <= size for piece in pieces)


def test_passage_size_below_a_few_characters_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 8 bytes, got 7"):
        list(passages("id", "text", 7))


def test_sample_has_its_rate_and_lower_rates_lie_inside() -> None:
    keys = [f"doc:{i}" for i in range(4000)]
    tenth = {key for key in keys if in_sample(key, 0.1, 7)}
    half = {key for key in keys if in_sample(key, 0.5, 7)}

    # Standard deviations: 19 and 32 keys.
    assert abs(len(tenth) - 400) < 4 * 19
    assert abs(len(half) - 2000) < 4 * 32
    assert tenth < half
    assert half != {key for key in keys if in_sample(key, 0.5, 8)}


def test_sample_rates_of_0_and_1_are_none_and_all() -> None:
    assert not any(in_sample(str(i), 0.0, 0) for i in range(100))
    assert all(in_sample(str(i), 1.0, 0) for i in range(100))


@pytest.mark.parametrize("rate", [-0.01, 1.01])
def test_sample_rate_outside_0_to_1_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="want 0 to 1"):
        in_sample("key", rate, 0)
