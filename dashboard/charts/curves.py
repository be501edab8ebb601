"""Loss and accuracy by epoch, as ECharts options: they change while one watches."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.runs.status import Status
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS
from dashboard.charts.echarts import left_axis, line, mark_line, named_axis, options
from dashboard.charts.outliers import cut_outliers, find_outliers
from dashboard.text import short_number

SERIES = {
    "fitting": "While fitting",
    "train": "Train",
    "validation": "Validation",
    "test": "Test",
}
"""The four series of a curve: what Keras reports while it fits, and each split measured after."""


AXES = {"epoch": "epoch", "elapsed": "training time, s"}
"""What a curve may run along: columns of the history, each with the axis's title."""


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
) -> dict[str, Any]:
    """ECharts options of one run's metric, with the best epoch and rate changes marked.

    `first_rate` is the base learning rate that the run began with; without it a change during the
    first epoch is not seen.
    """
    marks = _marks(history, best_epoch, style.axis, first_rate)
    frame = curve_frame(history, metric, style)
    if metric == "accuracy":
        values = frame[[SERIES[name] for name in style.series]].stack().dropna()
        if values.nunique() == 1:  # about which ECharts would draw an axis to 150 %
            style = replace(style, limits=(max(math.floor(values.iloc[0] / 10) * 10 - 10, 0), 100))
    option = draw_axes(metric, style, epochs) | {
        "legend": {"top": 0, "right": 0, "icon": "circle", "itemWidth": 10, "selectedMode": False},
        "dataset": {"source": frame},
        "series": [
            _series(name, style.axis, [] if i else marks) for i, name in enumerate(style.series)
        ],
    }
    return cut_outliers(option) if metric == "loss" else option


def draw_axes(metric: str, style: CurveStyle, epochs: int) -> dict[str, Any]:
    """The ECharts options that every chart of curves shares."""
    low, high = style.limits or (None, None)
    name, unit = ("accuracy, %", "%.2f %%") if metric == "accuracy" else ("loss", "%.4f")
    kind = "log" if style.is_logarithmic(metric) else "value"
    last = epochs if style.axis == "epoch" else None
    return options(
        update=250,
        grid={"left": 8, "right": 16, "top": 44, "bottom": 26, "containLabel": True},
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
        "dashed" if name == "fitting" else "solid",
        name=SERIES[name],
        symbol="circle",
        symbolSize=5,
        showAllSymbol="auto",
        markLine=mark_line(marks, "dotted", {"color": NEUTRAL, "fontSize": 11}),
    )


def _marks(
    history: pd.DataFrame, best_epoch: int, axis: str, first_rate: float | None
) -> list[dict[str, Any]]:
    places = history.set_index("epoch", drop=False)[axis]
    marks: list[dict[str, Any]] = []
    if best_epoch:
        marks.append({"xAxis": float(places[best_epoch]), "label": {"formatter": "best"}})
    for epoch, base_rate in rate_changes(history, first_rate):
        label = {"formatter": f"rate {short_number(base_rate)}", "position": "insideEndTop"}
        marks.append({"xAxis": float(places[epoch]), "label": label})
    return marks


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
