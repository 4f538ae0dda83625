"""datatrove's four stages of MinHash deduplication on a folder of JSON lines, with the bands of massivetext's default.

Run by an interpreter that has ``datatrove[io,processing]==0.10.1`` and ``spacy``:

    python datatrove_minhash.py INPUT_FOLDER WORK_FOLDER

Prints the CPU seconds of the process and the number of documents that are left.
"""

import sys
import time
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.hashing import HashConfig

BANDS, ROWS, NGRAM = 32, 8, 13


def main(data: str, work: str) -> None:
    """Run the stages one after the other, within this process."""

    def run(steps: list[object], count: int, name: str) -> None:
        LocalPipelineExecutor(steps, tasks=count, workers=1, logging_dir=f"{work}/logs/{name}").run()

    config = MinhashConfig(
        hash_config=HashConfig(precision=64), num_buckets=BANDS, hashes_per_bucket=ROWS, n_grams=NGRAM
    )
    read, signatures, buckets = JsonlReader(data, glob_pattern="*.jsonl"), f"{work}/signatures", f"{work}/buckets"
    begin = time.process_time()
    run([read, MinhashDedupSignature(signatures, config=config)], 1, "signatures")
    run([MinhashDedupBuckets(signatures, buckets, config=config, lines_to_buffer=-1)], BANDS, "buckets")
    run([MinhashDedupCluster(buckets, f"{work}/remove", config=config)], 1, "clusters")
    out = JsonlWriter(f"{work}/out", compression=None, output_filename="${rank}.jsonl")
    run([read, MinhashDedupFilter(f"{work}/remove"), out], 1, "filter")
    seconds = time.process_time() - begin
    left = sum(sum(1 for _ in path.open()) for path in Path(work, "out").glob("*.jsonl"))
    print(f"{seconds} {left}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
