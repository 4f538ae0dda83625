"""datatrove's Gopher chain on a folder: read, extract (web), repetition, quality, MinHash in four steps, write.

Run by an interpreter that has ``datatrove[io,processing]==0.10.1``, ``spacy`` and ``lxml_html_clean``:

    python datatrove_chain.py {news,web} INPUT_FOLDER WORK_FOLDER TASKS WORKERS
"""

import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.readers import JsonlReader, WarcReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.hashing import HashConfig


def main(kind: str, data: str, work: str, tasks: int, workers: int) -> None:
    """Runs the chain; prints how many documents are left."""

    def run(steps: list[object], count: int, name: str) -> None:
        LocalPipelineExecutor(steps, tasks=count, workers=workers, logging_dir=f"{work}/logs/{name}").run()

    if kind == "web":
        from datatrove.pipeline.extractors import Trafilatura

        read = [WarcReader(data, glob_pattern="*.warc.gz"), Trafilatura(favour_precision=False, timeout=30)]
    else:
        read = [JsonlReader(data, glob_pattern="*.jsonl")]
    run(
        [
            *read,
            GopherRepetitionFilter(),
            GopherQualityFilter(),
            JsonlWriter(f"{work}/kept", compression=None, output_filename="${rank}.jsonl"),
        ],
        tasks,
        "filter",
    )
    config = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5)
    kept = JsonlReader(f"{work}/kept")
    run([kept, MinhashDedupSignature(f"{work}/signatures", config=config)], tasks, "signatures")
    run(
        [MinhashDedupBuckets(f"{work}/signatures", f"{work}/buckets", config=config, lines_to_buffer=-1)], 14, "buckets"
    )
    run([MinhashDedupCluster(f"{work}/buckets", f"{work}/remove", config=config)], 1, "clusters")
    out = JsonlWriter(f"{work}/out", compression=None, output_filename="${rank}.jsonl")
    run([kept, MinhashDedupFilter(f"{work}/remove"), out], tasks, "write")
    left = sum(sum(1 for _ in path.open()) for path in Path(work, "out").glob("*.jsonl"))
    print(f"documents left: {left}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
