"""Models of other makers: any layout of ids, and what a model loses is told before a run."""

import io
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
import sentencepiece as spm
from builders import write_recipe, write_texts

from massivetext.cli.main import run_command_line
from massivetext.demo import prose
from massivetext.demo.chance import Chance
from massivetext.engines.engine import Engine
from massivetext.errors import UserError
from massivetext.orchestration.driver import prepare
from massivetext.orchestration.plan import check_plan
from massivetext.recipe import SourceOptions, load_recipe
from massivetext.records.crops import add_bos_eos
from massivetext.records.reader import check_records, read_dataset
from massivetext.runs.store import Run
from massivetext.runs.verify import verify_run
from massivetext.tokenizer.encoder import Encoder
from massivetext.tokenizer.losses import TRIALS, find_losses
from massivetext.tokenizer.model_files import make_encoder, normalize_for_model, read_encoder

TEXTS = [prose.essay(Chance(1, "models", number), "history", 150).text for number in range(60)]
LINES = [line for text in TEXTS for line in text.splitlines() if line.strip()]

# How the makers of these models train them, as far as ids and white space go.
STYLES: dict[str, dict[str, object]] = {
    "ours": {
        "model_type": "bpe",
        "byte_fallback": True,
        "pad_id": 0,
        "unk_id": 1,
        "bos_id": 2,
        "eos_id": 3,
        "remove_extra_whitespaces": False,
        "add_dummy_prefix": False,
        "normalization_rule_name": "nfkc",
    },
    "llama": {
        "model_type": "bpe",
        "byte_fallback": True,
        "pad_id": -1,
        "remove_extra_whitespaces": False,
        "normalization_rule_name": "identity",
    },
    "t5": {"model_type": "unigram", "pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1},
    "default": {"model_type": "unigram"},
    "no byte fallback": {
        "model_type": "bpe",
        "remove_extra_whitespaces": False,
        "add_dummy_prefix": False,
        "normalization_rule_name": "identity",
    },
    "mask": {"model_type": "bpe", "byte_fallback": True, "control_symbols": ["<mask>"], "pad_id": -1},
    "end of text": {"model_type": "bpe", "control_symbols": ["<|endoftext|>"], "pad_id": -1},
}


def model_of(style: str) -> bytes:
    """Return a model of a style, trained on a little prose."""
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=model,
        vocab_size=500 if STYLES[style].get("byte_fallback") else 300,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
        **STYLES[style],  # type: ignore[arg-type]
    )
    return model.getvalue()


@pytest.fixture(scope="module")
def models() -> dict[str, bytes]:
    """Models of every style."""
    return {style: model_of(style) for style in STYLES}


@pytest.mark.parametrize(
    ("style", "origin"),
    [
        ("ours", "the model"),
        ("llama", "the unknown piece, which never occurs, as the model has no padding"),
        ("t5", "the model"),
        ("default", "one id above the vocabulary, as the model has no padding"),
        ("no byte fallback", "one id above the vocabulary, as the model has no padding"),
        ("mask", "the control piece '<mask>', as the model has no padding"),
        ("end of text", "one id above the vocabulary, as the model has no padding"),  # a trainer wants a loss for it
    ],
)
def test_padding_is_an_id_that_no_text_gives(models: dict[str, bytes], style: str, origin: str) -> None:
    encoder = Encoder(models[style])
    ids = encoder.encode([*TEXTS, *(text for _, text in TRIALS)])

    assert encoder.info.pad_origin == origin
    assert not any((each == encoder.info.pad_id).any() for each in ids)
    assert encoder.info.pad_id < encoder.info.vocabulary_size


def test_a_model_without_bos_gives_none(models: dict[str, bytes]) -> None:
    info = Encoder(models["t5"]).info
    ids = np.array([7, 8], np.uint16)

    assert info.bos_id == -1
    assert add_bos_eos(ids, True, True, info.bos_id, info.eos_id).tolist() == [7, 8, 1]


@pytest.mark.parametrize("style", ["ours", "llama"])
def test_models_that_lose_nothing_are_taken(models: dict[str, bytes], style: str) -> None:
    assert find_losses(Encoder(models[style])) == []


@pytest.mark.parametrize(
    ("style", "lost", "unknown"),
    [
        ("t5", "line breaks", False),
        ("default", "spaces at both ends", False),
        ("no byte fallback", "emoji", True),
    ],
)
def test_what_a_model_loses_is_named_with_an_example(
    models: dict[str, bytes], style: str, lost: str, unknown: bool
) -> None:
    losses = {loss.what: loss for loss in find_losses(Encoder(models[style]))}

    assert lost in losses
    assert losses[lost].unknown is unknown
    assert repr(losses[lost].text) in str(losses[lost])


def recipe_with(folder: Path, model: bytes, more: str = "", **source: object) -> Path:
    """Write a recipe with a model and one small input."""
    write_texts(folder / "news.jsonl", TEXTS[:3])
    (folder / "a.model").write_bytes(model)
    return write_recipe(folder, {"news": {"weight": 1, **source}}, f'[tokenizer]\nmodel = "a.model"\n{more}')


def test_check_stops_at_a_model_that_loses_text_unless_it_may(models: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a.model: does not give every text back: line breaks \(.*lossy = \"allow\""):
        check_plan(load_recipe(str(recipe_with(tmp_path, models["default"]))))
    check_plan(load_recipe(str(recipe_with(tmp_path, models["default"], 'lossy = "allow"'))))
    check_plan(load_recipe(str(recipe_with(tmp_path, models["llama"]))))


def test_check_describes_the_model(
    models: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = recipe_with(tmp_path, models["t5"], 'lossy = "allow"')

    assert run_command_line(["check", str(recipe)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "a.model: 300 ids, normalization nmt_nfkc, byte fallback no" in said
    assert "padding 0 (from the model), unknown 2, BOS none, EOS 1" in said
    assert "does not give back: line breaks (" in said


def test_sources_of_other_normalization_need_a_model_without(models: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="want that of the model, 'nfkc', or a model of the normalization 'identity'"):
        check_plan(load_recipe(str(recipe_with(tmp_path, models["ours"], normalization="identity"))))
    recipe = load_recipe(str(recipe_with(tmp_path, models["llama"], normalization="identity"))).recipe
    books = msgspec.convert({"kind": "books", "inputs": ["*"], "weight": Decimal(1)}, SourceOptions)
    web = msgspec.structs.replace(books, normalization="nfkc")
    all_three = msgspec.structs.replace(recipe, sources={**recipe.sources, "books": books, "web": web})

    assert normalize_for_model(all_three, "news", ["ﬁ ①"]) == ["ﬁ ①"]
    assert normalize_for_model(all_three, "books", ["ﬁ ①"]) == ["ﬁ ①"]  # nothing is done before a given model
    assert normalize_for_model(all_three, "web", ["ﬁ ①"]) == ["fi 1"]


# -- tokenizer.json ----------------------------------------------------------------------------------------------------


def byte_level(special: list[str], normalizer: str | None = None) -> bytes:
    """Return a byte-level BPE as a ``tokenizer.json``, trained on a little prose."""
    library = pytest.importorskip("tokenizers")
    tokenizer = library.Tokenizer(library.models.BPE())
    tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = library.decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = getattr(library.normalizers, normalizer)()
    alphabet = library.pre_tokenizers.ByteLevel.alphabet()
    trainer = library.trainers.BpeTrainer(
        vocab_size=600, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(LINES, trainer)
    return str(tokenizer.to_str()).encode()


@pytest.mark.parametrize(
    ("special", "ids", "origin"),
    [
        (["<|endoftext|>"], (-1, 0), "one id above the vocabulary, as the model has no padding"),
        (["<s>", "</s>", "<pad>"], (0, 1), "the model"),
        (["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_0|>"], (0, 1), "the special token '<|reserved_0|>', as"),
    ],
)
@pytest.mark.parametrize("normalizer", [None, "NFC", "NFKC"])
def test_a_tokenizer_json_is_read(
    special: list[str], ids: tuple[int, int], origin: str, normalizer: str | None
) -> None:
    encoder = make_encoder(byte_level(special, normalizer))
    texts = [*TEXTS[:5], *(text for _, text in TRIALS), "a </s> b <|endoftext|>", ""]
    encoded = encoder.encode(texts)

    assert (encoder.info.bos_id, encoder.info.eos_id) == ids
    assert encoder.info.pad_origin.startswith(origin)
    assert encoder.info.type == "tokenizer.json"
    assert encoder.info.normalization == (normalizer or "identity").lower()
    assert find_losses(encoder) == []
    used = {int(number) for each in encoded for number in each}
    assert not used & {encoder.info.pad_id, *ids}  # a special token that is written in a text is text
    assert max(used) < encoder.info.vocabulary_size


@pytest.mark.slow
def test_a_run_with_a_tokenizer_json_gives_every_text_back(tmp_path: Path) -> None:
    write_texts(tmp_path / "news.jsonl", TEXTS[:20])
    (tmp_path / "tokenizer.json").write_bytes(byte_level(["<|endoftext|>"]))
    options = '[tokenizer]\nmodel = "tokenizer.json"\n[records]\nsequence_length = 64\nmode = "pack"\n'
    recipe = write_recipe(tmp_path, {"news": {"weight": 1, "rules": []}}, options)
    prepare(load_recipe(str(recipe)), str(tmp_path / "run"), Engine(workers=1)).run()
    dataset = read_dataset(str(tmp_path / "run/records"))
    encoder = read_encoder(str(tmp_path / "run" / "records" / dataset.tokenizer.path))

    assert verify_run(Run(str(tmp_path / "run"))) == []
    assert check_records(str(tmp_path / "run/records")) == []
    assert (dataset.tokenizer.type, dataset.special_ids.bos) == ("tokenizer.json", -1)
    assert dataset.special_ids.pad == dataset.vocab_size - 1
    tokens = sum(len(ids) + 1 for ids in encoder.encode(TEXTS[:20]))
    assert dataset.train.tokens == tokens


def test_the_unknown_token_of_a_unigram_is_no_padding() -> None:
    library = pytest.importorskip("tokenizers")
    tokenizer = library.Tokenizer(library.models.Unigram())
    trainer = library.trainers.UnigramTrainer(
        vocab_size=300, special_tokens=["</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(LINES, trainer)
    info = make_encoder(str(tokenizer.to_str()).encode()).info

    assert info.unk_id == 1
    assert info.pad_id == info.vocabulary_size - 1
    assert info.pad_origin == "one id above the vocabulary, as the model has no padding"


def test_a_tokenizer_with_dropout_is_refused() -> None:
    data = msgspec.json.decode(byte_level(["<|endoftext|>"]))
    data["model"]["dropout"] = 0.3
    with pytest.raises(ValueError, match="got dropout"):
        make_encoder(msgspec.json.encode(data))


def test_an_empty_file_is_no_model() -> None:
    with pytest.raises(ValueError, match="want a serialized SentencePiece model, got 0 bytes"):
        make_encoder(b"")


@pytest.mark.slow
def test_a_document_without_tokens_is_packed_as_nothing(tmp_path: Path) -> None:
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=model,
        vocab_size=500,
        num_threads=1,
        minloglevel=2,
        **STYLES["ours"] | {"bos_id": -1, "eos_id": -1, "remove_extra_whitespaces": True},  # type: ignore[arg-type]
    )
    folder = tmp_path / "corpus"
    folder.mkdir()
    recipe = recipe_with(
        folder, model.getvalue(), 'lossy = "allow"\n[records]\nsequence_length = 64\nmode = "pack"', rules=[]
    )
    write_texts(folder / "news.jsonl", [*TEXTS[:5], " .", "\u2028"])
    prepare(load_recipe(str(recipe)), str(tmp_path / "run"), Engine(workers=1)).run()

    assert verify_run(Run(str(tmp_path / "run"))) == []
    assert check_records(str(tmp_path / "run/records")) == []


@pytest.mark.parametrize("data", [b"{}", b'{"model": 7}', b"{", b'{"version": "1.0", "model": null}'])
def test_json_that_is_no_tokenizer_is_refused(data: bytes) -> None:
    pytest.importorskip("tokenizers")
    with pytest.raises(ValueError, match=r"want a tokenizer\.json, got"):
        make_encoder(data)
