"""The registry of export formats."""

from collections.abc import Sequence

from massivetext.errors import UserError
from massivetext.records.exports.export_format import ExportFormat
from massivetext.records.exports.flat_files import BIN
from massivetext.records.exports.llm_c_files import LLM_C
from massivetext.records.exports.megatron_files import MEGATRON
from massivetext.records.exports.parquet_files import PARQUET
from massivetext.records.exports.tfds_files import TFDS
from massivetext.records.exports.tfrecord_files import TFRECORD

EXPORT_FORMATS: Sequence[ExportFormat] = (TFDS, TFRECORD, PARQUET, MEGATRON, BIN, LLM_C)


def export_format(name: str) -> ExportFormat:
    """Return the format of this name. Raises UserError, with the known names, if there is none."""
    for one in EXPORT_FORMATS:
        if one.name == name:
            return one
    raise UserError(f"--records: want one of {', '.join(one.name for one in EXPORT_FORMATS)}; got {name!r}")
