"""Numbers of a run are those that DuckDB counts over its Parquet files, and its views are what the methods return."""

import re
import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from handmade_documents import ROWS

import massivetext
from massivetext.corpus.opened_run import OpenedRun
from massivetext.corpus.sql_queries import ask_in_sql
from massivetext.rules import Bounds, Rule

duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install 'massivetext[sql]'")


def _rows(table: pa.Table, order: str = "id") -> list[dict[str, object]]:
    rows: list[dict[str, object]] = table.sort_by(order).to_pylist()
    return rows


# -- views -------------------------------------------------------------------------------------------------------------


def test_the_views_are_what_the_methods_return(finished: Path) -> None:
    run = massivetext.open(finished)

    for view, batches in (
        ("documents", run.documents(kept=None)),
        ("kept", run.documents()),
        ("signals", run.signals()),
        ("verdicts", run.verdicts()),
    ):
        expected = pa.Table.from_batches(batches)
        columns = ", ".join(f'"{name}"' for name in expected.column_names)
        assert _rows(run.sql(f"SELECT {columns} FROM {view}")) == _rows(expected)
        assert "source" in run.sql(f"SELECT * FROM {view} LIMIT 0").column_names


def test_names_of_folders_with_any_character_are_read(finished: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(finished, tmp_path / "a run [1]*?'")
    counts = massivetext.open(folder).sql("SELECT source, count(*) AS n FROM documents GROUP BY source")

    assert {row["source"]: row["n"] for row in counts.to_pylist()} == {"web": 11, "wikipedia": 2}


def test_a_question_that_cannot_be_answered_is_refused(finished: Path, judged: Path) -> None:
    run = massivetext.open(finished)
    for query, message in (
        ("SELECT", "sql: Parser Error"),
        ("SELECT word_cont FROM signals", 'sql: Binder Error.*"word_cont"'),
        ("SELECT * FROM verdict", "sql: Catalog Error"),
        ("SELECT * FROM read_parquet('/none/*.parquet')", "sql: IO Error"),
    ):
        with pytest.raises(massivetext.UserError, match=re.compile(message, re.DOTALL)):
            run.sql(query)
    with pytest.raises(massivetext.UserError, match="after: want a stage that removes documents"):
        run.sql("SELECT 1", after="records")
    with pytest.raises(massivetext.UserError, match="sql: want a query as a string, got None"):
        run.sql(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "got"),
    [
        ("", "0 statements"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("COPY kept TO '{0}'", "COPY"),
        ("EXPLAIN ANALYZE COPY kept TO '{0}'", "EXPLAIN"),
        ("CREATE TABLE mine AS SELECT 1", "CREATE"),
        ("ATTACH '{0}'", "ATTACH"),
        ("INSTALL httpfs", "LOAD"),
        ("SET autoinstall_known_extensions = true", "SET"),
    ],
)
def test_a_question_changes_nothing(finished: Path, tmp_path: Path, query: str, got: str) -> None:
    with pytest.raises(
        massivetext.UserError, match=f"sql: want one statement that only reads, such as SELECT, got {got}"
    ):
        massivetext.open(finished).sql(query.format(tmp_path / "file"))
    assert not [*tmp_path.iterdir()]


def test_every_form_of_a_question_is_answered(finished: Path) -> None:
    run = massivetext.open(finished)
    for query in ("SHOW TABLES", "DESCRIBE kept;", "VALUES (1)", "FROM kept", "PIVOT verdicts ON kept USING count(*)"):
        assert run.sql(query).num_rows, query


def test_a_run_that_is_not_finished_says_what_is_missing(judged: Path) -> None:
    run = massivetext.open(judged)

    assert run.sql("SELECT count(*) AS n FROM signals")["n"][0].as_py() == sum(map(len, ROWS.values()))
    assert run.sql("SELECT count(*) AS n FROM kept", after="judge")["n"][0].as_py() == 9
    for view in ("kept", "verdicts"):
        with pytest.raises(massivetext.StageError, match="stage 'exact-dedup' is not complete"):
            run.sql(f"SELECT * FROM {view}")
    with pytest.raises(massivetext.StageError, match="stage 'exact-dedup' is not complete"):
        run.sql("SELECT 1", after="near-dedup")


def test_without_duckdb_the_extra_is_named(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)

    with pytest.raises(massivetext.UserError, match=r"duckdb: is not installed.*pip install 'massivetext\[sql\]'"):
        ask_in_sql(massivetext.open(finished).context, "SELECT 1", None)


# -- numbers -----------------------------------------------------------------------------------------------------------


def _tables(folder: Path, source: str, **data_sets: str) -> str:
    """Return the files of several data sets side by side, in SQL of its own: rows of equal files belong together."""
    tables = [
        f"(SELECT * FROM read_parquet('{folder}/{data_set}/{source}/*.parquet') ) {name}"
        for name, data_set in data_sets.items()
    ]
    return " POSITIONAL JOIN ".join(tables)


def _ask(query: str) -> tuple[int, ...]:
    found = duckdb.sql(query).fetchall()[0]
    return tuple(0 if value is None else int(value) for value in found)


def test_the_funnel_is_what_duckdb_counts(real: Path) -> None:
    run = massivetext.open(real / "run")
    funnel, data_sets = run.funnel(), {each.stage: each.data_set for each in run.context.verdicts}
    names = dict(zip(funnel.stages[1:], data_sets, strict=True))

    for source in run.sources:
        seen: dict[str, str] = {}
        for title, stage in names.items():
            if (real / "run" / data_sets[stage] / source).exists():
                seen[f"v{len(seen)}"] = data_sets[stage]
            where = " AND ".join(f"{name}.kept" for name in seen)
            counted = _ask(
                "SELECT count(*), sum(s.word_count) FROM "
                f"{_tables(real / 'run', source, s='signals', **seen)} WHERE {where}"
            )
            assert tuple(funnel.at(source, title)) == counted
        first = funnel.at(source, funnel.stages[0])
        assert tuple(first) == _ask(
            f"SELECT count(*), sum(s.word_count) FROM {_tables(real / 'run', source, s='signals')}"
        )


def _bounds(bounds: Bounds) -> str:
    if bounds.allow is not None:
        return f"s.{bounds.signal} IN ({', '.join(repr(value) for value in bounds.allow)})"
    sides = [f"s.{bounds.signal} >= {bounds.min!r}"] if bounds.min is not None else []
    sides += [f"s.{bounds.signal} <= {bounds.max!r}"] if bounds.max is not None else []
    return f"({' AND '.join(sides)})"


def _passes(rule: Rule) -> str:
    inside = " OR ".join(map(_bounds, rule.alternatives))
    return f"({inside})" if rule.where is None else f"({inside} OR NOT {_bounds(rule.where)})"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gopher/word_count.min": 120, "gopher/duplicate_line_frac.max": 0.05},
        {"gopher/stop_word_count.min": 15, "gopher/duplicate_5_gram_char_frac.report_only": True},
        {"gopher/mean_word_length.max": 5, "gopher/top_2_gram_char_frac.max": 0.01},
    ],
)
def test_whatif_is_what_duckdb_counts(real: Path, changes: dict[str, float]) -> None:
    run: OpenedRun = massivetext.open(real / "run")
    effect = run.whatif(changes).sources["c4"]
    rules = run.changed_rules(changes)["c4"]
    files = _tables(real / "run", "c4", s="signals", v="verdicts/rules")
    kept = " AND ".join(_passes(rule) for rule in rules if not rule.report_only)

    assert (effect.after.documents, effect.after.words, effect.after.bytes) == _ask(
        f"SELECT count(*), sum(s.word_count), sum(s.byte_count) FROM {files} WHERE {kept}"
    )
    assert (effect.before.documents, effect.before.words, effect.before.bytes) == _ask(
        f"SELECT count(*), sum(s.word_count), sum(s.byte_count) FROM {files} WHERE v.kept"
    )
    assert (effect.gained, effect.lost) == _ask(
        f"SELECT count(*) FILTER (NOT v.kept AND {kept}), count(*) FILTER (v.kept AND NOT ({kept})) FROM {files}"
    )
    failed = [f"count(*) FILTER (NOT {_passes(rule)})" for rule in rules]
    assert tuple(effect.rules[rule.label].failed_after for rule in rules) == _ask(
        f"SELECT {', '.join(failed)} FROM {files}"
    )
