import gzip
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import sentencepiece as spm
from hypothesis import example, given, settings
from hypothesis import strategies as st

from massivetext.recipe import TokenizerOptions
from massivetext.text import clean
from massivetext.tokenizer.encoder import Encoder, id_dtype
from massivetext.tokenizer.trainer import train_tokenizer

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
LINES = [
    "def add(a, b):",
    "    return a + b  # adds two numbers",
    "\tif x == 10:",
    "\t\tprint('ten', x, \"é\", 'naïve')",
    "It was the best of times, it was the worst of times,",
    "it was the age of wisdom, it was the age of foolishness,",
] * 20

# Characters that Python's tables do not know yet may be normalised by SentencePiece's newer ones.
TEXTS = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs", "Cn"])),
        st.sampled_from(
            ["\n", "\n\n", "\t", " ", "    ", "😀", "▁", "▅", "<s>", "<pad>", "<0x41>", "ﬁ", "e\u0301", "x²"]
        ),
        st.sampled_from(
            ["\u0301\u0327", "a\u0315\u0327", "각", "ｆｕｌｌ", "\u00a0", "the best of times", "👩\u200d👩"]
        ),
    )
).map(lambda parts: clean("".join(parts)))


@pytest.fixture(scope="module")
def nfkc() -> Encoder:
    return Encoder(train_tokenizer(LINES, TokenizerOptions(vocabulary_size=400)))


@pytest.fixture(scope="module")
def identity() -> Encoder:
    return Encoder(train_tokenizer(LINES, TokenizerOptions(vocabulary_size=400, normalization="identity")))


@settings(max_examples=300)
@given(text=TEXTS)
@example(text=" leading and trailing  ")
@example(text="a\u0301\u0327 ▁▁ ▁\n")
def test_decoding_gives_the_text_or_its_nfkc_form(nfkc: Encoder, identity: Encoder, text: str) -> None:
    for encoder, wanted in ((nfkc, unicodedata.normalize("NFKC", text)), (identity, text)):
        (ids,) = encoder.encode([text])

        assert encoder.decode(ids) == wanted
        assert ids.dtype == np.uint16
        assert not len(ids) or ids.min() > 3  # neither pad, unknown, BOS nor EOS
        assert not len(ids) or ids.max() < 400


def test_no_space_is_invented_at_the_start(nfkc: Encoder) -> None:
    first, second = nfkc.encode(["best", " best"])

    assert nfkc.decode(first) == "best"
    assert nfkc.decode(second) == " best"


def test_texts_of_a_batch_do_not_touch_each_other(nfkc: Encoder) -> None:
    texts = ["it was", "", "the ▁ age", "    return"]

    assert [ids.tolist() for ids in nfkc.encode(texts)] == [nfkc.encode([text])[0].tolist() for text in texts]
    assert nfkc.encode([]) == []
    assert nfkc.encode([""])[0].shape == (0,)


def test_ordinary_text_gets_the_ids_that_sentencepiece_gives() -> None:
    model = train_tokenizer(LINES, TokenizerOptions(vocabulary_size=400))
    text = "\n".join(LINES[:6])

    assert Encoder(model).encode([text])[0].tolist() == spm.SentencePieceProcessor(model_proto=model).encode(text)


def test_indentation_is_one_piece(nfkc: Encoder) -> None:
    assert len(nfkc.encode(["    "])[0]) == 1


@pytest.mark.parametrize(("size", "dtype"), [(65_535, np.uint16), (65_536, np.uint16), (65_537, np.uint32)])
def test_ids_take_two_bytes_while_they_fit(size: int, dtype: type) -> None:
    assert id_dtype(size) == dtype


def test_real_books_come_back(identity: Encoder, nfkc: Encoder) -> None:
    path = DATA / "books/books.jsonl.gz"
    if not path.is_file():
        pytest.skip("no shared/data beside the project")
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        texts = [clean(json.loads(line)["text"][:20_000]) for line in handle]

    for text, ids, normal in zip(texts, identity.encode(texts), nfkc.encode(texts), strict=True):
        assert identity.decode(ids) == text
        assert nfkc.decode(normal) == unicodedata.normalize("NFKC", text)
