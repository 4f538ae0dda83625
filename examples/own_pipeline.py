"""A Beam pipeline of your own: reads news as JSON lines, drops bad documents and copies, and can encode the rest.

python examples/own_pipeline.py --inputs 'news/*.jsonl.gz' --output clean --runner=FnApiRunner

Options that the script does not know go to Beam, so that you can name any runner with its options.
"""  # noqa: INP001

import argparse
import json
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from massivetext import transforms


def as_json(row: Any) -> str:
    """Return a row as a line of JSON."""
    return json.dumps(row._asdict(), ensure_ascii=False)


def build(pipeline: beam.Pipeline, options: argparse.Namespace) -> None:
    """Add all steps to a pipeline."""
    read = pipeline | transforms.ReadDocuments(kind="news", inputs=options.inputs)
    good = (
        read["documents"]
        | transforms.MeasureSignals()
        | transforms.JudgeRules(rules=["language"])
        | "Passed" >> beam.Filter(lambda row: row.kept)
    )
    # Verdicts are rows of (id, kept, duplicate_of, similarity). Here they are applied; they could be written or joined.
    exact = good | transforms.MarkExactDuplicates()
    distinct = {"documents": good, "verdicts": exact} | "WithoutCopies" >> transforms.ApplyVerdicts()
    near = distinct | transforms.MarkNearDuplicates(threshold=0.8)
    clean = {"documents": distinct, "verdicts": near} | "WithoutNearCopies" >> transforms.ApplyVerdicts()
    if options.test_sets:
        screened = clean | transforms.MarkContamination(test_sets=options.test_sets)
        clean = screened | "NotInATestSet" >> beam.Filter(lambda row: not row.contaminated)
    if options.model:
        clean = clean | transforms.EncodeTokens(model=options.model)
    for name, rows in {"documents": clean, "near": near, "quarantine": read["quarantine"]}.items():
        lines = rows | f"{name}AsJson" >> beam.Map(as_json)
        lines | f"Write_{name}" >> beam.io.WriteToText(f"{options.output}/{name}", ".jsonl")


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments and run the pipeline to its end."""
    parser = argparse.ArgumentParser(description="Cleans a corpus of news.")
    parser.add_argument("--inputs", nargs="+", required=True, help="files or patterns of JSON lines")
    parser.add_argument("--test_sets", nargs="*", default=[], help="files of test items")
    parser.add_argument("--model", help="SentencePiece model, such as RUN/tokenizer/tokenizer.model")
    parser.add_argument("--output", required=True, help="folder or URL to write to")
    options, beam_args = parser.parse_known_args(argv)
    with beam.Pipeline(options=PipelineOptions(beam_args)) as pipeline:
        build(pipeline, options)


if __name__ == "__main__":
    main()
