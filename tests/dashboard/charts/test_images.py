import numpy as np

from dashboard.charts.images import draw_image_grid, enlarge

IMAGES = np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)


def test_each_image_can_be_clicked_and_has_its_caption_below() -> None:
    figure = draw_image_grid(IMAGES, ["a", "b", "c<br>d"], columns=2)
    points, texts = figure.data[1], figure.layout.annotations
    assert points.customdata == (0, 1, 2)
    assert [text.text for text in texts] == ["a", "b", "c<br>d"]
    assert [text.x for text in texts] == list(points.x)
    assert all(text.y == y + 14 for text, y in zip(texts, points.y, strict=True))
    assert points.y[0] == points.y[1] < points.y[2]


def test_captions_of_more_lines_get_more_room() -> None:
    heights = [
        draw_image_grid(IMAGES, [caption] * 3, columns=1).layout.height
        for caption in ("a", "a<br>b", "a<br>b<br>c")
    ]
    line = 14  # pixels, of text of 12
    assert heights[1] - heights[0] > 3 * line
    assert heights[2] - heights[1] > 3 * line


def test_a_larger_picture_is_no_other() -> None:
    large = enlarge(np.array([[0, 9], [7, 5]], np.uint8), zoom=2)
    assert large.tolist() == [[0, 0, 9, 9], [0, 0, 9, 9], [7, 7, 5, 5], [7, 7, 5, 5]]
