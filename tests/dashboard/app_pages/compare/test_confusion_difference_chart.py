import numpy as np
import pytest

from dashboard.app_pages.compare.confusion_difference_chart import draw_confusion_difference
from dashboard.charts.colors import NEUTRAL

A_COLOR, B_COLOR = "#112233", "#445566"


def draw(changes: dict[tuple[int, int], int]) -> dict[tuple[int, int], dict]:
    """The cells by true label and answer, where B has so many more images than A's 50 each."""
    a = np.full((10, 10), 50)
    b = a.copy()
    for place, change in changes.items():
        b[place] += change
    options = draw_confusion_difference(a, b, ("A", "B"), (A_COLOR, B_COLOR))
    cells = options["series"][0]["data"]
    return {(cell["value"][1], cell["value"][0]): cell for cell in cells}


def test_cells_tell_how_many_more_images_b_has() -> None:
    cells = draw({(3, 5): -7, (2, 2): 4})
    assert len(cells) == 100
    assert cells[3, 5]["label"]["formatter"] == "−7"
    assert cells[3, 5]["name"] == "true 3, predicted 5: 50 and 43 images"
    assert cells[2, 2]["label"]["formatter"] == "+4"
    assert not cells[0, 0]["label"]["show"]


def test_a_cell_has_the_colour_of_the_better_one() -> None:
    cells = draw({(2, 2): 10, (3, 3): -10, (4, 5): 10, (5, 4): -10})
    better = {place: cell["itemStyle"]["color"][:7] for place, cell in cells.items()}
    assert better[2, 2] == B_COLOR  # B has more right answers
    assert better[3, 3] == A_COLOR
    assert better[4, 5] == A_COLOR  # B has more wrong answers
    assert better[5, 4] == B_COLOR


def test_smaller_differences_are_fainter() -> None:
    cells = draw({(2, 2): 100, (3, 3): 50, (4, 4): 1})
    shades = [cells[n, n]["itemStyle"]["color"] for n in (2, 3, 4)]
    opacities = [int(shade[7:], 16) / 255 for shade in shades]
    assert opacities == pytest.approx([0.8, 0.475, 0.1565], abs=0.005)


def test_the_key_says_which_colour_is_whose() -> None:
    a = np.zeros((10, 10), int)
    key = draw_confusion_difference(a, a, ("C", "D"), (A_COLOR, B_COLOR))["title"]
    assert key["text"].split() == ["{C|■}", "C", "is", "better", "{D|■}", "D", "is", "better"]
    assert {name: style["color"] for name, style in key["textStyle"]["rich"].items()} == {
        "C": A_COLOR,
        "D": B_COLOR,
    }


def test_equal_matrices_have_no_colours() -> None:
    assert {cell["itemStyle"]["color"] for cell in draw({}).values()} == {f"{NEUTRAL}18"}
