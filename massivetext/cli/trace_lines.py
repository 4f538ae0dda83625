"""The answer of ``massivetext trace`` in three lines: kept or why not, which document, and what is known of it."""

from collections.abc import Iterator, Mapping

from massivetext.cli.messages import one_line
from massivetext.formatting import count_noun, format_value
from massivetext.report.canary_outcomes import TracedCanary
from massivetext.report.judged import RuleVerdict
from massivetext.report.trace import StageVerdict, Trace
from massivetext.report.wording import describe_rule, join_words
from massivetext.stages import DECONTAMINATE, JUDGE

_NAMED = 3  # rules in a line
_SHOWN_CHARACTERS = 80  # of the words that an item and a document have


def trace_lines(trace: Trace) -> tuple[str, str, str]:
    """Return what became of a document, which one it is, and what else is known of it."""
    return _fate(trace), _identity(trace), _rest(trace)


def quarantine_lines(piece: Mapping[str, object]) -> tuple[str, str]:
    """Return why a piece of input became no document, and where it is; the piece is a row of the quarantine."""
    skipped = " (skipped)" if piece["skipped"] else ""
    where = [piece["url"], piece["source"], piece["origin"], f"at {piece['offset']}"]
    return (
        one_line(f"No document: {piece['reason']}{skipped}: {piece['detail']}"),
        one_line("  ".join(str(part) for part in where if part)),
    )


def canary_lines(canary: TracedCanary) -> tuple[str, str, str]:
    """Return what became of a canary, what it is, and how it begins."""
    fate = f"removed by {canary.removed_by}" if canary.removed_by else "no stage has removed it so far"
    what = " ".join(part for part in (canary.kind, canary.variant) if part)
    made_of = f"made from {canary.base_id} of {canary.source}"
    if canary.jaccard is not None:
        made_of = f"a copy of {canary.base_id} of {canary.source}, similarity {canary.jaccard:.3f}"
    if canary.item is not None:
        made_of += f"; it holds {canary.item} of {canary.test_set}"
    return (
        f"A canary, no document of the run, and in no record: {fate}.",
        f"{canary.id}, {what}: {made_of}.",
        f"It begins: {one_line(canary.text)}",
    )


def _fate(trace: Trace) -> str:
    if trace.dropped_by is None:
        kept = f"Kept by {join_words([each.stage for each in trace.stages if each.kept])}"
        without = cut_line(trace)
        return f"{kept}{', ' if without else ''}{without}; {_destination(trace)}."
    verdict = next(each for each in trace.stages if each.stage == trace.dropped_by)
    return f"Removed by {trace.dropped_by}: {_reason(trace, verdict)}."


def overlap_line(trace: Trace) -> str:
    """Return why the document was removed for a test item, with the words that both have."""
    closest = trace.overlaps[0]
    reason = closest.reason
    if not closest.removes and closest.cuts:
        reason = f"too few words are left without what {reason}"
    words = one_line(closest.text)
    shown = f"{words[:_SHOWN_CHARACTERS]}…" if len(words) > _SHOWN_CHARACTERS else words
    return one_line(f"{reason}, “{shown}”" if closest.words else reason)


def cut_line(trace: Trace) -> str:
    """Return what was cut out of a document that is kept; empty: nothing was."""
    cut = next((each for each in trace.overlaps if each.cuts), None)
    return "" if cut is None else one_line(f"without what {cut.reason}")


def _destination(trace: Trace) -> str:
    if not trace.sequences:
        return "none of its tokens are in the records"
    tokens = sum(piece.tokens for piece in trace.sequences)
    records = len({(piece.file, piece.record) for piece in trace.sequences})
    first = trace.sequences[0].file
    return f"{count_noun(tokens, 'token')} are in {count_noun(records, 'record')}, the first in {first}"


def _reason(trace: Trace, verdict: StageVerdict) -> str:
    if verdict.stage == JUDGE.name:
        failed = [rule for rule in trace.rules if not rule.passed and not rule.report_only]
        more = [f"{len(failed) - _NAMED} more"] if len(failed) > _NAMED else []
        return f"fails {join_words([*map(_failure, failed[:_NAMED]), *more])}"
    if verdict.stage == DECONTAMINATE.name and trace.overlaps:
        return overlap_line(trace)
    if verdict.keeper is not None:
        keeper = verdict.keeper
        similarity = "" if verdict.similarity is None else f", similarity {verdict.similarity:.3f}"
        relation = "connected with" if verdict.path else "a copy of"
        if verdict.canonical_url is not None:
            relation = f"its canonical URL, {verdict.canonical_url}, is also that of"
        place = keeper.source if keeper.corpus is None else f"{keeper.source} of {keeper.corpus}"
        return one_line(f"{relation} {keeper.id} of {place}, {keeper.url or keeper.origin}{similarity}")
    return verdict.removed or "no reason is stored"


def _failure(rule: RuleVerdict) -> str:
    values = ", ".join(map(format_value, rule.values))
    return f"{rule.rule} ({values}; passes: {describe_rule(rule.passes, rule.where, named=False)})"


def _identity(trace: Trace) -> str:
    document = trace.document
    title = "" if document.title is None else f"  “{one_line(document.title)}”"
    place = one_line(document.url or f"{document.origin}, {document.key}")
    return f"{document.id}  {document.source}  {place}{title}"


def _rest(trace: Trace) -> str:
    return f"{', '.join(_facts(trace))}. --all prints every signal and rule."


def _facts(trace: Trace) -> Iterator[str]:
    values = {signal.name: signal.value for signal in trace.signals}
    yield count_noun(int(values.get("word_count", 0)), "word")
    yield f"language {values.get('language', 'unknown')}"
    passed = sum(rule.passed for rule in trace.rules)
    yield f"passes {passed:,} of {count_noun(len(trace.rules), 'rule')}" if trace.rules else "no rules judge its source"
    if marked := [rule.rule for rule in trace.rules if not rule.passed and rule.report_only]:
        yield f"is marked by {join_words(marked)}"
    if trace.pairs:
        yield f"compared with {count_noun(len(trace.pairs), 'document')}"
    if trace.edits:
        yield f"{count_noun(sum(each.lines for each in trace.edits), 'line')} taken out by line edits"
