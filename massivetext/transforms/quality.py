"""Signals of texts, and the verdict of rules on them."""

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from massivetext import rules as rule_sets
from massivetext import signals
from massivetext.errors import UserError
from massivetext.recipe import PAPER_RULES, BlocklistOptions
from massivetext.rules import Rule
from massivetext.signals import blocklist_files, registry, unsafe_files
from massivetext.signals.ported.ported_signals import PORTED_FAMILIES
from massivetext.transforms.arguments import checked, working_folder
from massivetext.transforms.pcollection_rows import Values, with_fields

if TYPE_CHECKING:
    from massivetext.signals.blocklists import Blocklists
    from massivetext.signals.unsafe import UnsafeModel


class MeasureSignals(beam.PTransform[Any, Any]):
    """Rows with a ``text`` -> the same rows with a field for each signal (see ``docs/signals.md``).

    Some signals are of more than the text, and have their value for an empty text where rows lack the field:

    * A ``url`` is held against block lists. They are files, relative to the working folder, or patterns or URLs of
      such, that every worker can read.
    * The ``language`` in ``metadata`` is the one that a program is written in, and says what its comments are.
    * ``html_bytes`` and ``html_link_text_frac`` are of the page that a text was taken from.

    Args:
        hosts: lists of hosts, each of which stands for all hosts below it.
        urls: lists of URLs.
        url_keywords: lists of words that count where they are a whole run of letters and digits.
        url_substrings: lists of words that count anywhere.
        shipped_keywords: the keywords in ``filters/lists`` count as well.
        unsafe_model: path or URL of a model of ``massivetext classifier train``; None: the shipped one.
        readings: other tools' readings of the Gopher rules to measure as well ("dolma"): what their rule sets judge by.

    Raises:
        UserError: an argument is not as wanted, a list or the model is missing, or there is no such reading.
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
        self._lists = checked(
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

    def expand(self, documents: beam.PCollection[Any]) -> beam.PCollection[Any]:
        """One ParDo that works on batches within a bundle."""
        adds = {field.name: _python_type(field.type) for field in registry.schema(self._readings)}
        load = functools.partial(_load_measure, self._lists, self._folder, self._model, self._readings)
        return with_fields(documents, "MeasureSignals", reads={"text": str}, adds=adds, load=load)


class JudgeRules(beam.PTransform[Any, Any]):
    """Rows with signals -> the same rows with the verdict of rule sets.

    Adds ``kept``, whether a document passes every rule that is not report-only, and ``failed``, the names of all rules
    that it fails ("gopher/word_count"), in the order of the rules.

    Args:
        rules: names of rule sets in ``filters/``, or paths of rule files (``.toml``), relative to the working folder.

    Raises:
        UserError: there is no such rule set, or a rule in it is wrong.
    """

    def __init__(self, rules: Sequence[str] = PAPER_RULES["web"]) -> None:
        super().__init__()
        if isinstance(rules, str):
            raise UserError(f"JudgeRules: rules: want a list of names, got {rules!r}; write [{rules!r}]")
        known, folder = registry.types(), Path(working_folder())
        self._rules = rule_sets.combine(rule_sets.load(name, known=known, folder=folder) for name in rules)

    def expand(self, measured: beam.PCollection[Any]) -> beam.PCollection[Any]:
        """One ParDo that works on batches within a bundle."""
        needed = {signal for rule in self._rules for signal in rule.signals}
        return with_fields(
            measured,
            "JudgeRules",
            reads={name: _python_type(type_) for name, type_ in registry.types().items() if name in needed},
            adds={"kept": bool, "failed": Sequence[str]},
            load=functools.partial(_load_judge, self._rules),
        )


def _python_type(kind: pa.DataType) -> type:
    if pa.types.is_string(kind):
        return str
    return int if pa.types.is_integer(kind) else float


def _load_measure(lists: BlocklistOptions, folder: str, model: str | None, readings: tuple[str, ...]) -> Values:
    from massivetext.signals import blocklists, unsafe  # loads the compiler: only where texts are measured

    classifier = unsafe.load(model) if model else unsafe.built_in()
    return functools.partial(_measured, blocklists.load(lists, folder), classifier, readings)


def _measured(
    lists: "Blocklists", classifier: "UnsafeModel", readings: tuple[str, ...], rows: Sequence[Any]
) -> Iterable[Sequence[Any]]:
    texts = [row.text for row in rows]
    table = signals.measure(texts, _beside(rows), lists, classifier=classifier, readings=readings)
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _beside(rows: Sequence[Any]) -> pa.Table:
    """What is known of documents beside their text, as the documents data set has it."""
    bytes_, shares = ([getattr(row, name, None) for row in rows] for name in ("html_bytes", "html_link_text_frac"))
    return pa.table(
        {
            "url": pa.array([_storable(getattr(row, "url", None)) for row in rows], pa.string()),
            "metadata": pa.array([_metadata(getattr(row, "metadata", None)) for row in rows], pa.string()),
            "html_bytes": pa.array(bytes_, pa.int64()),
            "link_text_frac": pa.array(shares, pa.float64()),
        }
    )


def _storable(url: object) -> str | None:
    """A URL that Arrow takes: without what is no character."""
    return url.encode("utf-8", "replace").decode("utf-8") if isinstance(url, str) else None


def _metadata(metadata: object) -> str:
    language = metadata.get("language") if isinstance(metadata, Mapping) else None
    return json.dumps({"language": language} if isinstance(language, str) else {})


def _load_judge(rules: tuple[Rule, ...]) -> Values:
    return functools.partial(_judged, rules)


def _judged(rules: tuple[Rule, ...], rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    names = sorted({signal for rule in rules for signal in rule.signals})
    types = registry.types()
    columns = {name: pa.array([getattr(row, name) for row in rows], types[name]) for name in names}
    # A table without columns would have no rows.
    table = pa.table(columns | {"row": np.arange(len(rows))})
    kept, failed = rule_sets.judge(table, rules)
    for passed, bits in zip(kept.tolist(), failed.tolist(), strict=True):
        yield passed, [rule.label for bit, rule in enumerate(rules) if bits >> bit & 1]
