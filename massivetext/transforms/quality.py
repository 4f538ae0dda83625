"""Measures the signals of texts, and judges them by rules."""

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from massivetext import rules as rule_sets
from massivetext import signals
from massivetext.errors import UserError
from massivetext.recipe import KINDS, BlocklistOptions
from massivetext.rules import Rule
from massivetext.signals import blocklist_files, registry, unsafe_files
from massivetext.signals.ported.ported_signals import PORTED_FAMILIES
from massivetext.transforms.arguments import checked_options, working_folder
from massivetext.transforms.pcollection_rows import (
    BATCH_CHARACTERS,
    BATCH_ROWS,
    Rows,
    RowTransform,
    TextRow,
    Values,
    with_fields,
)

if TYPE_CHECKING:
    from massivetext.signals.blocklists import Blocklists
    from massivetext.signals.unsafe import UnsafeModel


class MeasureSignals(RowTransform):
    """Rows with a ``text`` -> the same rows with one field per signal (see ``docs/signals.md``).

    Some signals need more than the text. Rows without the field get the value for an empty field:

    * ``url``: is looked up in block lists. These are paths (relative to the working folder) or URLs of files that every
      worker can read; wildcards are allowed.
    * ``language`` in ``metadata``: the programming language of a source file, by which comments are found.
    * ``html_bytes`` and ``html_link_text_frac``: size and share of link text of the page that the text comes from.

    Args:
        hosts: lists of hosts; an entry also covers all hosts below it.
        urls: lists of URLs.
        url_keywords: lists of words; a word counts where it is a whole run of letters and digits.
        url_substrings: lists of words that count anywhere.
        shipped_keywords: whether the keywords in ``filters/lists`` count, too.
        unsafe_model: path or URL of a model of ``massivetext classifier train``; None: the shipped model.
        readings: tools ("dolma", ...) that have signals ported from them, which their rule sets use; these signals are
            measured, too.

    Raises:
        UserError: an argument is out of range, a list or the model is missing, or no signals are ported from that tool.
    """

    def __init__(
        self,
        *,
        hosts: Sequence[str] = (),
        urls: Sequence[str] = (),
        url_keywords: Sequence[str] = (),
        url_substrings: Sequence[str] = (),
        shipped_keywords: bool = True,
        unsafe_model: str | None = None,
        readings: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._lists = checked_options(
            "MeasureSignals",
            BlocklistOptions,
            hosts=hosts,
            urls=urls,
            url_keywords=url_keywords,
            url_substrings=url_substrings,
            shipped_keywords=shipped_keywords,
        )
        if isinstance(readings, str) or not set(readings) <= set(PORTED_FAMILIES):
            raise UserError(f"MeasureSignals: readings: want a list of {', '.join(PORTED_FAMILIES)}, got {readings!r}")
        self._readings = tuple(readings)
        self._folder = working_folder()
        blocklist_files.find(self._lists, self._folder)
        self._model = unsafe_files.find(self._folder, unsafe_model) if unsafe_model else None

    def expand(
        self, documents: Rows, *, batch_rows: int = BATCH_ROWS, batch_characters: int = BATCH_CHARACTERS
    ) -> Rows:
        """Add the fields with one ParDo, which works on batches within a bundle; see :func:`with_fields`."""
        return with_fields(
            documents,
            "MeasureSignals",
            reads={"text": str},
            adds={field.name: _python_type(field.type) for field in registry.schema(self._readings)},
            load=functools.partial(_load_measure, self._lists, self._folder, self._model, self._readings),
            batch_rows=batch_rows,
            batch_characters=batch_characters,
        )


class JudgeRules(RowTransform):
    """Rows with signals -> the same rows with the verdict of rule sets.

    Adds ``kept``, whether the document passes every rule that is not report-only, and ``failed``, the names of all
    rules that it fails ("gopher/word_count"), in the order of the rules.

    Args:
        rules: names of rule sets in ``filters/``, or paths of rule files (``.toml``), relative to the working folder.

    Raises:
        UserError: there is no such rule set, or a rule in it is not valid.
    """

    def __init__(self, rules: Sequence[str] = KINDS["web"].rule_sets) -> None:
        super().__init__()
        if isinstance(rules, str):
            raise UserError(f"JudgeRules: rules: want a list of names, got {rules!r}; write [{rules!r}]")
        known, folder = registry.types(), Path(working_folder())
        self._rules = rule_sets.combine_rule_sets(
            rule_sets.load_rule_set(name, known=known, folder=folder) for name in rules
        )

    def expand(self, measured: Rows, *, batch_rows: int = BATCH_ROWS, batch_characters: int = BATCH_CHARACTERS) -> Rows:
        """Add the fields with one ParDo, which works on batches within a bundle; see :func:`with_fields`."""
        needed = rule_sets.signals_read_by(self._rules)
        return with_fields(
            measured,
            "JudgeRules",
            reads={name: _python_type(type_) for name, type_ in registry.types().items() if name in needed},
            adds={"kept": bool, "failed": Sequence[str]},
            load=functools.partial(_load_judge, self._rules),
            batch_rows=batch_rows,
            batch_characters=batch_characters,
        )


def _python_type(kind: pa.DataType) -> type:
    if pa.types.is_string(kind):
        return str
    return int if pa.types.is_integer(kind) else float


def _load_measure(
    lists: BlocklistOptions, folder: str, model: str | None, readings: tuple[str, ...]
) -> Values[TextRow]:
    from massivetext.signals import blocklists, unsafe  # loads the compiler: only where texts are measured

    classifier = unsafe.load(model) if model else unsafe.built_in()
    return functools.partial(_measure_rows, blocklists.load(lists, folder), classifier, readings)


def _measure_rows(
    lists: "Blocklists", classifier: "UnsafeModel", readings: tuple[str, ...], rows: Sequence[TextRow]
) -> Iterable[Sequence[object]]:
    texts = [row.text for row in rows]
    table = signals.measure(texts, _other_columns(rows), lists, classifier=classifier, readings=readings)
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _other_columns(rows: Sequence[object]) -> pa.Table:
    """Return the columns that signals read besides the text, as in the data set ``documents``."""
    sizes, link_shares = ([getattr(row, name, None) for row in rows] for name in ("html_bytes", "html_link_text_frac"))
    return pa.table(
        {
            "url": pa.array([_valid_unicode(getattr(row, "url", None)) for row in rows], pa.string()),
            "metadata": pa.array([_metadata_json(getattr(row, "metadata", None)) for row in rows], pa.string()),
            "html_bytes": pa.array(sizes, pa.int64()),
            "link_text_frac": pa.array(link_shares, pa.float64()),
        }
    )


def _valid_unicode(url: object) -> str | None:
    """Return a URL without lone surrogates, which Arrow refuses; None for anything but a string."""
    return url.encode("utf-8", "replace").decode("utf-8") if isinstance(url, str) else None


def _metadata_json(metadata: object) -> str:
    language = metadata.get("language") if isinstance(metadata, Mapping) else None
    return json.dumps({"language": language} if isinstance(language, str) else {})


def _load_judge(rules: tuple[Rule, ...]) -> Values[object]:
    return functools.partial(_judge_rows, rules)


def _judge_rows(rules: tuple[Rule, ...], rows: Sequence[object]) -> Iterable[Sequence[object]]:
    names = sorted(rule_sets.signals_read_by(rules))
    types = registry.types()
    columns = {name: pa.array([getattr(row, name) for row in rows], types[name]) for name in names}
    # The column "row" gives the table its length if the rules read no signal.
    table = pa.table(columns | {"row": np.arange(len(rows))})
    kept, failed = rule_sets.judge_documents(table, rules)
    for passed, bits in zip(kept.tolist(), failed.tolist(), strict=True):
        yield passed, [rule.label for bit, rule in enumerate(rules) if bits >> bit & 1]
