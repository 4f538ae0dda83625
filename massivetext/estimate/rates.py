"""Constants of the estimates: CPU time per unit of work, requests per shard, and assumptions about a cluster.

CPU times were measured in November 2026 on one core of a small cloud machine, with the five sources of real data that
``tests/real/shared_data.toml`` reads; ``benchmarks/reference.py`` measures some of them again. Only their proportion
within a step matters: the CPU time of a whole step is that of a measured run (``reference.json``, from that machine and
data, if the user has no sample) if the step took long enough there. Values marked *assumed* were not measured; every
plan says so.
"""

from collections.abc import Mapping

from massivetext import stages

# -- CPU seconds -------------------------------------------------------------------------------------------------------

# Per byte of input: see sources.source_formats.Format.read_cost, and skip_cost for the other slices of a file.
# Times that read_cost of web pages which the recipe's extractor takes; the default one takes it once.
EXTRACTOR_TIMES: Mapping[object, float] = {"trafilatura": 4.0, "resiliparse": 0.6}
MEASURE = 0.05e-6  # per byte of text: read it and measure its signals
URL = 4.3e-6  # per document: read its URL and date, compute its canonical URL and its rank
URL_VERDICT = 1.3e-6  # per document: compute its canonical URL again, write its verdict
HASH = 2.5e-6  # per document: read its id and text hash, compute its rank
COMPARE = 0.3e-6  # per document: sort it into its partition
VERDICT = 4e-6  # per document
SIGN = 0.017e-6  # per byte of text: shingles and the 256 MinHash values
BAND = 0.15e-6  # per document and band: read the bucket hash
EARLIER = 2.5e-6  # per document of an earlier corpus: read its id, text hash and keeper, compute its rank
EARLIER_BAND = 0.7e-6  # per document of an earlier corpus and band: compute the bucket hash from its signature
BUCKET = 0.25e-6  # per document and band: sort it into its bucket
SHINGLE = 0.011e-6  # per byte of a text in a candidate pair: its sorted distinct shingles
VERIFY = 3e-6  # per candidate pair: exact similarity
READ = 1 / 280e6  # per byte of text in a row group that is read for a few of its texts
CLUSTER = 2e-6  # per candidate pair, in the driver
CANARY = 5e-3  # per canary: made, measured and judged; what later stages do with it is less
SCREEN = 0.025e-6  # per byte of text
INDEX = 4.2  # of the test sets, in the driver; those of the reference run
SAMPLE_COST = 0.02e-6  # per byte of text of a sampled shard
TRAIN = 0.11e-6  # per byte of text that the tokenizer is trained on
ENCODE = 0.2e-6  # per token; from the reference run
CUT = 0.1e-6  # per drawn token
WRITE = 0.1e-6  # per token in the records
REPORT = 50e-6  # per document
MERGE = 3e-3  # per shard: merge its summary into the report

TRAIN_MEMORY = 6.0  # bytes of memory per byte of text that the tokenizer is trained on

# -- requests of the driver to the run folder --------------------------------------------------------------------------

# Requests per shard: reads, writes and look-ups of commits, verdicts, counts and summaries. Checked by
# tests/estimate/test_work.py; a stage that is not listed makes one request per shard.
REQUESTS: Mapping[str, int] = {
    stages.INGEST.name: 1,
    stages.MEASURE.name: 1,
    stages.JUDGE.name: 1,
    stages.URL_DEDUP.name: 1,
    stages.EXACT_DEDUP.name: 1,
    stages.NEAR_DEDUP.name: 6,
    stages.DECONTAMINATE.name: 1,
    stages.TOKENIZER.name: 3,
    stages.RECORDS.name: 4,  # 1 more where crops are drawn to a number of sequences, 3 where documents are held out
    stages.REPORT.name: 11,
}
REQUESTS_PER_FILE = 4  # per record shard, and per file of measured pairs
REQUESTS_PER_LSH_PARTITION = 5  # per LSH partition
REQUESTS_OF_NEAR_DEDUP = 55  # once per run: rounds, components, the files of the choice
REQUEST = 0.03  # seconds per request to an object store; assumed

# -- assumed: Dataflow -------------------------------------------------------------------------------------------------

JOB_START = 240.0  # seconds until the first worker of a job begins: machines start, the image is loaded
# US dollars: list prices of batch jobs in us-central1 without discounts, written from memory in 2025 and not checked.
# Give current prices with --price.
VCPU_HOUR = 0.056
RAM_GB_HOUR = 0.003557
SHUFFLE_GB = 0.011
STORAGE_GB_MONTH = 0.020
