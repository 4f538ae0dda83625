"""From kept documents to finished record shards: time, CPU and memory beside datatrove's two token stages.

    python benchmarks/record_stage.py [--quick] [--data ../shared/data] [--copies 4] [--datatrove PYTHON]

The texts are those of the news in `--data`, or generated prose, so many times over, with a number at the end of each. A
run is executed until its tokenizer; then the command that makes its records is measured, in both modes, each time from
the start of the process. The limit that both are compared with is the library SentencePiece in one thread on the same
texts. ``--datatrove`` names an interpreter with ``datatrove[io,processing]==0.10.1``: it encodes these texts with
a byte-level BPE of as many pieces, trained on them, and merges. One worker each; ``--quick`` takes 5 MB of prose. The
last line is one JSON object.
"""

import argparse
import gzip
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sentencepiece as spm
from processes import ROOT, Measured, measure, median

from massivetext.demo import prose
from massivetext.demo.chance import Chance

VOCABULARY = 32_000
RECIPE = """
name = "records"
seed = 1

[sources.news]
kind = "news"
inputs = ["input/*.jsonl"]
weight = 1
rules = []
deduplicate = false
decontaminate = false
shard_bytes = 8_388_608

[tokenizer]
vocabulary_size = {vocabulary}
training_bytes = 8_388_608

[records]
{options}
"""
MODES = {"gopher": "epochs = 1", "pack": 'mode = "pack"'}


def texts(data: Path | None, copies: int) -> Iterator[str]:
    """Yield the texts of every copy."""
    news = data / "news/news.jsonl.gz" if data else Path()
    if news.is_file():
        with gzip.open(news, "rt", encoding="utf-8") as handle:
            originals = [json.loads(line)["text"] for line in handle]
    else:
        originals = [prose.essay(Chance(1, "record stage", number), "history", 400).text for number in range(2000)]
    for copy in range(copies):
        yield from (f"{text}\n\nCopy {copy}, number {number}." for number, text in enumerate(originals))


def write_corpus(folder: Path, data: Path | None, copies: int) -> int:
    """Write the texts as JSON lines, and return their UTF-8 bytes."""
    (folder / "input").mkdir(parents=True)
    size = 0
    with (folder / "input/all.jsonl").open("w", encoding="utf-8") as output:
        for text in texts(data, copies):
            size += len(text.encode())
            output.write(json.dumps({"text": text}) + "\n")
    return size


def write_recipe(folder: Path, mode: str, vocabulary: int) -> Path:
    """Write the recipe of a mode."""
    path = folder / f"{mode}.toml"
    path.write_text(RECIPE.format(vocabulary=vocabulary, options=MODES[mode]))
    return path


def run_until(recipe: Path, run: Path, stage: str, folder: Path) -> Measured:
    """Execute a run until a stage, with one worker."""
    command = [sys.executable, "-m", "massivetext", "run", str(recipe), "--output", str(run)]
    return measure([*command, "--workers", "1", "--until", stage], folder)


def measure_mode(folder: Path, base: Path, mode: str, vocabulary: int, repeat: int) -> Measured:
    """Measure the records stage of a mode."""
    recipe, found = write_recipe(folder, mode, vocabulary), []
    for _ in range(repeat):
        run = folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(base, run)
        found.append(run_until(recipe, run, "records", folder))
    return median(found)


def measure_sentencepiece(folder: Path, base: Path) -> float:
    """Return the CPU seconds that SentencePiece takes to encode the texts in one thread."""
    processor = spm.SentencePieceProcessor(model_proto=(base / "tokenizer/tokenizer.model").read_bytes())
    with (folder / "input/all.jsonl").open(encoding="utf-8") as lines:
        values = [json.loads(line)["text"] for line in lines]
    before = time.process_time()
    for first in range(0, len(values), 1000):
        processor.encode(values[first : first + 1000], num_threads=1)
    return time.process_time() - before


def measure_datatrove(python: str, folder: Path, vocabulary: int) -> Measured:
    """Measure datatrove's two token stages."""
    train = (
        "import json, sys, tokenizers as t\n"
        "k = t.Tokenizer(t.models.BPE()); k.pre_tokenizer = t.pre_tokenizers.ByteLevel(add_prefix_space=False)\n"
        "k.decoder = t.decoders.ByteLevel()\n"
        f"r = t.trainers.BpeTrainer(vocab_size={vocabulary}, special_tokens=['<eos>'], show_progress=False, "
        "initial_alphabet=t.pre_tokenizers.ByteLevel.alphabet())\n"
        "lines = [json.loads(line)['text'] for line in open(sys.argv[1], encoding='utf-8')]\n"
        "k.train_from_iterator(lines[:4000], r); k.save(sys.argv[2])\n"
    )
    model = folder / "tokenizer.json"
    measure([python, "-c", train, str(folder / "input/all.jsonl"), str(model)], folder)
    script = ROOT / "benchmarks/peers/datatrove_tokens.py"
    work = folder / "datatrove"
    return measure([python, str(script), str(folder / "input"), str(work), str(model), "<eos>"], folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="some 5 MB of generated prose: under a minute")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data", help="folder of the real texts")
    parser.add_argument("--copies", type=int, default=4, help="how often the texts are repeated")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each mode")
    parser.add_argument("--datatrove", metavar="PYTHON", help="interpreter with datatrove")
    given = parser.parse_args()
    repeat = 1 if given.quick else given.repeat
    vocabulary = 8000 if given.quick else VOCABULARY
    with tempfile.TemporaryDirectory(prefix="massivetext-benchmark-") as name:
        folder = Path(name)
        size = write_corpus(folder, None if given.quick else given.data, 1 if given.quick else given.copies)
        base = folder / "base"
        run_until(write_recipe(folder, "pack", vocabulary), base, "tokenizer", folder)
        plain = measure_sentencepiece(folder, base)
        found = {mode: measure_mode(folder, base, mode, vocabulary, repeat) for mode in MODES}
        peer = None if given.datatrove is None else measure_datatrove(given.datatrove, folder, vocabulary)
    megabytes = size / 1e6
    print(f"{megabytes:.1f} MB of text, {vocabulary:,} pieces, one worker; SentencePiece alone {plain:.1f} CPU s")
    figures: dict[str, float] = {"megabytes": round(megabytes, 1), "sentencepiece_cpu_seconds": round(plain, 2)}
    for mode, run in found.items():
        print(f"  {mode:<8} {run.wall:7.1f} s, {run.cpu:7.1f} CPU s, {run.peak:6.0f} MB")
        figures[f"{mode}_cpu_seconds"] = round(run.cpu, 2)
        figures[f"{mode}_peak_megabytes"] = round(run.peak)
        figures[f"{mode}_cpu_times_sentencepiece"] = round(run.cpu / plain, 3)
    if peer is None:
        print("  left out: datatrove; name an interpreter with --datatrove PYTHON")
    else:
        print(f"  datatrove {peer.wall:6.1f} s, {peer.cpu:7.1f} CPU s, {peer.peak:6.0f} MB")
        figures["datatrove_cpu_seconds"] = round(peer.cpu, 2)
        figures["datatrove_times_pack"] = round(peer.cpu / found["pack"].cpu, 2)
        figures["datatrove_times_gopher"] = round(peer.cpu / found["gopher"].cpu, 2)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
