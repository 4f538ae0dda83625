"""Reads a split of Parquet with pyarrow: python read_pyarrow.py FOLDER SPLIT OUTPUT.npz."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

folder, split, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
rows = pa.concat_tables([pq.read_table(path) for path in sorted((folder / "data").glob(f"{split}-*.parquet"))])
starts = rows["doc_starts"].to_pylist()
np.savez(
    output,
    tokens=np.array(rows["input_ids"].to_pylist()),
    source=rows["source"].to_numpy(),
    seq_id=rows["seq_id"].to_numpy(),
    doc_starts=np.concatenate(starts),
    doc_counts=np.array([len(each) for each in starts]),
    version=f"pyarrow {pa.__version__}",
)
