"""Curves of several runs in one chart, as ECharts options: a colour a run, a dash a series."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.charts.colors import NEUTRAL
from dashboard.charts.curves import DASHES, SERIES, CurveStyle, curve_frame, draw_axes
from dashboard.charts.echarts import legend, line
from dashboard.charts.outliers import cut_outliers


@dataclass(frozen=True)
class OverlaidRun:
    """A run as it is drawn: under a name and in a colour of its own (`colors.run_colors`), with
    its best epoch, 0 if it has none."""

    name: str
    color: str
    history: pd.DataFrame
    best_epoch: int = 0


def draw_overlay(runs: Sequence[OverlaidRun], metric: str, style: CurveStyle) -> dict[str, Any]:
    """ECharts options of a metric of several runs, each with a ring at its best epoch.

    The legend lists runs and series separately: all combinations would be too long to read.
    """
    frames = [curve_frame(run.history, metric, style) for run in runs]
    entries: list[tuple[str, str, str | list[int]]] = [
        (run.name, run.color, "solid") for run in runs
    ]
    if len(style.series) > 1:
        entries += [(SERIES[name], NEUTRAL, DASHES[name]) for name in style.series]
    ringed = "validation" if "validation" in style.series else next(iter(style.series), None)
    series = [
        _series(place, run, name, style.axis) | (_ring(run, frame, name) if name == ringed else {})
        for place, (run, frame) in enumerate(zip(runs, frames, strict=True))
        for name in style.series
    ]
    axes = draw_axes(metric, style, max(int(run.history["epoch"].max()) for run in runs))
    option = axes | {
        "legend": legend(
            type="scroll",
            itemWidth=34,
            data=[name for name, *_ in entries],
            textStyle={"width": 180, "overflow": "truncate"},
        ),
        "dataset": [{"source": frame} for frame in frames],
        "series": [*series, *(_legend_entry(i, *entry) for i, entry in enumerate(entries))],
    }
    return cut_outliers(option) if metric == "loss" else option


def _series(place: int, run: OverlaidRun, name: str, axis: str) -> dict[str, Any]:
    return line(
        f"{place}/{name}",
        axis,
        SERIES[name],
        run.color,
        DASHES[name],
        name=f"{run.name} · {SERIES[name]}",
        datasetIndex=place,
        symbol="circle",
        symbolSize=4,
        showAllSymbol="auto",
    )


def _ring(run: OverlaidRun, frame: pd.DataFrame, name: str) -> dict[str, Any]:
    """A ring around the best epoch's point on the line of `name`."""
    best = frame[run.history["epoch"] == run.best_epoch][[frame.columns[0], SERIES[name]]].dropna()
    return {
        "markPoint": {
            "symbol": "circle",
            "symbolSize": 14,
            "silent": True,
            "animation": False,
            "label": {"show": False},
            "itemStyle": {"color": "transparent", "borderColor": run.color, "borderWidth": 2},
            "data": [{"coord": point} for point in best.to_numpy().tolist()],
        }
    }


def _legend_entry(place: int, name: str, color: str, dash: str | list[int]) -> dict[str, Any]:
    """A line that is drawn in the legend only."""
    return {
        "type": "line",
        "id": f"legend/{place}",
        "name": name,
        "color": color,
        "lineStyle": {"width": 2, "type": dash},
        "symbol": "none",
        "data": [],
    }
