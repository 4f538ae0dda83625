"""What a shard costs by itself: time and memory by stage of runs over the same text in few and in many shards.

    python benchmarks/shards.py [--quick] [--shards 10000]

Every input file is a shard of a few short documents, all different. The run is executed in this process with one
worker; the time within jobs is that of the worker and of Beam, the rest of a stage is the driver's. Two numbers of
shards give the cost per shard, which is extrapolated to a million shards; the stage that then takes the driver longest
is the first bottleneck. The same text in 16 and in 568 files of a shard each shows what tiny shards cost; in 568 files
that a run groups into shards, as it does by default, what small files cost. The last line is one JSON object.
"""

import argparse
import json
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam

from massivetext.demo import prose
from massivetext.demo.chance import Chance
from massivetext.engines.engine import Engine
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe

DOCUMENTS = 4  # per shard
SMALL_FILES = (16, 568)
MILLION = 1_000_000
RECIPE = """
name = "shards"
seed = 1

[sources.news]
kind = "news"
inputs = ["input/*.jsonl"]
weight = 1
shard_bytes = {shard_bytes}

[tokenizer]
vocabulary_size = 800
training_bytes = 200_000

[records]
sequence_length = 128

[guards]
never_fires = "ignore"
"""


@dataclass(frozen=True)
class Run:
    """Seconds of a run by stage: of its jobs, and of the driver outside them; and the peak memory so far in bytes.

    ``driver_cpu`` is the CPU time of the driver; everything else is wall time.
    """

    jobs: dict[str, float]
    driver: dict[str, float]
    driver_cpu: dict[str, float]
    peak_bytes: int

    @property
    def seconds(self) -> float:
        """Wall time of all stages."""
        return sum(self.jobs.values()) + sum(self.driver.values())


class Clock:
    """Measures the stages of a run; gives an engine and a listener to it."""

    def __init__(self) -> None:
        self.jobs: defaultdict[str, float] = defaultdict(float)
        self.all: defaultdict[str, float] = defaultdict(float)
        self.jobs_cpu: defaultdict[str, float] = defaultdict(float)
        self.all_cpu: defaultdict[str, float] = defaultdict(float)
        self._stage, self._since, self._since_cpu = "start", time.perf_counter(), time.process_time()

    def listen(self, stage: str, event: str, _shards: int) -> None:
        """Add the time since the last event to the stage that ran in it."""
        now, now_cpu = time.perf_counter(), time.process_time()
        self.all[self._stage] += now - self._since
        self.all_cpu[self._stage] += now_cpu - self._since_cpu
        self._since, self._since_cpu = now, now_cpu
        if event in ("run", "done"):
            self._stage = stage

    def engine(self) -> Engine:
        """Return the embedded engine with one worker, whose jobs are timed."""
        clock = self

        class Timed(Engine):
            def run(self, build: Callable[[beam.Pipeline], object], *, lanes: int) -> None:
                started, started_cpu = time.perf_counter(), time.process_time()
                super().run(build, lanes=lanes)
                clock.jobs[clock._stage] += time.perf_counter() - started
                clock.jobs_cpu[clock._stage] += time.process_time() - started_cpu

        return Timed(workers=1)


def write_corpus(folder: Path, documents: int, files: int, *, grouped: bool = False) -> None:
    """Write short documents to files, each as a line of JSON with "text"; by default a file is a shard."""
    (folder / "input").mkdir(parents=True)
    texts = [prose.essay(Chance(1, "shards", number), "history", 120).text for number in range(documents)]
    for number in range(files):
        share = range(number * documents // files, (number + 1) * documents // files)
        lines = (json.dumps({"text": texts[each]}) for each in share)
        (folder / "input" / f"{number:06d}.jsonl").write_text("\n".join(lines) + "\n")
    largest = 1 << 26 if grouped else max(path.stat().st_size for path in (folder / "input").iterdir())
    (folder / "recipe.toml").write_text(RECIPE.format(shard_bytes=largest))


def measure(folder: Path, documents: int, files: int, *, grouped: bool = False) -> Run:
    """Run a corpus of so many documents in so many files, each a shard or grouped into shards."""
    write_corpus(folder, documents, files, grouped=grouped)
    clock = Clock()
    driver = prepare(
        load_recipe(str(folder / "recipe.toml")), str(folder / "run"), clock.engine(), listener=clock.listen
    )
    driver.run()
    clock.listen("end", "done", 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    driver_seconds = {stage: clock.all[stage] - clock.jobs[stage] for stage in clock.all}
    driver_cpu = {stage: clock.all_cpu[stage] - clock.jobs_cpu[stage] for stage in clock.all}
    return Run(dict(clock.jobs), driver_seconds, driver_cpu, peak)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="few shards: under a minute")
    parser.add_argument("--shards", type=int, default=10_000, help="shards of the larger run")
    given = parser.parse_args()
    many = 300 if given.quick else given.shards
    few = many // 10
    small = (16, 142) if given.quick else SMALL_FILES
    with tempfile.TemporaryDirectory(prefix="massivetext-benchmark-") as folder:
        root = Path(folder)
        measure(root / "warm", 64, 16)  # compiles, and loads libraries
        one, other = (measure(root / f"of-{files}", small[1] * DOCUMENTS, files) for files in small)
        grouped = measure(root / "grouped", small[1] * DOCUMENTS, small[1], grouped=True)
        short = measure(root / "few", few * DOCUMENTS, few)
        long = measure(root / "many", many * DOCUMENTS, many)
    per_shard = {
        stage: {
            "driver_ms": 1e3 * (long.driver[stage] - short.driver[stage]) / (many - few),
            "driver_cpu_ms": 1e3 * (long.driver_cpu[stage] - short.driver_cpu[stage]) / (many - few),
            "job_ms": 1e3 * (long.jobs.get(stage, 0.0) - short.jobs.get(stage, 0.0)) / (many - few),
        }
        for stage in long.driver
        if stage not in ("start", "end")
    }
    print(f"per shard of {DOCUMENTS} documents, from runs of {few:,} and {many:,} shards")
    for stage, found in per_shard.items():
        driver = f"{found['driver_ms']:7.2f} ms ({found['driver_cpu_ms']:6.2f} ms of CPU)"
        print(f"  {stage:<14} driver {driver}   jobs {found['job_ms']:7.2f} ms")
    driver_ms = sum(found["driver_ms"] for found in per_shard.values())
    driver_cpu_ms = sum(found["driver_cpu_ms"] for found in per_shard.values())
    slowest = max(per_shard, key=lambda stage: per_shard[stage]["driver_ms"])
    bytes_per_shard = max(0, long.peak_bytes - short.peak_bytes) / (many - few)
    hours = driver_ms * MILLION / 3.6e6
    print(
        f"driver: {driver_ms:.2f} ms per shard (limit 5), {driver_cpu_ms:.2f} ms of CPU, "
        f"{bytes_per_shard / 1e3:.1f} kB of memory"
    )
    gigabytes = bytes_per_shard * MILLION / 1e9
    print(f"a million shards: driver {hours:.1f} h, {gigabytes:.1f} GB; first bottleneck {slowest}")
    print(f"the same text in {small[1]} shards takes {other.seconds / one.seconds:.2f} times as long as in {small[0]}")
    print(f"in {small[1]} files that the run groups into shards {grouped.seconds / one.seconds:.2f} times as long")
    figures = {
        "shards": many,
        "driver_ms_per_shard": round(driver_ms, 3),
        "driver_cpu_ms_per_shard": round(driver_cpu_ms, 3),
        "driver_ms_per_shard_times_limit_of_5": round(driver_ms / 5, 3),
        "driver_ms_per_shard_by_stage": {stage: round(found["driver_ms"], 3) for stage, found in per_shard.items()},
        "job_ms_per_shard_by_stage": {stage: round(found["job_ms"], 3) for stage, found in per_shard.items()},
        "driver_bytes_per_shard": round(bytes_per_shard),
        "driver_hours_at_a_million_shards": round(hours, 2),
        "driver_gigabytes_at_a_million_shards": round(gigabytes, 2),
        "first_bottleneck": slowest,
        f"seconds_of_{small[1]}_shards_times_{small[0]}_shards": round(other.seconds / one.seconds, 3),
        f"seconds_of_{small[1]}_grouped_files_times_{small[0]}_shards": round(grouped.seconds / one.seconds, 3),
        "peak_megabytes": round(long.peak_bytes / 1e6),
        "seconds": round(long.seconds, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
