"""Libraries that decide what each stage writes, besides those that every stage uses."""

from collections.abc import Mapping

LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "ingest": ("trafilatura", "lxml", "fastwarc", "mwparserfromhell", "charset-normalizer"),
    "measure": ("fasttext-community", "regex"),
    "near-dedup": ("numpy",),
    "decontaminate": ("numpy",),
    "tokenizer": ("sentencepiece",),
    "records": ("sentencepiece", "array-record"),
    "report": ("vl-convert-python",),
}
ALL_LIBRARIES = tuple(sorted({name for names in LIBRARIES.values() for name in names}))
