"""A finished run as an earlier corpus: its stored hashes, signatures and texts are read where they are."""

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa

from massivetext.dedup.banding import band_column
from massivetext.dedup.minhash import band_bucket_hashes
from massivetext.dedup.near_duplicates import near_shingles
from massivetext.earlier.earlier_shard import I64, CorpusParameters, DocumentName, EarlierDocuments
from massivetext.errors import UserError
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.stage import stages_of
from massivetext.runs.store import Run, Shard
from massivetext.schema import U64, is_earlier
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP, STAGES
from massivetext.stages.exact_dedup_stage import MADE_AGAINST
from massivetext.stages.finished import open_context

_SIGNATURES = "signatures"


class EarlierRun:
    """See :class:`massivetext.earlier.earlier_shard.EarlierCorpus`.

    Args:
        folder: the run folder.

    Raises:
        UserError: there is no run, or near-deduplication is not complete.
        StageError: the run is damaged.
    """

    has_whole_shingles = True

    def __init__(self, folder: str) -> None:
        self.context: Context = open_context(Run(folder))
        self._manifest = self.context.run.need(NEAR_DEDUP.name)

    @cached_property
    def parameters(self) -> CorpusParameters:
        """What must be equal in a later run."""
        version = self._manifest.fact("signature_version", int, default=0)
        return CorpusParameters.of(self.context.recipe.near, self.context.recipe.seed, version)

    @cached_property
    def shards(self) -> tuple[Shard, ...]:
        """The shards that took part in deduplication."""
        shards = self.context.all_shards()
        return tuple(shard for shard in shards if self.context.judged_by(NEAR_DEDUP.name, shard.source))

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of all sources of the run, sorted."""
        return tuple(sorted(self.context.recipe.sources))

    @property
    def made_against(self) -> Mapping[str, str]:
        """The run digest of each corpus that the run was made against, by name."""
        return self.context.run.need(EXACT_DEDUP.name).fact(MADE_AGAINST, dict[str, str], default={})

    @property
    def document_count(self) -> int:
        """Number of documents that near-deduplication compared."""
        return self._manifest.totals("signatures/").get("signed", 0)

    def require_files(self) -> None:
        """Raise UserError if a file of the stages that a later run reads is missing or has another size."""
        run, names = self.context.run, [stage.name for stage in STAGES]
        read = STAGES[: names.index(NEAR_DEDUP.name) + 1]
        for stage in stages_of(self.context.recipe, read):
            missing = sorted(run.missing(run.need(stage.name).files()))
            if missing:
                raise UserError(
                    f"{run.folder}: {len(missing):,} of its files are missing or cut, such as {missing[0]}; restore "
                    "the run, make its index from a whole copy (`massivetext dedup-index`), or leave it out"
                )

    def documents(self, shard: Shard) -> EarlierDocuments:
        """Return the documents of a shard."""
        context = self.context
        rows = np.flatnonzero(context.kept(shard, before=NEAR_DEDUP.name))
        table = context.run.read_table("documents", shard, ["id", "text_hash"]).take(pa.array(rows))
        verdicts = context.run.read_table(context.verdicts_of(NEAR_DEDUP.name), shard, ["kept", "cluster"])
        kept = verdicts["kept"].to_numpy()[rows]
        own = context.document_refs(shard, rows)
        keepers = np.where(kept, own, verdicts["cluster"].fill_null(0).to_numpy()[rows])
        signed = context.run.read_table(_SIGNATURES, shard, [band_column(0)])[band_column(0)].is_valid().to_numpy()
        hashes = np.frombuffer(b"".join(table["text_hash"].to_pylist()), "<u8").reshape(-1, 2)
        return EarlierDocuments(
            rows, table["id"].to_pylist(), hashes.astype(np.uint64), keepers, signed[rows] & ~is_earlier(keepers)
        )

    def buckets(self, shard: Shard, bands: Iterable[int]) -> Mapping[int, tuple[U64, I64]]:
        """Return (bucket hashes, rows) of the compared documents of a shard, by band."""
        found = self.documents(shard)
        rows = found.rows[found.is_compared]
        columns = self.context.run.read_table(_SIGNATURES, shard, [band_column(band) for band in bands])
        chosen = pa.array(rows)
        return {band: (self._bucket_hashes(columns[band_column(band)].take(chosen), band), rows) for band in bands}

    def _bucket_hashes(self, column: pa.ChunkedArray, band: int) -> U64:
        values = np.frombuffer(b"".join(column.to_pylist()), "<u4").reshape(-1, self.context.recipe.near.rows)
        return band_bucket_hashes(values.astype(np.uint32), band)

    def shingles(self, shard: Shard, rows: I64) -> list[U64]:
        """Return the sorted distinct shingles of rows of a shard."""
        near = self.context.recipe.near
        texts = documents.read_rows(self.context.run, shard, ["text"], rows)
        return [near_shingles(str(document["text"]), near) for _, document in texts]

    def sizes(self, shard: Shard, rows: I64) -> U64:
        """Return the bytes of the texts of rows of a shard."""
        sizes = self.context.run.read_table("signals", shard, ["byte_count"])["byte_count"].to_numpy()
        found: U64 = sizes[rows].astype(np.uint64)
        return found

    def names(self, shard: Shard, rows: I64) -> list[DocumentName]:
        """Return the names of rows of a shard."""
        table = self.context.run.read_table("documents", shard, ["id", "origin", "url"]).take(pa.array(rows))
        return [DocumentName(*row.values()) for row in table.to_pylist()]
