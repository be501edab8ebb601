"""Loss and accuracy by epoch, as ECharts options: they change while one watches."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.runs.status import Status
from dashboard.charts.colors import SPLIT_COLORS
from dashboard.charts.echarts import (
    LEGEND_HEIGHT,
    grid,
    left_axis,
    legend,
    line,
    mark_line,
    named_axis,
    options,
)
from dashboard.charts.gap import shade_gap
from dashboard.charts.outliers import cut_outliers, find_outliers
from dashboard.text import PERCENT_FORMAT, short_number

SERIES = {
    "fitting": "While fitting",
    "train": "Train",
    "validation": "Validation",
    "test": "Test",
}
"""The four series of a curve: what Keras reports while it fits, and each split measured after."""
DASHES: dict[str, str | list[int]] = {
    "fitting": "dotted",
    "train": "dashed",
    "validation": "solid",
    "test": [10, 3, 2, 3],
}
"""How the line of each of SERIES is drawn, in every chart; a list is of dashes and gaps in pixels.
"""

AXES = {"epoch": "epoch", "elapsed": "training time, s"}
"""What a curve may run along: columns of the history, each with the axis's title."""

_MARK_ROW = 15
"""Pixels above the plot for a row of labels of marks: one of the best epoch, one of rates."""
_LABEL_SHARE = 0.3
"""How much of the width of the smallest chart a rate's label takes."""


@dataclass(frozen=True)
class CurveStyle:
    """What the user chose: which of SERIES to show, on which of AXES, losses on a log axis or
    not; `limits` fixes the vertical axis, so that two charts compare."""

    series: tuple[str, ...] = tuple(SERIES)
    log_loss: bool = False
    axis: str = "epoch"
    limits: tuple[float, float] | None = None

    def is_logarithmic(self, metric: str) -> bool:
        """Whether the metric's axis is logarithmic: never that of accuracy."""
        return metric == "loss" and self.log_loss


def with_live_point(history: pd.DataFrame, status: Status, batches: int) -> pd.DataFrame:
    """`history` and, for the epoch under way, a row with the running values so far.

    Its epoch is a fraction: 2.5 half way through the third.
    """
    if status.epoch <= len(history) or status.running_loss is None:
        return history
    row = {
        "epoch": status.epoch - 1 + status.batch / batches,
        "running_loss": status.running_loss,
        "running_accuracy": status.running_accuracy,
        "base_learning_rate": status.base_learning_rate,
    }
    return pd.DataFrame([*history.to_dict("records"), row], columns=history.columns)


def curve_frame(
    history: pd.DataFrame, metric: str, style: CurveStyle = CurveStyle()
) -> pd.DataFrame:
    """The axis, and a column for each of SERIES; `metric` is loss, or accuracy in percent.

    Without what a logarithmic axis cannot show.
    """
    scale = 100 if metric == "accuracy" else 1
    columns = {style.axis: history[style.axis].astype(float)}
    for name, title in SERIES.items():
        prefix = "running" if name == "fitting" else name
        columns[title] = history[f"{prefix}_{metric}"] * scale
    frame = pd.DataFrame(columns)
    return frame.where(frame > 0) if style.is_logarithmic(metric) else frame


def loss_limits(histories: Iterable[pd.DataFrame], style: CurveStyle) -> tuple[float, float] | None:
    """Round limits of an axis that shows the chosen losses of all the histories; None if none.

    Those far above the rest are left out.
    """
    shown = [SERIES[name] for name in style.series]
    losses = pd.concat(curve_frame(history, "loss", style)[shown] for history in histories)
    values = losses.where(losses < math.inf).stack().dropna()
    if values.empty:
        return None
    outliers = find_outliers(values, style.log_loss)
    highest = outliers.limit if outliers else values.max()
    if style.log_loss:
        return 10 ** math.floor(math.log10(values.min())), 10 ** math.ceil(math.log10(highest))
    return 0, math.ceil(10 * highest) / 10


def draw_curve(
    history: pd.DataFrame,
    metric: str,
    style: CurveStyle,
    epochs: int,
    best_epoch: int = 0,
    first_rate: float | None = None,
    overfits_from: int | None = None,
) -> dict[str, Any]:
    """ECharts options of one run's metric, with the best epoch and rate changes marked.

    `first_rate` is the base learning rate that the run began with; without it a change during the
    first epoch is not seen. Where the run overfits, from an epoch on, the gap is shaded.
    """
    marks = _marks(history, best_epoch, style.axis, epochs, first_rate)
    if overfits_from and overfits_from > len(history):  # found in a later state of the run
        overfits_from = None
    if overfits_from:
        marks.append(_mark(history[style.axis].iloc[overfits_from - 1], "overfits", row=1))
    frame = curve_frame(history, metric, style)
    if metric == "accuracy":
        values = frame[[SERIES[name] for name in style.series]].stack().dropna()
        if values.nunique() == 1:  # about which ECharts would draw an axis to 150 %
            style = replace(style, limits=(max(math.floor(values.iloc[0] / 10) * 10 - 10, 0), 100))
    rows = 2 if len(marks) > bool(best_epoch) else len(marks)
    option = draw_axes(metric, style, epochs) | {
        "grid": grid(top=LEGEND_HEIGHT + rows * _MARK_ROW),
        "legend": legend(),
        "dataset": {"source": frame},
        "series": [
            _series(name, style.axis, [] if i else marks) for i, name in enumerate(style.series)
        ],
    }
    if metric == "accuracy":
        return option
    option = cut_outliers(option)
    if overfits_from and {"train", "validation"} <= {*style.series}:
        shade_gap(option, frame, style.axis, overfits_from)
    return option


def draw_axes(metric: str, style: CurveStyle, epochs: int) -> dict[str, Any]:
    """The ECharts options that every chart of curves shares."""
    low, high = style.limits or (None, None)
    name, unit = ("accuracy, %", PERCENT_FORMAT) if metric == "accuracy" else ("loss", "%.4f")
    kind = "log" if style.is_logarithmic(metric) else "value"
    last = epochs if style.axis == "epoch" else None
    return options(
        update=250,
        grid=grid(),
        tooltip={"trigger": "axis", "valueFormatter": unit},
        xAxis=named_axis(AXES[style.axis], 24, min=0, max=last, minInterval=1),
        yAxis=left_axis(name, type=kind, scale=True, min=low, max=high),
    )


def _series(name: str, axis: str, marks: list[dict[str, Any]]) -> dict[str, Any]:
    return line(
        name,
        axis,
        SERIES[name],
        SPLIT_COLORS[name],
        DASHES[name],
        name=SERIES[name],
        symbol="circle",
        symbolSize=5,
        showAllSymbol="auto",
        markLine=mark_line(marks),
    )


def _marks(
    history: pd.DataFrame, best_epoch: int, axis: str, epochs: int, first_rate: float | None
) -> list[dict[str, Any]]:
    """The best epoch and the changes of the learning rate, their labels in two rows above the plot.

    Of changes that are close together only the last has a label.
    """
    places = history.set_index("epoch", drop=False)[axis]
    width = epochs if axis == "epoch" else places.max()
    marks = [_mark(places[best_epoch], "best", row=0)] if best_epoch else []
    free = math.inf
    for epoch, base_rate in reversed(rate_changes(history, first_rate)):
        place = float(places[epoch])
        label = f"rate {short_number(base_rate)}" if place <= free else ""
        marks.insert(bool(best_epoch), _mark(place, label, row=1))
        free = place - _LABEL_SHARE * width if label else free
    return marks


def _mark(place: float, words: str, row: int) -> dict[str, Any]:
    label = {"show": bool(words), "formatter": words, "distance": 3 + row * _MARK_ROW}
    return {"xAxis": float(place), "label": label | {"fontSize": 11}}


def rate_changes(
    history: pd.DataFrame, first_rate: float | None = None
) -> list[tuple[float, float]]:
    """The epochs during which the base learning rate was changed, each with the new rate.

    The first is compared with `first_rate`. The epoch under way is a fraction, as in
    `with_live_point`.
    """
    rates = history["base_learning_rate"].to_numpy(float)
    before = np.roll(rates, 1)
    before[:1] = rates[:1] if first_rate is None else first_rate
    # Not to the last digit: one may come from a history file and the other from a status.
    changed = ~np.isclose(rates, before, rtol=1e-9, atol=0)
    return list(zip(history["epoch"][changed].astype(float), rates[changed].tolist(), strict=True))
