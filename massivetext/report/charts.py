"""Charts as Vega-Lite specifications. The page adds colours and fonts when a browser shows it."""

import itertools
from collections.abc import Mapping, Sequence

from massivetext.report import bins
from massivetext.report.duplicates import ClusterReport, NearDuplicateReport
from massivetext.report.run_report import SourceMixture, SourceReport

Spec = dict[str, object]  # a specification, or a part of it, as JSON

# The height of a bar is proportional to the square root of the count.
_ROOT = {"type": "sqrt", "zero": True, "nice": True}
_WHOLE = "datum.value % 1 ? '' : format(datum.value, '~s')"  # a scale of roots has ticks between small counts
_COUNTS = {"title": None, "tickCount": 4, "tickMinStep": 1, "labelExpr": _WHOLE}
_ROW = 34  # height of a row with a bar
_SIZES = ((2, 2), (3, 3), (4, 5), (6, 10), (11, 20), (21, 50), (51, 100), (101, 1000), (1001, None))


def spec(height: int, **rest: object) -> Spec:
    """Return a specification: the fields that all charts share, and the others of this chart."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        **rest,
    }


def funnel_chart(sources: Mapping[str, SourceReport], judged: Sequence[str], segments: Sequence[str]) -> Spec:
    """Chart the share of each source that is kept, and the shares that each stage removed.

    Args:
        sources: the sources by name.
        judged: names of the stages that were counted; the first one counts the documents that were read.
        segments: names of the segments of a bar: the kept documents, then those that each later stage removed.
    """
    rows: list[Spec] = []
    for name, source in sources.items():
        total = source.funnel[judged[0]].documents
        left = source.funnel[judged[-1]].documents
        removed = [
            source.funnel[before].documents - source.funnel[stage].documents
            for before, stage in itertools.pairwise(judged)
        ]
        rows += [
            {"source": name, "part": segment, "order": order, "documents": count, "share": count / max(total, 1)}
            for order, (segment, count) in enumerate(zip(segments, [left, *removed], strict=True))
        ]
    return spec(
        _ROW * max(len(sources), 1),
        data={"values": rows},
        mark={"type": "bar", "style": "segment", "height": {"band": 0.72}},
        encoding={
            "y": {"field": "source", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 110}},
            "x": {
                "field": "share",
                "type": "quantitative",
                "scale": {"domain": [0, 1]},
                "axis": {"format": "%", "title": "share of the documents read", "tickCount": 5},
            },
            "color": {
                "field": "part",
                "type": "nominal",
                "scale": {"domain": list(segments)},
                "legend": None,
            },
            "order": {"field": "order"},
            "tooltip": [
                {"field": "source"},
                {"field": "part", "title": "kept or removed by"},
                {"field": "documents", "format": ","},
                {"field": "share", "format": ".2%"},
            ],
        },
    )


def similarity_chart(near: NearDuplicateReport) -> Spec:
    """Chart the candidate pairs by their exact similarity, with the threshold as a dashed line."""
    rows = [
        {
            "from": low,
            "to": round(low + 1 / bins.SHARE_BINS, 2),
            "pairs": pairs,
            "verdict": "duplicates" if low >= near.threshold else "rejected",
        }
        for low, pairs in near.similarities
    ]
    axis = {"title": "exact Jaccard similarity", "tickCount": 5, "format": ".1f"}
    x = {"field": "from", "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": axis}
    y = {"field": "pairs", "type": "quantitative", "scale": _ROOT, "axis": _COUNTS | {"title": "candidate pairs"}}
    bars = {
        "mark": {"type": "bar", "binSpacing": 0, "fillOpacity": 0.8},
        "encoding": {
            "x": x,
            "x2": {"field": "to"},
            "y": y,
            "y2": {"datum": 0},
            "color": {
                "field": "verdict",
                "type": "nominal",
                "scale": {"domain": ["rejected", "duplicates"]},
                "legend": {"orient": "top", "title": None},
            },
            "tooltip": [{"field": "from"}, {"field": "to"}, {"field": "pairs", "format": ","}, {"field": "verdict"}],
        },
    }
    limit = {
        "data": {"values": [{"at": near.threshold}]},
        "mark": {"type": "rule", "strokeDash": [5, 3], "strokeWidth": 1.5},
        "encoding": {"x": {"field": "at", "type": "quantitative"}},
    }
    return spec(170, data={"values": rows}, layer=[bars, limit])


def cluster_size_chart(clusters: Mapping[str, ClusterReport], segments: Sequence[str]) -> Spec:
    """Chart the number of clusters by the documents in them.

    Args:
        clusters: clusters of a stage, by the name of its segment in the funnel.
        segments: names of all segments of the funnel, so that a stage has the same colour in both charts.
    """
    rows = [
        {"size": _size_label(low, high), "stage": stage, "clusters": count}
        for low, high in _SIZES
        for stage, found in clusters.items()
        if (count := sum(number for size, number in found.sizes if size >= low and (high is None or size <= high)))
    ]
    order = [_size_label(low, high) for low, high in _SIZES]
    encoding = {
        "x": {
            "field": "size",
            "type": "ordinal",
            "sort": order,
            "axis": {"title": "documents in a cluster", "labelAngle": 0},
        },
        "xOffset": {"field": "stage", "sort": list(clusters)},
        "y": {"field": "clusters", "type": "quantitative", "scale": _ROOT, "axis": _COUNTS | {"title": "clusters"}},
    }
    color = {
        "field": "stage",
        "type": "nominal",
        "scale": {"domain": list(segments)},
        "legend": {"orient": "top", "title": None, "values": list(clusters)},
    }
    tooltip = [{"field": "size"}, {"field": "stage"}, {"field": "clusters", "format": ","}]
    bars = {"mark": "bar", "encoding": {"color": color, "tooltip": tooltip}}
    text = {
        "mark": {"type": "text", "dy": -6, "fontSize": 11},
        "encoding": {"text": {"field": "clusters", "format": "~s"}},
    }
    return spec(170, data={"values": rows}, encoding=encoding, layer=[bars, text])


def _size_label(low: int, high: int | None) -> str:
    if high is None:
        return f"{low:,} or more"
    return f"{low}" if low == high else f"{low} to {high:,}"


def mixture_chart(rows: Mapping[str, SourceMixture]) -> Spec:
    """Chart the share of each source in the sequences, with the wanted share as a tick."""
    values = [
        {"source": name, "share": row.realised, "wanted": float(row.weight), "sequences": row.sequences}
        for name, row in rows.items()
    ]
    y = {"field": "source", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 110}}
    axis = {"format": "%", "title": "share of the sequences", "tickCount": 5}
    tooltip = [
        {"field": "source"},
        {"field": "share", "title": "realised", "format": ".3%"},
        {"field": "wanted", "format": ".3%"},
        {"field": "sequences", "format": ","},
    ]
    bar = {
        "mark": {"type": "bar", "height": {"band": 0.6}, "fillOpacity": 0.75},
        "encoding": {
            "x": {"field": "share", "type": "quantitative", "axis": axis},
            "color": {"datum": "kept", "scale": {"domain": ["kept"]}, "legend": None},
        },
    }
    tick = {
        "mark": {"type": "tick", "thickness": 3, "height": {"band": 0.9}},
        "encoding": {"x": {"field": "wanted", "type": "quantitative"}},
    }
    return spec(
        _ROW * max(len(rows), 1), data={"values": values}, encoding={"y": y, "tooltip": tooltip}, layer=[bar, tick]
    )
