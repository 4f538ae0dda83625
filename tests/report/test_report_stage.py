"""The report stage: the summaries in files give the same report as summaries in memory."""

import msgspec
from handmade_run import Writer
from whole_report import report_of

from massivetext.engines.engine import Engine
from massivetext.jobs.report_pages import HOSTS, run_report
from massivetext.report.run_report import RunReport
from massivetext.report.tallies import GroupTally
from massivetext.runs.store import Shard, canonical_json
from massivetext.runs.work_items import WorkItem
from massivetext.stages import REPORT
from massivetext.stages.report_stage import JSON
from massivetext.storage import files as fs


def test_the_report_from_files_equals_the_report_from_shards(fresh: Writer) -> None:
    context = fresh.context
    context.run.begin(REPORT, context.stage_keys["report"])
    run_report(Engine(), context, [WorkItem(shard, (), 1.0) for shard in context.all_shards()])
    written = fs.read_bytes(context.run.path(JSON))

    assert written == canonical_json(report_of(context))
    web = msgspec.json.decode(written, type=RunReport).sources["web"]
    assert web.hosts["example.com"] == GroupTally(2, 1, 10, 60)
    assert context.run.read_table(HOSTS, Shard("web", 0, 2))["part"].to_pylist() == ["example.com", "other.example"]
