"""Prints which texts of a JSONL file datatrove's Gopher filters keep, and the rules that each text fails.

The output is one JSON object per text.

Run by an interpreter that has ``datatrove[processing]==0.10.1`` and ``spacy``: python datatrove_profile.py TEXTS

``kept`` is the verdict of both filters with their defaults. A filter stops at the first rule that fails; therefore
``failed`` comes from filters with one limit each, which share the words of a text.
"""

import functools
import json
import sys
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters import gopher_quality_filter as quality
from datatrove.pipeline.filters import gopher_repetition_filter as repetition

_QUALITY: dict[str, dict[str, Any]] = {
    "word_count": {"min_doc_words": 50, "max_doc_words": 100_000},
    "mean_word_length": {"min_avg_word_length": 3, "max_avg_word_length": 10},
    "symbol_to_word_ratio": {"max_symbol_word_ratio": 0.1},
    "bullet_line_frac": {"max_bullet_lines_ratio": 0.9},
    "ellipsis_line_frac": {"max_ellipsis_lines_ratio": 0.3},
    "alphabetic_word_frac": {"max_non_alpha_words_ratio": 0.8},
    "stop_word_count": {"min_stop_words": 2},
}
_REPETITION: dict[str, dict[str, Any]] = {
    "duplicate_line_frac": {"dup_line_frac": 0.3},
    "duplicate_paragraph_frac": {"dup_para_frac": 0.3},
    "duplicate_line_char_frac": {"dup_line_char_frac": 0.2},
    "duplicate_paragraph_char_frac": {"dup_para_char_frac": 0.2},
    **{f"top_{n}_gram_char_frac": {"top_n_grams": ((n, most),)} for n, most in ((2, 0.2), (3, 0.18), (4, 0.16))},
    **{
        f"duplicate_{n}_gram_char_frac": {"dup_n_grams": ((n, most),)}
        for n, most in zip(range(5, 11), (0.15, 0.14, 0.13, 0.12, 0.11, 0.10), strict=True)
    },
}


def _alone() -> dict[str, Any]:
    no_quality = {option: None for options in _QUALITY.values() for option in options}
    no_lines = {option: None for options in list(_REPETITION.values())[:4] for option in options}
    none = no_lines | {"top_n_grams": (), "dup_n_grams": ()}
    return {name: GopherQualityFilter(**(no_quality | options)) for name, options in _QUALITY.items()} | {
        name: GopherRepetitionFilter(**(none | options)) for name, options in _REPETITION.items()
    }


def main(path: str) -> None:
    """Filters every document."""
    words = functools.lru_cache(maxsize=1)(quality.split_into_words)
    quality.split_into_words = repetition.split_into_words = words
    whole, alone = (GopherRepetitionFilter(), GopherQualityFilter()), _alone()
    with open(path, encoding="utf-8") as handle:  # noqa: PTH123
        for number, line in enumerate(handle):
            document = Document(text=json.loads(line)["text"], id=str(number))
            kept = all(each.filter(document) is True for each in whole)
            failed = [name for name, each in alone.items() if each.filter(document) is not True]
            print(json.dumps({"kept": kept, "failed": failed}))


if __name__ == "__main__":
    main(sys.argv[1])
