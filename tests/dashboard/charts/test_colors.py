import re
from itertools import permutations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from dashboard.charts.colors import CLASS_COLORS, NEUTRAL, RUN_COLORS, SPLIT_COLORS, run_colors
from dashboard.charts.feature_map import OUTLINE, WRONG
from tests.contrast import BACKGROUNDS, ROOT, THEME, contrast, linear

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision
# deficiency" (2009), severity 1.0: of linear red, green and blue.
SIGHTS = {
    "normal": np.eye(3),
    "without red cones": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "without green cones": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "without blue cones": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}

# By their checksums the first and the last want the same colour.
RUNS = ["20260101-120000-000aaa", "20260102-120000-000aaa", "20260112-120000-000aaa"]


def test_the_same_runs_have_the_same_colours_in_any_order() -> None:
    colors = run_colors(RUNS)
    assert len(set(colors.values())) == 3
    assert all(run_colors(order) == colors for order in permutations(RUNS))


def test_a_newer_run_takes_no_colour_from_an_older() -> None:
    older = run_colors(RUNS[:2])
    assert older.items() <= run_colors(RUNS).items()


def test_runs_without_a_clash_keep_their_own_colours_alone_or_together() -> None:
    together = run_colors(RUNS[:2])
    assert together == run_colors(RUNS[:1]) | run_colors(RUNS[1:2])


def test_more_runs_than_colours_are_refused() -> None:
    ids = [f"run {number}" for number in range(len(RUN_COLORS) + 1)]
    assert set(run_colors(ids[:-1]).values()) == set(RUN_COLORS)
    with pytest.raises(ValueError, match=f"only {len(RUN_COLORS)} runs"):
        run_colors(ids)


def seen(colors: list[str], sight: str) -> np.ndarray:
    """The colours in CIE L*a*b*, as an eye of this sight sees them."""
    light = np.clip(linear(colors) @ SIGHTS[sight].T, 0, 1)
    return rgb2lab(np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def differences(some: list[str], others: list[str], sight: str = "normal") -> np.ndarray:
    """CIEDE2000 of every pair: (len(some), len(others))."""
    first, second = seen(some, sight), seen(others, sight)
    return deltaE_ciede2000(first[:, None], second[None])


def test_the_measures_agree_with_published_figures() -> None:
    """Of Sharma, Wu and Dalal (2005), pair 1; of the guidelines; and of the model: grey is grey."""
    pair = np.array([[50, 2.6772, -79.7751]]), np.array([[50, 0, -82.7485]])
    assert deltaE_ciede2000(*pair) == pytest.approx(2.0425, abs=1e-4)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)
    for sight in SIGHTS:
        np.testing.assert_allclose(seen(["#808080"], sight), seen(["#808080"], "normal"), atol=0.1)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize(("colors", "least"), [(CLASS_COLORS, 12.9), (RUN_COLORS, 15.2)])
def test_colours_are_told_apart(colors: tuple[str, ...], least: float, sight: str) -> None:
    """Two patches side by side differ from about 2 on."""
    apart = differences(list(colors), list(colors), sight)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() >= least


@pytest.mark.parametrize("theme", BACKGROUNDS)
@pytest.mark.parametrize("color", [*CLASS_COLORS, *RUN_COLORS])
def test_colours_stand_out_from_the_background(color: str, theme: str) -> None:
    """As far as the guidelines ask of a chart's lines and marks."""
    assert contrast(color, BACKGROUNDS[theme]) >= 3


def test_the_classes_colours_are_used_for_nothing_else() -> None:
    others = {*RUN_COLORS, *SPLIT_COLORS.values(), NEUTRAL}
    for file in (ROOT / "dashboard").rglob("*.py"):
        if file.name != "colors.py":
            others |= set(re.findall(r"#[0-9a-fA-F]{6}\b", file.read_text()))
    assert {WRONG, OUTLINE} < others
    assert differences(list(CLASS_COLORS), sorted(others)).min() > 5


def test_runs_and_splits_are_not_taken_for_each_other() -> None:
    assert differences(list(RUN_COLORS), list(SPLIT_COLORS.values())).min() > 5


@pytest.mark.parametrize("theme", BACKGROUNDS)
def test_heat_maps_rise_from_the_background(theme: str) -> None:
    ramp = [contrast(color, BACKGROUNDS[theme]) for color in THEME[theme]["chartSequentialColors"]]
    assert ramp == sorted(ramp)
    assert ramp[0] < 1.5
    assert ramp[-1] > 10
