"""What the definitions of signals fix: glyphs, phrases, sizes, and the files that they read.

Apart from the code that measures, so that whoever only reads about signals does not load a compiler and models.
"""

from pathlib import Path

from massivetext import assets

LANGUAGE_MODEL = Path(__file__).parent / "models" / "lid.176.ftz"
UNSAFE_PHRASES = assets.folder("filters") / "lists" / "unsafe_phrases.txt"
STOP_WORDS = assets.folder("filters") / "lists" / "stop_words.toml"
URL_KEYWORDS = assets.folder("filters") / "lists" / "explicit_url_keywords.txt"

UNDETERMINED = "und"  # ISO 639-2 for "undetermined": the language of a text without words
LANGUAGE_WINDOW = 700  # characters that are read at the start, in the middle and at the end of a long text

MOST_STOP_WORDS = 64  # of a language; bits of a number

TOP_SIZES = (2, 3, 4)  # words of the n-grams of which the most frequent one counts
DUPLICATE_SIZES = (5, 6, 7, 8, 9, 10)  # words of the n-grams of which every repeated one counts

SHORT_CHARACTERS = 30  # of a short line: FineWeb's short_line_length

# The paper names no bullets. The first group are bullets wherever they begin a line; the second also begin words ("-5",
# "**bold**"), so they count only where they are a word of their own.
BULLETS_ANYWHERE = frozenset("•‣⁃▪▫■□●○◦·▶")
BULLETS_ALONE = frozenset("-*–")
# T5 (Raffel et al. 2020, 2.2): "a period, exclamation mark, question mark, or end quotation mark"; the first three are
# the Sentence_Terminal characters of any script.
END_QUOTES = frozenset("\"'”’»")

JAVASCRIPT = "javascript"
LOREM_IPSUM = "lorem ipsum"
# Of C4's code (tensorflow_datasets, c4_utils.py).
POLICIES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
