"""Questions in SQL to the files of a run, answered by DuckDB."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from massivetext.corpus.fates import deciding_stages
from massivetext.corpus.sql_views import view_statements
from massivetext.errors import StageError, UserError, describe_missing_module
from massivetext.runs.context import Context
from massivetext.storage.paths import is_local
from massivetext.toml_tables import describe_value

_QUESTIONS = ("SELECT", "MULTI")  # types of statements of DuckDB; PIVOT is the second one
_OF_FATES = ("verdicts", "kept")  # views
# Nothing is downloaded: all that a query of Parquet files needs is built in.
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def ask_in_sql(context: Context, query: str, after: str | None) -> pa.Table:
    """Return the answer to a query over the views ``documents``, ``signals``, ``verdicts`` and ``kept``.

    Args:
        context: a run on a local disk; its rules have judged.
        query: one statement that only reads: SELECT, also with WITH, VALUES, DESCRIBE, SHOW or PIVOT.
        after: the last stage that decides what is kept; None: every stage that removes documents.

    Raises:
        UserError: DuckDB is not installed or refuses the query, the run is not on a local disk, or no stage of this
            name removes documents.
        StageError: the query asks what is kept, and a stage that decides it is not complete.
    """
    if not isinstance(query, str):
        raise UserError(f"sql: want a query as a string, got {describe_value(query)}")
    try:
        import duckdb
    except ModuleNotFoundError as error:
        raise UserError(describe_missing_module(error)) from error
    if not is_local(context.run.folder):
        raise UserError(f"{context.run.folder}: sql: want a run on a local disk; copy it, or use run.documents")
    unknown: StageError | None = None
    deciding = None
    try:
        deciding = deciding_stages(context, after)
    except StageError as error:
        if after is not None:
            raise
        unknown = error  # it matters only to a query that asks what is kept
    with duckdb.connect(":memory:", config=_SETTINGS) as connection:
        for name, statement in view_statements(context, deciding).items():
            connection.execute(f"CREATE VIEW {name} AS {statement}")
        try:
            _require_question(duckdb.extract_statements(query), query)
            return connection.sql(query).to_arrow_table()
        except duckdb.Error as error:
            of_fates = isinstance(error, duckdb.CatalogException) and any(name in str(error) for name in _OF_FATES)
            raise (unknown if unknown and of_fates else UserError(f"sql: {error}")) from error


def _require_question(statements: Sequence[Any], query: str) -> None:
    """Raise UserError unless the query is one statement that only reads."""
    kinds = [statement.type.name for statement in statements]
    if len(kinds) != 1 or kinds[0] not in _QUESTIONS:
        got = f"{len(kinds)} statements" if len(kinds) != 1 else kinds[0]
        raise UserError(
            f"sql: want one statement that only reads, such as SELECT, got {got}: {describe_value(query)}; write its "
            "answer with pyarrow, pandas or polars"
        )
