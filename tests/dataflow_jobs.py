"""Every Beam job of a run as Dataflow would get it, built without an account while the run itself is done here."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from unittest import mock

import apache_beam as beam
from apache_beam.coders import coders
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.dataflow.internal import apiclient
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from massivetext.engines.engine import Engine
from massivetext.engines.options import complete_options
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe

# Options of a user, as in docs/running.md.
OPTIONS = (
    "--runner=DataflowRunner",
    "--project=example-project",
    "--region=europe-west4",
    "--temp_location=gs://example-bucket/temp",
    "--staging_location=gs://example-bucket/staging",
    "--sdk_container_image=europe-west4-docker.pkg.dev/example-project/images/massivetext:0.1.0",
    "--sdk_location=container",
    "--machine_type=n2-highmem-4",
    "--max_num_workers=250",
    "--number_of_worker_harness_threads=1",
    "--disk_size_gb=50",
    "--no_use_public_ips",
    "--resource_hint=min_ram=8GB",
)
RUN = "gs://example-bucket/runs/corpus"  # what the user would give as --output
# Keeps the translation off the network: Beam writes a template instead of a job, to a bucket that does not exist.
_OFFLINE = ("--no_auth", "--template_location=gs://example-bucket/template.json")
_GROUP = "beam:transform:group_by_key:v1"


@dataclass(frozen=True)
class Shuffle:
    """A GroupByKey: its name, and the coders of its keys and values as URNs."""

    name: str
    key_coder: str
    value_coder: str


@dataclass(frozen=True)
class Job:
    """What Dataflow gets: the graph as a protocol buffer, its bytes, and the request as JSON."""

    stage: str
    graph: beam_runner_api_pb2.Pipeline
    size: int
    request: dict[str, Any]

    @property
    def pool(self) -> dict[str, Any]:
        """The only pool of workers in the request."""
        (pool,) = self.request["environment"]["workerPools"]
        return dict(pool)

    @property
    def labels(self) -> list[str]:
        """The outermost transforms, in order."""
        transforms, (root,) = self.graph.components.transforms, self.graph.root_transform_ids
        return [transforms[child].unique_name for child in transforms[root].subtransforms]

    @property
    def shuffles(self) -> list[Shuffle]:
        """Every GroupByKey."""
        components = self.graph.components
        found = []
        for transform in components.transforms.values():
            if transform.spec.urn == _GROUP:
                (before,) = transform.inputs.values()
                pair = components.coders[components.pcollections[before].coder_id]
                key, value = (components.coders[each].spec.urn for each in pair.component_coder_ids)
                found.append(Shuffle(transform.unique_name, key, value))
        return found

    @property
    def largest_payload(self) -> int:
        """Bytes of the largest payload of a transform: the elements of a Create, or a pickled function."""
        return max(len(transform.spec.payload) for transform in self.graph.components.transforms.values())

    @property
    def fused_stages(self) -> int:
        """Number of stages that a portable runner makes of the graph."""
        proto = beam_runner_api_pb2.Pipeline.FromString(self.graph.SerializeToString())
        return len(FnApiRunner().create_stages(proto)[1])


BYTES = coders.BytesCoder().to_runner_api_parameter(None)[0]


class OfflineDataflow:
    """Collects what Dataflow would get; give :meth:`engine` and :meth:`listen` to a Driver."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self._stage = ""

    def listen(self, stage: str, event: str, _shards: int) -> None:
        """Remember the stage that runs; the last one if several share a job."""
        if event == "run":
            self._stage = stage

    def engine(self) -> Engine:
        """Return an engine that builds jobs as for Dataflow, keeps what Dataflow would get, and runs them here."""
        collected = self

        class Offline(Engine):
            def with_checked_options(self, **_: object) -> Engine:
                return self  # its options are checked already, for another folder than that of the run

            def run(self, build: Callable[[beam.Pipeline], object], *, lanes: int) -> None:
                collected.jobs.append(_translated(collected._stage, build, self.beam_args))
                Engine().run(build, lanes=lanes)

        return Offline(beam_args=complete_options(OPTIONS, shards=0, folder=RUN))


def _translated(stage: str, build: Callable[[beam.Pipeline], object], beam_args: Sequence[str]) -> Job:
    staged: dict[str, bytes] = {}

    def stage_file(_client: object, _folder: str, name: str, stream: IO[bytes] | str, *_: object, **__: object) -> None:
        staged[name] = Path(stream).read_bytes() if isinstance(stream, str) else stream.read()

    with (
        mock.patch.object(apiclient.DataflowApplicationClient, "stage_file", stage_file),
        mock.patch.object(GoogleCloudOptions, "_warn_if_soft_delete_policy_enabled"),
    ):
        pipeline = beam.Pipeline(options=PipelineOptions([*beam_args, *_OFFLINE]))
        build(pipeline)
        pipeline.run()
    graph = staged["pipeline.pb"]
    return Job(stage, beam_runner_api_pb2.Pipeline.FromString(graph), len(graph), json.loads(staged["template.json"]))


def jobs_of(recipe: Path, folder: Path) -> list[Job]:
    """Return the jobs of a whole run."""
    collected = OfflineDataflow()
    prepare(load_recipe(str(recipe)), str(folder), collected.engine(), listener=collected.listen).run()
    return collected.jobs
