"""tiktoken's files of ranks as tokenizers; the published files are recognised by their hashes and are not here."""

import base64
import hashlib
from pathlib import Path

import numpy as np
import pytest
from builders import write_recipe, write_texts
from hypothesis import given
from hypothesis import strategies as st
from tiktoken_ext import openai_public

from massivetext.engines.engine import Engine
from massivetext.errors import UserError
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe
from massivetext.records.reader import check_records, read_dataset
from massivetext.runs.store import Run
from massivetext.runs.verify import verify_run
from massivetext.tokenizer import tiktoken_ranks
from massivetext.tokenizer.losses import TRIALS, find_losses
from massivetext.tokenizer.model_files import make_encoder, read_encoder
from massivetext.tokenizer.tiktoken_ranks import ENCODINGS

MERGED = (b" t", b"he", b" the", b"in", b"er", b"\r\n", b"  ")
RANKS = {piece: rank for rank, piece in enumerate([*(bytes([byte]) for byte in range(256)), *MERGED])}
DATA = b"".join(b"%s %d\n" % (base64.b64encode(piece), rank) for piece, rank in RANKS.items())
END, PAD = 100257, 100258  # special tokens of cl100k_base


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the small file of this module for the published one of cl100k_base, whose ranks are too large for here."""
    monkeypatch.setattr(tiktoken_ranks, "ENCODINGS", {hashlib.sha256(DATA).hexdigest(): "cl100k_base"})


def write_run_recipe(folder: Path, ranks: bytes) -> Path:
    """Write a recipe with a file of ranks and one small input."""
    write_texts(folder / "news.jsonl", [f"Text number {number}\nwith two lines." for number in range(20)])
    (folder / "small.tiktoken").write_bytes(ranks)
    options = '[tokenizer]\nmodel = "small.tiktoken"\n[records]\nsequence_length = 64\nmode = "pack"\n'
    return write_recipe(folder, {"news": {"weight": 1, "rules": []}}, options)


def test_hashes_are_those_that_the_library_expects(monkeypatch: pytest.MonkeyPatch) -> None:
    expected: dict[str, str] = {}
    for name in ENCODINGS.values():
        monkeypatch.setattr(
            openai_public,
            "load_tiktoken_bpe",
            lambda _, expected_hash, name=name: expected.update({expected_hash: name}),
        )
        openai_public.ENCODING_CONSTRUCTORS[name]()

    assert expected == ENCODINGS


def test_a_file_of_ranks_is_read() -> None:
    encoder = make_encoder(DATA)
    texts = [*(text for _, text in TRIALS), "a <|endoftext|> b <|fim_prefix|>", ""]
    encoded = encoder.encode(texts)

    assert (encoder.info.type, encoder.info.bos_id, encoder.info.eos_id) == ("tiktoken", -1, END)
    assert (encoder.info.pad_id, encoder.info.vocabulary_size) == (PAD, 100277)
    assert "<|fim_prefix|>" in encoder.info.pad_origin
    assert find_losses(encoder) == []
    assert [encoder.decode(ids) for ids in encoded] == texts
    assert not {int(number) for ids in encoded for number in ids} & {END, PAD}
    assert encoder.decode(np.array([END, 97, PAD, 98])) == "ab"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_every_text_comes_back(text: str) -> None:
    encoder = make_encoder(DATA)
    (ids,) = encoder.encode([text])

    assert encoder.decode(ids) == text


def test_a_text_that_the_library_gives_up_is_encoded_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiktoken_ranks, "_PART_CHARACTERS", 10)
    encoder = make_encoder(DATA)
    encode = encoder._tokenizer.encode_ordinary  # type: ignore[attr-defined]

    class PanicException(BaseException):
        """What a panic of Rust becomes in Python."""

    def give_up(text: str) -> list[int]:
        if len(text) > 10:
            raise PanicException
        found: list[int] = encode(text)
        return found

    monkeypatch.setattr(encoder._tokenizer, "encode_ordinary", give_up)  # type: ignore[attr-defined]
    (ids,) = encoder.encode(["x" + " " * 35])

    assert encoder.decode(ids) == "x" + " " * 35


def test_another_file_of_ranks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of cl100k_base, got another file of ranks"):
        make_encoder(DATA + b"/////w== 999\n")


def test_a_file_that_is_cut_short_stops_before_anything_is_read(tmp_path: Path) -> None:
    recipe = write_run_recipe(tmp_path, DATA[:-3])
    with pytest.raises(UserError, match=r"tokenizer\.model: .*small\.tiktoken: .*got another file of ranks"):
        prepare(load_recipe(str(recipe)), str(tmp_path / "run"), Engine(workers=1))


@pytest.mark.slow
def test_a_run_with_a_file_of_ranks_gives_every_text_back(tmp_path: Path) -> None:
    recipe = write_run_recipe(tmp_path, DATA)
    prepare(load_recipe(str(recipe)), str(tmp_path / "run"), Engine(workers=1)).run()
    dataset = read_dataset(str(tmp_path / "run/records"))
    encoder = read_encoder(str(tmp_path / "run" / "records" / dataset.tokenizer.path))

    assert verify_run(Run(str(tmp_path / "run"))) == []
    assert check_records(str(tmp_path / "run/records")) == []
    assert (dataset.tokenizer.type, dataset.special_ids.pad, encoder.info.type) == ("tiktoken", PAD, "tiktoken")
