"""The chart of rules that fail together."""

from collections.abc import Sequence

from massivetext.report.charts import Spec, spec
from massivetext.report.run_report import RuleReport
from massivetext.report.tallies import Matrix


def heat_map(rules: Sequence[RuleReport], counts: Matrix) -> Spec:
    """Chart the share of the documents failing the rule of a row that fail that of a column; only rules that fired."""
    fired = [at for at, rule in enumerate(rules) if rule.tally.failed]
    rows = [
        {
            "rule": rules[at].rule,
            "other": rules[other].rule,
            "both": counts[at][other],
            "failed": counts[at][at],
            "share": counts[at][other] / counts[at][at],
        }
        for at in fired
        for other in fired
        if other != at
    ]
    order = [rules[at].rule for at in fired]
    label = {"labelLimit": 230, "title": None, "domain": False, "ticks": False}
    encoding = {
        "y": {"field": "rule", "type": "nominal", "sort": order, "axis": label},
        "x": {"field": "other", "type": "nominal", "sort": order, "axis": label | {"labelAngle": -90, "orient": "top"}},
        "tooltip": [
            {"field": "rule", "title": "of those that fail"},
            {"field": "failed", "title": "documents", "format": ","},
            {"field": "other", "title": "also fail"},
            {"field": "both", "title": "documents that fail both", "format": ","},
            {"field": "share", "format": ".1%"},
        ],
    }
    color = {"datum": "failed", "scale": {"domain": ["passed", "failed"]}, "legend": None}
    # The opacity ends at 0.75: the numbers are drawn over the colour and must stay readable.
    share = {"field": "share", "type": "quantitative", "scale": {"domain": [0, 1], "range": [0, 0.75]}, "legend": None}
    cell = {"mark": {"type": "rect", "style": "segment"}, "encoding": {"color": color, "fillOpacity": share}}
    text = {
        "mark": {"type": "text", "fontSize": 10},
        "transform": [{"filter": "datum.both > 0"}],
        "encoding": {"text": {"field": "share", "format": ".0%"}},
    }
    return spec({"step": 22}, data={"values": rows}, encoding=encoding, layer=[cell, text])
