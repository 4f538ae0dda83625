"""The commands ``massivetext tokenizer train`` and ``inspect``."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from massivetext.cli.messages import make_console, print_line
from massivetext.errors import UserError
from massivetext.text import decode_lines

if TYPE_CHECKING:
    from rich.table import Table

    from massivetext.tokenizer.text_encoder import TextEncoder

app = typer.Typer(
    name="tokenizer", no_args_is_help=True, help="Train a tokenizer on texts, and see what one does with texts."
)
_SAMPLED, _CHARACTERS = 200, 20_000  # documents by source of a run, and characters of each document or file

TextFiles = Annotated[
    list[str], typer.Argument(metavar="TEXT...", help="UTF-8 files; each line is a training line.", show_default=False)
]


@app.command()
def train(
    texts: TextFiles,
    output: Annotated[str, typer.Option(metavar="MODEL", help="File of the model; it must not exist.")],
    vocabulary_size: Annotated[int, typer.Option(min=300, help="Number of pieces.")] = 32_000,
    normalization: Annotated[str, typer.Option(help="nfkc or identity.")] = "nfkc",
    split_digits: Annotated[bool, typer.Option(help="Make every digit a piece of its own.")] = False,
) -> None:
    """Train a SentencePiece model as a run does: BPE with byte fallback, losing no text."""
    from massivetext.recipe import TokenizerOptions
    from massivetext.tokenizer.trainer import train_tokenizer
    from massivetext.toml_tables import convert_value

    target = Path(output)
    if target.exists():
        raise UserError(f"--output: {output}: exists; give the name of a new file")
    given = {"vocabulary_size": vocabulary_size, "normalization": normalization, "split_digits": split_digits}
    try:
        options = convert_value(given, TokenizerOptions, "tokenizer train")
        model = train_tokenizer(_lines(texts), options)
    except ValueError as error:
        raise UserError(str(error)) from error
    target.write_bytes(model)
    print_line(make_console(), str(target))


@app.command()
def inspect(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A SentencePiece model, tokenizer.json or .tiktoken file.")
    ],
    other: Annotated[str | None, typer.Option("--with", metavar="MODEL", help="Another model to compare.")] = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="Measure on kept documents of a run.")] = None,
    texts: Annotated[list[str] | None, typer.Option("--text", metavar="TEXT", help="Measure on a UTF-8 file.")] = None,
) -> None:
    """Show the ids of a tokenizer, what it loses, and tokens per word, bytes per token and byte fallback by source."""
    from massivetext.cli.tokenizer_lines import tokenizer_lines

    console = make_console()
    samples = _samples(run, texts or [])
    for path in [model, *([other] if other else [])]:
        encoder = _read(path)
        for line in tokenizer_lines(path, encoder):
            print_line(console, line)
        if samples:
            console.print(_table(encoder, samples))
    if other and samples:
        for line in _comparison(_read(model), _read(other), samples):
            print_line(console, line)


def _lines(texts: Sequence[str]) -> Iterator[str]:
    for path in texts:
        yield from _read_text(path).splitlines()


def _read_text(path: str) -> str:
    try:
        return decode_lines(Path(path).read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: want a text in UTF-8, got other bytes at {error.start:,}; convert it") from error


def _read(path: str) -> "TextEncoder":
    from massivetext.tokenizer.model_files import model_path, read_encoder

    full = model_path(str(Path.cwd()), path)
    try:
        return read_encoder(full)
    except ValueError as error:
        raise UserError(f"{full}: {error}") from error


def _samples(run_folder: str | None, texts: Sequence[str]) -> dict[str, list[str]]:
    """Return texts to measure on, by source of the run or by file."""
    samples = {path: [_read_text(path)] for path in texts}
    if run_folder is None:
        return samples
    import numpy as np

    from massivetext.runs.cut_texts import read_final_rows
    from massivetext.runs.store import Run
    from massivetext.runs.verify import explain_damage
    from massivetext.stages.finished import open_context
    from massivetext.storage import files as fs

    run = Run(fs.absolute(run_folder))
    with explain_damage(run):
        context = open_context(run)
        for shard in context.all_shards():
            found = samples.setdefault(shard.source, [])
            rows = np.flatnonzero(context.kept(shard))[: _SAMPLED - len(found)]
            read = read_final_rows(context, shard, ["text"], rows)
            found += [str(document["text"])[:_CHARACTERS] for _, document in read]
    return samples


def _table(encoder: "TextEncoder", samples: Mapping[str, Sequence[str]]) -> "Table":
    from rich.table import Table

    from massivetext.tokenizer.fertility import measure_fertility

    table = Table(header_style="bold")
    table.add_column("texts", overflow="fold")
    for heading in ("tokens", "tokens per word", "bytes per token", "byte fallback", "unknown"):
        table.add_column(heading, justify="right", overflow="fold")
    for name, texts in samples.items():
        found = measure_fertility(encoder, texts)
        cells = [f"{found.tokens:,}", f"{found.tokens_per_word:.2f}", f"{found.bytes_per_token:.2f}"]
        table.add_row(name, *cells, f"{found.byte_frac:.3%}", f"{found.unknown:,}")
    return table


def _comparison(one: "TextEncoder", other: "TextEncoder", samples: Mapping[str, Sequence[str]]) -> Iterator[str]:
    from massivetext.tokenizer.fertility import measure_fertility

    for name, texts in samples.items():
        first, second = (measure_fertility(encoder, texts).tokens for encoder in (one, other))
        if second:
            yield f"{name}: the first model gives {first / second:.3f} times as many tokens as the second"
