"""Questions in SQL to the files of a run, answered by DuckDB."""

from typing import Any

import pyarrow as pa

from massivetext.corpus.fates import deciding_stages
from massivetext.corpus.sql_views import view_statements
from massivetext.errors import StageError, UserError, describe_missing_module
from massivetext.runs.context import Context
from massivetext.storage.paths import is_local

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
        query: a SELECT statement.
        after: the last stage that decides what is kept; None: every stage that removes documents.

    Raises:
        UserError: DuckDB is not installed or refuses the query, the run is not on a local disk, or no stage of this
            name removes documents.
        StageError: the query asks what is kept, and a stage that decides it is not complete.
    """
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
            table = _table(connection.sql(query))
        except duckdb.Error as error:
            of_fates = isinstance(error, duckdb.CatalogException) and any(name in str(error) for name in _OF_FATES)
            raise (unknown if unknown and of_fates else UserError(f"sql: {error}")) from error
    if table is None:
        raise UserError(f"sql: want a query that has an answer, such as SELECT, got {query!r}")
    return table


def _table(answer: Any) -> pa.Table | None:
    """Return the rows of a relation of DuckDB; it gives none for some statements that are no query."""
    return None if answer is None else answer.to_arrow_table()
