"""The command ``massivetext signals``: what is measured of one text, and the rules that it fails."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from massivetext import assets
from massivetext.errors import UserError

if TYPE_CHECKING:
    from massivetext.schema import Document

_HTML = (b"<!doctype", b"<html", b"<?xml")
_RULE_SETS = ("gopher", "safesearch")


def signals(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A text or a saved web page; - for standard input.")],
    rules: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE SET",
            help=f"Judge by this one: a TOML file or {', '.join(assets.asset_names('filters'))}; may be given again.",
            show_default=", ".join(_RULE_SETS),
        ),
    ] = None,
    edits: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EDIT",
            help=f"Edit it first: a TOML file or {', '.join(assets.asset_names('filters/edits'))}; may be given again.",
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Of the page: it is measured too, and helps to find where the text is.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
) -> None:
    """Print every signal of one text and each rule's verdict, as a run would measure and judge it.

    Of a web page (it begins with a doctype or with <html>) the main text is measured, as `ingest` extracts it; with
    line edits, what these leave of a text. The comments of source code are told by the name of the file.
    """
    import msgspec
    import pyarrow as pa

    from massivetext import edits as line_edits
    from massivetext import schema
    from massivetext.report.judged import rule_verdicts, signal_values
    from massivetext.rules import combine_rule_sets, judge_documents, load_rule_set, signals_read_by
    from massivetext.signals import definitions, measure, registry

    cutting = line_edits.combine_edits(line_edits.load_edit(name) for name in edits or ())
    judging = combine_rule_sets(load_rule_set(name, known=registry.types()) for name in rules or _RULE_SETS)
    whole = _document(file, _read(file), url)
    text, removed = line_edits.edit(whole.text, cutting)
    changed = line_edits.changed_lines(whole.text, cutting)
    document = whole._replace(text=text, edits=removed)
    needed = signals_read_by(judging)
    table: pa.Table = measure(
        [text],
        schema.documents_table("", [document]),
        paragraph_languages=definitions.PARAGRAPH_SIGNAL in needed,
        readings=registry.readings_of(needed),
    )
    _, failed = judge_documents(table, judging)
    values = signal_values(table.to_pylist()[0])
    verdicts = rule_verdicts(judging, table.to_pylist()[0], int(failed[0]))
    if as_json:
        told = [each._asdict() for each in changed]
        found = {"text": text, "edited_lines": told, "signals": values, "rules": verdicts}
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    from massivetext.cli.trace_tables import line_table, rule_table, shown, signal_table

    console = Console(highlight=False)
    if edits:
        console.print(line_table(changed))
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


def _document(file: str, data: bytes, url: str | None) -> "Document":
    from massivetext.extract import extract
    from massivetext.schema import Document
    from massivetext.sources.charset import decode_text
    from massivetext.sources.languages import language_of_path
    from massivetext.text import clean

    if data.lstrip()[:9].lower().startswith(_HTML):
        page = extract(decode_text(data, html=True), url)
        return Document(page.text, file, "0", url, html_bytes=len(data), link_text_frac=page.link_text_frac)
    language = language_of_path(file)
    return Document(clean(decode_text(data)), file, "0", url, metadata={"language": language} if language else {})
