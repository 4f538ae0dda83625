"""Builds Levanter's cache of a split and reads its examples: python read_levanter.py FOLDER SPLIT OUTPUT.npz."""

import asyncio
import importlib.metadata
import json
import sys
import tempfile
from pathlib import Path

import haliax as hax
import jax
import numpy as np
from levanter.data.text.cache import build_lm_dataset_cache
from levanter.data.text.datasets import DatasetComponent, UrlDatasetSourceConfig, dataset_for_component
from levanter.data.text.formats import PrebuiltLmDatasetFormat
from levanter.store.cache import CacheOptions

folder, split, output = Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3]
length = json.loads((folder / "export.json").read_bytes())["sequence_length"]
form = PrebuiltLmDatasetFormat(input_ids_key="input_ids")
files = sorted(str(path) for path in (folder / "data").glob(f"{split}-*.parquet"))
source = UrlDatasetSourceConfig(train_urls=files, format=form).get_shard_source("train")
with tempfile.TemporaryDirectory() as place:
    cache = build_lm_dataset_cache(f"{place}/cache/{split}", source, form, None, CacheOptions.default())
    dataset = dataset_for_component(
        DatasetComponent(format=form),
        hax.Axis("position", length),
        cache,
        eos_id=None,
        block_cross_document_attention=False,
    )
    count = asyncio.run(dataset.async_len())
    examples = asyncio.run(dataset.get_batch(range(count)))
    np.savez(
        output,
        tokens=np.array([np.asarray(example.tokens) for example in examples]),
        loss=np.unique([np.asarray(example.loss_weight).sum() for example in examples]),
        version=f"marin-levanter {importlib.metadata.version('marin-levanter')}, jax {jax.__version__}",
    )
