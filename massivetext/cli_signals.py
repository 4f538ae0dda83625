"""The command ``massivetext signals``: what is measured of one text, and the rules that it fails."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from massivetext import assets
from massivetext.errors import UserError

_HTML = (b"<!doctype", b"<html", b"<?xml")
_RULE_SETS = ("gopher", "safesearch")


def signals(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A text or a saved web page; - for standard input.")],
    rules: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE SET",
            help=f"Judge by this one: a TOML file or {', '.join(assets.names('filters'))}; may be given again.",
            show_default=", ".join(_RULE_SETS),
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Of the page: it is measured too, and helps to find where the text is.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
) -> None:
    """Print every signal of one text and each rule's verdict, as a run would measure and judge it.

    Of a web page (it begins with a doctype or with <html>) the main text is measured, as `ingest` extracts it.
    """
    import msgspec
    import pyarrow as pa

    from massivetext.report.judged import rule_verdicts, signal_values
    from massivetext.rules import combine, judge, load
    from massivetext.signals import measure, registry

    judging = combine(load(name, known=registry.types()) for name in rules or _RULE_SETS)
    text = _text_of(_read(file), url)
    table: pa.Table = measure([text], [url])
    _, failed = judge(table, judging)
    values = signal_values(table.to_pylist()[0])
    verdicts = rule_verdicts(judging, table.to_pylist()[0], int(failed[0]))
    if as_json:
        sys.stdout.write(msgspec.json.encode({"text": text, "signals": values, "rules": verdicts}).decode() + "\n")
        return
    from massivetext.report.terminal import rule_table, shown, signal_table

    console = Console(highlight=False)
    console.print(signal_table(values))
    console.print(rule_table(verdicts))
    lost = [verdict.rule for verdict in verdicts if not verdict.passed and not verdict.report_only]
    if lost:
        console.print(shown(f"fails {len(lost)} of {len(verdicts)} rules: {', '.join(lost)}", "bold red"))
    else:
        console.print(shown(f"passes all {len(verdicts)} rules", "green"))


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UserError(f"{file}: want a file, or - for standard input: {error.strerror}") from error


def _text_of(data: bytes, url: str | None) -> str:
    from massivetext.extract import extract
    from massivetext.sources.charset import decode
    from massivetext.text import clean

    if data.lstrip()[:9].lower().startswith(_HTML):
        return extract(decode(data, html=True), url).text
    return clean(decode(data))
