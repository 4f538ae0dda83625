"""Shards of llm.c: a header of 256 little-endian int32 (1,024 bytes), then flat tokens.

The header holds a magic number, a version and the number of tokens. llm.c has two kinds: uint16 for the vocabulary of
GPT-2, which its trainers in C and CUDA read, and uint32 for that of Llama 3, which its Python scripts read.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from massivetext.records.dataset import Dataset
from massivetext.records.exports.export_format import ExportFormat
from massivetext.records.exports.flat_files import flat_shard_files, read_flat, token_dtype
from massivetext.records.record_format import SequenceRecord

HEADER_BYTES = 1024
_MOST_TOKENS = (1 << 31) - 1  # the header holds their number as an int32
_KINDS = {"<u2": (20240520, 1), "<u4": (20240801, 7)}  # magic number and version


def _header(dataset: Dataset, tokens: int) -> bytes:
    header = np.zeros(HEADER_BYTES // 4, "<i4")
    header[:3] = (*_KINDS[token_dtype(dataset).str], tokens)
    return header.tobytes()


def _write(paths: Sequence[str], records: Iterable[SequenceRecord], dataset: Dataset) -> None:
    dtype, tokens = token_dtype(dataset), 0
    with Path(paths[0]).open("wb") as file:
        file.write(bytes(HEADER_BYTES))
        for record in records:
            file.write(record.tokens.astype(dtype).tobytes())
            tokens += len(record.tokens)
            if tokens > _MOST_TOKENS:
                raise ValueError(
                    f"llm_c: want at most {_MOST_TOKENS:,} tokens per shard, got more; run again with fewer "
                    "`records.shard_sequences`, or export to `bin`"
                )
        file.seek(0)
        file.write(_header(dataset, tokens))


def _read(paths: Sequence[str], dataset: Dataset) -> Iterator[SequenceRecord]:
    with Path(paths[0]).open("rb") as file:
        header = file.read(HEADER_BYTES)
    tokens = (Path(paths[0]).stat().st_size - HEADER_BYTES) // token_dtype(dataset).itemsize
    if header != _header(dataset, tokens):
        raise OSError(f"{paths[0]}: want the header of llm.c for {tokens} tokens, got another; write the file again")
    return read_flat(paths[0], dataset, HEADER_BYTES)


LLM_C = ExportFormat(
    name="llm_c",
    title="flat tokens with the header of llm.c",
    columns=("tokens",),
    shard_files=flat_shard_files,
    write_shard=_write,
    read_shard=_read,
    usage="""\
```sh
./train_gpt2cu -i "FOLDER/train-*.bin" -j "FOLDER/validation-*.bin"
```

llm.c reads all shards as one stream of tokens, so rows begin where its own sequence length says. Its trainers in C and
CUDA want tokens of 16 bits. Document starts, sources and sequence ids are not in these files.
""",
)
