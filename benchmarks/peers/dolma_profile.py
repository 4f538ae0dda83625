"""Prints which texts of a JSONL file Dolma keeps with its Gopher tagger and the limits of its mixer.

The output is one JSON object per text.

Run by an interpreter that has ``dolma==1.2.1``: python dolma_profile.py TEXTS

The limits and the names of attributes are those of configs/dolma-v1_6/mixing/cc-head.yaml. A limit on an attribute that
the tagger does not write is ignored, as Dolma does.
"""

import json
import sys

from dolma.core.data_types import Document
from dolma.taggers.gopher import GopherTagger

_MOST = {
    "symbol_to_word_ratio": 0.1,
    "fraction_of_lines_starting_with_bullet_point": 0.9,
    "fraction_of_lines_ending_with_ellipsis": 0.3,
    "fraction_of_duplicate_lines": 0.3,
    "fraction_of_characters_in_duplicate_lines": 0.3,
    "fraction_of_characters_in_most_common_2gram": 0.2,
    "fraction_of_characters_in_most_common_3gram": 0.18,
    "fraction_of_characters_in_most_common_4gram": 0.16,
    **{
        f"fraction_of_characters_in_duplicate_{n}grams": most
        for n, most in zip(range(5, 11), (0.15, 0.14, 0.13, 0.12, 0.11, 0.10), strict=True)
    },
    "word_count": 100_000,
    "median_word_length": 10,
}
_LEAST = {
    "word_count": 50,
    "median_word_length": 3,
    "fraction_of_words_with_alpha_character": 0.8,
    "required_word_count": 2,
}
_OURS = {
    "word_count": "word_count",
    "median_word_length": "median_word_length",
    "symbol_to_word_ratio": "symbol_to_word_ratio",
    "fraction_of_words_with_alpha_character": "alphabetic_word_frac",
    "required_word_count": "stop_word_count",
    "fraction_of_lines_starting_with_bullet_point": "bullet_line_frac",
    "fraction_of_lines_ending_with_ellipsis": "ellipsis_line_frac",
    "fraction_of_duplicate_lines": "duplicate_line_frac",
    "fraction_of_characters_in_duplicate_lines": "duplicate_line_char_frac",
    **{f"fraction_of_characters_in_most_common_{n}grams": f"top_{n}_gram_char_frac" for n in (2, 3, 4)},
    **{f"fraction_of_characters_in_duplicate_{n}grams": f"duplicate_{n}_gram_char_frac" for n in range(5, 11)},
}


def main(path: str) -> None:
    """Tags every document."""
    tagger = GopherTagger()
    with open(path, encoding="utf-8") as handle:  # noqa: PTH123
        for number, line in enumerate(handle):
            text = json.loads(line)["text"]
            result = tagger.predict(Document(source="s", version="v", id=str(number), text=text))
            found = {span.type: span.score for span in result.spans}
            failed = {name for name, most in _MOST.items() if name in found and found[name] > most}
            failed |= {name for name, least in _LEAST.items() if name in found and found[name] < least}
            values = {_OURS[name]: value for name, value in found.items() if name in _OURS}
            print(json.dumps({"kept": not failed, "failed": sorted(_OURS[name] for name in failed), "values": values}))


if __name__ == "__main__":
    main(sys.argv[1])
