import numpy as np

from core.analysis.metrics import calibration
from dashboard.app_pages.evaluate.calibration_chart import draw_reliability, reliability_frame

PROBABILITIES = np.zeros((4, 10))
PROBABILITIES[:, 0] = [0.55, 0.65, 0.95, 1.0]
TABLE, _ = calibration(PROBABILITIES, [0, 1, 0, 0], bins=5)


def test_bins_confidence_and_accuracy_in_percent() -> None:
    frame = reliability_frame(TABLE)
    assert frame["bin"].tolist() == ["0 to 20", "20 to 40", "40 to 60", "60 to 80", "80 to 100"]
    np.testing.assert_array_equal(frame["images"], [np.nan, np.nan, 1, 1, 2])
    np.testing.assert_array_equal(frame["confidence"], [np.nan, np.nan, 55, 65, 97.5])
    np.testing.assert_array_equal(frame["accuracy"], [np.nan, np.nan, 100, 0, 100])


def test_what_is_drawn_where() -> None:
    series = draw_reliability(TABLE)["series"]
    assert {part["name"]: (part["type"], part.get("xAxisIndex", 0)) for part in series} == {
        "accuracy": ("bar", 0),
        "confidence": ("line", 0),
        "images": ("bar", 1),
    }
