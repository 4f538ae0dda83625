"""Statements about a run that a check can hold it to: ``web.kept_words > 1e9``."""

import operator
import re
from collections.abc import Callable, Mapping

import msgspec

from massivetext.errors import UserError
from massivetext.report.run_report import RunReport
from massivetext.report.tallies import DocumentTally
from massivetext.stages import INGEST
from massivetext.toml_tables import suggestion

ALL_SOURCES = "all"
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_STATEMENT = re.compile(r"\s*(?P<source>\S+)\.(?P<figure>\w+)\s*(?P<sign>[<>]=?|[=!]=)\s*(?P<limit>\S+)\s*", re.ASCII)


class Assertion(msgspec.Struct, frozen=True):
    """A statement about a figure of a source, or of all sources: ``figure`` compared with ``limit``."""

    text: str
    source: str
    figure: str
    sign: str
    limit: float

    def holds(self, value: float) -> bool:
        """Return whether the statement is true for a value of the figure."""
        return _OPERATORS[self.sign](value, self.limit)


def read_assertion(text: str) -> Assertion:
    """Return a statement that a user has written.

    Raises:
        UserError: it is none, or names an unknown figure.
    """
    found = _STATEMENT.fullmatch(text)
    try:
        limit = float(found["limit"]) if found else float("nan")
    except ValueError:
        limit = float("nan")
    if found is None or limit != limit:
        raise UserError(
            f"--assert: want SOURCE.FIGURE, one of {' '.join(_OPERATORS)}, and a number, as in 'web.kept_words > 1e9', "
            f"got {text!r}"
        )
    if found["figure"] not in FIGURES:
        raise UserError(
            f"--assert: {text}: want one of the figures {', '.join(FIGURES)}, got {found['figure']!r}"
            f"{suggestion(found['figure'], FIGURES)}"
        )
    return Assertion(text.strip(), found["source"], found["figure"], found["sign"], limit)


def figure_of(report: RunReport, assertion: Assertion) -> float:
    """Return the value that a statement is about.

    Raises:
        UserError: the run has no such source, or no records yet.
    """
    names = [*report.sources] if assertion.source == ALL_SOURCES else [assertion.source]
    for name in names:
        if name not in report.sources:
            raise UserError(
                f"--assert: {assertion.text}: want {ALL_SOURCES} or one of the sources {', '.join(report.sources)}, "
                f"got {name!r}{suggestion(name, report.sources)}"
            )
    if assertion.figure in ("sequences", "tokens") and report.mixture is None:
        raise UserError(f"--assert: {assertion.text}: the run has no records yet; run `massivetext run` again to go on")
    return FIGURES[assertion.figure](report, names)


def _read(report: RunReport, names: list[str]) -> DocumentTally:
    return sum((report.sources[name].funnel[INGEST.name] for name in names), DocumentTally())


def _kept(report: RunReport, names: list[str]) -> DocumentTally:
    return sum((report.sources[name].funnel[report.judged[-1]] for name in names), DocumentTally())


def _in_records(report: RunReport, names: list[str], field: str) -> int:
    mixture = report.mixture or {}
    return sum(getattr(mixture[name], field) for name in names if name in mixture)


# What a statement may be about; docs/corpus.md describes each.
FIGURES: Mapping[str, Callable[[RunReport, list[str]], float]] = {
    "read_documents": lambda report, names: _read(report, names).documents,
    "read_words": lambda report, names: _read(report, names).words,
    "read_bytes": lambda report, names: _read(report, names).bytes,
    "kept_documents": lambda report, names: _kept(report, names).documents,
    "kept_words": lambda report, names: _kept(report, names).words,
    "kept_bytes": lambda report, names: _kept(report, names).bytes,
    "kept_share": lambda report, names: _kept(report, names).documents / max(_read(report, names).documents, 1),
    "unreadable": lambda report, names: sum(
        reason.count for name in names for reason in report.sources[name].rejected.values()
    ),
    "sequences": lambda report, names: _in_records(report, names, "sequences"),
    "tokens": lambda report, names: _in_records(report, names, "tokens"),
}
