"""datatrove's two token stages on a folder of JSON lines: tokenize with shuffled documents, then merge.

Run by an interpreter that has ``datatrove[io,processing]==0.10.1``:

    python datatrove_tokens.py INPUT_FOLDER WORK_FOLDER TOKENIZER_JSON EOS
"""

import sys

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.tokens import DocumentTokenizer, DocumentTokenizerMerger


def main(data: str, work: str, tokenizer: str, eos: str) -> None:
    """Runs both stages with one worker."""
    tokenize = DocumentTokenizer(f"{work}/tokens", tokenizer, eos_token=eos, seed=1)
    LocalPipelineExecutor([JsonlReader(data), tokenize], tasks=1, workers=1, logging_dir=f"{work}/logs/1").run()
    merge = DocumentTokenizerMerger(f"{work}/tokens", f"{work}/merged", "all", seed=1, progress=False)
    LocalPipelineExecutor([merge], tasks=1, workers=1, logging_dir=f"{work}/logs/2").run()


if __name__ == "__main__":
    main(*sys.argv[1:5])
