import numpy as np

from dashboard.charts.activations import draw_activations


def test_activations_fill_rows_with_zero_in_the_middle_of_the_colours() -> None:
    values = np.zeros(300, np.float32)
    values[[0, 128, 299]] = [0.5, -2, 1]
    (strip,) = draw_activations(values).data
    cells = np.array(strip.z)
    assert cells.shape == (3, 128)
    assert (cells[0, 0], cells[1, 0], cells[2, 43]) == (0.5, -2, 1)
    assert np.isnan(cells[2, 44:]).all()
    assert np.array(strip.customdata)[2, 43] == 299
    assert (strip.zmin, strip.zmax) == (-2, 2)


def test_activations_that_are_all_zero_have_a_scale() -> None:
    (strip,) = draw_activations(np.zeros(8, np.float32)).data
    assert np.array(strip.z).shape == (1, 8)
    assert strip.zmin < 0 < strip.zmax


def test_what_is_not_finite_is_left_out() -> None:
    values = np.array([1.0, np.nan, -3.0, np.inf], np.float32)
    (heatmap,) = draw_activations(values).data
    np.testing.assert_array_equal(heatmap.z, [[1.0, np.nan, -3.0, np.nan]])
    assert (heatmap.zmin, heatmap.zmax) == (-3.0, 3.0)
    (heatmap,) = draw_activations(np.full(2, np.nan, np.float32)).data
    assert (heatmap.zmin, heatmap.zmax) == (-1.0, 1.0)
