"""A run on an object store whose every answer is late: requests per shard and stage, and time against a local run.

    python benchmarks/far_store.py [--quick] [--delay 0.03]

The store is moto's S3 server in this process, which needs the packages that tests need; it takes some milliseconds of
CPU per request itself. The recipe is the quickstart's; ``--quick`` stops after the rules. Requests are counted by the
stage during which they arrive, those for files of a shard and all others apart. The last line is one JSON object.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from processes import ROOT, Measured, measure

from massivetext.stages import STAGES

sys.path.insert(0, str(ROOT / "tests"))
from object_store import Request, object_store

WORKERS = 2
_STAGE_DONE = re.compile(r"/run/(?P<stage>[a-z-]+)/manifest\.json$")
_OF_SHARD = re.compile(r"part-\d{5}-of-\d{5}")


def by_stage(log: Sequence[Request]) -> tuple[Counter[str], Counter[str]]:
    """Return how many requests arrived in each stage for files of a shard, and for others.

    Stages that share a job are counted as the first of them, since their manifests come at its end.
    """
    of_shards: Counter[str] = Counter()
    others: Counter[str] = Counter()
    waiting: list[Request] = []
    for request in log:
        waiting.append(request)
        done = _STAGE_DONE.search(request.target) if request.method == "PUT" else None
        if done:
            of_shards[done["stage"]] += sum(bool(_OF_SHARD.search(each.target)) for each in waiting)
            others[done["stage"]] += sum(not _OF_SHARD.search(each.target) for each in waiting)
            waiting.clear()
    others["end"] = len(waiting)
    return of_shards, others


def run(folder: Path, output: str, options: Sequence[str]) -> Measured:
    """Run the quickstart into a folder or a URL."""
    command = [sys.executable, "-m", "massivetext", "run", "quickstart", "--output", output]
    return measure([*command, "--workers", str(WORKERS), *options], folder, directory=folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="stop after the rules: under a minute")
    parser.add_argument("--delay", type=float, default=0.03, help="seconds that every answer is late")
    given = parser.parse_args()
    options = ("--until", "judge") if given.quick else ()
    with tempfile.TemporaryDirectory(prefix="massivetext-benchmark-") as made, object_store() as store:
        folder = Path(made)
        run(folder, "warm", ("--until", "judge"))  # writes the corpus, compiles
        shutil.rmtree(folder / "warm")
        local = run(folder, "run", options)
        count = len(list((folder / "run/documents").rglob("*.parquet")))
        near = run(folder, f"{store.url}/run", options)
        of_shards, others = by_stage(store.faults.log)
        requests = len(store.faults.log)
        store.faults.add("delay", times=None, seconds=given.delay)
        far = run(folder, f"{store.url}/far", options)
    for stage in STAGES:
        if stage.name in of_shards:
            each = of_shards[stage.name] / count
            print(f"{stage.name:<14} {each:6.1f} requests per shard, {others[stage.name]:5,} others")
    print(f"{'all':<14} {sum(of_shards.values()) / count:6.1f} requests per shard, {requests:,} in all, {count} shards")
    print(
        f"local {local.wall:.1f} s; store {near.wall:.1f} s; store that answers {given.delay} s late {far.wall:.1f} s"
    )
    figures = {
        "shards": count,
        "requests": requests,
        "requests_per_shard": round(sum(of_shards.values()) / count, 1),
        "requests_per_shard_by_stage": {stage: round(n / count, 1) for stage, n in of_shards.items()},
        "delay_seconds": given.delay,
        "near_store_seconds_times_local": round(near.wall / local.wall, 2),
        "far_store_seconds_times_local": round(far.wall / local.wall, 2),
        "local_seconds": round(local.wall, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
