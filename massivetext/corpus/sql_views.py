"""The stored files of a run as views for SQL: documents, signals, verdicts, and the documents that are kept."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from massivetext.corpus.document_columns import measured_signals
from massivetext.runs.context import CUTS, CUTTING, Context
from massivetext.runs.stage import VerdictSet
from massivetext.schema import DOCUMENTS
from massivetext.stages import JUDGE

_PATTERN = frozenset("*?[")  # a path with these is a pattern, but for one within brackets


def view_statements(context: Context, deciding: Sequence[VerdictSet] | None) -> Mapping[str, str]:
    """Return the queries of the views, by their names.

    Every view reads the Parquet files of the run, and rows of aligned files are joined by file and row number.

    Args:
        context: a run on a local disk.
        deciding: verdicts that decide what is kept; None: the views that tell what is kept are left out.
    """
    sources = sorted(context.shard_counts)
    of_documents = list(DOCUMENTS.names)
    views = {
        "documents": [_select(source, {"d": of_documents}, _from(context, source)) for source in sources],
        "signals": [
            _select(
                source,
                {"d": ["id"], "s": [name for name in measured_signals(context, source) if name != "id"]},
                _from(context, source, s="signals"),
            )
            for source in sources
        ],
    }
    if deciding is not None:
        views["verdicts"] = [_verdicts(context, source, deciding) for source in sources]
        views["kept"] = [_kept(context, source, deciding) for source in sources]
    # By name: a signal that was not measured for a source is null there.
    return {name: "\nUNION ALL BY NAME\n".join(selects) for name, selects in views.items()}


def _select(
    source: str, columns: Mapping[str, Sequence[str]], tables: str, replaced: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return a query of columns by table, with the source; ``replaced`` has what takes the place of a column."""
    first, *others = [
        f"{replaced[column]} AS {_name(column)}" if column in replaced else f"{table}.{_name(column)}"
        for table, names in columns.items()
        for column in names
    ]
    return f"SELECT {', '.join([first, f'{_text(source)} AS source', *others])} FROM {tables}"  # noqa: S608 - names and texts are quoted


def _verdicts(context: Context, source: str, deciding: Sequence[VerdictSet]) -> str:
    judging = _judging(source, deciding)
    removed = "".join(f" WHEN NOT {table}.kept THEN {_text(each.stage)}" for table, each in judging.items())
    rules = [
        f"CASE WHEN (rules.failed >> {bit}) & 1 = 1 THEN [{_text(rule.label)}] ELSE []::VARCHAR[] END"
        for bit, rule in enumerate(context.rules[source])
    ]
    return (  # names and texts are quoted
        f"SELECT d.id, {_text(source)} AS source, {_is_kept(judging)} AS kept, CASE{removed} END AS removed_by, "  # noqa: S608
        f"{' || '.join(rules) or '[]::VARCHAR[]'} AS failed_rules "
        f"FROM {_of_verdicts(context, source, judging, rules=context.verdicts_of(JUDGE.name))}"
    )


def _kept(context: Context, source: str, deciding: Sequence[VerdictSet]) -> str:
    """Return the query of the documents that are kept, with the texts that the records hold."""
    judging = _judging(source, deciding)
    tables, replaced = _of_verdicts(context, source, judging), {}
    cuts = any(each.data_set == CUTTING for each in judging.values())
    if cuts and all(context.has_cut_texts(shard) for shard in context.shards(source)):
        tables += _join("LEFT JOIN", context, source, CUTS, "cut", row="row")
        replaced["text"] = "coalesce(cut.text, d.text)"
    return f"{_select(source, {'d': DOCUMENTS.names}, tables, replaced)} WHERE {_is_kept(judging)}"


def _judging(source: str, deciding: Sequence[VerdictSet]) -> dict[str, VerdictSet]:
    """Return the verdicts on a source, by the names that their tables have within a view."""
    return {f"v{number}": each for number, each in enumerate(deciding) if source in each.sources}


def _is_kept(judging: Mapping[str, VerdictSet]) -> str:
    return " AND ".join(f"{table}.kept" for table in judging)


def _of_verdicts(context: Context, source: str, judging: Mapping[str, VerdictSet], **others: str) -> str:
    return _from(context, source, **{table: each.data_set for table, each in judging.items()}, **others)


def _from(context: Context, source: str, **joined: str) -> str:
    """Return the documents of a source as ``d``, joined with other data sets row by row."""
    tables = (_join("JOIN", context, source, data_set, table) for table, data_set in joined.items())
    return f"{_files(context, source, 'documents')} AS d{''.join(tables)}"


def _join(how: str, context: Context, source: str, data_set: str, table: str, row: str = "file_row_number") -> str:
    """Return the join of a data set with the documents ``d`` by file and row; ``row`` has the row of the document."""
    width = len(f"{context.shards(source)[0].name}.parquet")  # the same for all shards of a source
    return (
        f" {how} {_files(context, source, data_set)} AS {table} ON {table}.filename[-{width}:] = d.filename[-{width}:] "
        f"AND {table}.{row} = d.file_row_number"
    )


def _files(context: Context, source: str, data_set: str) -> str:
    paths = ", ".join(_paths(context, source, data_set))
    return f"read_parquet([{paths}], filename = true, file_row_number = true)"


def _paths(context: Context, source: str, data_set: str) -> Iterator[str]:
    for shard in context.shards(source):
        path = context.run.shard_file(data_set, shard)
        yield _text("".join(f"[{character}]" if character in _PATTERN else character for character in path))


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
