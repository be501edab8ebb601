import pandas as pd

from dashboard.app_pages.layers.weight_chart import draw_weight_histogram


def test_a_bar_stands_over_its_bin() -> None:
    bins = pd.DataFrame({"low": [-1.0, 0.0], "high": [0.0, 1.0], "count": [3, 5]})
    (bar,) = draw_weight_histogram(bins).data
    assert list(bar.x) == [-0.5, 0.5]
    assert list(bar.width) == [1, 1]
    assert list(bar.y) == [3, 5]


def test_few_counts_have_no_ticks_at_halves() -> None:
    bins = pd.DataFrame({"low": [-1.0, 0.0], "high": [0.0, 1.0], "count": [1, 2]})
    assert draw_weight_histogram(bins).layout.yaxis.dtick == 1
    assert draw_weight_histogram(bins.assign(count=[10, 2_000])).layout.yaxis.dtick is None
