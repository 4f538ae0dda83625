"""Every Beam job of a run as Dataflow gets it: graph, coders, sizes, workers. No request is sent to the service.

What this cannot show: that the service accepts the jobs, finds the image, scales, and lets workers at the buckets.
"""

from collections.abc import Callable

import pytest
from dataflow_jobs import BYTES, OPTIONS, Job, jobs_of
from jsonl_corpus import write

pytestmark = pytest.mark.slow
MEASURING = ["MeasurePairs/GroupByPairPartition", "MeasurePairs/GroupByShardGroup"]
SHARDS = 3  # per source; there are two

# Each job in order: its last stage, its transforms, and its shuffles besides that of its lanes.
JOBS = [
    ("judge", ["DistributeLanes", "Claim", "ingest", "measure", "judge"], []),
    (
        "exact-dedup",
        ["DistributeLanes", "ReadHashes", "GroupByHash", "Resolve", "WithEveryShard", "GroupByShard", "Write"],
        ["GroupByHash", "GroupByShard"],
    ),
    ("near-dedup", ["DistributeLanes", "Claim", "near-dedup signatures/"], []),
    (
        "near-dedup",
        ["DistributeLanes", "ReadBands", "GroupByLshPartition", "WriteLshPartition"],
        ["GroupByLshPartition"],
    ),
    ("near-dedup", ["DistributeLanes", "Merge", "MeasurePairs"], MEASURING),
    ("near-dedup", ["DistributeLanes", "Claim", "near-dedup"], []),
    ("decontaminate", ["DistributeLanes", "Claim", "decontaminate"], []),
    ("tokenizer", ["DistributeLanes", "Claim", "tokenizer samples/"], []),
    ("records", ["DistributeLanes", "Claim", "records"], []),
    ("records", ["DistributeLanes", "Cut", "GroupByShard", "Write"], ["GroupByShard"]),
    ("report", ["DistributeLanes", "Claim", "report"], []),
]
LANES = "DistributeLanes/GroupByLane"
NAMES_ONLY = {LANES, *MEASURING}  # their values are work items, or numbers of them; the others group packed rows

# Bytes of the largest graph of a run of 6 shards: some 19,000 are Beam's own names, coders and capabilities.
GRAPH_BUDGET = 32_000
PAYLOAD_BUDGET = 6_000  # a pickled function with the run's context: recipe, keys, rules
SHARD_BUDGET = 600  # bytes of a graph that each further shard may add: its name, its file, its cost

Jobs = Callable[[int, int], list[Job]]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    """Builds the jobs of a run with this number of shards per source and documents per shard."""

    def jobs(shards: int, documents: int) -> list[Job]:
        folder = tmp_path_factory.mktemp(f"dataflow-{shards}-{documents}")
        return jobs_of(write(folder / "corpus", shards=shards, documents=documents), folder / "run")

    return jobs


@pytest.fixture(scope="module")
def jobs(make: Jobs) -> list[Job]:
    return make(SHARDS, 12)


def test_the_jobs_of_a_run_are_these(jobs: list[Job]) -> None:
    assert [(job.stage, job.labels) for job in jobs] == [(stage, labels) for stage, labels, _ in JOBS]


def test_the_shuffles_of_a_run_are_these(jobs: list[Job]) -> None:
    assert [sorted(shuffle.name for shuffle in job.shuffles) for job in jobs] == [
        sorted([LANES, *shuffles]) for _, _, shuffles in JOBS
    ]


def test_keys_cross_a_shuffle_as_bytes_and_so_do_rows(jobs: list[Job]) -> None:
    shuffles = [shuffle for job in jobs for shuffle in job.shuffles]

    assert {shuffle.key_coder for shuffle in shuffles} == {BYTES}
    assert {shuffle.value_coder for shuffle in shuffles if shuffle.name not in NAMES_ONLY} == {BYTES}


def test_work_between_two_shuffles_is_one_fused_stage(jobs: list[Job]) -> None:
    # One fused stage before and one after each shuffle; the Flatten of exact-dedup adds a third.
    wanted = [len(shuffles) + 2 + ("WithEveryShard" in labels) for _, labels, shuffles in JOBS]

    assert [job.fused_stages for job in jobs] == wanted


def test_graphs_and_payloads_keep_to_their_budgets(jobs: list[Job]) -> None:
    assert max(job.size for job in jobs) < GRAPH_BUDGET
    assert max(job.largest_payload for job in jobs) < PAYLOAD_BUDGET


def test_a_graph_does_not_grow_with_the_documents(jobs: list[Job], make: Jobs) -> None:
    many = make(SHARDS, 48)

    # Some graphs hold numbers of documents, whose digits count.
    assert [job.size for job in many] == pytest.approx([job.size for job in jobs], abs=200)


def test_a_graph_grows_by_little_with_a_shard(jobs: list[Job], make: Jobs) -> None:
    many = make(2 * SHARDS, 12)
    shards = 2 * SHARDS  # more, of both sources
    growth = [(after.size - before.size) / shards for before, after in zip(jobs, many, strict=True)]

    assert max(growth) < SHARD_BUDGET, growth


# -- what the service gets ---------------------------------------------------------------------------------------------


def option(name: str) -> str:
    """Return the value of an option as the user gave it."""
    return next(given.partition("=")[2] for given in OPTIONS if given.startswith(f"--{name}="))


def test_every_worker_has_the_image_that_was_given(jobs: list[Job]) -> None:
    images = {image["containerImage"] for job in jobs for image in job.pool["sdkHarnessContainerImages"]}
    docker = {environment.payload for job in jobs for environment in job.graph.components.environments.values()}

    assert images == {option("sdk_container_image")}
    assert all(option("sdk_container_image").encode() in payload for payload in docker)


def test_machines_are_those_of_the_options(jobs: list[Job]) -> None:
    for job in jobs:
        assert job.pool["machineType"] == option("machine_type")
        assert job.pool["autoscalingSettings"]["maxNumWorkers"] == int(option("max_num_workers"))
        assert job.pool["diskSizeGb"] == int(option("disk_size_gb"))
        assert job.pool["ipConfiguration"] == "WORKER_IP_PRIVATE"


def test_a_worker_is_one_process_per_core_with_one_work_item_at_a_time(jobs: list[Job]) -> None:
    for job in jobs:
        assert job.pool["numThreadsPerWorker"] == 1
        assert {"use_runner_v2", "use_multiple_sdk_containers"} <= set(job.request["environment"]["experiments"])
        assert all(image["useSingleCorePerContainer"] for image in job.pool["sdkHarnessContainerImages"])


def test_no_main_session_is_pickled(jobs: list[Job]) -> None:
    staged = {package["name"] for job in jobs for package in job.pool["packages"]}

    assert staged == {"submission_environment_dependencies.txt"}  # Beam's own: a list of versions


def test_a_job_has_one_environment_with_the_memory_of_the_options(jobs: list[Job]) -> None:
    # A hint on one transform would add a second environment: it would break fusion and need workers of two kinds.
    for job in jobs:
        (environment,) = job.graph.components.environments.values()

        assert dict(environment.resource_hints) == {"beam:resources:min_ram_bytes:v1": b"8000000000"}
