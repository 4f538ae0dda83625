"""The speed of near-deduplication: signatures, a whole stage on news, and how its cost grows with the corpus.

    python benchmarks/near_dedup.py [--quick] [--data ../shared/data] [--datatrove PYTHON] [--documents N]
    python benchmarks/near_dedup.py --scale N [N ...] [--texts drawn|copies|chain] [--shards S] [--work FOLDER]

1. Signatures of 256 hashes over word 13-grams of news texts, in MB of UTF-8 per second of CPU time, beside datasketch
   (``MinHash.update_batch`` of the same 13-grams): the median of five rounds.
2. The stage near-dedup on all news texts, in CPU seconds as the run's own log has them, beside datatrove's four stages
   with as many bands, rows and words per n-gram, if ``--datatrove`` names an interpreter with
   ``datatrove[io,processing]==0.10.1`` and ``spacy``.
3. The stage on generated corpora: texts of 60 to 200 words of real sentences, a fifth of them near-duplicates of
   others; three sizes, up to ``--documents``. The exponent is that of the CPU seconds between the smallest and the
   largest size: 1 is linear.

4. Recall: of all similar pairs of 10,000 news texts (half of them versions of others with another end), which an exact
   join finds, the share that meets in a bucket, by similarity, beside theory; and of near-duplicates in oversized
   buckets (texts with a common template, each with a copy) the share that the stage removes.

All with one worker. ``--scale`` does none of this but measures the stage alone on larger corpora of such texts, which
are written straight into run folders (``benchmarks/near_dedup_scale.py``). The last line is one JSON object.
"""

import argparse
import gzip
import json
import math
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from datasketch import MinHash as DatasketchMinHash
from near_dedup_scale import KINDS, scale
from rounds import median_cpu_seconds

from massivetext.dedup.banding import candidate_probability
from massivetext.dedup.minhash import MinHash, bucket_hashes, sign_ngrams
from massivetext.dedup.set_join import similar_pairs
from massivetext.dedup.shingle_files import ShingleSets, count_shared
from massivetext.recipe import NearOptions
from massivetext.runs.store import Run
from massivetext.shingles import normalised_words, shingle_hashes_of
from massivetext.stages import NEAR_DEDUP

ROOT = Path(__file__).resolve().parents[1]
PEER = Path(__file__).resolve().parent / "peers" / "datatrove_minhash.py"
NGRAM, HASHES = 13, 256
_ROUNDS = 5
_DATASKETCH_TEXTS = 300
_LEAST_SIMILAR = 0.5  # of the pairs whose recall is measured
_SIZES = (0.1, 0.3, 1.0)  # of the largest corpus


def main() -> None:
    """Measure, print each result, and all figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer texts: under a minute")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    parser.add_argument("--datatrove", help="Python interpreter with datatrove")
    parser.add_argument("--documents", type=int, help="documents of the largest generated corpus")
    parser.add_argument("--scale", type=int, nargs="+", help="documents of generated corpora; measures the stage alone")
    parser.add_argument("--texts", choices=list(KINDS), default="drawn", help="with --scale: what the texts are")
    parser.add_argument("--shards", type=int, help="with --scale: shards of each corpus")
    parser.add_argument("--work", type=Path, help="with --scale: folder for the corpora, which stay there")
    arguments = parser.parse_args()
    texts = read_news(arguments.data)[: 3000 if arguments.quick else None]
    if arguments.scale:
        with tempfile.TemporaryDirectory() as folder:
            work = arguments.work or Path(folder)
            print(json.dumps(scale(sentences_of(texts), arguments.scale, arguments.shards, work, arguments.texts)))
        return
    figures: dict[str, float] = {"news_documents": len(texts), "news_mb": megabytes(texts)}
    with tempfile.TemporaryDirectory() as folder:
        figures |= signature_speed(texts)
        figures |= whole_stage(texts, Path(folder), arguments.datatrove)
        most = arguments.documents or (5_000 if arguments.quick else 50_000)
        figures |= growth(texts, Path(folder), [int(most * share) for share in _SIZES])
        figures |= recall_curve(edited(texts, 1500 if arguments.quick else 5000))
        figures |= recall_in_crowds(texts, Path(folder), 300 if arguments.quick else 3000)
    print(json.dumps(figures))


def read_news(data: Path) -> list[str]:
    """Return the texts of the news."""
    with gzip.open(data / "news" / "news.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [text for line in lines if (text := json.loads(line)["text"].strip())]


def megabytes(texts: Iterable[str]) -> float:
    """Return the UTF-8 bytes of texts in MB."""
    return sum(len(text.encode()) for text in texts) / 1e6


def signature_speed(texts: list[str]) -> dict[str, float]:
    """Return the MB per second of signatures, ours and datasketch's."""
    array, family = pa.array(texts, pa.large_string()), MinHash(HASHES, 1)
    ours = megabytes(texts) / median_cpu_seconds(lambda: sign_ngrams(array, family, NGRAM), _ROUNDS, uncounted=1)
    sample = texts[:: max(1, len(texts) // _DATASKETCH_TEXTS)]
    theirs = megabytes(sample) / median_cpu_seconds(
        lambda: [datasketch_signature(text) for text in sample], _ROUNDS, uncounted=1
    )
    print(f"signatures: {ours:.1f} MB/s, datasketch {theirs:.1f} MB/s, {ours / theirs:.1f} times as fast")
    return {"signatures_mb_per_s": ours, "datasketch_mb_per_s": theirs, "signatures_times_datasketch": ours / theirs}


def datasketch_signature(text: str) -> DatasketchMinHash:
    """Return datasketch's signature of the word 13-grams of a text."""
    words = normalised_words(text)
    length = min(NGRAM, len(words))
    signature = DatasketchMinHash(HASHES, seed=1)
    signature.update_batch(" ".join(words[at : at + length]).encode() for at in range(len(words) - length + 1) if words)
    return signature


def whole_stage(texts: list[str], folder: Path, datatrove: str | None) -> dict[str, float]:
    """Return the CPU seconds of the stage on the news, ours and datatrove's four stages."""
    seconds, removed = near_dedup(texts, folder / "news")
    figures = {"stage_cpu_seconds": seconds, "stage_removed": removed}
    print(f"near-dedup of {len(texts):,} news texts: {seconds:.1f} CPU s, {removed:,} removed")
    if datatrove is not None:
        peer = [datatrove, str(PEER), str(folder / "news" / "input"), str(folder / "datatrove")]
        done = subprocess.run(peer, check=True, capture_output=True, text=True)
        theirs, left = done.stdout.split()[-2:]
        removed, times = len(texts) - int(left), float(theirs) / seconds
        figures |= {
            "datatrove_cpu_seconds": float(theirs),
            "datatrove_removed": removed,
            "stage_times_datatrove": times,
        }
        print(f"datatrove: {float(theirs):.1f} CPU s, {removed:,} removed; {times:.1f} times as much")
    return figures


def near_dedup(texts: Iterable[str], folder: Path) -> tuple[float, int]:
    """Return the CPU seconds of the stage on some texts, and how many documents it removes."""
    (folder / "input").mkdir(parents=True)
    with (folder / "input" / "texts.jsonl").open("w", encoding="utf-8") as lines:
        for number, text in enumerate(texts):
            lines.write(json.dumps({"id": str(number), "text": text}) + "\n")
    recipe = folder / "recipe.toml"
    recipe.write_text(
        'name = "near"\nseed = 1\n[sources.news]\nkind = "news"\ninputs = ["input/*.jsonl"]\nweight = 1.0\nrules = []\n'
    )
    command = [sys.executable, "-m", "massivetext", "run", recipe, "--output", folder / "run"]
    command += ["--until", NEAR_DEDUP.name, "--workers", "1"]
    subprocess.run([str(each) for each in command], check=True, capture_output=True, cwd=folder)
    run = Run(str(folder / "run"))
    state = run.state()
    assert state is not None
    (stage,) = (each for each in state.stages if each.name == NEAR_DEDUP.name)
    seconds = stage.cpu_seconds
    assert isinstance(seconds, float)
    return seconds, run.need(NEAR_DEDUP.name).totals("news/")["removed"]


def growth(texts: list[str], folder: Path, sizes: list[int]) -> dict[str, float]:
    """Return the CPU seconds of the stage on generated corpora of several sizes, and the exponent."""
    sentences = sentences_of(texts)
    figures: dict[str, float] = {}
    for size in sizes:
        seconds, removed = near_dedup(generated(sentences, size), folder / f"generated-{size}")
        figures |= {f"generated_{size}_cpu_seconds": seconds, f"generated_{size}_removed": removed}
        print(f"{size:,} generated texts: {seconds:.1f} CPU s, {removed:,} removed")
    first, last = (figures[f"generated_{size}_cpu_seconds"] for size in (sizes[0], sizes[-1]))
    figures["exponent"] = math.log(last / first) / math.log(sizes[-1] / sizes[0])
    print(f"exponent {figures['exponent']:.2f}")
    return figures


def edited(texts: list[str], count: int) -> list[str]:
    """Return texts of at least 60 words, each with a version that ends in the words of another one, up to half."""
    chance = random.Random(2)
    long = [words for text in texts if len(words := text.split()) >= 60]
    made = []
    for words in chance.sample(long, count):
        other = chance.choice(long)
        cut = int(len(words) * chance.uniform(0.5, 1.0))
        made += [" ".join(words), " ".join([*words[:cut], *other[-(len(words) - cut) :]])]
    return made


def recall_curve(texts: list[str]) -> dict[str, float]:
    """Return the share of similar pairs that meet in a bucket, and what theory expects, by bin of similarity."""
    near, figures = NearOptions(), {"recall_documents": float(len(texts))}
    bounds, shingles = shingle_hashes_of(texts, near.ngram)
    pairs = similar_pairs(shingles, bounds, _LEAST_SIMILAR, longest_list=len(texts)).pairs
    sets = ShingleSets(np.arange(len(texts), dtype=np.uint64), bounds, shingles)
    shared, sizes = count_shared(sets, pairs[:, 0], pairs[:, 1]), np.diff(bounds)
    jaccard = shared / (sizes[pairs].sum(axis=1) - shared)
    signatures, _ = sign_ngrams(texts, MinHash(near.bands * near.rows, 1), near.ngram)
    buckets = bucket_hashes(signatures, near.bands, near.rows)
    met = (buckets[pairs[:, 0]] == buckets[pairs[:, 1]]).any(axis=1)
    for low in range(int(100 * _LEAST_SIMILAR), 100, 5):
        inside = (jaccard > low / 100) & (jaccard <= (low + 5) / 100)
        if not inside.any():
            continue
        expected = float(np.mean([candidate_probability(each, near.bands, near.rows) for each in jaccard[inside]]))
        figures |= {f"recall_{low}": float(met[inside].mean()), f"recall_{low}_expected": expected}
        share = f"{inside.sum():,} pairs, {met[inside].mean():.3f} meet ({expected:.3f} expected)"
        print(f"similarity {low / 100:.2f} to {low / 100 + 0.05:.2f}: {share}")
    return figures


def recall_in_crowds(texts: list[str], folder: Path, count: int) -> dict[str, float]:
    """Return the share of the copies in oversized buckets that the stage removes.

    All texts share a template of 356 words: 0.79 of the shingles of any two. A copy has 8 more words in common, 0.82.
    """
    sentences = sentences_of(texts)
    template = [word for sentence in sentences[:60] for word in sentence.split()][:356]
    made = []
    for number in range(2 * count):
        own = [f"w{number // 2}x{at}" for at in range(8)] + [f"c{number}x{at}" for at in range(38)]
        made.append(" ".join([*template, *own]))
    seconds, removed = near_dedup(made, folder / "crowds")
    print(f"{2 * count:,} texts with a template, in oversized buckets: {removed:,} of {count:,} copies removed")
    return {"crowd_copies": count, "crowd_copies_removed": removed, "crowd_cpu_seconds": seconds}


def sentences_of(texts: Iterable[str]) -> list[str]:
    """Return the sentences of 5 to 59 words."""
    return [each for text in texts for each in re.split(r"(?<=[.!?])\s+", text) if 4 < len(each.split()) < 60]


def generated(sentences: list[str], count: int) -> Iterator[str]:
    """Yield texts of 60 to 200 words; a fifth are copies of an earlier one with another word."""
    chance = random.Random(1)
    recent: list[list[str]] = []
    for _ in range(count):
        if recent and chance.random() < 0.2:
            words = list(chance.choice(recent))
            # Near the end, where a word is in few n-grams: elsewhere two changes of a short text bring it below 0.8.
            words[-chance.randint(1, 5)] = chance.choice(chance.choice(sentences).split())
        else:
            words, wanted = [], chance.randint(60, 200)
            while len(words) < wanted:
                words += chance.choice(sentences).split()
            words = words[:200]
            recent = [*recent[-999:], words]
        yield " ".join(words)


if __name__ == "__main__":
    main()
