import pandas as pd

from dashboard.app_pages.features.growing_map_chart import draw_growing_map
from dashboard.charts.colors import CLASS_COLORS
from dashboard.charts.feature_map import Coloring


def test_a_growing_map_keeps_the_order_of_its_points(points: pd.DataFrame) -> None:
    option = draw_growing_map(points, Coloring.TRUE)
    frame = option["dataset"]["source"]
    assert frame["x"].tolist() == [0, 1, 2, 3]
    assert frame["y"].tolist() == [3, 2, 1, 0]
    pieces = option["visualMap"]["pieces"]
    assert list(frame.columns)[option["visualMap"]["dimension"]] == "group"
    assert [pieces[group]["color"] for group in frame["group"]] == [
        CLASS_COLORS[digit] for digit in (5, 5, 2, 9)
    ]
