"""The command ``massivetext signals``: the signals of one text, and the rules that it fails."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from massivetext import assets
from massivetext.cli.messages import make_console, print_raw, safe_text
from massivetext.errors import UserError

if TYPE_CHECKING:
    from massivetext.schema import Document

_HTML = (b"<!doctype", b"<html", b"<?xml")
_MOST_BYTES = 1 << 28  # of one text
_RULE_SETS = ("gopher", "safesearch")


def signals(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A text or a saved web page; - for standard input.")],
    rules: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE SET",
            help=f"Rule set to judge by: a TOML file or {', '.join(assets.asset_names('filters'))}; can be repeated.",
            show_default=", ".join(_RULE_SETS),
        ),
    ] = None,
    edits: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EDIT",
            help=f"Line edit: a TOML file or {', '.join(assets.asset_names('filters/edits'))}; can be repeated.",
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="URL of the page; it is measured too, and helps to find the main text.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
) -> None:
    """Print every signal of one text and the verdict of each rule, as a run would measure and judge it.

    For a web page (it begins with a doctype or with <html>) the main text is measured, as `ingest` extracts it; with
    line edits, the text that they leave. The file name decides how comments of source code are recognised.
    """
    import msgspec
    import pyarrow as pa

    from massivetext import edits as line_edits
    from massivetext import schema
    from massivetext.report.judged import rule_verdicts, signal_values
    from massivetext.rules import combine_rule_sets, judge_documents, load_rule_set, signals_read_by
    from massivetext.signals import definitions, measure, registry

    edit_rules = line_edits.combine_edits(line_edits.load_edit(name) for name in edits or ())
    judging = combine_rule_sets(load_rule_set(name, known=registry.types()) for name in rules or _RULE_SETS)
    unedited = _document(file, _read_input(file), url)
    text, removed = line_edits.edit(unedited.text, edit_rules)
    changed = line_edits.changed_lines(unedited.text, edit_rules)
    document = unedited._replace(text=text, edits=removed)
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
        changes = [each._asdict() for each in changed]
        everything = {"text": text, "edited_lines": changes, "signals": values, "rules": verdicts}
        print_raw(msgspec.json.encode(everything).decode() + "\n")
        return
    from massivetext.cli.trace_tables import citation_table, line_table, rule_table, signal_table

    console = make_console()
    if edits:
        console.print(line_table(changed))
    console.print(signal_table(values))
    console.print(rule_table(verdicts))
    console.print(citation_table(verdicts))
    failing = [verdict.rule for verdict in verdicts if not verdict.passed and not verdict.report_only]
    if failing:
        console.print(safe_text(f"fails {len(failing)} of {len(verdicts)} rules: {', '.join(failing)}", "bold red"))
    else:
        console.print(safe_text(f"passes all {len(verdicts)} rules", "green"))


def _read_input(file: str) -> bytes:
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as handle:
            data = handle.read(_MOST_BYTES + 1)  # a device may have no end
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        printed = file.replace("\0", "\\0")
        raise UserError(f"{printed}: want a file, or - for standard input: {cause}") from error
    if len(data) > _MOST_BYTES:
        raise UserError(f"{file}: want one text of at most {_MOST_BYTES:,} bytes, got more")
    return data


def _document(file: str, data: bytes, url: str | None) -> "Document":
    from massivetext.extract import extract
    from massivetext.schema import Document
    from massivetext.sources.languages import language_of_path
    from massivetext.sources.streams.charset import decode_text
    from massivetext.text import clean

    if data.lstrip()[:9].lower().startswith(_HTML):
        page = extract(decode_text(data, html=True), url)
        return Document(page.text, file, "0", url, html_bytes=len(data), link_text_frac=page.link_text_frac)
    language = language_of_path(file)
    return Document(clean(decode_text(data)), file, "0", url, metadata={"language": language} if language else {})
