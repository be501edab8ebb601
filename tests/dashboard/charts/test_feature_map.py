import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from core.maps.request import MapMethod
from dashboard.charts.colors import CLASS_COLORS
from dashboard.charts.feature_map import OUTLINE, Coloring, draw_map, group_points


@pytest.mark.parametrize(
    ("coloring", "names"),
    [
        (Coloring.TRUE, ["5", "5", "2", "9"]),
        (Coloring.PREDICTED, ["5", "3", "2", "4"]),
        (Coloring.CORRECT, ["right", "wrong", "right", "wrong"]),
        (Coloring.CONFIDENCE, ["99 % and more", "below 50 %", "80 to 95 %", "95 to 99 %"]),
    ],
)
def test_points_are_grouped(points: pd.DataFrame, coloring: Coloring, names: list[str]) -> None:
    groups, places = group_points(points, coloring)
    assert [groups[place].name for place in places] == names


def test_classes_have_the_colours_that_they_have_everywhere(points: pd.DataFrame) -> None:
    for coloring in (Coloring.TRUE, Coloring.PREDICTED):
        groups, _ = group_points(points, coloring)
        assert tuple(group.color for group in groups) == CLASS_COLORS


def drawn(figure: go.Figure) -> dict[int, tuple[str, str, float, float]]:
    """By its row: the group, the symbol and the place of each point."""
    return {
        row: (trace.name, trace.marker.symbol or "circle", x, y)
        for trace in figure.data
        for x, y, (row, *_) in zip(trace.x, trace.y, trace.customdata, strict=False)
    }


@pytest.mark.parametrize("coloring", list(Coloring))
def test_every_point_is_drawn_once_and_wrong_ones_stand_out(
    points: pd.DataFrame, coloring: Coloring
) -> None:
    figure = draw_map(points, coloring, MapMethod.TSNE)
    groups, places = group_points(points, coloring)
    symbols = ["circle", "diamond", "circle", "diamond"]
    assert drawn(figure) == {
        row: (groups[places[row]].name, symbols[row], points["x"][row], points["y"][row])
        for row in range(4)
    }
    order = [trace.marker.symbol for trace in figure.data]
    assert order == sorted(order, key=lambda symbol: symbol == "diamond")


@pytest.mark.parametrize("coloring", list(Coloring))
def test_the_legend_has_the_groups_and_what_marks_wrong_answers(
    points: pd.DataFrame, coloring: Coloring
) -> None:
    figure = draw_map(points, coloring, MapMethod.TSNE)
    groups, _ = group_points(points, coloring)
    entries = {trace.name: trace.marker for trace in figure.data if trace.showlegend}
    mark = "wrong" if coloring is Coloring.CORRECT else "wrong answer"
    assert list(entries) == list(dict.fromkeys([*(group.name for group in groups), mark]))
    symbols = {name for name, marker in entries.items() if marker.symbol == "diamond"}
    assert symbols == {mark}
    assert entries[mark].line.color == OUTLINE


def test_a_point_tells_its_row_image_labels_and_confidence(points: pd.DataFrame) -> None:
    figure = draw_map(points, Coloring.TRUE, MapMethod.TSNE)
    (wrong,) = (data for trace in figure.data for data in trace.customdata if data[0] == 1)
    np.testing.assert_allclose(wrong, [1, 7, 5, 3, 45], rtol=1e-6)


def test_chosen_points_are_shown_as_selected(points: pd.DataFrame) -> None:
    def selected(*chosen: int) -> set[int] | None:
        traces = draw_map(points, Coloring.CORRECT, MapMethod.TSNE, chosen).data
        if all(trace.selectedpoints is None for trace in traces):
            return None
        return {trace.customdata[place][0] for trace in traces for place in trace.selectedpoints}

    assert selected(0, 1, 3) == {0, 1, 3}
    assert selected(2) == {2}
    assert selected() is None


@pytest.mark.parametrize(
    ("method", "title"),
    [(MapMethod.TSNE, "t-SNE dimension 1"), (MapMethod.PCA, "Principal component 1")],
)
def test_axes_say_the_method(points: pd.DataFrame, method: MapMethod, title: str) -> None:
    assert draw_map(points, Coloring.TRUE, method).layout.xaxis.title.text == title


def test_many_points_are_drawn_by_webgl(points: pd.DataFrame) -> None:
    many = points.loc[points.index.repeat(1_000)].reset_index(drop=True)
    assert {trace.type for trace in draw_map(many, Coloring.TRUE, MapMethod.PCA).data} == {
        "scattergl"
    }
    assert {trace.type for trace in draw_map(points, Coloring.TRUE, MapMethod.PCA).data} == {
        "scatter"
    }
