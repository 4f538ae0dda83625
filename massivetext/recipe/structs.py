"""The tables of a recipe as frozen structs."""

import fnmatch
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from massivetext.extract.extracted_page import Comments
from massivetext.extract.extractors import DEFAULT_EXTRACTOR, ExtractorName
from massivetext.recipe.kinds import KINDS, PAPER_LICENCES, KindName
from massivetext.sources.source_formats import FIELD_OPTIONS, FORMER_NAMES, FieldPaths

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_NAME = "a name of at most 64 characters a-z, 0-9 and _ that begins with a letter"
Positive = Annotated[int, msgspec.Meta(ge=1, le=2**40)]
Epochs = Annotated[float, msgspec.Meta(gt=0.0, le=1e6)]
Mode = Literal["gopher", "pack"]
ContaminationAction = Literal["drop", "cut", "mark"]
ScreenName = Literal["url", "language", "length"]
ContaminationMethod = Literal["jaccard", "containment", "phrase"]
CanaryKind = Literal["exact", "near", "chain", "item", "unsafe", "boilerplate", "control"]
Normalization = Literal["nfkc", "identity"]
Ngram = Annotated[int, msgspec.Meta(ge=1, le=1000)]
_LARGEST_SIGNATURE = 16_384  # hashes


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every table of a recipe: frozen, keyword arguments only, unknown keys are errors."""


class SourceOptions(Options, frozen=True):
    """One source: what is read, how it is judged, and its share of the training sequences.

    Attributes:
        kind: which defaults of the paper apply: rules, deduplication, test-set filtering, format.
        inputs: files, folders or patterns (``*``, ``**``), relative to the recipe's folder, to the home folder (``~``),
            or URLs; ``@FILE`` is a list of them, one per line, which may be compressed.
        inputs_prefix: what stands before every path of such a list (``s3://commoncrawl/``); UNSET: relative paths begin
            at the folder of the list.
        weight: share of the training sequences, as a decimal; all weights sum to exactly 1.
        format: how the bytes of the inputs are read (``sources/source_formats.py``); UNSET: the default of the kind.
        edits: names of line edits in ``filters/edits/``, or paths of such files. They change the texts for good during
            ingest, in this order (paper: none).
        rules: names of rule sets in ``filters/``, or paths of rule files; None: the paper's choice for the kind.
        deduplicate: takes part in exact and near deduplication; None: the paper's choice for the kind.
        decontaminate: loses documents that overlap a test set (paper: every source).
        text_field: field of a record (JSON, CSV, Parquet, Arrow) that holds the text or a list of its paragraphs: a
            name, or a path such as ``doc.text``.
        url_field: field that holds the URL; UNSET: ``url``.
        title_field: field that holds the title; UNSET: ``title``.
        id_field: field that is stored as metadata ``id``.
        date_field: field that is stored as metadata ``date``.
        metadata: fields that are stored as metadata; UNSET: all short values.
        licences: SPDX identifiers of accepted licences; only for formats that read licences.
        shard_bytes: input files are divided or grouped into shards of about this many bytes.
        normalization: how its texts are normalised before they are encoded, instead of `tokenizer.normalization`: for
            example "identity" for source code. Beside `tokenizer.model`, it must be that of the model, or the model
            must have none.
        mode: how its sequences are made, instead of `records.mode`.
        epochs: how often its documents are read, instead of `records.epochs`.
        max_epochs: how often they may be read at most, instead of `records.max_epochs`.
    """

    kind: KindName
    inputs: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    weight: Annotated[Decimal, msgspec.Meta(description="a number above 0 and at most 1")]
    # Not written if it is not given: recipes without it keep their hash, and runs their stage keys.
    format: str | msgspec.UnsetType = msgspec.UNSET
    edits: tuple[str, ...] = ()
    rules: tuple[str, ...] | None = None
    deduplicate: bool | None = None
    decontaminate: bool = True
    text_field: Annotated[str, msgspec.Meta(min_length=1)] = "text"
    licences: tuple[str, ...] = PAPER_LICENCES
    shard_bytes: Positive = 64 * 2**20
    normalization: Normalization | msgspec.UnsetType = msgspec.UNSET
    mode: Mode | msgspec.UnsetType = msgspec.UNSET
    epochs: Positive | msgspec.UnsetType = msgspec.UNSET
    max_epochs: Epochs | msgspec.UnsetType = msgspec.UNSET
    inputs_prefix: str | msgspec.UnsetType = msgspec.UNSET
    url_field: str | msgspec.UnsetType = msgspec.UNSET
    title_field: str | msgspec.UnsetType = msgspec.UNSET
    id_field: str | msgspec.UnsetType = msgspec.UNSET
    date_field: str | msgspec.UnsetType = msgspec.UNSET
    metadata: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def list_prefix(self) -> str | None:
        """What stands before every path of a list of inputs; None: nothing."""
        return None if isinstance(self.inputs_prefix, msgspec.UnsetType) else self.inputs_prefix

    @property
    def format_name(self) -> str:
        """Name of the format of the inputs."""
        if isinstance(self.format, msgspec.UnsetType):
            return KINDS[self.kind].format
        return FORMER_NAMES.get(self.format, self.format)

    @property
    def key_format(self) -> tuple[str, ...]:
        """What the format adds to the stage key of ingest: its name, or nothing if it is the default of the kind."""
        if isinstance(self.format, msgspec.UnsetType) or self.format_name == KINDS[self.kind].format:
            return ()
        return (self.format,)

    @property
    def fields(self) -> FieldPaths:
        """Paths of the fields of a record, with defaults for those that are not given."""
        given = {
            "text": self.text_field,
            "url": self.url_field,
            "title": self.title_field,
            "id": self.id_field,
            "date": self.date_field,
            "metadata": self.metadata,
        }
        return FieldPaths(**{name: value for name, value in given.items() if value is not msgspec.UNSET})  # type: ignore[arg-type]

    @property
    def given_fields(self) -> dict[str, str | tuple[str, ...]]:
        """Options that name fields of a record and are given, without `text_field`, which every stage key holds."""
        named = {name: getattr(self, name) for name in sorted(FIELD_OPTIONS - {"text_field"})}
        return {name: value for name, value in named.items() if value is not msgspec.UNSET}

    @property
    def rule_sets(self) -> tuple[str, ...]:
        """Names of the rule sets that judge this source."""
        return KINDS[self.kind].rule_sets if self.rules is None else self.rules

    @property
    def deduplicates(self) -> bool:
        """Whether this source takes part in deduplication."""
        return KINDS[self.kind].deduplicates if self.deduplicate is None else self.deduplicate


class IngestOptions(Options, frozen=True):
    """How input is read: limits on one record, larger ones go to quarantine; and what finds the main text of a page.

    Attributes:
        max_record_bytes: largest JSON line, book or source file; a wiki page may have 4 MiB at most.
        max_html_bytes: largest page that is parsed (a parser takes about 20 times as much memory).
        max_zstd_window: largest window of a zstd file (``zstd --long``), which each reader holds in memory; UNSET: 128
            MiB, which files without ``--long=28`` and above do not exceed; at most 2 GiB.
        extractor: what finds the main text of web pages (``extract/extractors.py``); UNSET: "salient".
        comments: whether the comments of readers below a page's text are kept or dropped; UNSET: as the extractor does
            by itself.
        screen: what of a web page is judged by the rules of its source before it is extracted: "url" (block lists),
            "language", "length". Pages that fail are left out as skipped; a hundredth of them is extracted all the
            same, so that the report can say how many of them the rules would have kept. UNSET: nothing.
        max_page_seconds: CPU seconds after which the extraction of a page is given up and the page goes to quarantine
            (``extract/watchdog.py``); UNSET: 60; 0: never.
        check_digests: whether the digests of WARC records are compared with their bytes; a document of a record with
            a wrong one is marked (``wrong_digest`` in its metadata) and counted; UNSET: no.
        mend_double_encoding: whether lines of UTF-8 that were read as another encoding ("Ã©") are decoded once more, by
            the library ftfy (``pip install massivetext[ftfy]``); UNSET: false.
    """

    max_record_bytes: Positive = 64 * 2**20
    max_html_bytes: Positive = 8 * 2**20
    # Not written if it is not given: recipes without it keep their hash and their stage keys.
    max_zstd_window: Annotated[int, msgspec.Meta(ge=2**10, le=2**31)] | msgspec.UnsetType = msgspec.UNSET
    extractor: ExtractorName | msgspec.UnsetType = msgspec.UNSET
    comments: Comments | msgspec.UnsetType = msgspec.UNSET
    screen: tuple[ScreenName, ...] | msgspec.UnsetType = msgspec.UNSET
    max_page_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] | msgspec.UnsetType = msgspec.UNSET
    mend_double_encoding: bool | msgspec.UnsetType = msgspec.UNSET

    check_digests: bool | msgspec.UnsetType = msgspec.UNSET

    @property
    def checks_digests(self) -> bool:
        """Whether the digests of WARC records are compared with their bytes."""
        return self.check_digests is True

    @property
    def screens(self) -> tuple[ScreenName, ...]:
        """What of a page is judged by the rules of its source before it is extracted."""
        return () if isinstance(self.screen, msgspec.UnsetType) else self.screen

    @property
    def zstd_window_bytes(self) -> int:
        """Largest window of a zstd file."""
        return 2**27 if isinstance(self.max_zstd_window, msgspec.UnsetType) else self.max_zstd_window

    @property
    def extractor_name(self) -> ExtractorName:
        """Name of what finds the main text of web pages."""
        return DEFAULT_EXTRACTOR if isinstance(self.extractor, msgspec.UnsetType) else self.extractor

    @property
    def page_comments(self) -> Comments | None:
        """Whether the comments of readers are kept; None: as the extractor does by itself."""
        return None if isinstance(self.comments, msgspec.UnsetType) else self.comments

    @property
    def page_seconds(self) -> int:
        """CPU seconds after which the extraction of a page is given up; 0: never."""
        return 60 if isinstance(self.max_page_seconds, msgspec.UnsetType) else self.max_page_seconds


class MeasureOptions(Options, frozen=True):
    """How signals are measured.

    Attributes:
        paragraph_languages: whether the language of each paragraph is detected too (`language_paragraph_frac`), which
            makes language detection take about 60% longer.
        unsafe_model: model that computes `unsafe_score` instead of the shipped one: a file ``mine.ftz`` of
            ``massivetext classifier train`` with ``mine.json`` beside it.
    """

    paragraph_languages: bool = False
    unsafe_model: str | None = None


Action = Literal["ignore", "warn", "stop"]


class GuardOptions(Options, frozen=True):
    """Which results of the rules are suspicious, and whether the run then warns or stops.

    Attributes:
        enough_documents: a smaller source is checked only for rules that fire too often.
        never_fires: action if no document of a source fails a rule: its bounds may be wrong, or it reads the wrong
            signal.
        fires_above: share of a source that one rule may remove alone.
        fires_too_often: action if a rule removes more.
        loses_above: share of a source that its rules together may remove.
        loses_too_much: action if they remove more.
        unreadable_above: share of the input of a source, by number of records, that may be unreadable; UNSET: 0.1.
        unreadable: action if more is; UNSET: "warn".
        empty_source: action if no document of a source could be read or is left, whatever its size; UNSET: "stop". A
            run that goes on cannot make records of that source, so it stops before the tokenizer.
    """

    enough_documents: Positive = 1000
    never_fires: Action = "warn"
    fires_above: Share = 0.5
    fires_too_often: Action = "warn"
    loses_above: Share = 0.98
    loses_too_much: Action = "stop"
    # Not written if they are not given: recipes without them keep their hash.
    unreadable_above: Share | msgspec.UnsetType = msgspec.UNSET
    unreadable: Action | msgspec.UnsetType = msgspec.UNSET
    empty_source: Action | msgspec.UnsetType = msgspec.UNSET

    @property
    def most_unreadable(self) -> float:
        """Share of the input of a source above which it counts as unreadable."""
        return 0.1 if isinstance(self.unreadable_above, msgspec.UnsetType) else self.unreadable_above

    @property
    def unreadable_action(self) -> Action:
        """Action if more of a source is unreadable."""
        return "warn" if isinstance(self.unreadable, msgspec.UnsetType) else self.unreadable

    @property
    def empty_source_action(self) -> Action:
        """Action if no document of a source could be read or is left."""
        return "stop" if isinstance(self.empty_source, msgspec.UnsetType) else self.empty_source


class BlocklistOptions(Options, frozen=True):
    """Block lists for the URLs of documents; the signals `blocked_host` and the like are computed from them.

    All are files, plain or compressed, with one entry per line; patterns are allowed.

    Attributes:
        hosts: lists of hosts, each with all hosts below it; or hosts files, with an address before the hosts.
        urls: lists of URLs.
        url_keywords: lists of words that match a whole run of letters and digits.
        url_substrings: lists of words that match anywhere.
        shipped_keywords: whether `filters/lists/explicit_url_keywords.txt` is used as well.
    """

    hosts: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    url_keywords: tuple[str, ...] = ()
    url_substrings: tuple[str, ...] = ()
    shipped_keywords: bool = True


class NearOptions(Options, frozen=True):
    """MinHash near-deduplication.

    Attributes:
        ngram: words per shingle; Rae et al. 2021, A.1.1: 13.
        threshold: documents are duplicates if the Jaccard similarity of their shingles is above it; A.1.1: 0.8.
        bands: bands per signature; 32 of 8 hashes find a pair of similarity 0.8 with probability 0.997.
        rows: hashes per band.
        lowercase: ignore case (the paper names only punctuation and white space).
        max_bucket: in a larger bucket each document is compared only with so many kept ones: the first by rank.
        clusters: "representative" (if unset): a document is removed if its similarity with a kept one exceeds the
            threshold. "transitive": of all documents that near-duplicate pairs connect, directly or through others, one
            is kept; in a bucket larger than `max_bucket` each is paired with the first and with its neighbour.
    """

    ngram: Ngram = 13
    threshold: Share = 0.8
    bands: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 32
    rows: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 8
    lowercase: bool = False
    max_bucket: Annotated[int, msgspec.Meta(ge=1, le=65_536)] = 64
    clusters: Literal["representative", "transitive"] | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_transitive(self) -> bool:
        """Whether one document of each connected component is kept."""
        return self.clusters == "transitive"

    def __post_init__(self) -> None:
        """Raise ValueError if a signature would have too many hashes."""
        if self.bands * self.rows > _LARGEST_SIGNATURE:
            raise ValueError(
                f"want at most {_LARGEST_SIGNATURE:,} hashes per signature (bands * rows), got "
                f"{self.bands * self.rows:,}"
            )


UrlChoice = Literal["latest", "longest", "first"]


class DedupOptions(Options, frozen=True):
    """What the stages of deduplication share.

    Attributes:
        keep: which of several copies stays, by the first of these that tells them apart: "source:A>B" (a document of
            source A before one of B, both before other sources), "longest" (UTF-8 bytes), "latest" (metadata `date`, in
            ISO 8601, as in ARC files, HTTP or mail, or Unix time; a document without a date that can be read comes
            last), "seed" (the keyed hash of the id; the paper: "randomly remove one of them"), which may only be the
            last and is always added.
        against: folders of finished runs, or indexes of them (`massivetext dedup-index`): documents that repeat one of
            theirs are removed; their URLs do not count. UNSET: none.
        url: which document of each canonical URL is kept: "latest" or "first" by metadata `date` (one without a date
            that can be read comes last), or "longest" (UTF-8 bytes); among equal ones `keep` decides. UNSET: all are.
    """

    keep: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=8)] = ("seed",)
    # Not written if it is not given: recipes without it keep their hash and their stage keys.
    against: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=64)] | msgspec.UnsetType = msgspec.UNSET
    url: UrlChoice | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        """Raise ValueError for an unknown preference, one that occurs twice, or one after "seed"."""
        for place, preference in enumerate(self.keep):
            names = preference.removeprefix("source:").split(">") if preference.startswith("source:") else []
            if preference not in ("longest", "latest", "seed") and not (names and all(names)):
                raise ValueError(f'keep: want "source:A>B", "longest", "latest" or "seed", got "{preference}"')
            if preference in self.keep[:place] or len(set(names)) < len(names):
                raise ValueError(f'keep: want every preference and source once, got "{preference}" again')
            if "seed" in self.keep[:place]:
                raise ValueError(f'keep: want nothing after "seed", which tells all apart, got "{preference}"')
        folders = () if isinstance(self.against, msgspec.UnsetType) else self.against
        for place, folder in enumerate(folders):
            if folder.rstrip("/") in [other.rstrip("/") for other in folders[:place]]:
                raise ValueError(f'against: want every folder once, got "{folder}" again')

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources that are preferred."""
        named = (each.removeprefix("source:").split(">") for each in self.keep if each.startswith("source:"))
        return tuple(name for names in named for name in names)


class DecontaminateOptions(Options, frozen=True):
    """Test-set filtering.

    Attributes:
        test_sets: files of evaluation items: JSON, CSV, TSV, Parquet or Arrow (``question``, ``choices``, ``answer``,
            ``context``, ``full``, or ``text``, or the fields of known benchmarks), WikiText (``.tokens``), or ``.txt``
            with one item per paragraph; each may be compressed. Patterns are allowed. Without test sets the stage drops
            no document.
        fields: field of each part of an item, by the name of the part, where the files have other fields.
        methods: by what a document is dropped: "jaccard" (the paper's similarity with a whole item), "containment"
            (words of a part of an item), "phrase" (a part of 5 to 12 words, with another sign beside it). With
            "jaccard" alone the rest is reported and kept.
        ngram: words per n-gram of the similarity; Rae et al. 2021, A.1.1: 13.
        jaccard: a document is dropped if its Jaccard similarity with an item is above this; A.1.1: 0.8.
        containment: a document is dropped if it holds more than this share of the words of a part of an item.
        action: what happens to a document for the items that these methods find: "drop", "cut" (they are cut out with
            some words around them, and the pieces stay if they are long enough), or "mark" (it stays as it is); UNSET:
            "drop". A page that is dropped for its title is dropped with "cut" too.
        actions: the action by test set, by names or patterns (``boolq``, ``mmlu*``), of which the first that fits
            decides.
        cut_words: words before and after the matched passage that are cut with it; UNSET: 30.
        least_words: a piece of fewer words is cut as well; a document of which no piece is left is dropped; UNSET: 50.
        titles: files of titles whose documents are dropped, one per line, or `FILE#COLUMN` of a table (JSONL, CSV,
            Parquet, ...); patterns are allowed.
        ids: files of ids, likewise: those of a run, or those of the input, as metadata ``id``.
        urls: files of URLs, likewise, compared in their canonical forms.
        run_words: a document is dropped if it shares so many words in a row with an item, as in the GPT-3 paper (13);
            UNSET: such documents are reported.
        quoted_by: an item in more than so many documents of the run is taken for a text that many quote: only documents
            with its answer or choices too, with two other items, or of which it is half are dropped for it.
            UNSET: how many quote an item decides nothing, since leaks are copied as well.
        lowercase: ignore case in the similarity; the other methods always do.
    """

    test_sets: tuple[str, ...] = ()
    fields: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    methods: tuple[ContaminationMethod, ...] = ("jaccard", "containment", "phrase")
    ngram: Ngram = 13
    jaccard: Share = 0.8
    containment: Share = 0.5
    action: ContaminationAction | msgspec.UnsetType = msgspec.UNSET
    actions: dict[str, ContaminationAction] | msgspec.UnsetType = msgspec.UNSET
    cut_words: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | msgspec.UnsetType = msgspec.UNSET
    least_words: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | msgspec.UnsetType = msgspec.UNSET
    titles: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    ids: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    urls: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    run_words: Annotated[int, msgspec.Meta(ge=13, le=1000)] | msgspec.UnsetType = msgspec.UNSET
    quoted_by: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] | msgspec.UnsetType = msgspec.UNSET
    lowercase: bool = False

    def action_of(self, test_set: str) -> ContaminationAction:
        """Return what happens to a document for the items of a test set."""
        for pattern, action in (self.actions or {}).items():
            if fnmatch.fnmatchcase(test_set, pattern):
                return action
        return self.action or "drop"

    @property
    def removal_lists(self) -> list[tuple[str, tuple[str, ...]]]:
        """The kinds of lists whose documents are dropped ("title", "id", "url"), with their files."""
        lists = (("title", self.titles), ("id", self.ids), ("url", self.urls))
        return [(kind, files) for kind, files in lists if not isinstance(files, msgspec.UnsetType) and files]

    @property
    def has_tests(self) -> bool:
        """Whether there are items or lists that documents are compared with."""
        return bool(self.test_sets) or bool(self.removal_lists)

    @property
    def cuts(self) -> bool:
        """Whether passages of documents may be cut out."""
        return "cut" in (self.action, *(self.actions or {}).values())

    @property
    def margin_words(self) -> int:
        """Words before and after a passage that are cut with it."""
        return 30 if isinstance(self.cut_words, msgspec.UnsetType) else self.cut_words

    @property
    def least_piece(self) -> int:
        """Fewest words of a piece that stays."""
        return 50 if isinstance(self.least_words, msgspec.UnsetType) else self.least_words


class CanaryOptions(Options, frozen=True):
    """Canaries: altered copies of documents of the run, whose fate in each stage is known beforehand.

    They go through the stages as documents of their own, change the fate of no other document, and are left out of
    tokenizer and records. The table `[canaries]` alone turns them on.

    Attributes:
        per_source: canaries of each kind and similarity per source, at most; a small source gives fewer.
        kinds: "exact" (equal copies), "near" (copies of each of `similarities`), "chain" (copies of copies), "item"
            (test items within other text), "unsafe" and "boilerplate" (pages that rules remove), "control" (text of
            shuffled words, which nothing but a rule removes).
        similarities: Jaccard similarities of near copies with their documents; none may be `near.threshold`.
        least_recall: share of the canaries that must be removed, and is not below this bound, by stage.
        least_precision: share of the removed canaries that are removed with good reason, by stage.
        missed: action if a share is below its bound by more than chance explains.
    """

    per_source: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20
    kinds: Annotated[tuple[CanaryKind, ...], msgspec.Meta(min_length=1)] = (
        "exact",
        "near",
        "chain",
        "item",
        "unsafe",
        "boilerplate",
        "control",
    )
    similarities: Annotated[
        tuple[Annotated[float, msgspec.Meta(ge=0.05, le=0.99)], ...], msgspec.Meta(max_length=20)
    ] = (
        0.5,
        0.6,
        0.7,
        0.75,
        0.85,
        0.9,
        0.95,
    )
    least_recall: Share = 0.9
    least_precision: Share = 0.9
    missed: Action = "warn"

    @property
    def planted(self) -> "CanaryOptions":
        """The options that decide which canaries there are, with defaults for those of the guard."""
        return CanaryOptions(per_source=self.per_source, kinds=self.kinds, similarities=self.similarities)

    @property
    def most_per_source(self) -> int:
        """Number of canaries of a source that has documents enough for all."""
        variants = {"near": len(self.similarities), "chain": 3, "item": 5}
        return self.per_source * sum(variants.get(kind, 1) for kind in self.kinds)


class TokenizerOptions(Options, frozen=True):
    """SentencePiece BPE with byte fallback, as in Rae et al. 2021, section 2.2.

    Attributes:
        vocabulary_size: number of pieces, with special ids and 256 bytes; the paper: 32,000.
        normalization: "nfkc" as for Gopher, "identity" as for Chinchilla.
        training_bytes: bytes of text that are sampled from the mixture for training.
        max_piece_length: longest piece in characters; the crop constant of A.1's token sequences assumes 15.
        model: path of an existing SentencePiece model; then no model is trained.
        lossy: what to do with a model that does not give every text back: "stop", or "allow".
        split_digits: whether every digit is a piece of its own in a model that is trained.
    """

    vocabulary_size: Annotated[int, msgspec.Meta(ge=300, le=1_000_000)] = 32_000
    normalization: Normalization = "nfkc"
    training_bytes: Positive = 256 * 2**20
    max_piece_length: Annotated[int, msgspec.Meta(ge=1, le=512)] = 15
    model: str | None = None
    # What is unset is not written: recipes that do not give it keep their hash and their stage keys.
    lossy: Literal["stop", "allow"] | msgspec.UnsetType = msgspec.UNSET
    split_digits: bool | msgspec.UnsetType = msgspec.UNSET


class SplitOptions(Options, frozen=True):
    """Documents that are held out of training.

    Attributes:
        validation: share of the documents that is held out, each by a keyed hash of its id. They are packed whole, each
            once, whatever the mode and the weights.
        per_source: a split "validation_SOURCE" for each source, instead of one "validation".
    """

    validation: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
    per_source: bool = False


class RecordsOptions(Options, frozen=True):
    """Token sequences and their shards.

    Attributes:
        mode: "gopher": sequences of random crops, as in the paper; "pack": whole documents, each once per epoch.
        packing: how whole documents are packed: "best_fit" cuts none that fits a sequence, and pads; "concatenate"
            joins them and cuts at the end of each sequence.
        sequence_length: tokens per record; the paper: 2,048.
        sequences: number of records of all sources, which `weight` shares out; None and no `tokens`: as many as
            `epochs` gives.
        tokens: the same as a number of tokens; rounded down to whole records.
        epochs: without a number of records: in mode "gopher", passes over the source that runs out first, while the
            weights are kept; in mode "pack", passes over every source, whatever its weight.
        max_epochs: with a number of records: how often the documents of a source may be read; a run that would need
            more stops, and says which number is possible.
        bytes_per_token: a crop has `bytes_per_token * sequence_length` bytes; the paper: 15.
        crops_per_group: number of crops that are concatenated before they are cut into sequences; the paper: 10.
        shard_sequences: records per file, at most.
        doc_ids: where it is stored which documents a record holds: "side_file": in `records/documents/`; "record": also
            in the record, as the feature `doc_ids`; "none": nowhere.
        splits: documents that are held out; UNSET: none.
    """

    # What is unset is not written: recipes that do not give it keep their hash and their stage keys.
    mode: Mode | msgspec.UnsetType = msgspec.UNSET
    packing: Literal["best_fit", "concatenate"] | msgspec.UnsetType = msgspec.UNSET
    sequence_length: Annotated[int, msgspec.Meta(ge=8, le=2**24)] = 2048
    sequences: Positive | None = None
    tokens: Positive | msgspec.UnsetType = msgspec.UNSET
    max_epochs: Epochs | msgspec.UnsetType = msgspec.UNSET
    epochs: Positive = 1
    bytes_per_token: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 15
    crops_per_group: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 10
    shard_sequences: Positive = 32_768
    doc_ids: Literal["side_file", "record", "none"] | msgspec.UnsetType = msgspec.UNSET
    splits: SplitOptions | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        """Raise ValueError if the number of records is given twice, or as fewer tokens than one record has."""
        if self.tokens is msgspec.UNSET:
            return
        if self.sequences is not None:
            raise ValueError("want sequences or tokens, got both; leave one of them out")
        if self.tokens < self.sequence_length:
            raise ValueError(f"tokens: want at least sequence_length, {self.sequence_length:,}, got {self.tokens:,}")

    @property
    def wanted_sequences(self) -> int | None:
        """Number of records of all sources; None: as many as the epochs give."""
        return self.sequences if isinstance(self.tokens, msgspec.UnsetType) else self.tokens // self.sequence_length

    @property
    def cuts_documents(self) -> bool:
        """Whether packed documents are joined and cut, rather than placed whole."""
        return self.packing == "concatenate"


class Recipe(Options, frozen=True):
    """A whole recipe; ``pipelines/massivetext.toml`` is an example with comments.

    Attributes:
        name: name of the data set.
        seed: seed of every keyed hash and permutation.
        demo: folder of a demo corpus that is written if it is missing, relative to the recipe's folder.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{,63}\Z", description=_NAME)]
    sources: Annotated[
        dict[str, SourceOptions],
        msgspec.Meta(min_length=1, max_length=255, description="1 to 255 tables [sources.NAME]"),
    ]
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] = 0
    demo: str | None = None
    ingest: IngestOptions = IngestOptions()
    measure: MeasureOptions = MeasureOptions()
    guards: GuardOptions = GuardOptions()
    blocklists: BlocklistOptions = BlocklistOptions()
    near: NearOptions = NearOptions()
    dedup: DedupOptions | msgspec.UnsetType = msgspec.UNSET
    decontaminate: DecontaminateOptions = DecontaminateOptions()
    canaries: CanaryOptions | msgspec.UnsetType = msgspec.UNSET
    tokenizer: TokenizerOptions = TokenizerOptions()
    records: RecordsOptions = RecordsOptions()

    @property
    def preferences(self) -> tuple[str, ...]:
        """What decides, before the keyed hash of the id, which of several copies stays; empty: nothing."""
        if isinstance(self.dedup, msgspec.UnsetType):
            return ()
        return tuple(each for each in self.dedup.keep if each != "seed")

    @property
    def against(self) -> tuple[str, ...]:
        """Folders of earlier corpora whose documents are not to be repeated; empty: none."""
        if isinstance(self.dedup, msgspec.UnsetType) or isinstance(self.dedup.against, msgspec.UnsetType):
            return ()
        return self.dedup.against

    @property
    def has_canaries(self) -> bool:
        """Whether canaries go through the stages."""
        return self.canaries is not msgspec.UNSET

    @property
    def url_choice(self) -> UrlChoice | None:
        """Which of the documents of one canonical URL is kept; None: all are."""
        if isinstance(self.dedup, msgspec.UnsetType) or isinstance(self.dedup.url, msgspec.UnsetType):
            return None
        return self.dedup.url

    @property
    def weights(self) -> dict[str, Decimal]:
        """Weight of each source, in the order of the recipe."""
        return {name: source.weight for name, source in self.sources.items()}

    def mode_of(self, source: str) -> Mode:
        """Return how the sequences of a source are made."""
        own, of_all = self.sources[source].mode, self.records.mode
        chosen = of_all if isinstance(own, msgspec.UnsetType) else own
        return "gopher" if isinstance(chosen, msgspec.UnsetType) else chosen

    def epochs_of(self, source: str) -> int:
        """Return how often the documents of a source are read if no number of records is given."""
        own = self.sources[source].epochs
        return self.records.epochs if isinstance(own, msgspec.UnsetType) else own

    def max_epochs_of(self, source: str) -> float | None:
        """Return how often the documents of a source may be read if a number of records is given; None: any times."""
        own, of_all = self.sources[source].max_epochs, self.records.max_epochs
        chosen = of_all if isinstance(own, msgspec.UnsetType) else own
        return None if isinstance(chosen, msgspec.UnsetType) else chosen

    def normalization_of(self, source: str) -> Normalization:
        """Return how the texts of a source are normalised; for a given model, what is done before the model's own."""
        own = self.sources[source].normalization
        if not isinstance(own, msgspec.UnsetType):
            return own
        return "identity" if self.tokenizer.model else self.tokenizer.normalization

    @property
    def normalizes_by_source(self) -> bool:
        """Whether a source has a normalisation of its own, so that texts are normalised before the model sees them."""
        own = {source.normalization for source in self.sources.values()} - {msgspec.UNSET}
        return bool(own if self.tokenizer.model else own - {self.tokenizer.normalization})
