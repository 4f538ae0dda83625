import pytest

from massivetext.extract.block_counts import BlockCount
from massivetext.extract.salient import page_bytes, read_blocks


# Two characters of Han or kana count as a word, signs of the same block of Unicode among them; those of full width are
# part of the word that is open, or begin one.
@pytest.mark.parametrize(
    ("text", "stops", "commas", "words"),
    [
        ("One, two. Three!", 2, 1, 3),
        ("河流入海。", 1, 0, 3),
        ("河流、山川，大海！你好？", 2, 2, 5),
        ("नदी बहती है। वह गहरी है॥", 2, 0, 6),
        ("هل تجري، نعم؟ لا", 1, 1, 4),
        ("دریا ہے۔ یہ گہرا ہے۔", 2, 0, 5),
        ("แม่น้ำไหลลงทะเล", 0, 0, 1),
    ],
)
def test_signs_of_many_scripts_are_counted(text: str, stops: int, commas: int, words: int) -> None:
    _, blocks = read_blocks(page_bytes(f"<p>{text}</p>"), None)
    columns = [BlockCount.STOPS, BlockCount.COMMAS, BlockCount.WORDS]

    assert blocks.counts[0, columns].tolist() == [stops, commas, words]


def test_halves_of_surrogate_pairs_and_zero_bytes_do_not_reach_the_scanner() -> None:
    assert page_bytes("a\0b\ud800c é") == "ab\ufffdc é".encode()
