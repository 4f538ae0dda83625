"""Count the letters beyond ASCII, and their neighbours, in sentences of many languages: what tells encodings apart.

    python benchmarks/letter_counts.py ../shared/data/langid/samples.jsonl.gz

writes `massivetext/sources/streams/letter_counts.json`. Sentences whose MD5 begins with an odd byte are left
out, so that detection can be measured on them.
"""

import gzip
import hashlib
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

OUTPUT = Path(__file__).parent.parent / "massivetext/sources/streams/letter_counts.json"
# Language of the model: names of the samples, and the codes of those without a name.
LANGUAGES = {
    "german": ("German, Standard (1901)", "German", "de"),
    "french": ("French", "fr"),
    "spanish": ("Spanish (resolution)", "Spanish", "es"),
    "portuguese": ("Portuguese (Brazil)", "pt"),
    "italian": ("Italian", "it"),
    "catalan": ("Catalan (2)", "Catalan", "ca"),
    "danish": ("Danish", "Norwegian, Bokmål", "Norwegian, Nynorsk", "Norwegian Bokmal", "da", "nb", "nn"),
    "swedish": ("Swedish", "sv"),
    "finnish": ("Finnish (2)", "Finnish", "fi"),
    "estonian": ("Estonian", "et"),
    "dutch": ("Dutch", "nl"),
    "icelandic": ("Icelandic", "Faroese", "is"),
    "irish": ("Gaelic, Irish", "Irish Gaelic", "ga"),
    "albanian": ("Albanian", "sq"),
    "czech": ("Czech", "cs"),
    "polish": ("Polish", "pl"),
    "hungarian": ("Hungarian", "hu"),
    "slovak": ("Slovak", "sk"),
    "slovenian": ("Slovenian", "Croatian", "Bosnian", "Bosnian (Latin)", "sl", "hr", "bs"),
    "romanian": ("Romanian (1953)", "Romanian", "ro"),
    "turkish": ("Turkish", "tr"),
    "latvian": ("Latvian (2)", "Latvian", "lv"),
    "lithuanian": ("Lithuanian", "lt"),
    "vietnamese": ("Vietnamese", "vi"),
    "russian": ("Russian", "ru"),
    "ukrainian": ("Ukrainian", "Belarusian", "uk", "be"),
    "bulgarian": ("Bulgarian", "bg"),
    "serbian": ("Serbian (Cyrillic)", "Serbian", "Macedonian", "sr", "mk"),
    "greek": ("Greek (monotonic)", "Greek", "el"),
    "hebrew": ("Hebrew", "he"),
    "arabic": ("Arabic, Standard", "Arabic", "Egyptian Arabic", "ar"),
    "thai": ("Thai", "th"),
}
# Words with letters that the samples write otherwise ("coeur"): about as many as the samples would have.
WRITTEN_OTHERWISE = {
    "french": "le cœur, son œuvre, ma sœur, des vœux, un nœud, le bœuf, un coup d'œil, les mœurs, des œufs"
}
# Letters that the encodings of a language write otherwise.
_AS_ENCODED = str.maketrans("șțȘȚ", "şţŞŢ")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")  # that Windows-1258 has as characters of their own
_CONTROLS = re.compile("[\x80-\x9f\ufffd]|ďż˝")  # of samples that were decoded wrong


WORDS = frozenset(("lingua-single-words", "lingua-word-pairs"))  # samples that are no sentences


def is_sound(text: str) -> bool:
    """Return whether a sample was not decoded wrong by its makers."""
    return not _CONTROLS.search(text)


def as_encoded(text: str, language: str) -> str:
    """Return a text as old encodings write it: without commas below letters, in Vietnamese with tones apart."""
    if language != "vietnamese":
        return text.translate(_AS_ENCODED)
    return "".join(_with_tones_apart(each) for each in text)


def _with_tones_apart(character: str) -> str:
    try:
        character.encode("cp1258")
    except UnicodeEncodeError:
        apart = unicodedata.normalize("NFD", character)
        tones = "".join(each for each in apart if each in _TONES)
        return unicodedata.normalize("NFC", "".join(each for each in apart if each not in _TONES)) + tones
    return character


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


def main(path: str) -> None:
    """Write the counts."""
    sentences: dict[str, set[str]] = defaultdict(set)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            sample = json.loads(line)
            if sample["source"] not in WORDS and is_sound(sample["text"]):
                text = unicodedata.normalize("NFC", sample["text"].strip())
                sentences[sample["lang_name"] or sample["lang"]].add(text)
    counts: dict[str, dict[str, list[object]]] = {}
    for language, names in LANGUAGES.items():
        letters: Counter[str] = Counter()
        before: dict[str, Counter[str]] = defaultdict(Counter)
        after: dict[str, Counter[str]] = defaultdict(Counter)
        samples = sorted(set().union(*(sentences[name] for name in names)))
        for text in [WRITTEN_OTHERWISE.get(language, ""), *filter(is_for_training, samples)]:
            padded = f" {as_encoded(text, language)} "
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
