import numpy as np
import pytest

from core.analysis.metrics import confusion_matrix
from dashboard.charts.confusion import draw_confusion_matrix, find_cell

TRUE = [0, 0, 0, 1, 1, 4, 4, 4, 4]
PREDICTED = [0, 0, 0, 1, 7, 4, 9, 9, 9]


def cells(normalize=None, **choices) -> dict[tuple[int, int], dict]:
    """The chart's cells by true label and answer."""
    option = draw_confusion_matrix(
        confusion_matrix(TRUE, PREDICTED, normalize), normalize, **choices
    )
    return {find_cell(place): cell for place, cell in enumerate(option["series"][0]["data"])}


def test_true_labels_are_rows_from_the_top_and_answers_columns() -> None:
    option = draw_confusion_matrix(confusion_matrix(TRUE, PREDICTED))
    assert (option["xAxis"]["name"], option["yAxis"]["name"]) == ("predicted", "true")
    assert option["yAxis"]["inverse"]
    cell = cells()[4, 9]
    assert cell["value"] == [9, 4, 3.0]
    assert cell["label"]["formatter"] == "3"
    assert cell["name"] == "true 4, predicted 9: 3 images"


@pytest.mark.parametrize(
    ("normalize", "texts"),
    [
        (None, ["3", "1", "3", "0"]),
        ("true", ["100", "50.00", "75.00", "0"]),
        ("pred", ["100", "100", "100", "0"]),
        ("all", ["33.33", "11.11", "33.33", "0"]),
    ],
)
def test_cells_say_counts_or_percent(normalize, texts) -> None:
    found = cells(normalize)
    wanted = [(0, 0), (1, 7), (4, 9), (9, 9)]
    assert [found[cell]["label"]["formatter"] for cell in wanted] == texts


def test_shares_keep_two_digits_and_their_unit_stands_on_the_axis_and_in_the_tooltip() -> None:
    matrix = np.diag([1000] * 10)
    matrix[4, 9] = 3
    option = draw_confusion_matrix(matrix / matrix.sum(), "all")
    cell = option["series"][0]["data"][49]
    assert cell["label"]["formatter"] == "0.03"
    assert cell["name"] == "true 4, predicted 9: 0.03 % of all images"
    assert option["xAxis"]["name"] == "predicted, cells in % of all images"


def test_colours_are_the_themes_own() -> None:
    """Only what is not shaded has one: a grey that either theme shows."""
    option = draw_confusion_matrix(confusion_matrix(TRUE, PREDICTED))
    assert "inRange" not in option["visualMap"]
    for cell in option["series"][0]["data"]:
        assert ("color" in cell["label"]) == ("itemStyle" in cell) == (not cell["visualMap"])


def test_errors_only_greys_the_diagonal_and_shades_by_the_worst_error() -> None:
    matrix = confusion_matrix(TRUE, PREDICTED)
    assert draw_confusion_matrix(np.diag([5] * 10))["visualMap"]["max"] == 5
    assert draw_confusion_matrix(matrix + np.eye(10) * 9, errors_only=True)["visualMap"]["max"] == 3
    found = cells(errors_only=True)
    assert [found[cell]["visualMap"] for cell in ((0, 0), (4, 9), (9, 9))] == [False, True, False]
    assert found[0, 0]["label"]["formatter"] == "3"
    assert cells()[0, 0]["visualMap"]


def test_a_network_without_errors_can_be_drawn() -> None:
    option = draw_confusion_matrix(np.diag([5] * 10), errors_only=True)
    assert not any(cell["visualMap"] for cell in option["series"][0]["data"])


@pytest.mark.parametrize(
    ("chosen", "framed"),
    [
        ((None, None), []),
        ((4, 9), [(4, 9)]),
        ((4, None), [(4, column) for column in range(10)]),
        ((None, 9), [(row, 9) for row in range(10)]),
    ],
)
def test_the_chosen_cells_are_framed(chosen, framed) -> None:
    option = draw_confusion_matrix(np.eye(10), chosen=chosen)
    frame = option["series"][1]
    assert frame["silent"]
    assert [(row, column) for column, row, _ in frame["data"]] == framed
