"""Loss and accuracy by epoch, as ECharts options: they change while one watches."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.status import Status
from dashboard.charts.colors import NEUTRAL, SPLIT_COLORS
from dashboard.text import rate

SERIES = {
    "fitting": "While fitting",
    "train": "Train",
    "validation": "Validation",
    "test": "Test",
}
"""The four series of a curve: what Keras reports while it fits, and each split measured after."""


@dataclass(frozen=True)
class CurveStyle:
    """What the reader chose: which of SERIES to show, and whether losses are on a log axis."""

    series: tuple[str, ...] = tuple(SERIES)
    log_loss: bool = False


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


def curve_frame(history: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Epoch, and a column for each of SERIES; `metric` is loss, or accuracy in percent."""
    scale = 100 if metric == "accuracy" else 1
    columns = {"epoch": history["epoch"].astype(float)}
    for name, title in SERIES.items():
        prefix = "running" if name == "fitting" else name
        columns[title] = history[f"{prefix}_{metric}"] * scale
    return pd.DataFrame(columns)


def draw_curve(
    history: pd.DataFrame, metric: str, style: CurveStyle, epochs: int, best_epoch: int = 0
) -> dict[str, Any]:
    """ECharts options of one metric by epoch, with the best epoch and rate changes marked."""
    logarithmic = metric == "loss" and style.log_loss
    return {
        "animationDuration": 0,
        "animationDurationUpdate": 250,
        "grid": {"left": 8, "right": 16, "top": 44, "bottom": 26, "containLabel": True},
        "legend": {"top": 0, "right": 0, "icon": "circle", "itemWidth": 10, "selectedMode": False},
        "tooltip": {
            "trigger": "axis",
            "valueFormatter": "%.2f %%" if metric == "accuracy" else "%.4f",
        },
        "dataset": {"source": curve_frame(history, metric)},
        "xAxis": {
            "type": "value",
            "name": "epoch",
            "nameLocation": "middle",
            "nameGap": 24,
            "min": 0,
            "max": epochs,
            "minInterval": 1,
            "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "log" if logarithmic else "value",
            "name": "accuracy, %" if metric == "accuracy" else "loss",
            "nameTextStyle": {"align": "left"},
            "scale": True,
        },
        "series": [
            _series(name, marks=_marks(history, best_epoch) if i == 0 else [])
            for i, name in enumerate(style.series)
        ],
    }


def _series(name: str, marks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "line",
        "id": name,
        "name": SERIES[name],
        "encode": {"x": "epoch", "y": SERIES[name]},
        "color": SPLIT_COLORS[name],
        "lineStyle": {"width": 2, "type": "dashed" if name == "fitting" else "solid"},
        "symbol": "circle",
        "symbolSize": 5,
        "showAllSymbol": "auto",
        "markLine": {
            "symbol": "none",
            "silent": True,
            "animation": False,
            "lineStyle": {"color": NEUTRAL, "type": "dotted", "width": 1},
            "label": {"color": NEUTRAL, "fontSize": 11},
            "data": marks,
        },
    }


def _marks(history: pd.DataFrame, best_epoch: int) -> list[dict[str, Any]]:
    marks: list[dict[str, Any]] = []
    if best_epoch:
        marks.append({"xAxis": best_epoch, "label": {"formatter": "best"}})
    for epoch, base_rate in rate_changes(history):
        label = {"formatter": f"rate {rate(base_rate)}", "position": "insideEndTop"}
        marks.append({"xAxis": epoch, "label": label})
    return marks


def rate_changes(history: pd.DataFrame) -> list[tuple[int, float]]:
    """The epochs during which the base learning rate was changed, each with the new rate."""
    changed = history["base_learning_rate"].diff().fillna(0) != 0
    rows = history[changed]
    return [
        (int(epoch), float(base_rate))
        for epoch, base_rate in zip(rows["epoch"], rows["base_learning_rate"], strict=True)
    ]
