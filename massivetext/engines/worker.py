"""A Beam worker process of a cluster without containers: what an executor starts in a PROCESS environment.

Beam's own launcher for this (``boot``) is part of its container images and in no wheel. This one has the same
interface: an ID and the address of the provision service on the command line, everything else from that service, then
Beam's own worker. Nothing is copied to the node: the worker uses the environment in which massivetext is installed.
"""

import argparse
import contextlib
import faulthandler
import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

import grpc
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc, endpoints_pb2
from apache_beam.runners.worker import sdk_worker_main
from apache_beam.runners.worker.worker_id_interceptor import WorkerIdInterceptor
from google.protobuf import json_format, text_format

_ANSWER_SECONDS = 60.0  # for the runner's provision service, which starts before the worker


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of ``massivetext-worker``: run until the runner closes the control connection."""
    given = _parse(sys.argv[1:] if arguments is None else arguments)
    os.environ.update(worker_variables(given.id, _provision(given)))
    run_beam_worker()


def run_beam_worker() -> None:
    """Run Beam's worker in this process until its connection closes; reads :func:`worker_variables`."""
    faulthandler.enable(file=2)  # where Python was when a library crashes; standard error by its number, for forks
    sys.stderr = _Unfailing(sys.stderr)
    sdk_worker_main.main([])


class _Unfailing(io.TextIOBase):
    """A stream that drops text that cannot be written.

    Beam's worker prints an error before it reports it. If standard error is a file on a full disk, printing would fail,
    the report would never be sent, and the job would wait for it for ever.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()


def worker_variables(worker: str, info: beam_provision_api_pb2.ProvisionInfo) -> Mapping[str, str]:
    """Return the environment variables from which Beam's worker takes its addresses and options."""
    return {
        "WORKER_ID": worker,
        "CONTROL_API_SERVICE_DESCRIPTOR": _endpoint_descriptor(info.control_endpoint.url),
        "LOGGING_API_SERVICE_DESCRIPTOR": _endpoint_descriptor(info.logging_endpoint.url),
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("massivetext-worker", description="Started by a Beam runner, not by hand.")
    for name in ("id", "provision_endpoint"):
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_known_args(arguments)[0]


def _provision(given: argparse.Namespace) -> beam_provision_api_pb2.ProvisionInfo:
    with grpc.insecure_channel(given.provision_endpoint) as channel:
        service = beam_provision_api_pb2_grpc.ProvisionServiceStub(
            grpc.intercept_channel(channel, WorkerIdInterceptor(given.id))
        )
        request = beam_provision_api_pb2.GetProvisionInfoRequest()
        info: beam_provision_api_pb2.ProvisionInfo = service.GetProvisionInfo(request, timeout=_ANSWER_SECONDS).info
        return info


def _endpoint_descriptor(url: str) -> str:
    return str(text_format.MessageToString(endpoints_pb2.ApiServiceDescriptor(url=url)))


if __name__ == "__main__":
    main()
