import pandas as pd
import pytest

from core.analysis.published import PUBLISHED
from dashboard.app_pages.compare.published_errors_chart import draw_published_errors

RUNS = pd.DataFrame(
    {
        "name": ["A · <b>mine</b>", "B · " + "x" * 100],
        "color": ["#112233", "#445566"],
        "test_accuracy": [0.9889, 0.5],
        "test_low": [0.9866, 0.49],
        "test_high": [0.9908, 0.51],
    }
)


def test_rows_go_from_the_highest_error_to_the_lowest() -> None:
    figure = draw_published_errors(RUNS)
    rows = figure.layout.yaxis.categoryarray
    errors = {one.name: one.error for one in PUBLISHED}
    assert len(rows) == len(PUBLISHED) + 2
    assert rows[0].startswith("B · xxx")
    assert rows[0].endswith("…")
    place = rows.index("A · &lt;b&gt;mine&lt;/b&gt;")
    assert errors[rows[place - 1]] > 0.0111 > errors[rows[place + 1]]


def test_a_run_is_drawn_with_its_interval_in_its_colour() -> None:
    published, distorted, run, _ = draw_published_errors(RUNS).data
    errors = [100 * one.error for one in PUBLISHED]
    assert [*published.x, *distorted.x] == pytest.approx(errors)
    assert list(distorted.x) == pytest.approx([0.7, 0.35])
    assert distorted.marker.symbol == "diamond-open"
    assert (run.x[0], run.marker.color) == (pytest.approx(1.11), "#112233")
    assert run.error_x.array[0] == pytest.approx(0.23)
    assert run.error_x.arrayminus[0] == pytest.approx(0.19)


def test_published_errors_fall() -> None:
    errors = [one.error for one in PUBLISHED]
    assert errors == sorted(errors, reverse=True)
    assert all(one.source for one in PUBLISHED)
