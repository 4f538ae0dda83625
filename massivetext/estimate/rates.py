"""Every number that a plan rests on beside the sample's: how work divides within a step, and what is assumed.

CPU figures were measured in November 2026 on one core of a small cloud machine, over the five sources of real data that
``tests/real/shared_data.toml`` reads. What counts is their proportion within a step: a step's whole is taken from a run
(``reference.json``, of that machine and data, where the user has no sample) if it took long enough there to tell. What
is marked *assumed* was measured by nobody here: a plan says so.
"""

from collections.abc import Mapping

from massivetext import stages

# -- CPU seconds -------------------------------------------------------------------------------------------------------

MEASURE = 0.05e-6  # a byte of text, read and measured
HASH = 8e-6  # a document: its id and hash are read, its rank is worked out
COMPARE = 0.3e-6  # a document among those of its partition
VERDICT = 3e-6  # a document
SIGN = 0.15e-6  # a byte of text: its shingles and their 256 smallest hashes
BAND = 0.15e-6  # a document and band, read
BUCKET = 0.25e-6  # a document and band, sorted into its bucket
VERIFY = 1e-3  # a candidate pair
READ = 1 / 280e6  # a byte of text in a row group of which a few texts are wanted
CLUSTER = 2e-6  # a candidate pair
SCREEN = 0.15e-6  # a byte of text
SAMPLE = 0.02e-6  # a byte of text that is looked at
TRAIN = 0.11e-6  # a byte of text that the tokenizer is trained on
ENCODE = 0.9e-6  # a token
CUT = 0.1e-6  # a token that was drawn
WRITE = 0.1e-6  # a token of records
REPORT = 50e-6  # a document
MERGE = 3e-3  # a shard's part of the report

TRAIN_MEMORY = 6.0  # bytes a byte of text that the tokenizer is trained on

# -- what the driver asks of the run folder ----------------------------------------------------------------------------

# Requests per shard: reads, writes and look-ups of commits, verdicts, counts and summaries. Counted by
# tests/estimate/test_work.py; a stage that is not listed makes one.
REQUESTS: Mapping[str, int] = {
    stages.INGEST.name: 2,
    stages.MEASURE.name: 1,
    stages.JUDGE.name: 1,
    stages.EXACT_DEDUP.name: 1,
    stages.NEAR_DEDUP.name: 6,
    stages.DECONTAMINATE.name: 2,
    stages.TOKENIZER.name: 8,
    stages.RECORDS.name: 10,
    stages.REPORT.name: 8,
}
REQUESTS_A_FILE = 4  # of records, or of measured pairs
REQUESTS_A_CELL = 6  # of candidate pairs
REQUEST = 0.03  # seconds; assumed: what an object store takes to answer

# -- assumed: Dataflow -------------------------------------------------------------------------------------------------

JOB_START = 240.0  # seconds until the first worker of a job works: machines, image
# US dollars, list prices of batch jobs without discounts in us-central1 as remembered in 2025: look them up, and give
# your own with --price.
VCPU_HOUR = 0.056
RAM_GB_HOUR = 0.003557
SHUFFLE_GB = 0.011
STORAGE_GB_MONTH = 0.020
