"""The commands that train and inspect tokenizers."""

from pathlib import Path

import pytest

from massivetext.cli.main import run_command_line
from massivetext.demo import prose
from massivetext.demo.chance import Chance
from massivetext.tokenizer.encoder import Encoder
from massivetext.tokenizer.fertility import measure_fertility


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A file of prose with numbers."""
    path = tmp_path / "texts.txt"
    essays = (prose.essay(Chance(1, "commands", number), "history", 150).text for number in range(40))
    path.write_text("\n".join(essays) + "\n" + "\n".join(f"In {year} it was so." for year in range(1000, 2000)))
    return path


def train(texts: Path, name: str, *options: str) -> Path:
    """Train a model with the command."""
    model = texts.with_name(name)
    assert run_command_line(["tokenizer", "train", str(texts), "--output", str(model), *options]) == 0
    return model


def test_a_model_is_trained_and_inspected(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = train(texts, "one.model", "--vocabulary-size", "400")
    two = train(texts, "two.model", "--vocabulary-size", "800", "--normalization", "identity")
    capsys.readouterr()

    assert run_command_line(["tokenizer", "inspect", str(one), "--with", str(two), "--text", str(texts)]) == 0
    said = capsys.readouterr().out
    assert "one.model: 400 ids, normalization nfkc, byte fallback yes" in said
    assert "two.model: 800 ids, normalization identity" in said
    assert said.count("gives every trial text back") == 2
    assert "padding 0 (from the model), unknown 1, BOS 2, EOS 3" in said
    assert "the first model gives 1." in said


def test_digits_are_split_if_asked(texts: Path) -> None:
    plain = Encoder(train(texts, "plain.model", "--vocabulary-size", "600").read_bytes())
    split = Encoder(train(texts, "split.model", "--vocabulary-size", "600", "--split-digits").read_bytes())
    (few,), (many,) = plain.encode(["1234 1999"]), split.encode(["1234 1999"])

    assert len(many) >= 8
    assert len(few) < len(many)


def test_single_bytes_are_counted(texts: Path) -> None:
    encoder = Encoder(train(texts, "one.model", "--vocabulary-size", "400").read_bytes())
    found = measure_fertility(encoder, ["日本", ""])

    assert (found.words, found.bytes, found.tokens, found.byte_tokens, found.unknown) == (1, 6, 6, 6, 0)
    assert (found.tokens_per_word, found.bytes_per_token, found.byte_frac) == (6.0, 1.0, 1.0)
    assert measure_fertility(encoder, []).tokens_per_word == 0.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "missing.txt", "--output", "m"], "missing.txt: cannot be read: No such file"),
        (["train", "latin.txt", "--output", "m"], "latin.txt: want a text in UTF-8"),
        (["train", "short.txt", "--output", "m"], "want 32000 pieces, but the training text supports at most"),
        (["train", "short.txt", "--output", "short.txt"], "--output: short.txt: exists"),
        (["train", "short.txt", "--output", "m", "--normalization", "nfd"], "tokenizer train: "),
        (["inspect", "short.txt"], "short.txt: tokenizer: want a serialized SentencePiece model"),
        (["inspect", "missing.model"], "missing.model: no such file"),
    ],
)
def test_wrong_arguments_are_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin.txt").write_bytes("é".encode("latin-1"))
    (tmp_path / "short.txt").write_text("A short text.\n" * 3)

    assert run_command_line(["tokenizer", *arguments]) in (1, 2)
    assert said in " ".join(capsys.readouterr().err.split())
