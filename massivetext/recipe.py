"""Recipes: what is built, as TOML, read into frozen structs that refuse what they do not know."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from massivetext import assets
from massivetext.errors import UserError

Kind = Literal["web", "books", "news", "code", "wikipedia", "c4"]

# Rae et al. 2021, A.1.1: quality filtering, repetition removal and SafeSearch are for MassiveWeb alone; documents in
# other languages are dropped everywhere (but a language detector has nothing to say about source code).
PAPER_RULES: dict[Kind, tuple[str, ...]] = {
    "web": ("language", "gopher", "safesearch"),
    "books": ("language",),
    "news": ("language",),
    "code": (),
    "wikipedia": ("language",),
    "c4": ("language",),
}
# A.1.1: "all subsets excluding Wikipedia and GitHub".
PAPER_DEDUPLICATES: frozenset[Kind] = frozenset({"web", "books", "news", "c4"})

# A.1.1, the licences of the GitHub subset, as SPDX identifiers.
PAPER_LICENCES = (
    "Apache-2.0",
    "MIT",
    "BSD-3-Clause",
    "BSD-2-Clause",
    "Unlicense",
    "CC0-1.0",
    "ISC",
    "Artistic-2.0",
)

_CREDENTIALS_IN_URL = re.compile(r"://[^/\s\"']*@")
_SOURCE_NAME = re.compile("[a-z][a-z0-9_]*")
# Names that a run gives to other things beside its sources.
_TAKEN_NAMES = frozenset(
    {"candidates", "clusters", "counts", "index", "near", "pairs", "samples", "signatures", "tokens"}
)

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every table of a recipe: frozen, keywords only, unknown keys refused."""


class SourceOptions(Options, frozen=True):
    """One source: what is read, how it is judged, and its share of the training sequences.

    Attributes:
        kind: which reader reads the inputs.
        inputs: file names or patterns (``*``, ``**``), relative to the recipe's folder; or URLs.
        weight: share of the training sequences, as a decimal; all weights sum to exactly 1.
        edits: names of line edits in ``filters/edits/``, or paths of such files; they take lines out of the texts for
            good as these are ingested, in this order (paper: none).
        rules: names of rule sets in ``filters/``, or paths of rule files; None: the paper's choice for the kind.
        deduplicate: takes part in exact and near deduplication; None: the paper's choice for the kind.
        decontaminate: loses documents that overlap a test set (paper: every source).
        text_field: name of the text in JSONL and Parquet input.
        licences: SPDX identifiers that code may have; only for kind "code".
        shard_bytes: input files are cut or grouped into shards of about this many bytes.
    """

    kind: Kind
    inputs: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    weight: Decimal
    edits: tuple[str, ...] = ()
    rules: tuple[str, ...] | None = None
    deduplicate: bool | None = None
    decontaminate: bool = True
    text_field: str = "text"
    licences: tuple[str, ...] = PAPER_LICENCES
    shard_bytes: Positive = 64 * 2**20

    @property
    def rule_sets(self) -> tuple[str, ...]:
        """Names of the rule sets that judge this source."""
        return PAPER_RULES[self.kind] if self.rules is None else self.rules

    @property
    def deduplicates(self) -> bool:
        """Whether this source takes part in deduplication."""
        return self.kind in PAPER_DEDUPLICATES if self.deduplicate is None else self.deduplicate


class IngestOptions(Options, frozen=True):
    """Limits on one record of input; what is larger goes to quarantine.

    Attributes:
        max_record_bytes: largest JSON line, book or source file; a wiki page may have 4 MiB at most.
        max_html_bytes: largest page that is parsed (a parser takes some 20 times as much memory).
    """

    max_record_bytes: Positive = 64 * 2**20
    max_html_bytes: Positive = 8 * 2**20


class MeasureOptions(Options, frozen=True):
    """How signals are measured, and which are on request alone.

    Attributes:
        paragraph_languages: whether paragraphs are asked for their own language (`language_paragraph_frac`), which
            makes telling languages take some 60% longer.
        unsafe_model: the model that `unsafe_score` is told by, instead of the shipped one: a file ``mine.ftz`` of
            ``massivetext classifier train`` with ``mine.json`` beside it.
    """

    paragraph_languages: bool = False
    unsafe_model: str | None = None


Action = Literal["ignore", "warn", "stop"]


class GuardOptions(Options, frozen=True):
    """What is suspicious of rules, and what then happens once they have judged: a warning, or the end of the run.

    Attributes:
        enough_documents: a source with fewer is too small to tell, but for rules that fire too often.
        never_fires: a rule that no document of a source fails may be misspelt, or read a signal of something else.
        fires_above: share of a source that a rule by itself may remove.
        fires_too_often: a rule that removes more.
        loses_above: share of a source that its rules together may remove.
        loses_too_much: a source that loses more.
    """

    enough_documents: Positive = 1000
    never_fires: Action = "warn"
    fires_above: Share = 0.5
    fires_too_often: Action = "warn"
    loses_above: Share = 0.98
    loses_too_much: Action = "stop"


class BlocklistOptions(Options, frozen=True):
    """Lists that the URLs of documents are held against; rules on ``blocked_host`` and the like judge by them.

    All are files, plain or compressed, with one entry a line; patterns are allowed.

    Attributes:
        hosts: hosts, each with all hosts below it; or hosts files, with an address before the hosts.
        urls: URLs.
        url_keywords: words that count where they are a whole run of letters and digits.
        url_substrings: words that count anywhere.
        shipped_keywords: `filters/lists/explicit_url_keywords.txt` counts as well.
    """

    hosts: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    url_keywords: tuple[str, ...] = ()
    url_substrings: tuple[str, ...] = ()
    shipped_keywords: bool = True


class NearOptions(Options, frozen=True):
    """MinHash near-deduplication.

    Attributes:
        ngram: words a shingle; Rae et al. 2021, A.1.1: 13.
        threshold: documents are duplicates when the Jaccard similarity of their shingles exceeds it; A.1.1: 0.8.
        bands: bands of the signature; 32 of 8 hashes find a pair of similarity 0.8 with probability 0.997.
        rows: hashes a band.
        lowercase: ignore case (the paper says only punctuation and white space).
        max_bucket: in a larger bucket each document is paired with the bucket's first and with its neighbour alone.
    """

    ngram: Positive = 13
    threshold: Share = 0.8
    bands: Positive = 32
    rows: Positive = 8
    lowercase: bool = False
    max_bucket: Positive = 64


class DecontaminateOptions(Options, frozen=True):
    """Test-set filtering.

    Attributes:
        test_sets: files of evaluation items: JSONL (a ``text`` field, or ``full`` where present), WikiText
            (``.tokens``), or ``.txt`` with one item a paragraph; each may be gzipped. Patterns are allowed. Without
            any, nothing is tested.
        ngram: words an n-gram; Rae et al. 2021, A.1.1: 13.
        jaccard: a document goes when its Jaccard similarity with an item exceeds this; A.1.1: 0.8.
        containment: a document goes when it holds more than this share of an item's n-grams; None, as in the paper:
            such documents are reported and stay.
        lowercase: ignore case.
    """

    test_sets: tuple[str, ...] = ()
    ngram: Positive = 13
    jaccard: Share = 0.8
    containment: Share | None = None
    lowercase: bool = False


class TokenizerOptions(Options, frozen=True):
    """SentencePiece BPE with byte fallback, as in Rae et al. 2021, section 2.2.

    Attributes:
        vocabulary_size: pieces, special ids and 256 bytes included; the paper: 32,000.
        normalization: "nfkc" as for Gopher, "identity" as for Chinchilla.
        training_bytes: text sampled from the mixture for training.
        max_piece_length: longest piece in characters; the crop constant of A.1's token sequences presumes 15.
        model: path of a ready SentencePiece model; then nothing is trained.
    """

    vocabulary_size: Annotated[int, msgspec.Meta(ge=300, le=1_000_000)] = 32_000
    normalization: Literal["nfkc", "identity"] = "nfkc"
    training_bytes: Positive = 256 * 2**20
    max_piece_length: Annotated[int, msgspec.Meta(ge=1, le=512)] = 15
    model: str | None = None


class RecordsOptions(Options, frozen=True):
    """Token sequences and their shards.

    Attributes:
        sequence_length: tokens a record; the paper: 2,048.
        sequences: records in all; None: as many as the sources give without any being read more than `epochs` times.
        epochs: see `sequences`; whole passes over the source that runs out first.
        bytes_per_token: a crop is `bytes_per_token * sequence_length` bytes long; the paper: 15.
        crops_per_group: so many crops are concatenated before they are cut into sequences; the paper: 10.
        shard_sequences: records a file, at most.
    """

    sequence_length: Annotated[int, msgspec.Meta(ge=8)] = 2048
    sequences: Positive | None = None
    epochs: Positive = 1
    bytes_per_token: Positive = 15
    crops_per_group: Positive = 10
    shard_sequences: Positive = 32_768


class Recipe(Options, frozen=True):
    """A whole recipe; see ``pipelines/massivetext.toml`` for one that explains itself.

    Attributes:
        name: name of the data set.
        seed: of every keyed hash and permutation.
        demo: folder of a demo corpus that is written where it is missing, relative to the recipe's folder.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$")]
    sources: Annotated[dict[str, SourceOptions], msgspec.Meta(min_length=1, max_length=255)]
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] = 0
    demo: str | None = None
    ingest: IngestOptions = IngestOptions()
    measure: MeasureOptions = MeasureOptions()
    guards: GuardOptions = GuardOptions()
    blocklists: BlocklistOptions = BlocklistOptions()
    near: NearOptions = NearOptions()
    decontaminate: DecontaminateOptions = DecontaminateOptions()
    tokenizer: TokenizerOptions = TokenizerOptions()
    records: RecordsOptions = RecordsOptions()


class LoadedRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe with where it was found: relative paths in it start at ``root``."""

    recipe: Recipe
    path: str
    root: str


def load(name_or_path: str) -> LoadedRecipe:
    """Reads a recipe: a built-in name, or the path of a TOML file.

    Paths in a file are relative to the file's folder, in a built-in recipe to the current folder.

    Raises:
        UserError: there is no such recipe, it is not TOML, or something in it is not as wanted; names file and place.
    """
    built_in = assets.folder("pipelines") / f"{name_or_path}.toml"
    path = built_in if built_in.is_file() else Path(name_or_path)
    root = Path.cwd() if path == built_in else path.resolve().parent
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(
            f"{name_or_path}: no such recipe; give a TOML file or one of {', '.join(assets.names('pipelines'))}"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: want UTF-8 text, got {error}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    return LoadedRecipe(recipe=parse(text, str(path)), path=str(path), root=str(root))


def parse(text: str, path: str) -> Recipe:
    """A recipe from its TOML. Raises UserError with ``path`` and the place within the file."""
    if found := _CREDENTIALS_IN_URL.search(text):  # the recipe is written to run.json, and quoted in messages
        line = text.count("\n", 0, found.start()) + 1
        raise UserError(f"{path}: line {line}: holds a URL with credentials; set them in the environment instead")
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: is not TOML: {error}") from error
    sources = data.get("sources", {})
    if not isinstance(sources, dict) or not all(isinstance(table, dict) for table in sources.values()):
        raise UserError(f"{path}: sources: want one table [sources.NAME] a source")
    read = {name: _convert(table, SourceOptions, path, f"sources.{name}") for name, table in sources.items()}
    recipe = _convert({**data, "sources": read}, Recipe, path, "")
    _check(recipe, path)
    return recipe


T = TypeVar("T", bound=Options)


def _convert(table: Mapping[str, Any], kind: type[T], path: str, place: str) -> T:
    _refuse_unknown(table, kind, path, place)
    converted = dict(table)
    for field in msgspec.structs.fields(kind):
        value = converted.get(field.name)
        if isinstance(field.type, type) and issubclass(field.type, Options) and isinstance(value, dict):
            converted[field.name] = _convert(value, field.type, path, f"{place}.{field.name}".lstrip("."))
    try:
        return msgspec.convert(_floats(converted, kind), kind)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        spot = f"{place}{where.rstrip('`')}".lstrip(".")
        raise UserError(f"{path}: {spot or 'recipe'}: {message}") from error


def _floats(table: dict[str, Any], kind: type[Options]) -> dict[str, Any]:
    # TOML floats are read as Decimal so that weights stay exact; every other number wants a float.
    exact = {field.name for field in msgspec.structs.fields(kind) if "Decimal" in str(field.type)}
    return {
        name: (
            (Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value)
            if name in exact
            else (float(value) if isinstance(value, Decimal) else value)
        )
        for name, value in table.items()
    }


def _refuse_unknown(table: Mapping[str, Any], kind: type[Options], path: str, place: str) -> None:
    known = [field.name for field in msgspec.structs.fields(kind)]
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean '{close[0]}'? " if close else ""
            where = f"{place}.{key}".lstrip(".")
            raise UserError(f"{path}: {where}: unknown key; {hint}known here: {', '.join(sorted(known))}")


def _check(recipe: Recipe, path: str) -> None:
    for name, source in recipe.sources.items():
        if not _SOURCE_NAME.fullmatch(name):
            raise UserError(f"{path}: sources.{name}: want a name of a-z, 0-9 and _, beginning with a letter")
        if name in _TAKEN_NAMES:
            raise UserError(f"{path}: sources.{name}: the name is taken within a run; give the source another")
        if not source.weight.is_finite() or not 0 < source.weight <= 1:
            raise UserError(f"{path}: sources.{name}.weight: want a number above 0 and at most 1, got {source.weight}")
        if source.kind != "code" and source.licences != PAPER_LICENCES:
            raise UserError(f"{path}: sources.{name}.licences: only sources of kind 'code' have licences")
    total = sum((source.weight for source in recipe.sources.values()), Decimal(0))
    if total != 1:
        each = ", ".join(f"{name} {source.weight}" for name, source in recipe.sources.items())
        raise UserError(f"{path}: sources: weights must sum to exactly 1, got {total} ({each})")
