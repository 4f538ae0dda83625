# mypy: allow-untyped-calls
"""Runs a few transforms on Beam's FnApiRunner and returns the rows of their outputs."""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

Build = Callable[[beam.Pipeline], Mapping[str, beam.PCollection[Any]]]
THREADS = ("--direct_running_mode=multi_threading", "--direct_num_workers=3")  # three workers share the elements


def as_json(row: Any) -> str:
    """Return a row as JSON."""
    return json.dumps(row._asdict())


def outputs(build: Build, *beam_args: str) -> dict[str, list[dict[str, Any]]]:
    """Run a pipeline and return the rows of each output that ``build`` names, in no particular order."""
    with tempfile.TemporaryDirectory() as folder:
        with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner", *beam_args])) as pipeline:
            named = build(pipeline)
            for name, rows in named.items():
                lines = rows | f"{name}AsJson" >> beam.Map(as_json)
                lines | f"Write_{name}" >> beam.io.WriteToText(str(Path(folder, name)))
        return {name: _read(Path(folder), name) for name in named}


def _read(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob(f"{name}-*")) for line in path.read_text().splitlines()]


def documents(pipeline: beam.Pipeline, texts: Iterable[tuple[str, str]]) -> beam.PCollection[Any]:
    """Return rows with the fields id and text."""
    rows = [beam.Row(id=document_id, text=text) for document_id, text in texts]
    # The last row is dropped again; it gives the collection its schema even if there are no documents.
    made: beam.PCollection[Any] = (
        pipeline
        | "Documents" >> beam.Create([*rows, beam.Row(id="", text="")])
        | "Real" >> beam.Filter(lambda row: row.id != "")
    )
    return made
