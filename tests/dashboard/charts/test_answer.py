import numpy as np

from dashboard.charts.answer import answer_frame, draw_answer, draw_answer_history
from dashboard.charts.colors import CLASS_COLORS

HISTORY = np.zeros((3, 10), np.float32)
HISTORY[:, 4] = [0.25, 0.5, 0.75]
HISTORY[:, 9] = [0.75, 0.5, 0.25]


def test_a_bar_a_digit_in_percent_in_the_digits_colour() -> None:
    option = draw_answer(HISTORY[0], true=4)
    bars = option["series"][0]["data"]
    assert [bar["value"] for bar in bars] == [0, 0, 0, 0, 25, 0, 0, 0, 0, 75]
    assert tuple(bar["itemStyle"]["color"] for bar in bars) == CLASS_COLORS
    labels = [bar["label"]["formatter"] for bar in bars if bar["label"]["show"]]
    assert labels == ["25.00 %", "75.00 %"]
    assert option["yAxis"]["data"][3:6] == ["3", "true 4", "5"]
    assert option["yAxis"]["inverse"]  # 0 on top


def test_the_frame_by_epoch() -> None:
    frame = answer_frame(HISTORY)
    assert frame["epoch"].tolist() == [1, 2, 3]
    assert frame["4"].tolist() == [25, 50, 75]
    assert frame["0"].tolist() == [0, 0, 0]


def test_a_line_a_digit_and_the_epoch_marked() -> None:
    option = draw_answer_history(HISTORY, epoch=2)
    assert [line["name"] for line in option["series"]] == [str(digit) for digit in range(10)]
    assert option["series"][0]["markLine"]["data"] == [{"xAxis": 2}]
    assert (option["xAxis"]["min"], option["xAxis"]["max"]) == (1, 3)


def test_a_history_of_some_epochs_only() -> None:
    history = np.eye(10, dtype=np.float32)[:3]
    epochs = np.array([1, 4, 7])
    assert answer_frame(history, epochs)["epoch"].tolist() == [1, 4, 7]
    assert draw_answer_history(history, 4, epochs)["xAxis"]["max"] == 7
