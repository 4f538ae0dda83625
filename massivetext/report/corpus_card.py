"""The card of the data, in the form that dataset hubs use: a YAML head, then Markdown. Every figure is of the report.

The head has the fields of the Hugging Face Hub's dataset cards (https://huggingface.co/docs/hub/datasets-cards); its
``configs`` fit the folder that ``massivetext export --format`` writes.
"""

import bisect
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from massivetext.formatting import count_noun, format_bytes, format_count, format_share
from massivetext.report.duplicates import ClusterReport
from massivetext.report.remarks import remarks
from massivetext.report.run_report import RunReport, SourceReport
from massivetext.report.wording import VerdictSets, describe_rule, verdict
from massivetext.stages import INGEST, JUDGE

# The Hub's size categories: smallest number of documents above each, and its name.
_SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000)
_CATEGORIES = (
    "n<1K",
    "1K<n<10K",
    "10K<n<100K",
    "100K<n<1M",
    "1M<n<10M",
    "10M<n<100M",
    "100M<n<1B",
    "1B<n<10B",
    "10B<n<100B",
    "100B<n<1T",
)
_NAMED = 0.005  # share of the documents from which the head names a language
_LANGUAGE = re.compile("[a-z]{2,3}")
_SPECIAL = re.compile(r"([\\`*{}\[\]#|~]|(?<!\w)_|_(?!\w))")  # within a word "_" marks nothing
_CODE = re.compile("`([^`|]+)`")

Cells = Sequence[str | int]


def render_card(report: RunReport, verdicts: VerdictSets) -> str:
    """Return the card of a run's data as Markdown; equal reports give equal text.

    Args:
        report: the report.
        verdicts: the verdict sets of the run, by their stage.
    """
    blocks = [
        f"# {_text(report.recipe)}",
        _text(verdict(report, verdicts)),
        *_sources(report),
        *_languages(report),
        *_fields(),
        *_filtering(report),
        *_duplicates(report),
        *_test_sets(report),
        *_training(report),
        *_limits(report),
        *_provenance(report),
    ]
    return "\n\n".join([_head(report), *blocks]) + "\n"


# -- head --------------------------------------------------------------------------------------------------------------


def _head(report: RunReport) -> str:
    languages = [code for code, share in _language_shares(report) if share >= _NAMED and _LANGUAGE.fullmatch(code)]
    return card_head(report.recipe, report.total(report.judged[-1]).documents, languages, list(report.sources))


def card_head(name: str, documents: int, languages: Sequence[str], sources: Sequence[str]) -> str:
    """Return the YAML head of a card, with its marks.

    Args:
        name: name of the data.
        documents: number of documents.
        languages: ISO 639 codes.
        sources: sources that have documents, each of which is a configuration beside the one of all.
    """
    category = _CATEGORIES[bisect.bisect_right(_SIZES, documents)]
    lines = [f"pretty_name: {_yaml(name)}", "license: unknown"]
    lines += ["language:", *(f"- {_yaml(code)}" for code in languages)] if languages else []
    lines += ["size_categories:", f"- {_yaml(category)}", "task_categories:", "- text-generation"]
    lines += ["tags:", "- pretraining", "- massivetext", "configs:"]
    every = "ALL" if "default" in sources else "default"  # names of sources are lower-case
    lines += [f"- config_name: {every}", '  data_files: "*/part-*"', "  default: true"]
    for source in sources:
        lines += [f"- config_name: {_yaml(source)}", f"  data_files: {_yaml(f'{source}/part-*')}"]
    return "\n".join(["---", *lines, "---"])


def _language_shares(report: RunReport) -> list[tuple[str, float]]:
    """Return the languages of the documents that passed the rules with their shares, the most frequent first."""
    counts: Counter[str] = Counter()
    for source in report.sources.values():
        counts.update({code: tally.kept for code, tally in source.languages.items()})
    total = max(counts.total(), 1)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(code, count / total) for code, count in ordered if count]


def _yaml(text: str) -> str:
    """Return a text as a scalar of YAML in quotation marks, in ASCII alone."""
    return '"' + "".join(map(_yaml_character, text)) + '"'


def _yaml_character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if " " <= character <= "~" else f"\\U{ord(character):08x}"


# -- Markdown ----------------------------------------------------------------------------------------------------------


def _text(text: str) -> str:
    """Return a text on one line of which nothing is markup."""
    return _escape(" ".join(text.split()))


def _escape(line: str) -> str:
    line = "".join(character if character.isprintable() else " " for character in line)
    return _SPECIAL.sub(r"\\\1", line).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _prose(text: str) -> str:
    """Return a sentence of ours, in which backticks mark code, as Markdown."""
    pieces = _CODE.split(text)
    return "".join(f"`{piece}`" if at % 2 else _escape(piece) for at, piece in enumerate(pieces))


def _table(header: Sequence[str], rows: Sequence[Cells]) -> list[str]:
    """Return a table; none without rows. A column whose heading ends in ":" is aligned right."""
    if not rows:
        return []
    marks = ["---:" if each.endswith(":") else "---" for each in header]
    lines = [[each.removesuffix(":") for each in header], marks]
    lines += [[f"{cell:,}" if isinstance(cell, int) else _text(cell) for cell in row] for row in rows]
    return ["\n".join(f"| {' | '.join(line)} |" for line in lines)]


def _sources(report: RunReport) -> Iterator[str]:
    last = report.judged[-1]
    rows: list[Cells] = []
    for name, source in report.sources.items():
        read, kept = source.funnel[INGEST.name], source.funnel[last]
        share = format_share(kept.documents, read.documents)
        rows.append((name, source.kind, read.documents, kept.documents, share, kept.words, format_bytes(kept.bytes)))
    yield "## Sources"
    yield from _table(["source", "kind", "read:", "kept:", "share:", "words:", "text:"], rows)
    refused = [
        (name, reason, found.count)
        for name, source in report.sources.items()
        for reason, found in source.rejected.items()
    ]
    skipped = [
        (name, reason, count) for name, source in report.sources.items() for reason, count in source.skipped.items()
    ]
    if refused:
        yield f"{count_noun(sum(count for *_, count in refused), 'piece')} of input could not be read:"
        yield from _table(["source", "reason", "pieces:"], refused)
    if skipped:
        yield f"{count_noun(sum(count for *_, count in skipped), 'sound record')} not wanted:"
        yield from _table(["source", "reason", "records:"], skipped)


def _languages(report: RunReport) -> Iterator[str]:
    shares = _language_shares(report)
    if shares:
        yield "## Languages"
        yield (
            "Of the documents that passed the rules, by a detector of languages: "
            f"{', '.join(f'{_text(code)} {share:.1%}' for code, share in shares if share >= _NAMED)}."
        )


def _fields() -> Iterator[str]:
    yield "## Fields"
    fields = {
        "id": "128-bit hash of source, input file and position in it, the same in every run",
        "source": "name of the source",
        "url, title": "where the document is from, if it says so",
        "text": "the text, after extraction and line edits, without passages of test sets that were cut out",
        "metadata": "what else the input said of it",
    }
    yield from _table(["field", "what it holds"], list(fields.items()))


def _filtering(report: RunReport) -> Iterator[str]:
    yield "## Filtering"
    edited = {name: source.edited for name, source in report.sources.items() if source.edited is not None}
    for name, found in edited.items():
        changed = count_noun(found.documents, "document")
        yield f"Lines of {_text(name)} were edited by {_text(', '.join(found.edits))}: {changed} changed."
    rows = [row for name, source in report.sources.items() for row in _rule_rows(name, source)]
    if not rows:
        yield "No rule judges these documents."
        return
    removed = report.total(INGEST.name).documents - report.total(JUDGE.name).documents
    yield f"Rules on signals of the text removed {count_noun(removed, 'document')}. A document may fail several."
    yield from _table(["source", "rule", "passes", "fail:", "alone:", "from"], rows)


def _rule_rows(name: str, source: SourceReport) -> Iterator[Cells]:
    for rule in source.rules:
        label = f"{rule.rule} (only marks)" if rule.report_only else rule.rule
        tally = rule.tally
        yield name, label, describe_rule(rule.passes, rule.where), tally.failed, tally.unique, rule.citation


def _duplicates(report: RunReport) -> Iterator[str]:
    found = []
    if isinstance(report.urls, ClusterReport):
        found.append(f"{_removed(report.urls.removed)} for having the canonical URL of another one.")
    if report.exact is not None:
        found.append(f"{_removed(report.exact.removed)} for having the text of another one.")
    if report.near is not None:
        found.append(
            f"{_removed(report.near.clusters.removed)} as near duplicates: MinHash finds candidates, and their exact "
            f"Jaccard similarity has to exceed {report.near.threshold:g}."
        )
    apart = [name for name, source in report.sources.items() if not source.deduplicates]
    if found and apart:
        found.append(f"Not deduplicated: {_text(', '.join(apart))}.")
    if found:
        yield "## Deduplication"
        yield " ".join(found)


def _removed(count: int) -> str:
    return f"{count_noun(count, 'document')} {'was' if count == 1 else 'were'} removed"


def _test_sets(report: RunReport) -> Iterator[str]:
    found = report.contamination
    if found is not None:
        yield "## Test sets"
        tested, items = count_noun(found.tested, "document"), count_noun(found.items, "test item")
        cut = count_noun(found.cut, "document")
        kept = f" Of {cut} the passages were cut out; the rest is kept." if found.cut else ""
        yield f"{tested} compared with {items}: {_removed(found.removed)} for overlapping one.{kept}"
        rows: list[Cells] = [
            (each.name, "–" if each.items is None else f"{each.items:,}", each.items_hit, each.removed)
            for each in found.test_sets
        ]
        yield from _table(["test set", "items:", "items found:", "documents removed:"], rows)


def _training(report: RunReport) -> Iterator[str]:
    if report.tokenizer is not None:
        made = "trained on these texts" if report.tokenizer.trained else "given by the recipe"
        yield "## Tokens"
        yield f"The tokenizer has {report.tokenizer.vocabulary_size:,} pieces and is {made}."
    if report.mixture is not None:
        rows: list[Cells] = [
            (
                name,
                f"{float(row.weight):.2%}",
                f"{row.realised:.2%}",
                row.tokens,
                "–" if row.covered is None else f"{row.covered:.1%}",
            )
            for name, row in report.mixture.items()
        ]
        total = sum(row.tokens for row in report.mixture.values())
        yield f"The training records have {format_count(total)} tokens:"
        yield from _table(["source", "wanted:", "realised:", "tokens:", "of the kept text:"], rows)
        yield from (str(each) for each in report.held_out)


def _limits(report: RunReport) -> Iterator[str]:
    yield "## What to know before use"
    known = [
        "The licences of the sources are not known to the pipeline: `license` above is to be set by hand.",
        "Personal data were not looked for.",
        *map(_prose, remarks(report)),
    ]
    yield "\n".join(f"- {each}" for each in known)


def _provenance(report: RunReport) -> Iterator[str]:
    yield "## How it was made"
    yield (
        f"By massivetext {_text(report.version)} from the recipe `{report.recipe_sha256}` (SHA-256) with seed "
        f"{report.seed}, as far as the stage {_text(report.stages[-1])}. The same recipe gives the same "
        "data, byte for byte."
    )
    rows: Mapping[str, str] = report.libraries
    yield from _table(["library", "version"], sorted(rows.items()))
