"""Every signal there is: its unit, range, type, value for an empty text, meaning and source."""

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from massivetext.signals import definitions
from massivetext.signals.ported.ported_signals import READINGS

Value = float | int | str
Unit = Literal["count", "characters", "bytes", "share", "ratio", "nats", "weight per 1,000 words", "code"]

_QUALITY = "Rae et al. 2021, A.1.1, quality filtering"
_REDPAJAMA = "ours, after RedPajama-V2 (Weber et al. 2024, quality signals)"
_T5 = "ours, after C4 (Raffel et al. 2020, 2.2) as TensorFlow Datasets reads it"
_FINEWEB = "ours, after FineWeb (Penedo et al. 2024, 3.6)"
_GNEISSWEB = "ours, after GneissWeb (Emami Gohari et al. 2025, readability)"
_REFINEDWEB = "ours, after RefinedWeb (Penedo et al. 2023, G.2)"
_REPETITION = "Rae et al. 2021, A.1.1, repetition removal, Table A1"
_LANGUAGE = (
    "Rae et al. 2021, A.1.1, content filtering; the classifier is ours (fastText lid.176.ftz), the paper names none"
)
_SAFETY = "ours: SafeSearch, which Rae et al. 2021, A.1.1 uses, is not public; a weighted phrase list stands in"
_PAGE = "ours: what extraction sees of a page and its text does not show"
_STARCODER = "ours, after StarCoder2 (Lozhkov et al. 2024, A.1)"
_COMMENTS = "ours, after SantaCoder (Ben Allal et al. 2023, 4.1), which parses Python, Java and JavaScript"
_CLASSIFIER = (
    "ours: a fastText model of short texts labelled for hate and toxicity; `signals/models/unsafe.md` is its card"
)
_LISTED = (
    "ours: the lists of a recipe's `[blocklists]`, by the address of a page alone; hosts and keywords after RefinedWeb "
    "(Penedo et al. 2023, G.1)"
)
_CODE = "Chen et al. 2021 (Codex), section 3.1; BigCode preprocessing of The Stack (StarCoder), basic filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What one column of the signals means.

    Attributes:
        name: name of the column.
        family: group in the documentation; signals of a family are measured together.
        unit: of the value.
        low: smallest possible value; None for a code.
        high: largest possible value, infinite where nothing bounds it; None for a code.
        type: Arrow type of the column.
        empty: value for an empty text.
        meaning: one sentence.
        source: paper and section, or "ours: reason".
    """

    name: str
    family: str
    unit: Unit
    low: float | None
    high: float | None
    type: pa.DataType
    empty: Value
    meaning: str
    source: str


def _signal(family: str, source: str, unit: Unit, name: str, meaning: str, empty: float | None = None) -> Signal:
    if unit == "code":
        return Signal(
            name=name,
            family=family,
            unit=unit,
            low=None,
            high=None,
            type=pa.string(),
            empty=definitions.UNDETERMINED,
            meaning=meaning,
            source=source,
        )
    whole = unit in ("count", "bytes") or name in ("character_count", "longest_line_length", "longest_encoded_length")
    return Signal(
        name=name,
        family=family,
        unit=unit,
        low=0.0,
        high=1.0 if unit == "share" else math.inf,
        type=pa.int64() if whole else pa.float64(),
        empty=empty if empty is not None else 0 if whole else 0.0,
        meaning=meaning,
        source=source,
    )


def _families() -> list[Signal]:
    quality = functools.partial(_signal, "words", _QUALITY)
    symbols = functools.partial(_signal, "symbols", _QUALITY)
    size = functools.partial(_signal, "size", "ours: what every report counts")
    line = functools.partial(_signal, "lines", _QUALITY)
    repeated = functools.partial(_signal, "repetition", _REPETITION)
    spoken = functools.partial(_signal, "language", _LANGUAGE)
    unsafe = functools.partial(_signal, "safety", _SAFETY)
    scored = functools.partial(_signal, "safety", _CLASSIFIER)
    listed = functools.partial(_signal, "safety", _LISTED)
    code = functools.partial(_signal, "code", _CODE)
    foreign = functools.partial(_signal, "code", _STARCODER)
    structure = functools.partial(_signal, "page", _PAGE)
    varied = functools.partial(_signal, "words", _REDPAJAMA)
    read = functools.partial(_signal, "words", _GNEISSWEB)
    cased = functools.partial(_signal, "characters", _REDPAJAMA)
    edited = functools.partial(_signal, "lines", _T5)
    shaped = functools.partial(_signal, "lines", _FINEWEB)
    glyphs = " ".join(f"`{glyph}`" for glyph in sorted(definitions.BULLETS_ANYWHERE))
    spaced = " ".join(f"`{glyph}`" for glyph in sorted(definitions.BULLETS_ALONE))
    quotes = " ".join(f"`{glyph}`" for glyph in sorted(definitions.END_QUOTES))
    policies = ", ".join(f"`{phrase}`" for phrase in definitions.POLICIES)
    generated = ", ".join(f"`{mark}`" for mark in definitions.GENERATED_MARKS)
    return [
        quality("count", "word_count", "Words: runs of characters between white space."),
        quality("characters", "mean_word_length", "Mean characters of a word, punctuation included."),
        quality("share", "alphabetic_word_frac", "Share of words with at least one letter of any script."),
        quality(
            "count",
            "stop_word_count",
            "How many of the stop words of its language occur at all, case and punctuation at the edges ignored; the "
            "lists are in `filters/lists/stop_words.toml` (English: the paper's eight), and a language without one is "
            "held against the English one.",
        ),
        varied("share", "stop_word_frac", "Share of words that are such stop words."),
        varied(
            "characters", "median_word_length", "Median characters of a word; of an even number the middle two's mean."
        ),
        varied(
            "share", "all_caps_word_frac", "Share of words of two or more characters whose letters are all upper-case."
        ),
        varied(
            "share",
            "unique_word_frac",
            "Distinct words divided by words, case and punctuation at the edges ignored, and words of nothing else.",
        ),
        varied("nats", "unigram_entropy", "Entropy of the distribution of those words, to nine decimals."),
        varied(
            "count",
            "sentence_count",
            "Sentences: words that end in `.`, `!`, `?` or another sentence mark, with quotes or brackets after it or "
            "none, and the last word in any case.",
        ),
        read(
            "ratio",
            "mcalpine_eflaw",
            "McAlpine EFLAW, a score of readability: words plus words of at most "
            f"{definitions.MINI_CHARACTERS} characters, divided by sentences; punctuation at the edges of a word and "
            "words of nothing else do not count.",
        ),
        symbols("ratio", "hash_to_word_ratio", "Hash signs (`#`) divided by words."),
        symbols(
            "ratio",
            "ellipsis_to_word_ratio",
            "Ellipses (`...` without overlap, or `…`) divided by words; apart from the hashes, as the paper says "
            '"either".',
        ),
        cased("share", "curly_bracket_frac", "Share of characters that are `{` or `}`."),
        cased("share", "uppercase_letter_frac", "Share of letters that are upper-case."),
        cased("share", "digit_frac", "Share of characters that are decimal digits, white space left out."),
        size("characters", "character_count", "Characters (Unicode code points), white space included."),
        size("bytes", "byte_count", "Bytes of the text in UTF-8."),
        line("count", "line_count", "Lines that are not blank."),
        line(
            "share",
            "bullet_line_frac",
            f"Share of non-blank lines that begin, after white space, with a bullet: {glyphs}, or {spaced} before "
            "white space or at the end of the line.",
        ),
        line("share", "ellipsis_line_frac", "Share of non-blank lines that end, before white space, in `...` or `…`."),
        size("count", "paragraph_count", "Paragraphs: what stands between blank lines."),
        shaped("ratio", "mean_line_words", "Mean words of a non-blank line."),
        shaped(
            "share",
            "terminal_line_frac",
            "Share of non-blank lines whose last character ends a sentence in any script (`.`, `!`, `?`, `…` ...) "
            f"or is an end quotation mark: {quotes}.",
        ),
        shaped(
            "share",
            "short_line_frac",
            f"Share of non-blank lines of at most {definitions.SHORT_CHARACTERS} characters.",
        ),
        edited("count", "javascript_line_count", f"Lines with `{definitions.JAVASCRIPT}` in them, in any case."),
        edited("count", "policy_line_count", f"Lines with one of these in them, in any case: {policies}."),
        edited("count", "lorem_ipsum_count", f"Copies of `{definitions.LOREM_IPSUM}`, in any case."),
        repeated(
            "share",
            "duplicate_line_frac",
            "Share of non-blank lines, stripped, that stood in the text before: (N - distinct) / N.",
        ),
        repeated(
            "share",
            "duplicate_line_char_frac",
            "Characters of lines that stood in the text before, divided by the characters of all lines.",
        ),
        repeated(
            "share",
            "duplicate_paragraph_frac",
            "Share of paragraphs (parted by blank lines, stripped) that stood in the text before: (N - distinct) / N.",
        ),
        repeated(
            "share",
            "duplicate_paragraph_char_frac",
            "Characters of paragraphs that stood in the text before, divided by the characters of all paragraphs.",
        ),
        *(
            repeated(
                "share",
                f"top_{n}_gram_char_frac",
                f"Characters within the most frequent run of {n} words (of equally frequent ones the one that covers "
                "most), divided by the characters of all words; overlapping copies count once; 0 if none occurs twice.",
            )
            for n in definitions.TOP_SIZES
        ),
        *(
            repeated(
                "share",
                f"duplicate_{n}_gram_char_frac",
                f"Characters within any run of {n} words that occurs more than once, all copies, each character once, "
                "divided by the characters of all words.",
            )
            for n in definitions.DUPLICATE_SIZES
        ),
        spoken(
            "code", "language", "Code of the most probable language (`en`, `de`, ...); `und` for a text without words."
        ),
        spoken(
            "share",
            "language_score",
            f"Probability of that language; long texts are sampled: {definitions.LANGUAGE_WINDOWS} windows of "
            f"{definitions.LANGUAGE_WINDOW} characters, evenly spread from start to end.",
        ),
        spoken("code", "second_language", "Code of the next most probable language; `und` for a text without words."),
        spoken("share", "second_language_score", "Probability of that one."),
        spoken(
            "share",
            definitions.PARAGRAPH_SIGNAL,
            f"Share of {definitions.PARAGRAPH_PLACES} evenly spread places of a text whose own paragraph is in the "
            f"language of the text, by {definitions.PARAGRAPH_WINDOW} characters there; places in paragraphs (parted "
            f"by empty lines) with fewer than {definitions.PARAGRAPH_LEAST} are left out, and 1 is for a text without "
            "others, of one paragraph, or where the recipe does not say `measure.paragraph_languages = true`.",
            empty=1.0,
        ),
        unsafe("count", "unsafe_phrase_count", "Distinct phrases of `filters/lists/unsafe_phrases.txt` that occur."),
        unsafe(
            "weight per 1,000 words",
            "unsafe_phrase_weight",
            "Sum of the weights of all copies of those phrases (of overlapping ones the first, and the longest), per "
            "1,000 words.",
        ),
        scored(
            "share",
            "unsafe_score",
            "Probability that the text is unsafe, calibrated on the labels that the model was trained with; long texts "
            f"are sampled, {definitions.UNSAFE_WINDOW} characters each at the start, in the middle and at the "
            "end, judged as one text.",
        ),
        listed(
            "count",
            "blocked_host",
            "1 where the host of its URL, or one that it lies below, is on a list of hosts of the recipe; else 0.",
        ),
        listed(
            "count",
            "blocked_url",
            "1 where its URL is on a list of URLs of the recipe; else 0. Scheme, `www.`, user, fragment and the slash "
            "at the end do not count.",
        ),
        listed(
            "count",
            "blocked_url_keyword_count",
            "Distinct words of `filters/lists/explicit_url_keywords.txt` and of the recipe's lists in host and path of "
            "its URL, as whole runs of letters and digits, or anywhere where the recipe wants that; case does not "
            "count.",
        ),
        code("share", "alphanumeric_frac", "Share of all characters that are letters or digits."),
        code("characters", "longest_line_length", "Characters of the longest line, indentation included."),
        code("characters", "mean_line_length", "Mean characters of a line, blank lines and indentation included."),
        foreign("share", "alphabetic_frac", "Share of all characters that are letters."),
        structure(
            "ratio",
            "text_to_html_ratio",
            "Bytes of the text divided by those of the page that it is taken from; 1 where it is not taken from HTML.",
            empty=1.0,
        ),
        structure(
            "share",
            "link_text_frac",
            "Share of the characters of the page, its menus included, that are within links, white space left out; "
            "0 where the text is not taken from HTML.",
        ),
        _signal(
            "code",
            _COMMENTS,
            "share",
            "comment_frac",
            "Share of characters within comments, their marks included, and within Python's docstrings; 0 where the "
            "document says no programming language or one without a style in `signals/comment_styles.py`.",
        ),
        foreign(
            "share",
            "encoded_frac",
            f"Share of characters within data: {definitions.BASE64_LEAST} or more letters, digits, `+`, `/`, `=` and "
            f"line feeds in a row; {definitions.BYTES_LEAST} or more bytes of two hexadecimal digits, each with `0x`, "
            r"`\x` or nothing before it, commas, white space or nothing between them; as many `\u1234` in a row.",
        ),
        foreign("characters", "longest_encoded_length", "Characters of the longest piece of such data."),
        foreign(
            "count",
            "generated_mark_count",
            f"Copies of these in the first {definitions.GENERATED_LINES} lines, in any case: {generated}.",
        ),
        _signal(
            "edits",
            _REFINEDWEB,
            "share",
            "edited_word_frac",
            "Share of the words of the text before its source's line edits that these took; 0 where nothing edits it.",
        ),
    ]


SIGNALS: dict[str, Signal] = {signal.name: signal for signal in _families()}


# What stands in for each natural-language and repetition signal of RedPajama-V2 (README, "Summary of Quality Signals"),
# and where the reading differs. Its words are lower-case, without punctuation, where nothing else is said.
REDPAJAMA: dict[str, tuple[tuple[str, ...], str]] = {
    "rps_doc_curly_bracket": (("curly_bracket_frac",), ""),
    "rps_doc_frac_all_caps_words": (("all_caps_word_frac",), "one letter alone is none; punctuation parts no words"),
    "rps_doc_frac_lines_end_with_ellipsis": (("ellipsis_line_frac",), "blank lines do not count"),
    "rps_doc_frac_no_alph_words": (
        ("alphabetic_word_frac",),
        "1 minus it; letters of every script, and punctuation is no word",
    ),
    "rps_doc_lorem_ipsum": (("lorem_ipsum_count",), "not divided by the characters"),
    "rps_doc_mean_word_length": (("mean_word_length",), "with punctuation"),
    "rps_doc_stop_word_fraction": (("stop_word_frac",), "the paper's eight words, or as few of another language"),
    "rps_doc_symbol_to_word_ratio": (
        ("hash_to_word_ratio", "ellipsis_to_word_ratio"),
        "their sum; the paper bounds each",
    ),
    "rps_doc_frac_unique_words": (("unique_word_frac",), "punctuation within a word stays"),
    "rps_doc_unigram_entropy": (("unigram_entropy",), "punctuation within a word stays"),
    "rps_doc_word_count": (("word_count",), "words of punctuation alone count"),
    "rps_doc_num_sentences": (("sentence_count",), "a mark within a word ends none"),
    "rps_lines_ending_with_terminal_punctution_mark": (
        ("terminal_line_frac",),
        "of the document; marks of every script",
    ),
    "rps_lines_javascript_counts": (("javascript_line_count",), "lines, not copies"),
    "rps_lines_num_words": (("mean_line_words",), "the mean, not each line's"),
    "rps_lines_numerical_chars_fraction": (("digit_frac",), "of the document, white space left out"),
    "rps_lines_start_with_bulletpoint": (("bullet_line_frac",), "hyphens and asterisks before white space count"),
    "rps_lines_uppercase_letter_fraction": (("uppercase_letter_frac",), "of the document's letters"),
    **{
        f"rps_doc_frac_chars_top_{size}gram": ((f"top_{size}_gram_char_frac",), "case and punctuation count; at most 1")
        for size in definitions.TOP_SIZES
    },
    **{
        f"rps_doc_frac_chars_dupe_{size}grams": ((f"duplicate_{size}_gram_char_frac",), "case and punctuation count")
        for size in definitions.DUPLICATE_SIZES
    },
}


def _readings() -> dict[str, Signal]:
    return {
        (name := f"{reading}_{measurement.name}"): _signal(
            reading, described.source, measurement.unit, name, measurement.meaning
        )
        for reading, described in READINGS.items()
        for measurement in described.measurements
    }


# Every signal that can be measured: ours, and those of other tools' readings, which only rule sets that name them ask
# for.
ALL: dict[str, Signal] = SIGNALS | _readings()


def readings_of(signals: Iterable[str]) -> tuple[str, ...]:
    """The readings that some signals belong to, in the order of the registry."""
    families = {ALL[name].family for name in signals}
    return tuple(reading for reading in READINGS if reading in families)


def schema(readings: Sequence[str] = ()) -> pa.Schema:
    """Schema of the signals of a source: one row a document, no nulls.

    Args:
        readings: other tools' readings that are measured as well; see :func:`readings_of`.
    """
    measured = [signal for name, signal in ALL.items() if name in SIGNALS or signal.family in readings]
    return pa.schema([pa.field(signal.name, signal.type, nullable=False) for signal in measured])


def types() -> dict[str, pa.DataType]:
    """Arrow type of each signal, those of readings as well, as :func:`massivetext.rules.load_rule_set` wants it."""
    return {name: signal.type for name, signal in ALL.items()}


def markdown() -> str:
    """The page ``docs/signals.md``."""
    parts = [_INTRODUCTION]
    for family in dict.fromkeys(signal.family for signal in SIGNALS.values()):
        rows = [_row(signal) for signal in SIGNALS.values() if signal.family == family]
        sources = sorted({signal.source for signal in SIGNALS.values() if signal.family == family})
        parts.append(
            "\n".join([f"## {family.capitalize()}", "", f"Source: {'; '.join(sources)}.", "", _TABLE_HEAD, *rows])
        )
    parts.append("\n".join([_REDPAJAMA_HEAD, *map(_equivalent, REDPAJAMA)]))
    parts.append(_READINGS_HEAD)
    for reading, described in READINGS.items():
        rows = [_row(signal) for signal in ALL.values() if signal.family == reading]
        parts.append("\n".join([f"### {reading}", "", f"Source: {described.source}.", "", _TABLE_HEAD, *rows]))
    return "\n\n".join(parts) + "\n"


def _equivalent(field: str) -> str:
    ours, difference = REDPAJAMA[field]
    return f"| `{field}` | {', '.join(f'`{name}`' for name in ours)} | {difference or 'the same'} |"


def _row(signal: Signal) -> str:
    cells = (f"`{signal.name}`", signal.unit, _range(signal), f"`{signal.empty}`", signal.meaning)
    return f"| {' | '.join(cells)} |"


def _range(signal: Signal) -> str:
    if signal.low is None or signal.high is None:
        return "text"
    return f"{signal.low:g} to {signal.high:g}" if math.isfinite(signal.high) else f"from {signal.low:g}"


_TABLE_HEAD = "| signal | unit | range | empty text | meaning |\n| --- | --- | --- | --- | --- |"

_INTRODUCTION = """\
# Signals

What is measured for every document, before anything is decided; the rules in `filters/` set bounds on them.
This page is generated by `python docs/make.py`; a test fails when it is stale.

Words are what stands between white space, punctuation and case kept, in every signal: the paper names no segmentation,
and its bounds (four words in five with a letter, mean length 3 to 10) fit only this one. No signal is ever missing, and
every value is finite. Where the paper leaves a reading open the sentence below says which one is measured; at one
limit the readings differ by up to three times, so limits tuned for another tool do not carry over."""

_REDPAJAMA_HEAD = """\
## For users of RedPajama-V2

Its natural-language and repetition signals, and what measures the same here. Values of lines are summed up for the
document. Its other signals need models or lists of their own.

| RedPajama-V2 | here | what differs here |
| --- | --- | --- |"""

_READINGS_HEAD = """\
## Readings of other tools

What public re-implementations of the Gopher rules measure in another way. The rule set of the same name in `filters/`
judges by them, and by signals from above where the tool measures the same. They are additional: a source whose rule
sets name none of them does not measure them, and where one of a tool is named all of that tool are measured.

They are plain Python over one text at a time, not compiled like ours, and far slower: each reads 1 to 6 MB of text a
second on one core (`benchmarks/profiles.py`)."""
