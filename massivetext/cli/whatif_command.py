"""The command ``massivetext whatif``: what other rules would keep of a run, by its stored signals."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from massivetext.cli.change_cells import before_after, plus_minus
from massivetext.cli.command_arguments import RunFolder, full_path
from massivetext.cli.messages import make_console, one_line, print_json, print_line
from massivetext.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from massivetext.corpus.opened_run import OpenedRun
    from massivetext.corpus.rule_changes import Rules, Value
    from massivetext.corpus.what_if import ChangedDocument, SourceEffect, WhatIf


def whatif(
    run_folder: RunFolder,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="RULE.FIELD=VALUE",
            help="Another limit: gopher/word_count.min=100. Fields: min, max (none: no limit), allow, report_only.",
        ),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|FILE", help="Rule sets in place of all rules, as `rules` in a recipe."),
    ] = None,
    source: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this source; may be repeated.")] = None,
    sweep: Annotated[
        str | None,
        typer.Option(metavar="RULE.FIELD=FIRST:LAST:STEP", help="What each of several limits would keep."),
    ] = None,
    write: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the changed rule set to a new .toml file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Count exactly, over all documents, what other rules would keep; nothing is run again and nothing is changed.

    A run of the changed rule set gives the same counts after its stage "judge"; later stages then have other documents.
    """
    from massivetext.corpus.opened_run import OpenedRun
    from massivetext.corpus.rule_changes import split_setting
    from massivetext.corpus.rule_set_file import require_rule_set_path

    if not settings and not rules and sweep is None:
        raise UserError("whatif: want a change: --set, --rules or --sweep, got none")
    if write is not None:
        require_rule_set_path(write)
        if not settings or sweep is not None:
            raise UserError("--write: writes the changes of --set, and no sweep; give --set alone")
    changes = dict(split_setting(each, "--set") for each in settings or ())
    if len(changes) != len(settings or ()):
        raise UserError("--set: want each field of a rule once, got one twice")
    run = OpenedRun(full_path(run_folder))
    if sweep is not None:
        _sweep(run, sweep, changes, rules or (), source, as_json)
        return
    changed = run.changed_rules(changes, rule_sets=rules or (), sources=source)
    found = run.whatif_each([changed])[0]
    if as_json:
        print_json(found)
    else:
        _print_answer(make_console(), found)
    if write is not None:
        _write(write, run.changed_rules(rule_sets=rules or (), sources=source), changed, settings or [], as_json)


def _write(path: str, before: "Rules", after: "Rules", settings: Sequence[str], as_json: bool) -> None:
    from massivetext.corpus.rule_changes import changed_rule_set
    from massivetext.corpus.rule_set_file import write_rule_set

    name, rules = changed_rule_set(before, after)
    write_rule_set(path, rules, f"Rule set {name} with {', '.join(settings)}, by `massivetext whatif --write`.")
    if not as_json:
        print_line(make_console(), f"{path}: rule set {name} with the changes; in the recipe, name it in its place")


# -- tables ------------------------------------------------------------------------------------------------------------


def _print_answer(console: Console, found: "WhatIf") -> None:
    console.print(_sources_table(found.sources))
    rules = _rules_table(found.sources)
    if rules.row_count:
        console.print(rules)
    for name, effect in found.sources.items():
        if effect.read and not effect.after.documents:
            print_line(console, f"No document of source {name} would be kept.")
    for title, documents in (("kept", found.gained), ("removed", found.lost)):
        for line in _documents(title, documents):
            print_line(console, line)


def _sources_table(sources: "Mapping[str, SourceEffect]") -> "Table":
    from rich.table import Table

    from massivetext.formatting import format_bytes, format_count

    table = Table(header_style="bold", caption="what the rules keep now, → with the changes; tokens are estimated")
    table.add_column("source", overflow="fold")
    for heading in ("read", "documents", "change", "words", "bytes", "tokens"):
        table.add_column(heading, justify="right", overflow="fold")
    for name, effect in sources.items():
        before, after = effect.before, effect.after
        known = before.tokens is not None and after.tokens is not None
        table.add_row(
            name,
            f"{effect.read:,}",
            before_after(f"{before.documents:,}", f"{after.documents:,}"),
            plus_minus(effect.gained, effect.lost),
            before_after(format_count(before.words), format_count(after.words)),
            before_after(format_bytes(before.bytes), format_bytes(after.bytes)),
            before_after(format_count(before.tokens or 0), format_count(after.tokens or 0)) if known else "–",
        )
    return table


def _rules_table(sources: "Mapping[str, SourceEffect]") -> "Table":
    """Return a table of the rules whose counts change."""
    from rich.table import Table

    table = Table(header_style="bold", caption="documents that fail a rule, and that no other rule would remove")
    table.add_column("source", overflow="fold")
    table.add_column("rule", overflow="fold", no_wrap=True)
    for heading in ("fail", "removed by it alone"):
        table.add_column(heading, justify="right", overflow="fold")
    for source, effect in sources.items():
        for name, rule in effect.rules.items():
            if (rule.failed_before, rule.alone_before) != (rule.failed_after, rule.alone_after):
                table.add_row(
                    source,
                    name,
                    f"{_count(rule.failed_before)} → {_count(rule.failed_after)}",
                    f"{_count(rule.alone_before)} → {_count(rule.alone_after)}",
                )
    return table


def _count(count: int | None) -> str:
    return "–" if count is None else f"{count:,}"


def _documents(title: str, documents: "Sequence[ChangedDocument]") -> Iterator[str]:
    from massivetext.formatting import format_value

    if documents:
        yield f"Would be {title}, nearest the limit:"
    for each in documents:
        limit = "" if each.limit is None else f", limit {format_value(each.limit)}"
        shown = each.document
        yield (
            f"  {shown.id}  {each.rule}: {each.signal} {format_value(each.value)}{limit}  {shown.source}  "
            f"{one_line(shown.url or shown.origin)}"
        )


# -- sweeps ------------------------------------------------------------------------------------------------------------


def _sweep(
    run: "OpenedRun",
    sweep: str,
    changes: "Mapping[str, Value]",
    rule_sets: Sequence[str],
    sources: Sequence[str] | None,
    as_json: bool,
) -> None:
    from massivetext.corpus.rule_changes import split_setting, sweep_values

    name, text = split_setting(sweep, "--sweep")
    values = sweep_values(text)
    if name in changes:
        raise UserError(f"--sweep: {name}: is also given to --set; leave one of them out")
    variants = [run.changed_rules({**changes, name: value}, rule_sets=rule_sets, sources=sources) for value in values]
    found = run.whatif_each(variants)
    if as_json:
        print_json([{"value": value, "sources": each.sources} for value, each in zip(values, found, strict=True)])
    else:
        make_console().print(_sweep_table(name, values, found))


def _sweep_table(name: str, values: Sequence[float], found: "Sequence[WhatIf]") -> "Table":
    from rich.table import Table

    from massivetext.formatting import format_count

    table = Table(header_style="bold", caption=f"documents and words that the rules keep, by {name}")
    table.add_column(name, justify="right", overflow="fold")
    names = list(found[0].sources)
    for heading in names:
        table.add_column(heading, justify="right", overflow="fold")
    for value, each in zip(values, found, strict=True):
        kept = [each.sources[source].after for source in names]
        table.add_row(f"{value:,g}", *(f"{one.documents:,}\n{format_count(one.words)}" for one in kept))
    return table
