"""Compiled encoding: the ids of SentencePiece for every text, whatever the model and the state of the cache."""

import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece as spm
from hypothesis import example, given, settings
from hypothesis import strategies as st

from massivetext.tokenizer.encode_loop import announce_compilation
from massivetext.tokenizer.encoder import Encoder

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
LINES = [
    "def add(a, b):",
    "    return a + b  # adds two numbers",
    "\tif x == 10:",
    "\t\tprint('ten', x, \"é\", 'naïve')",
    "It was the best of times, it was the worst of times,  it was 1859.",
    "Être ou ne pas être, c'est là la question; Straße, Füße, ÄÖÜ",
    "Привет, мир! Это было лучшее из времён.",
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
    "हिन्दी में लिखा हुआ एक वाक्य, क़लम और ज़मीन",
    "안녕하세요 세계, 나는 고양이로소이다",
] * 20

# Options beside the defaults of SentencePiece; all have the four ids that records need.
KINDS: dict[str, dict[str, object]] = {
    "ours": {
        "byte_fallback": True,
        "normalization_rule_name": "nfkc",
        "remove_extra_whitespaces": False,
        "allow_whitespace_only_pieces": True,
        "add_dummy_prefix": False,
    },
    "ours, identity": {
        "byte_fallback": True,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "allow_whitespace_only_pieces": True,
        "add_dummy_prefix": False,
    },
    "Llama": {
        "byte_fallback": True,
        "split_digits": True,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "allow_whitespace_only_pieces": True,
    },
    "default options": {},
    "default options, bytes": {"byte_fallback": True},
    "case folding": {"normalization_rule_name": "nmt_nfkc_cf", "byte_fallback": True},
    "NFKC and a dummy prefix": {"normalization_rule_name": "nfkc"},
    "pieces across spaces": {
        "split_by_whitespace": False,
        "split_by_unicode_script": False,
        "split_by_number": False,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
    },
}
PLAIN_KINDS: dict[str, tuple[dict[str, object], str]] = {
    "T5": ({"model_type": "unigram"}, "it is not a BPE model"),
    "characters": ({"model_type": "char", "vocab_size": 200}, "it is not a BPE model"),
    "user-defined pieces": ({"user_defined_symbols": ["<mask>", "\n"]}, "it has user-defined pieces"),
    "space after words": ({"treat_whitespace_as_suffix": True}, "its pieces do not begin with the space before a word"),
}
TEXTS = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.text(st.sampled_from("abcdeist ,.\n\t  é猫はхल्")),
        st.sampled_from(LINES),
        st.sampled_from(
            ["\n", "\n\n", "\t", " ", "    ", "\r\n", "\x00", "\x7f", "\u200b", "\ufeff", "\u3000", "\u00a0"]
        ),
        st.sampled_from(["▁", "▅", "<s>", "<unk>", "<mask>", "<0x41>", "😀", "👩\u200d👩", "ﬁ", "x²", "´", "¨ ", "ﷺ"]),
        st.sampled_from(
            ["\u0301\u0327", "e\u0301", "각", "ｆｕｌｌ", "が", "и\u0306", "क\u093c", "ொ", "Ω", "ſ\u0323\u0307"]
        ),
    ),
    max_size=20,
).map("".join)


def train(**options: Any) -> bytes:
    model = io.BytesIO()
    wanted: dict[str, Any] = {"vocab_size": 700, "model_type": "bpe", "hard_vocab_limit": False, "minloglevel": 2}
    wanted |= {"num_threads": 1, "pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3}
    spm.SentencePieceTrainer.train(sentence_iterator=iter(LINES), model_writer=model, **wanted | options)
    return model.getvalue()


@pytest.fixture(scope="module", params=KINDS)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return Encoder(train(**KINDS[request.param]))


def same(encoder: Encoder, texts: list[str]) -> None:
    """Compare compiled code and SentencePiece, in one batch and alone."""
    wanted = [ids.tolist() for ids in encoder.encode_plainly(texts)]
    found = encoder.encode(texts)

    assert [ids.tolist() for ids in found] == wanted
    assert all(ids.dtype == encoder.dtype for ids in found)


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(TEXTS, max_size=4))
@example(texts=["", " ", "  ", "\n", "a", " a", "a ", "  a  b  ", "\x01", "▁", "▁▁a ▁ b▁"])
@example(texts=["漢字漢字 漢字\n漢字", "字", "a字", "字 ", " 字"])
@example(texts=["´ x", "x ´", "´", " ´ ´ ", "a\u00a0 b\u00a0", "\u3000\u3000x"])
def test_ids_are_those_of_sentencepiece(encoder: Encoder, texts: list[str]) -> None:
    assert encoder.plain_path is None
    same(encoder, texts)


def test_the_plain_path_is_sentencepiece(encoder: Encoder) -> None:
    model = train(**KINDS["Llama"])
    texts = LINES[:10]

    assert Encoder(model).encode_plainly(texts)[4].tolist() == spm.SentencePieceProcessor(model_proto=model).encode(
        texts[4]
    )


def test_two_unknown_characters_are_one_id_whether_or_not_the_second_is_cached() -> None:
    encoder = Encoder(train())

    same(encoder, ["丠", "a丠", "丠\u4e21 丠", "丠丠丠", "\n丠\n丠", "丠 丠"] * 3)


@pytest.mark.parametrize("kind", PLAIN_KINDS)
def test_other_models_take_the_plain_path_and_say_why(kind: str) -> None:
    options, reason = PLAIN_KINDS[kind]
    encoder = Encoder(train(**options))

    assert encoder.plain_path == reason
    same(encoder, [*LINES[:10], "▁ a  b", "<mask>\n", ""])


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000,
        "ab" * 200_000 + " " + "the" * 10_000,
        "猫である" * 50_000,
        "は\u3099" * 50_000,
        " " * 300_000,
        "\n" * 100_000,
        "▁" * 2_000,
        "x" * 40 + " " + "y" * 41 + " " + "it" * 20 + "é" * 31 + " " + "é" * 16,
    ],
    ids=lambda text: f"{text[:4]!r}-{len(text)}",
)
def test_long_texts_without_a_place_to_cut(encoder: Encoder, text: str) -> None:
    same(encoder, [text])


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(TEXTS, max_size=8))
def test_the_size_of_the_cache_changes_no_id(texts: list[str]) -> None:
    small, large = small_and_large()

    assert [ids.tolist() for ids in small.encode(texts)] == [ids.tolist() for ids in large.encode(texts)]
    assert [ids.tolist() for ids in small.encode(texts)] == [ids.tolist() for ids in large.encode_plainly(texts)]


_MADE: list[Encoder] = []


def small_and_large() -> list[Encoder]:
    """Return two encoders that keep what they have seen before; the first one has room for four pretokens."""
    if not _MADE:
        model = train(**KINDS["default options"])
        _MADE.extend([Encoder(model, cache_bytes=0), Encoder(model)])
    return _MADE


def test_memory_does_not_grow_with_what_was_encoded() -> None:
    encoder = Encoder(train(**KINDS["ours"]))
    encoder.encode(LINES)
    tracemalloc.start()
    for number in range(20):
        encoder.encode([" ".join(f"word{number}x{index}" for index in range(20_000))])
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 1e5


def test_a_lone_surrogate_is_refused_as_before() -> None:
    with pytest.raises(UnicodeEncodeError):
        Encoder(train(**KINDS["ours"])).encode(["\ud800"])


def test_more_than_one_batch() -> None:
    encoder = Encoder(train(**KINDS["ours"]))
    texts = ["It was the best of times. " * 60_000, "", "a", "é" * 5_000_000, "b"]

    for ids, text in zip(encoder.encode(texts), texts, strict=True):
        assert encoder.decode(ids) == text


def test_compiling_is_announced_where_nothing_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    announce_compilation(said.append)

    assert [line.startswith("The first run after an installation compiles the encoder") for line in said] == [True]


def real_texts() -> Iterator[str]:
    for name in ("books/books", "news/news", "langid/samples", "safety/labelled"):
        path = DATA / f"{name}.jsonl.gz"
        if not path.is_file():
            pytest.skip("no shared/data beside the project")
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            for number, line in enumerate(handle):
                if number % 20 == 0:
                    yield json.loads(line)["text"][:20_000]


@pytest.mark.slow
def test_real_texts_have_the_ids_of_sentencepiece(encoder: Encoder) -> None:
    texts = list(real_texts())
    for ids, wanted, text in zip(encoder.encode(texts), encoder.encode_plainly(texts), texts, strict=True):
        assert np.array_equal(ids, wanted), text[:100]
