"""Tables of ``massivetext trace`` and ``massivetext signals``."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from massivetext.cli.messages import safe_text
from massivetext.cli.trace_lines import cut_line, overlap_line
from massivetext.decontaminate.marking import mark_common
from massivetext.edits import Change
from massivetext.formatting import format_value
from massivetext.report.destinations import Destination
from massivetext.report.edited import EditTaken
from massivetext.report.examples import DocumentExample
from massivetext.report.judged import RuleVerdict, SignalValue
from massivetext.report.trace import RelatedDocument, StageVerdict, Trace
from massivetext.report.wording import describe_rule, join_words
from massivetext.stages import DECONTAMINATE, JUDGE

_MAX_ROWS = 20  # of a table that may be long
_MAX_CHANGES = 100  # of the table of lines that edits changed
_MATCHES_SHOWN, _MATCH_CHARACTERS = 10, 600
_GOOD, _BAD, _DULL, _COMMON = "green", "bold red", "dim", "bold"


def trace_tables(trace: Trace) -> Iterator[RenderableType]:
    """Yield tables of everything that is known about one document."""
    yield _head(trace)
    yield Panel(
        safe_text(trace.document.excerpt or "(an empty text)"), title="how it begins", title_align="left", expand=False
    )
    if trace.edits:
        yield edit_table(trace.edits)
    yield _stages(trace)
    if trace.rules:
        yield rule_table(trace.rules)
        yield citation_table(trace.rules)
    yield signal_table(trace.signals)
    if trace.pairs:
        yield _pairs(trace.pairs)
    if trace.overlaps:
        yield _overlaps(trace)
        if any(overlap.words for overlap in trace.overlaps):
            yield _matches(trace)
    if trace.sequences:
        yield _sequences(trace.sequences)


def match_table(traces: Sequence[Trace]) -> Table:
    """Return a table with one line for each of several documents."""
    title = f"{len(traces)} documents; trace one of them by its id"
    table = _table(title, "id", "source", "where from", "verdict", whole=True)
    for trace in traces:
        table.add_row(trace.document.id, trace.document.source, _url_or_file(trace.document), _verdict(trace))
    return table


def _table(title: str, *columns: str, whole: bool = False) -> Table:
    """Return an empty table; ``whole``: the first column holds names that are never broken."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=whole and number == 0)
    return table


def _head(trace: Trace) -> Table:
    document = trace.document
    table = Table.grid(padding=(0, 2))
    table.add_column(style=_DULL)
    table.add_column(overflow="fold")
    for name, value in (
        ("id", document.id),
        ("source", document.source),
        ("url", document.url),
        ("file", document.origin),
        ("key", document.key),
        ("title", document.title),
        ("characters", f"{document.characters:,}"),
    ):
        if value is not None:
            table.add_row(name, safe_text(value))
    for name, value in sorted(trace.metadata.items()):
        table.add_row(safe_text(name, _DULL), safe_text(value))
    table.add_row("verdict", _verdict(trace))
    return table


def _verdict(trace: Trace) -> Text:
    if trace.dropped_by is None:
        return Text("kept", style=_GOOD)
    return safe_text(f"dropped by {trace.dropped_by}", style=_BAD)


def _url_or_file(document: DocumentExample | RelatedDocument) -> Text:
    return safe_text(document.url or document.origin)


def edit_table(taken: Sequence[EditTaken]) -> Table:
    """Return a table of what line edits removed from a document."""
    table = _table("taken out by line edits", "rule", "lines", "characters", "words")
    for each in taken:
        table.add_row(each.rule, f"{each.lines:,}", f"{each.characters:,}", f"{each.words:,}")
    return table


def line_table(changes: Sequence[Change]) -> Table:
    """Return a table of the lines that line edits changed, at most 100 of them."""
    some = f"; {_MAX_CHANGES} of them" if len(changes) > _MAX_CHANGES else ""
    table = _table(f"{len(changes):,} lines changed by line edits{some}", "rule", "line", "what is left")
    for change in changes[:_MAX_CHANGES]:
        left = safe_text(change.after) if change.after else Text("dropped", style=_DULL)
        table.add_row(change.rule, safe_text(change.before), left)
    return table


def _stages(trace: Trace) -> Table:
    table = _table("stages", "stage", "verdict", "why", whole=True)
    for verdict in trace.stages:
        table.add_row(verdict.stage, _stage_verdict(verdict), _reason(verdict, trace))
    return table


def _stage_verdict(verdict: StageVerdict) -> Text:
    if verdict.kept is None:
        return Text("not judged", style=_DULL)
    return Text("kept", style=_GOOD) if verdict.kept else Text("dropped", style=_BAD)


def _reason(verdict: StageVerdict, trace: Trace) -> Text:
    if verdict.kept is False and verdict.stage == JUDGE.name:
        failed = [rule.rule for rule in trace.rules if not rule.passed and not rule.report_only]
        return safe_text(f"fails {join_words(failed)}")
    if verdict.kept is False and verdict.stage == DECONTAMINATE.name and trace.overlaps:
        return safe_text(overlap_line(trace))
    if verdict.kept and verdict.stage == DECONTAMINATE.name:
        return safe_text(cut_line(trace))
    return _copies(verdict)


def _copies(verdict: StageVerdict) -> Text:
    what = "with the closest of its copies" if verdict.keeper is None else "with it"
    similar = "" if verdict.similarity is None else f"similarity {what} {verdict.similarity:.3f}"
    if verdict.keeper is None and verdict.removed is not None and not similar:
        return Text(f"removed {verdict.removed}")
    if verdict.keeper is None:
        return Text(f"{similar}; this copy is kept" if similar and verdict.kept else similar)
    keeper = verdict.keeper
    relation = "connected with " if verdict.path else "copy of "
    if verdict.canonical_url is not None:
        relation = f"canonical URL {verdict.canonical_url} is also that of "
    copy = Text.assemble(relation, (keeper.id, "bold"), f" in {_place(keeper)}, ", _url_or_file(keeper))
    copy = Text.assemble(copy, f"; {similar}") if similar else copy
    if not verdict.path:
        return copy
    steps = ", ".join(f"{step.id} ({step.jaccard:.3f})" for step in verdict.path[:_MAX_ROWS])
    more = f" and {len(verdict.path) - _MAX_ROWS} more" if len(verdict.path) > _MAX_ROWS else ""
    return Text.assemble(copy, f"; by near-duplicate pairs through {steps}{more}")


def _place(document: RelatedDocument) -> str:
    """Return where another document is: its source, and the earlier corpus if it is in one."""
    return document.source if document.corpus is None else f"{document.source} of {document.corpus}"


def rule_table(rules: Sequence[RuleVerdict]) -> Table:
    """Return a table of the verdict of each rule on a document."""
    table = _table("rules", "rule", "value", "passes", "verdict", whole=True)
    for rule in rules:
        values = "; ".join(map(format_value, rule.values))
        failed = Text("fails (reported only)", style="yellow") if rule.report_only else Text("fails", style=_BAD)
        verdict = Text("passes", style=_GOOD) if rule.passed else failed
        passes = describe_rule(rule.passes, rule.where, named=False)
        table.add_row(rule.rule, values, passes, verdict)
    return table


def citation_table(rules: Sequence[RuleVerdict]) -> Table:
    """Return a table of the sources of the limits, each with its rules; beside the verdicts there is no room for it."""
    table = _table("where the limits are from", "source", "rules")
    for citation in dict.fromkeys(rule.citation for rule in rules):
        named = [rule.rule for rule in rules if rule.citation == citation]
        table.add_row(safe_text(citation, style=_DULL), "\n".join(named))
    table.columns[1].no_wrap = True
    return table


def signal_table(signals: Sequence[SignalValue]) -> Table:
    """Return a table of every signal of a document with its unit and range."""
    table = _table("signals", "signal", "value", "unit", "range", whole=True)
    for signal in signals:
        if signal.low is None or signal.high is None:
            value_range = "text"
        else:
            value_range = f"{signal.low:g} to {signal.high:g}" if signal.high < float("inf") else f"from {signal.low:g}"
        table.add_row(signal.name, format_value(signal.value), signal.unit, Text(value_range, style=_DULL))
    return table


def _pairs(pairs: Sequence[RelatedDocument]) -> Table:
    table = _table("documents that it was compared with", "id", "source", "where from", "Jaccard", "of the shorter")
    for pair in pairs:
        measures = ("–" if value is None else f"{value:.3f}" for value in (pair.jaccard, pair.containment))
        table.add_row(pair.id, safe_text(_place(pair)), _url_or_file(pair), *measures)
    return table


def _overlaps(trace: Trace) -> Table:
    title = "test items that it overlaps"
    table = _table(title, "test set", "item", "part", "words found", "Jaccard", "share of the part", "at")
    for overlap in trace.overlaps[:_MAX_ROWS]:
        words = f"{overlap.words:,}" if overlap.words else f"same {overlap.method}"
        part = f"{overlap.part}{overlap.outcome}"
        names = (safe_text(name) for name in (overlap.test_set, overlap.item, part))
        measures = (words, f"{overlap.jaccard:.3f}", f"{overlap.containment:.3f}", f"{overlap.start:,}")
        table.add_row(*names, *measures)
    return table


def _matches(trace: Trace) -> Table:
    """Return the matched texts side by side, the words that both have in bold."""
    table = _table("what matches", "in the item", "in the document")
    for overlap in [each for each in trace.overlaps if each.words][:_MATCHES_SHOWN]:
        pairs = mark_common(overlap.item_text[:_MATCH_CHARACTERS], overlap.text[:_MATCH_CHARACTERS])
        table.add_row(*(_marked(pieces) for pieces in pairs), end_section=True)
    return table


def _marked(pieces: Sequence[tuple[str, bool]]) -> Text:
    shown = Text()
    for piece, is_common in pieces:
        shown.append_text(safe_text(piece, style=_COMMON if is_common else ""))
    return shown


def _sequences(sequences: Sequence[Destination]) -> Table:
    tokens = sum(piece.tokens for piece in sequences)
    title = f"{tokens:,} tokens in the records" + (
        f"; the first {_MAX_ROWS} pieces" if len(sequences) > _MAX_ROWS else ""
    )
    table = _table(title, "crop", "file", "record", "from token", "tokens")
    for piece in sequences[:_MAX_ROWS]:
        values = (piece.draw, piece.file, piece.record, piece.position, piece.tokens)
        table.add_row(*(f"{value:,}" if isinstance(value, int) else value for value in values))
    return table
