"""Reads a split of flat tokens with numpy, by its index: python read_numpy.py FOLDER SPLIT OUTPUT.npz."""

import json
import sys
from pathlib import Path

import numpy as np

folder, split, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
index = json.loads((folder / f"{split}.idx.json").read_bytes())
paths = [folder / file["path"] for file in index["files"] if file["n_tokens"]]
parts = [np.memmap(path, index["dtype"], "r").reshape(-1, index["sequence_length"]) for path in paths]
np.savez(output, tokens=np.concatenate(parts), version=f"numpy {np.__version__}")
