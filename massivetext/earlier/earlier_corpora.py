"""The earlier corpora that a recipe names, as shards beside those of the run.

A document of an earlier corpus has a document reference as those of the run have: its source is
:data:`massivetext.schema.EARLIER`, its shard counts the shards of all earlier corpora in the order of the recipe, and
its row is that in its own run. So the jobs of deduplication treat it as a document that is already decided.
"""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from massivetext.dedup.keeper import keeper_rank
from massivetext.earlier.dedup_index import DedupIndex, upper_bits
from massivetext.earlier.earlier_run import EarlierRun
from massivetext.earlier.earlier_shard import I64, CorpusParameters, EarlierCorpus, EarlierDocuments
from massivetext.errors import UserError
from massivetext.recipe import LoadedRecipe
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.schema import (
    EARLIER,
    EARLIER_NAMES,
    MAX_SHARDS,
    U64,
    pack_document_refs,
    row_numbers,
    shard_number,
    shard_numbers,
)
from massivetext.stages.earlier_digests import earlier_folders, is_index, run_digest
from massivetext.stages.near_dedup_stage import SIGNATURE_VERSION
from massivetext.storage import files as fs


class EarlierRows(NamedTuple):
    """Documents of one shard of an earlier corpus, for the jobs of deduplication.

    Attributes:
        documents: the documents.
        refs: reference of each.
        keepers: reference of the document for which each was removed; its own one if it was kept.
        ranks: first column of their ranks: smaller than that of every document of the run.
    """

    documents: EarlierDocuments
    refs: U64
    keepers: U64
    ranks: U64


class EarlierCorpora:
    """All earlier corpora of a recipe.

    Args:
        names: the folders as the recipe names them.
        corpora: the corpora, in the same order.
        seed: seed of the ranks.
    """

    def __init__(self, names: Sequence[str], corpora: Sequence[EarlierCorpus], seed: int) -> None:
        self._names, self._corpora, self._seed = names, corpora, seed
        self._shards = [(at, shard) for at, corpus in enumerate(corpora) for shard in corpus.shards]
        if len(self._shards) > MAX_SHARDS:
            raise UserError(f"dedup.against: want at most {MAX_SHARDS:,} shards in all, got {len(self._shards):,}")
        self._numbers = {key: number for number, key in enumerate(self._shards)}

    @property
    def own_rank(self) -> int:
        """First column of the ranks of the documents of the run: larger than that of every earlier one."""
        return 2 * len(self._corpora)

    @property
    def shard_numbers(self) -> list[int]:
        """The numbers of all shards, as :func:`massivetext.schema.shard_numbers` returns them for their documents."""
        return [shard_number(EARLIER, number) for number in range(len(self._shards))]

    @property
    def document_count(self) -> int:
        """Number of documents with signatures."""
        return sum(corpus.document_count for corpus in self._corpora)

    def name_of(self, number: int) -> str:
        """Return the name of a shard, for messages."""
        at, shard = self._shard(number)
        return f"{self._names[at]}: {shard.name}"

    def rows(self, number: int) -> EarlierRows:
        """Return the documents of a shard, by its number."""
        at, shard = self._shard(number)
        corpus, found = self._corpora[at], self._corpora[at].documents(shard)
        refs = pack_document_refs(EARLIER, number % MAX_SHARDS, found.rows)
        own = pack_document_refs(corpus.sources.index(shard.source), shard.index, found.rows)
        keepers = refs.copy()
        for row in np.flatnonzero(found.is_compared & (found.keepers != own)).tolist():
            keepers[row] = self._translated(at, int(found.keepers[row]))
        ranks = np.where(keepers == refs, at, len(self._corpora) + at).astype(np.uint64)
        return EarlierRows(found, refs, keepers, ranks)

    def ranks(self, found: EarlierRows, columns: int) -> U64:
        """Return the ranks of documents, uint64[documents, columns]; among earlier ones the keyed hash decides."""
        ranks = np.zeros((len(found.refs), columns), np.uint64)
        ranks[:, 0], ranks[:, -1] = found.ranks, keeper_rank(found.documents.ids, self._seed)
        return ranks

    def buckets(self, number: int, bands: Iterable[int]) -> Mapping[int, tuple[U64, U64]]:
        """Return (bucket hashes, document references) of the compared documents of a shard, by band."""
        at, shard = self._shard(number)
        found = self._corpora[at].buckets(shard, bands)
        return {
            band: (hashes, pack_document_refs(EARLIER, number % MAX_SHARDS, rows))
            for band, (hashes, rows) in found.items()
        }

    def shingles(self, document_refs: U64) -> dict[int, U64]:
        """Return the shingles of documents of one shard, by reference; the references must be sorted."""
        at, shard = self._shard(int(shard_numbers(document_refs[:1])[0]))
        return dict(
            zip(
                document_refs.tolist(),
                self._corpora[at].shingles(shard, row_numbers(document_refs)),
                strict=True,
            )
        )

    def comparable(self, shingles: U64, document_ref: int) -> U64:
        """Return shingles of a document of the run as those of an earlier document are stored."""
        at, _ = self._shard(document_ref >> 32)
        return shingles if self._corpora[at].has_whole_shingles else upper_bits(shingles)

    def short_shingles(self, shingles: U64, document_ref: int) -> U64:
        """Return the upper bits of the shingles of any document, as indexes store them."""
        if (
            document_ref >> 32 >= EARLIER * MAX_SHARDS
            and not self._corpora[self._shard(document_ref >> 32)[0]].has_whole_shingles
        ):
            return shingles
        return upper_bits(shingles)

    def sizes(self, number: int, rows: I64) -> U64:
        """Return about how many bytes the texts of rows of a shard have; the rows in any order, repeated or not."""
        at, shard = self._shard(number)
        distinct, places = np.unique(rows, return_inverse=True)
        return self._corpora[at].sizes(shard, distinct)[places.reshape(-1)]

    def names(self, document_refs: U64) -> pa.Table:
        """Return a table of :data:`massivetext.schema.EARLIER_NAMES` for some documents, sorted and distinct."""
        columns: dict[str, list[object]] = {name: [] for name in EARLIER_NAMES.names}
        refs = np.unique(document_refs)
        numbers = shard_numbers(refs)
        for number in np.unique(numbers).tolist():
            at, shard = self._shard(number)
            here = refs[numbers == number]
            for ref, name in zip(here.tolist(), self._corpora[at].names(shard, row_numbers(here)), strict=True):
                values = (ref, self._names[at], shard.source, name.id, name.origin, name.url)
                for column, value in zip(columns.values(), values, strict=True):
                    column.append(value)
        return pa.table(columns, schema=EARLIER_NAMES)

    def _shard(self, number: int) -> tuple[int, Shard]:
        return self._shards[number % MAX_SHARDS]

    def _translated(self, at: int, document_ref: int) -> int:
        """Return a reference within a corpus as one of all corpora."""
        corpus = self._corpora[at]
        source, index = divmod(document_ref >> 32, MAX_SHARDS)
        name = corpus.sources[source]
        count = next(shard.count for shard in corpus.shards if shard.source == name)
        number = self._numbers[at, Shard(name, index, count)]
        return int(pack_document_refs(EARLIER, number, np.array([document_ref & (2**32 - 1)]))[0])


@lru_cache(maxsize=4)
def _open(names: tuple[str, ...], folders: tuple[str, ...], seed: int) -> EarlierCorpora:
    corpora = [open_corpus(folder) for folder in folders]
    return EarlierCorpora(names, corpora, seed)


def open_corpus(folder: str) -> DedupIndex | EarlierRun:
    """Return the earlier corpus in a folder: a finished run, or an index of one.

    Raises:
        UserError: there is none, or it has not come to near-deduplication.
        StageError: it is damaged.
    """
    return DedupIndex(folder) if is_index(folder) else EarlierRun(folder)


def earlier_corpora(context: Context) -> EarlierCorpora | None:
    """Return the earlier corpora of a run, opened once per process; None if its recipe names none.

    Raises:
        UserError: a corpus is the run itself, or is damaged.
        StageError: a corpus is damaged.
    """
    recipe = context.recipe
    if not recipe.against:
        return None
    folders = tuple(earlier_folders(recipe, context.root))
    if posixpath.normpath(context.run.folder) in (posixpath.normpath(fs.absolute(folder)) for folder in folders):
        raise UserError(f"dedup.against: {context.run.folder}: is the run itself; give another output folder")
    return _open(recipe.against, folders, recipe.seed)


def validate_earlier(loaded: LoadedRecipe) -> None:
    """Refuse a recipe with an earlier corpus that is not whole, or was made with other parameters.

    Raises:
        UserError: names the corpus, and the parameters with both values.
        StageError: the corpus is not complete, or damaged.
    """
    recipe = loaded.recipe
    wanted = CorpusParameters.of(recipe.near, recipe.seed, SIGNATURE_VERSION)
    for name, folder in zip(recipe.against, earlier_folders(recipe, loaded.root), strict=True):
        corpus = open_corpus(folder)
        _require_equal(name, wanted, corpus.parameters)
        corpus.require_files()


def unnamed_corpora(loaded: LoadedRecipe) -> list[str]:
    """Return a sentence for each earlier corpus that was itself made against one that the recipe does not name.

    Such a corpus does not hold what it lost to the other one, so copies of that stay.

    Raises:
        UserError: there is no earlier corpus in a folder that the recipe names.
        StageError: a corpus is damaged.
    """
    folders = earlier_folders(loaded.recipe, loaded.root)
    named = set(map(run_digest, folders))
    return [
        f"dedup.against: {name}: was itself made against {before}, which does not count here: copies of what it lost "
        "to that corpus stay; name both."
        for name, folder in zip(loaded.recipe.against, folders, strict=True)
        for before, digest in sorted(open_corpus(folder).made_against.items())
        if digest not in named
    ]


def _require_equal(name: str, wanted: CorpusParameters, found: CorpusParameters) -> None:
    if found.signature_version != wanted.signature_version:
        raise UserError(
            f"dedup.against: {name}: want signatures of version {wanted.signature_version}, got "
            f"{found.signature_version or 'those of an older massivetext'}; run it again with this version"
        )
    differences = [
        f"{'seed' if field == 'seed' else f'near.{field}'} is {ours!r} here and {theirs!r} there"
        for field, ours in msgspec.structs.asdict(wanted).items()
        if ours != (theirs := getattr(found, field))
    ]
    if differences:
        raise UserError(
            f"dedup.against: {name}: was made with other parameters, so its documents cannot be compared: "
            f"{'; '.join(differences)}; use those of the earlier corpus, or run it again"
        )
