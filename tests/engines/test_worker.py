"""A worker process for clusters without containers: what it passes to Beam's own worker."""

import json
import sys
from concurrent import futures

import grpc
import pytest
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc, endpoints_pb2
from google.protobuf import struct_pb2, text_format

from massivetext.engines import worker


class Provision(beam_provision_api_pb2_grpc.ProvisionServiceServicer):
    """The provision service of a runner."""

    def __init__(self) -> None:
        self.asked_by: list[str] = []

    def GetProvisionInfo(self, request: object, context: grpc.ServicerContext) -> object:  # noqa: N802
        self.asked_by += [value for key, value in context.invocation_metadata() if key == "worker_id"]
        options = struct_pb2.Struct()
        options.update({"beam:option:job_name:v1": "a job"})
        info = beam_provision_api_pb2.ProvisionInfo(
            pipeline_options=options,
            logging_endpoint=endpoints_pb2.ApiServiceDescriptor(url="localhost:1"),
            control_endpoint=endpoints_pb2.ApiServiceDescriptor(url="localhost:2"),
            runner_capabilities=["beam:protocol:one:v1", "beam:protocol:two:v1"],
        )
        return beam_provision_api_pb2.GetProvisionInfoResponse(info=info)


def test_a_worker_asks_its_runner_and_becomes_beams_own(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Provision()
    started: list[list[str]] = []
    server = grpc.server(futures.ThreadPoolExecutor())
    add = beam_provision_api_pb2_grpc.add_ProvisionServiceServicer_to_server
    add(service, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    environment: dict[str, str] = {}
    monkeypatch.setattr("os.environ", environment)
    monkeypatch.setattr("sys.stderr", sys.stderr)  # which becomes another
    monkeypatch.setattr("apache_beam.runners.worker.sdk_worker_main.main", started.append)
    try:
        worker.main(["--id=1-1", f"--provision_endpoint=127.0.0.1:{port}", "--semi_persist_dir=/tmp"])
    finally:
        server.stop(None)

    assert started == [[]]
    assert service.asked_by == ["1-1"]
    assert environment["WORKER_ID"] == "1-1"
    addresses = {}
    for name in ("CONTROL", "LOGGING"):
        text = environment[f"{name}_API_SERVICE_DESCRIPTOR"]
        addresses[name] = text_format.Parse(text, endpoints_pb2.ApiServiceDescriptor()).url
    assert addresses == {"CONTROL": "localhost:2", "LOGGING": "localhost:1"}
    assert json.loads(environment["PIPELINE_OPTIONS"]) == {"beam:option:job_name:v1": "a job"}
    assert environment["RUNNER_CAPABILITIES"] == "beam:protocol:one:v1 beam:protocol:two:v1"


def test_it_is_not_started_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        worker.main([])
    assert "--provision_endpoint" in capsys.readouterr().err
