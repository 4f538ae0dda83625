"""The speed of canonical URLs on the URLs of real pages, beside ada-url.

    python benchmarks/urls.py [--quick] [--data ../shared/data]

The URLs are those of the responses in ``web/*.warc.gz``, repeated. ada-url only brings each into the form of the URL
standard (``ada_url.normalize_url``), called once per URL; ours also removes ``www.``, tracking parameters and the rest.
Both are measured in CPU time on one core: the median of five rounds after one that does not count. The last line is one
JSON object.
"""

import argparse
import contextlib
import functools
import json
from pathlib import Path

import ada_url
import pyarrow as pa
from fastwarc.warc import ArchiveIterator, WarcRecordType
from rounds import median_cpu_seconds

from massivetext.signals.canonical_urls import canonical_urls

ROOT = Path(__file__).resolve().parents[1]
_ROUNDS = 5
_TRACKED, _OTHER_SCRIPT = "utm_source=a&utm_medium=b", "http://www.bücher{}.de/seite/{}"


def main() -> None:
    """Measure, print each result, and all figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer URLs: some seconds")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    arguments = parser.parse_args()
    distinct = read_urls(arguments.data)
    wanted = 50_000 if arguments.quick else 500_000
    kinds = {
        "real": distinct,
        "tracked": [f"{url}{'&' if '?' in url else '?'}{_TRACKED}" for url in distinct],
        "other_script": [_OTHER_SCRIPT.format(number, number) for number in range(len(distinct))],
    }
    figures: dict[str, float] = {"distinct_urls": len(distinct), "urls_that_differ": differing(distinct)}
    for name, urls in kinds.items():
        repeated = (urls * (wanted // len(urls) + 1))[: wanted // 5 if name == "other_script" else wanted]
        array = pa.array(repeated)
        ours = len(repeated) / median_cpu_seconds(functools.partial(canonical_urls, array), _ROUNDS, uncounted=1)
        theirs = len(repeated) / median_cpu_seconds(functools.partial(normalise_all, repeated), _ROUNDS, uncounted=1)
        print(f"{name}: {ours:,.0f} URLs/s, ada-url {theirs:,.0f}, {ours / theirs:.2f} times as fast")
        figures |= {
            f"{name}_urls_per_s": ours,
            f"{name}_ada_urls_per_s": theirs,
            f"{name}_times_ada": ours / theirs,
        }
    print(json.dumps(figures))


def read_urls(data: Path) -> list[str]:
    """Return the distinct URLs of the responses in the archives, sorted."""
    found = set()
    for path in sorted((data / "web").glob("*.warc.gz")):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=False):
                found.add(record.headers["WARC-Target-URI"])
    return sorted(found)


def normalise_all(urls: list[str]) -> list[str]:
    """Return each URL in the form of the URL standard."""
    return [normalised(url) for url in urls]


def normalised(url: str) -> str:
    """Return a URL in the form of the URL standard; a URL that it refuses is empty."""
    with contextlib.suppress(ValueError):
        return ada_url.normalize_url(url)
    return ""


def differing(urls: list[str]) -> int:
    """Return how many URLs have another canonical URL than their form of the URL standard; 0 is right."""
    standard = [normalised(url) or url for url in urls]
    pairs = zip(canonical_urls(urls).to_pylist(), canonical_urls(standard).to_pylist(), strict=True)
    return sum(one != other for one, other in pairs)


if __name__ == "__main__":
    main()
