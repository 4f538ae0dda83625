"""The stage that writes the report: what is counted in files gives the report that is counted at once."""

from functools import reduce
from typing import Any

import msgspec

from massivetext.engines.engine import Engine
from massivetext.jobs.report_pages import HOSTS, run_report
from massivetext.report import hosts
from massivetext.report.accumulate import accumulate_shard, merge
from massivetext.report.summary import Report, summarise
from massivetext.report.tallies import PartTally
from massivetext.runs.store import Shard, canonical_json
from massivetext.runs.work_items import WorkItem
from massivetext.stages import REPORT
from massivetext.stages.report_stage import JSON
from massivetext.storage import files as fs


def test_the_report_of_the_files_is_that_of_the_shards(fresh: Any) -> None:
    context = fresh.context
    context.run.begin(REPORT, context.stage_keys["report"])
    run_report(Engine(), context, [WorkItem(shard, (), 1.0) for shard in context.all_shards()])
    written = fs.read_bytes(context.run.path(JSON))

    merged = reduce(merge, [accumulate_shard(context, shard) for shard in context.all_shards()])
    assert written == canonical_json(summarise(context, merged, lambda shard: hosts.count(context, shard)))
    web = msgspec.json.decode(written, type=Report).sources["web"]
    assert web.hosts["example.com"] == PartTally(2, 1, 10, 60)
    assert context.run.read_table(HOSTS, Shard("web", 0, 2))["part"].to_pylist() == ["example.com", "other.example"]
