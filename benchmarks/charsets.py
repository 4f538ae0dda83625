"""How often pages in old character sets are read right: text for text, by language and by declaration.

    python benchmarks/charsets.py [--quick] [--data ../shared/data] [--pages 12] [--failures]

Pages of 33 languages are made of sentences that detection has not learnt from (`legacy_pages.py`), in every encoding
that the web used for the language, with right, wrong and no declarations. A page counts as right if every character of
it is. The last line is one JSON object: shares by language, and of undeclared pages; CPU seconds per thousand pages.
"""

import argparse
import json
import time
from collections import Counter, defaultdict
from pathlib import Path

from legacy_pages import make_pages, read_sentences

from massivetext.sources.streams.charset import decode

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two pages of each kind")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the shared data")
    parser.add_argument(
        "--pages", type=int, default=12, help="pages of each language, encoding, length and declaration"
    )
    parser.add_argument("--failures", action="store_true", help="print pages that are read wrong")
    options = parser.parse_args()
    sentences = read_sentences(options.data / "langid" / "samples.jsonl.gz")
    right: dict[str, Counter[str]] = defaultdict(Counter)
    total: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: Counter[tuple[str, ...]] = Counter()
    cpu = 0.0
    for page in make_pages(sentences, 2 if options.quick else options.pages):
        before = time.process_time()
        found = decode(page.data, page.header, html=True)
        cpu += time.process_time() - before
        is_right = found.text == page.text
        for kind, name in (
            ("language", page.language),
            ("declared", page.declared),
            ("length", page.length),
            *([("undeclared", page.language), ("encoding", page.encoding)] if page.declared == "nothing" else []),
        ):
            total[kind][name] += 1
            right[kind][name] += is_right
        if not is_right:
            wrong[page.language, page.encoding, page.declared, page.length, found.encoding] += 1
    _print(right, total)
    if options.failures:
        for (language, encoding, declared, length, found_encoding), count in wrong.most_common():
            print(f"{count:4d}  {language}, {encoding}, {length}, declared: {declared}; read as {found_encoding}")
    shares = {name: right["language"][name] / total["language"][name] for name in total["language"]}
    undeclared = {name: right["undeclared"][name] / total["undeclared"][name] for name in total["undeclared"]}
    pages = sum(total["language"].values())
    figures = {
        "pages": pages,
        "least_share_right_of_a_language": round(min(shares.values()), 4),
        "share_right": round(sum(right["language"].values()) / pages, 4),
        "cpu_seconds_per_thousand_pages": round(1000 * cpu / pages, 3),
        **{f"{name}_right": round(share, 4) for name, share in shares.items()},
        **{f"{name}_undeclared_right": round(share, 4) for name, share in undeclared.items()},
    }
    print(json.dumps(figures))


def _print(right: dict[str, Counter[str]], total: dict[str, Counter[str]]) -> None:
    for kind, names in total.items():
        print(f"\nby {kind}" if kind != "undeclared" else "\nby language, of pages without a declaration")
        for name, count in names.items():
            print(f"  {name:<34}{right[kind][name] / count:8.2%} of {count:>6,}")
    print()


if __name__ == "__main__":
    main()
