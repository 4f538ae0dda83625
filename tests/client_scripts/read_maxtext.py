"""Reads a split by MaxText's own input pipeline, as its settings say: python read_maxtext.py FOLDER SPLIT OUTPUT.npz.

The format of the export decides the settings. Shuffling is off, and a batch is one row.
"""

import importlib.metadata
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from maxtext.input_pipeline import grain_data_processing as pipeline
from maxtext.input_pipeline.olmo_data import load_index
from maxtext.input_pipeline.olmo_data_grain import OlmoNpyDataSource

KINDS = {  # grain_file_type, files of a split, train_data_columns
    "tfds": ("arrayrecord", "{split}-*.array_record", "tokens"),
    "tfrecord": ("tfrecord", "{split}.tfrecord-*", "tokens"),
    "parquet": ("parquet", "data/{split}-*.parquet", "input_ids"),
    "megatron": ("mmap", "{split}", "text"),
}
folder, split, output = Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3]
manifest = json.loads((folder / "export.json").read_bytes())
length, made = manifest["sequence_length"], manifest["key"]["format"]
version = f"maxtext {importlib.metadata.version('maxtext')}"
if made == "bin":  # dataset_type=olmo_grain, olmo_path_remap_from=SPLIT-, olmo_path_remap_to=FOLDER/SPLIT-
    source = OlmoNpyDataSource(
        load_index(str(folder / f"{split}.idx.json")), path_remap={f"{split}-": str(folder / f"{split}-")}
    )
    rows = [source[row]["tokens"] for row in range(len(source))]
    np.savez(output, tokens=np.array(rows), version=f"{version}, olmo_grain")
    raise SystemExit
kind, pattern, column = KINDS[made]
config = SimpleNamespace(
    grain_file_type=kind,
    max_target_length=length,
    tokenize_train_data=False,
    use_truncation=True,
    add_bos=False,
    add_eos=False,
    tokenizer_path=str(folder / "tokenizer/tokenizer.model"),
    tokenizer_type="sentencepiece",
    hf_access_token=None,
    packing=False,
    global_batch_size_to_load=1,
    expansion_factor_real_data=1,
    elastic_enabled=False,
    grain_use_elastic_iterator=False,
    mmap_eod_id=manifest["special_ids"]["eos"],
    mmap_split_sentences=False,
    blend_cache_dir="",
    blend_index_dir="",
    reset_attention_mask=False,
    eod_mask_loss=False,
)
dataset = pipeline.get_datasets(
    str(folder / pattern.format(split=split)),
    kind,
    False,  # shuffle
    0,
    100,
    1,  # epochs
    0,
    1,
    0,  # grain_worker_count
    1,
    1,
    1,
    dataset_config=pipeline._build_dataset_config(config),
)
batches = pipeline.pretrain_preprocessing_pipeline(dataset, config, [column], False, 0, 1)
inputs, segments = [], set()
for batch in batches:
    inputs.append(batch["inputs"][0])
    segments |= set(np.unique(batch["inputs_segmentation"]).tolist())
np.savez(output, tokens=np.array(inputs), segments=sorted(segments), version=f"{version}, {kind}")
