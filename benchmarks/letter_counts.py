"""Count the letters beyond ASCII, and their neighbours, in sentences of many languages: what tells encodings apart.

    python benchmarks/letter_counts.py ../shared/data/langid/samples.jsonl.gz

writes `massivetext/sources/streams/letter_counts.json`. Sentences whose MD5 begins with an odd byte are left
out, so that detection can be measured on them.
"""

import gzip
import hashlib
import json
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

OUTPUT = Path(__file__).parent.parent / "massivetext/sources/streams/letter_counts.json"
# Language of the model: names of the samples.
LANGUAGES = {
    "german": ("German, Standard (1901)", "German"),
    "french": ("French",),
    "spanish": ("Spanish (resolution)", "Spanish"),
    "portuguese": ("Portuguese (Brazil)",),
    "italian": ("Italian",),
    "catalan": ("Catalan (2)", "Catalan"),
    "danish": ("Danish", "Norwegian, Bokmål", "Norwegian, Nynorsk", "Norwegian Bokmal"),
    "swedish": ("Swedish",),
    "finnish": ("Finnish (2)", "Finnish"),
    "estonian": ("Estonian",),
    "dutch": ("Dutch",),
    "icelandic": ("Icelandic", "Faroese"),
    "irish": ("Gaelic, Irish", "Irish Gaelic"),
    "albanian": ("Albanian",),
    "czech": ("Czech",),
    "polish": ("Polish",),
    "hungarian": ("Hungarian",),
    "slovak": ("Slovak",),
    "slovenian": ("Slovenian", "Croatian", "Bosnian", "Bosnian (Latin)"),
    "romanian": ("Romanian (1953)", "Romanian"),
    "turkish": ("Turkish",),
    "latvian": ("Latvian (2)", "Latvian"),
    "lithuanian": ("Lithuanian",),
    "vietnamese": ("Vietnamese",),
    "russian": ("Russian",),
    "ukrainian": ("Ukrainian", "Belarusian"),
    "bulgarian": ("Bulgarian",),
    "serbian": ("Serbian (Cyrillic)", "Serbian", "Macedonian"),
    "greek": ("Greek (monotonic)", "Greek"),
    "hebrew": ("Hebrew",),
    "arabic": ("Arabic, Standard", "Arabic", "Egyptian Arabic"),
    "thai": ("Thai",),
}
# Letters that the encodings of a language write otherwise.
_AS_ENCODED = str.maketrans("șțȘȚ", "şţŞŢ")


def is_for_training(text: str) -> bool:
    """Return whether a sentence is counted; the others measure detection."""
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()[0] % 2 == 0


def neighbour_class(character: str) -> str:
    """Return a small letter of ASCII, "A" for a capital, "é" for any character beyond ASCII, " " for the rest."""
    if character > "\x7f":
        return "é"
    if not character.isalpha():
        return " "
    return character if character.islower() else "A"


def main(samples: str) -> None:
    """Write the counts."""
    sentences: dict[str, set[str]] = defaultdict(set)
    with gzip.open(samples, "rt", encoding="utf-8") as lines:
        for line in lines:
            sample = json.loads(line)
            sentences[sample["lang_name"]].add(unicodedata.normalize("NFC", sample["text"].strip()))
    counts: dict[str, dict[str, list[object]]] = {}
    for language, names in LANGUAGES.items():
        letters: Counter[str] = Counter()
        before: dict[str, Counter[str]] = defaultdict(Counter)
        after: dict[str, Counter[str]] = defaultdict(Counter)
        for text in sorted(set().union(*(sentences[name] for name in names))):
            if not is_for_training(text):
                continue
            padded = f" {text.translate(_AS_ENCODED)} "
            for left, each, right in zip(padded, padded[1:], padded[2:], strict=False):
                if each > "\x7f" and (each.isalpha() or unicodedata.category(each) == "Mn"):
                    letters[each] += 1
                    before[each][neighbour_class(left)] += 1
                    after[each][neighbour_class(right)] += 1
        counts[language] = {
            each: [number, dict(sorted(before[each].items())), dict(sorted(after[each].items()))]
            for each, number in sorted(letters.items())
        }
    rows = [f"{json.dumps(name)}: {json.dumps(found, ensure_ascii=False)}" for name, found in counts.items()]
    OUTPUT.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
