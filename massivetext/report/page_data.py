"""The data of the page: rules and a sample of values for the sliders, histograms, and documents to look at."""

import base64
import itertools
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from massivetext.report import bins
from massivetext.report.examples import DocumentExample, ExampleReader, locate_row
from massivetext.report.limit_distance import has_limit, rule_slack
from massivetext.report.limit_stops import limit_stops, stop_codes
from massivetext.report.run_report import RuleReport, RunReport, SignalBin, SourceReport
from massivetext.report.tallies import DocumentTally, GroupTally, Matrix
from massivetext.rules import Bounds, Rule, signals_read_by
from massivetext.runs.context import Context
from massivetext.signals.registry import ALL
from massivetext.stages import INGEST, JUDGE

Bins = tuple[int, tuple[int, ...], tuple[int, ...]]

SHOWN_DOCUMENTS = 1_000  # of all sources together, in the page
_MOST, _LEAST = 250, 15  # of one source
_NEAR = 3  # on each side of the limit of a rule
_KEPT = 5
_DIGITS = 4  # of the values that are shown beside a document


class PageDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the page.

    Attributes:
        document: the document.
        removed_by: the stage that removed it; None if it is kept.
        values: values of the signals that rules read, four digits.
        bins: number of the bin of each signal of :attr:`PageData.signals`, -1 without one; None if it is not known.
    """

    document: DocumentExample
    removed_by: str | None
    values: dict[str, float | str]
    bins: tuple[int, ...] | None


class SourceSample(msgspec.Struct, frozen=True):
    """The sampled documents of a source.

    Attributes:
        size: their number.
        words: words of each.
        codes: value of each of the signals that rules read: see :func:`massivetext.report.limit_stops.stop_codes`; of a
            text the number of its entry in :attr:`PageData.texts`.
    """

    size: int
    words: tuple[int, ...]
    codes: dict[str, tuple[int, ...]]


class PageSource(msgspec.Struct, frozen=True):
    """What the page shows of a source.

    Attributes:
        read: documents that were read.
        passed: documents that passed the rules.
        rules: the rules with their counts; this and the next three are those of the report.
        overlaps: number of documents that fail both of two rules.
        languages: counts per language code.
        hosts: counts of the hosts that lose most documents to the rules.
        histograms: by signal: number of the first bin that holds a document, and how many passed and failed in it and
            in those after it.
        sample: what the sliders count.
        documents: documents to look at.
    """

    read: DocumentTally
    passed: DocumentTally
    rules: tuple[RuleReport, ...]
    overlaps: Matrix
    languages: dict[str, GroupTally]
    hosts: dict[str, GroupTally]
    histograms: dict[str, Bins]
    sample: SourceSample
    documents: tuple[PageDocument, ...]


class PageSignal(msgspec.Struct, frozen=True):
    """A signal that is a number: its meaning, and the borders of its bins without the infinite one."""

    name: str
    meaning: str
    borders: tuple[float, ...]
    endless: bool


class PageData(msgspec.Struct, frozen=True):
    """The data of the page.

    Attributes:
        signals: the signals with histograms.
        stops: by signal: see :func:`massivetext.report.limit_stops.limit_stops`.
        texts: by signal that is text: its values in the sample and in the rules.
        stages: titles of the stages that remove documents, by name.
        sources: the sources by name.
    """

    signals: tuple[PageSignal, ...]
    stops: dict[str, tuple[float, ...]]
    texts: dict[str, tuple[str, ...]]
    stages: dict[str, str]
    sources: dict[str, PageSource]


def gather_page_data(
    context: Context, report: RunReport, samples: Mapping[str, Sequence[pa.Table]], documents: int = SHOWN_DOCUMENTS
) -> PageData:
    """Return the data of the page.

    Args:
        context: the run.
        report: its report.
        samples: by source, :func:`massivetext.report.value_sample.sample_values` of each shard.
        documents: about how many documents the page may hold.

    Raises:
        StageError: a file of the run is missing or damaged.
    """
    drawn = {name: pa.concat_tables(tables).sort_by("rank") for name, tables in sorted(samples.items())}
    bounded = _bounded_signals(context, drawn)
    stops = {name: _stops(name, limits, drawn) for name, limits in bounded.items() if ALL[name].high is not None}
    texts = {name: _texts(context, name, drawn) for name in bounded if ALL[name].high is None}
    names = tuple(name for name in ALL if any(name in source.histograms for source in report.sources.values()))
    most = min(max(documents // max(len(drawn), 1), _LEAST), _MOST)
    chosen = {name: _choose(table, context.rules[name], names, most) for name, table in drawn.items()}
    reader = ExampleReader(context)
    reader.read(
        locate_row(context, name, row["shard"], row["row"])
        for name, table in chosen.items()
        for row in table.select(["shard", "row"]).to_pylist()
    )
    return PageData(
        signals=tuple(_signal(name) for name in names),
        stops=stops,
        texts=texts,
        stages={each.stage: each.title for each in context.verdicts},
        sources={
            name: PageSource(
                read=source.funnel[INGEST.name],
                passed=source.funnel[JUDGE.name],
                rules=source.rules,
                overlaps=source.overlaps,
                languages=source.languages,
                hosts=source.hosts,
                histograms={signal: _dense(signal, found) for signal, found in source.histograms.items()},
                sample=_sample(drawn[name], context.rules[name], stops, texts),
                documents=(
                    *(shown := tuple(_documents(context, reader, name, chosen[name], names))),
                    *itertools.islice(_rare_documents(source, shown), most // 2),
                ),
            )
            for name, source in report.sources.items()
        },
    )


def _bounded_signals(context: Context, drawn: Mapping[str, pa.Table]) -> dict[str, list[float]]:
    """Return the signals that rules read, each with all limits on it."""
    found: dict[str, list[float]] = {}
    for source in drawn:
        for bounds in itertools.chain.from_iterable(map(_all_bounds, context.rules[source])):
            limits = found.setdefault(bounds.signal, [])
            limits += [limit for limit in (bounds.min, bounds.max) if limit is not None]
    return found


def _all_bounds(rule: Rule) -> tuple[Bounds, ...]:
    return rule.alternatives if rule.where is None else (*rule.alternatives, rule.where)


def _columns_of(signal: str, drawn: Mapping[str, pa.Table]) -> Iterator[pa.ChunkedArray]:
    return (table[signal] for table in drawn.values() if signal in table.column_names and table.num_rows)


def _stops(signal: str, limits: Sequence[float], drawn: Mapping[str, pa.Table]) -> tuple[float, ...]:
    values = np.concatenate([[limits[0]], *(column.to_numpy() for column in _columns_of(signal, drawn))])
    return limit_stops(signal, limits, float(values.min()), float(values.max()))


def _texts(context: Context, signal: str, drawn: Mapping[str, pa.Table]) -> tuple[str, ...]:
    allowed = {
        text
        for source in drawn
        for rule in context.rules[source]
        for bounds in _all_bounds(rule)
        if bounds.signal == signal
        for text in bounds.allow or ()
    }
    return tuple(sorted(allowed.union(*(column.unique().to_pylist() for column in _columns_of(signal, drawn)))))


def _sample(
    table: pa.Table, rules: Sequence[Rule], stops: Mapping[str, tuple[float, ...]], texts: Mapping[str, tuple[str, ...]]
) -> SourceSample:
    codes = {}
    for name in sorted(signals_read_by(rules)):
        if name in stops:
            codes[name] = tuple(stop_codes(table[name].to_numpy().astype(np.float64), stops[name]).tolist())
        else:
            number = {text: at for at, text in enumerate(texts[name])}
            codes[name] = tuple(number[text] for text in table[name].to_pylist())
    return SourceSample(table.num_rows, tuple(table["word_count"].to_pylist()), codes)


def _signal(name: str) -> PageSignal:
    borders = bins.edges(ALL[name]).tolist()
    endless = borders[-1] == float("inf")
    return PageSignal(name, ALL[name].meaning, tuple(borders[:-1] if endless else borders), endless)


def _dense(signal: str, found: Sequence[SignalBin]) -> Bins:
    if not found:
        return 0, (), ()
    numbers = bins.bin_numbers(np.array([each.low for each in found]), bins.edges(ALL[signal])).tolist()
    first, count = numbers[0], numbers[-1] - numbers[0] + 1
    kept, dropped = [0] * count, [0] * count
    for number, each in zip(numbers, found, strict=True):
        kept[number - first], dropped[number - first] = each.kept, each.dropped
    return first, tuple(kept), tuple(dropped)


# -- documents ---------------------------------------------------------------------------------------------------------


def _choose(table: pa.Table, rules: Sequence[Rule], signals: Sequence[str], most: int) -> pa.Table:
    """Return documents of a sample: near each limit on both sides, kept ones, and others so that no bin is empty."""
    wanted = itertools.chain(
        _near_limits(table, rules), _kept_rows(table), _first_of_bins(table, signals), range(table.num_rows)
    )
    rows = list(itertools.islice(dict.fromkeys(wanted), most))
    return table.take(pa.array(rows, pa.int64()))


def _near_limits(table: pa.Table, rules: Sequence[Rule]) -> Iterator[int]:
    """Yield rows by turns: the nearest of each side of each rule first, then the second ones."""
    sides = []
    for rule in rules:
        if table.num_rows and has_limit(rule):
            slack = rule_slack(table, rule)
            order = np.argsort(np.abs(slack), kind="stable")
            sides += [order[side[order]][:_NEAR].tolist() for side in (slack < 0, slack >= 0)]
    for turn in itertools.zip_longest(*sides):
        yield from (row for row in turn if row is not None)


def _kept_rows(table: pa.Table) -> Iterable[int]:
    kept: list[int] = np.flatnonzero(table["removed_by"].is_null().to_numpy())[:_KEPT].tolist()
    return kept


def _first_of_bins(table: pa.Table, signals: Sequence[str]) -> Iterator[int]:
    for signal in signals:
        if signal in table.column_names:
            numbers = bins.bin_numbers(table[signal].to_numpy(), bins.edges(ALL[signal]))
            yield from np.unique(numbers, return_index=True)[1].tolist()


def _documents(
    context: Context, reader: ExampleReader, source: str, chosen: pa.Table, signals: Sequence[str]
) -> Iterator[PageDocument]:
    read = sorted(signals_read_by(context.rules[source]))
    numbers = [
        bins.bin_numbers(chosen[name].to_numpy(), bins.edges(ALL[name])).tolist()
        if name in chosen.column_names
        else [-1] * chosen.num_rows
        for name in signals
    ]
    for at, row in enumerate(chosen.to_pylist()):
        (document,) = reader.in_order([locate_row(context, source, row["shard"], row["row"])])
        yield PageDocument(
            document=document,
            removed_by=row["removed_by"],
            values={name: _short(row[name]) for name in read},
            bins=tuple(each[at] for each in numbers),
        )


def _rare_documents(source: SourceReport, chosen: Iterable[PageDocument]) -> Iterator[PageDocument]:
    """Yield examples of the report for rules of which few chosen documents are examples, as they seldom fire."""
    known = {each.document.id for each in chosen}
    examples = Counter(failure.rule for each in chosen for failure in each.document.failures)
    removing = {rule.rule for rule in source.rules if not rule.report_only}
    for rule, document in ((rule, each) for rule, dropped in source.dropped.items() for each in dropped):
        if document.id not in known and examples[rule] < _NEAR:
            known.add(document.id)
            examples.update(failure.rule for failure in document.failures)
            failed = {failure.rule for failure in document.failures}
            values = {name: _short(value) for each in document.failures for name, value in each.values.items()}
            yield PageDocument(
                document=document, removed_by=JUDGE.name if failed & removing else None, values=values, bins=None
            )


def _short(value: float | str) -> float | str:
    return value if isinstance(value, str) else float(f"{value:.{_DIGITS}g}")


# -- as text -----------------------------------------------------------------------------------------------------------


def pack_page_data(data: PageData) -> str:
    """Return the data as the page holds them: JSON, compressed by zlib, in Base64. Nothing in it can be markup."""
    return base64.b64encode(zlib.compress(msgspec.json.encode(data, order="deterministic"), 9)).decode()
