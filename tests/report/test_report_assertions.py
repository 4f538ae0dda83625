"""Statements about a run are true or not, and the command says which; report.json has the form of its schema."""

import json
from pathlib import Path

import msgspec
import pytest
from corpus_commands import ask
from handmade_run import Writer
from whole_report import report_of

from massivetext.errors import UserError
from massivetext.report.assertions import FIGURES, figure_of, read_assertion
from massivetext.report.run_report import REPORT_FORMAT, RunReport, SourceMixture
from massivetext.runs.context import Context

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "report.schema.json"


@pytest.fixture(scope="module")
def report(context: Context) -> RunReport:
    mixture = {
        name: SourceMixture(weight="0.5", sequences=sequences, tokens=8 * sequences, realised=0.5, epochs=1)
        for name, sequences in (("web", 3), ("wikipedia", 2))
    }
    return msgspec.structs.replace(report_of(context), mixture=mixture)


@pytest.mark.parametrize(
    ("figure", "of_web", "of_all"),
    [
        ("read_documents", 11, 13),
        ("read_words", 672, 1172),
        ("read_bytes", 4032, 7032),
        ("kept_documents", 4, 5),
        ("kept_words", 290, 490),
        ("kept_bytes", 1740, 2940),
        ("kept_share", 4 / 11, 5 / 13),
        ("unreadable", 3, 3),
        ("sequences", 3, 5),
        ("tokens", 24, 40),
    ],
)
def test_figures_are_those_of_the_report(report: RunReport, figure: str, of_web: float, of_all: float) -> None:
    assert figure_of(report, read_assertion(f"web.{figure}>0")) == of_web
    assert figure_of(report, read_assertion(f"all.{figure} > 0")) == of_all


def test_every_figure_is_tested_and_described() -> None:
    page = (SCHEMA.parent / "corpus.md").read_text(encoding="utf-8")

    assert len(FIGURES) == 10
    assert all(f"`{figure}`" in page for figure in FIGURES)


@pytest.mark.parametrize(
    ("sign", "below", "same", "above"),
    [
        (">", False, False, True),
        (">=", False, True, True),
        ("<", True, False, False),
        ("<=", True, True, False),
        ("==", False, True, False),
        ("!=", True, False, True),
    ],
)
def test_comparisons(sign: str, below: bool, same: bool, above: bool) -> None:
    statement = read_assertion(f" my-source.kept_words {sign} 1e3 ")

    assert (statement.source, statement.figure, statement.limit) == ("my-source", "kept_words", 1000)
    assert (statement.holds(999), statement.holds(1000), statement.holds(1001)) == (below, same, above)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--assert: want SOURCE.FIGURE, one of > >= < <= == !=, and a number"),
        ("web.kept_words", "--assert: want SOURCE.FIGURE"),
        ("web.kept_words = 3", "--assert: want SOURCE.FIGURE"),
        ("kept_words > 3", "--assert: want SOURCE.FIGURE"),
        ("web.kept_words > many", "--assert: want SOURCE.FIGURE"),
        ("web.kept_words > nan", "--assert: want SOURCE.FIGURE"),
        ("web.kept_word > 3", "want one of the figures .* got 'kept_word' .did you mean 'kept_words'"),
        ("wob.kept_words > 3", "want all or one of the sources web, wikipedia, got 'wob' .did you mean 'web'"),
    ],
)
def test_what_is_no_statement_is_refused(report: RunReport, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        figure_of(report, read_assertion(text))


def test_records_that_are_not_there_are_named(report: RunReport) -> None:
    early = msgspec.structs.replace(report, mixture=None)

    with pytest.raises(UserError, match=r"web\.tokens > 1: the run has no records yet"):
        figure_of(early, read_assertion("web.tokens > 1"))


def test_the_command_holds_a_run_to_its_statements(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.ingest()
    writer.state()
    words, count = ("--assert", "web.kept_words > 480"), ("--assert", "all.kept_documents==9")
    good = ask("report", tmp_path, *words, *count, folder=tmp_path)
    bad = ask("report", tmp_path, *words, "--assert", "web.unreadable < 3", folder=tmp_path)
    wrong = ask("report", tmp_path, "--assert", "web.kept", folder=tmp_path)
    stored = json.loads((tmp_path / "report/report.json").read_bytes())
    schema = json.loads(SCHEMA.read_bytes())

    assert good.code == 0
    assert good.out.splitlines()[1:] == [
        "web.kept_words > 480: true, it is 481",
        "all.kept_documents==9: true, it is 9",
    ]
    assert (bad.code, "web.unreadable < 3: not true, it is 3" in bad.err) == (1, True)
    assert wrong.code == 2
    assert stored["format"] == REPORT_FORMAT
    # "urls" is written for runs with a stage url-dedup alone.
    assert stored.keys() == schema["$defs"]["RunReport"]["properties"].keys() - {"urls"}
    (tmp_path / "report/report.json").write_text("{}")
    damaged = ask("report", tmp_path, "--assert", "web.kept_words > 480", folder=tmp_path)
    assert damaged.code == 1
    assert "report.json" in damaged.err
