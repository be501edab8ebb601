"""Photographs of MNIST's test digits, made: uneven light, noise, frames, ruled paper, shadows."""

import io
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from core.data import load_mnist
from core.drawing import to_mnist

X_TEST = load_mnist().x_test
Drawer = Callable[[ImageDraw.ImageDraw], None]


def ink(
    places: dict[int, tuple[int, int]], size: int, height: int = 800, width: int = 800
) -> np.ndarray:
    """How much ink is where, (height, width), from 0 to 1: test digits by number.

    Each is `size` high and wide, as MNIST's 28×28; its place is the upper left corner.
    """
    page = np.zeros((height, width))
    for number, (top, left) in places.items():
        large = Image.fromarray(X_TEST[number]).resize((size, size), Image.Resampling.BICUBIC)
        page[top : top + size, left : left + size] = np.asarray(large) / 255
    return page


def marks(draw: Drawer, tilt: float = 0, side: int = 800) -> np.ndarray:
    """What `draw` draws on a square of this side, and a margin of as much, tilted: 0 to 1.

    The square's upper left corner is at (side, side).
    """
    paper = Image.new("L", (3 * side, 3 * side))
    draw(ImageDraw.Draw(paper))
    middle = paper.rotate(tilt, Image.Resampling.BICUBIC)
    return np.asarray(middle.crop((side, side, 2 * side, 2 * side))) / 255


def frame(
    left: int, top: int, right: int, bottom: int, width: int, *, side: int = 800, **shape: int
) -> Drawer:
    """A frame; `radius` rounds its corners, `without` leaves a side open: 0 left, 1 right."""

    def draw(paper: ImageDraw.ImageDraw) -> None:
        box = [left + side, top + side, right + side, bottom + side]
        paper.rounded_rectangle(box, shape.get("radius", 0), outline=255, width=width)
        if "without" in shape:
            edge = box[2 * shape["without"]]
            inner = [edge - width, box[1] + width, edge + width, box[3] - width]
            paper.rectangle(inner, fill=0)

    return draw


def circle(left: int, top: int, size: int, width: int, side: int = 800) -> Drawer:
    box = [left + side, top + side, left + size + side, top + size + side]
    return lambda paper: paper.ellipse(box, outline=255, width=width)


def ruling(step: int, width: int, squared: bool = False, side: int = 800) -> Drawer:
    def draw(paper: ImageDraw.ImageDraw) -> None:
        for place in range(step // 2, 3 * side, step):
            paper.rectangle([0, place, 3 * side, place + width - 1], fill=255)
            if squared:
                paper.rectangle([place, 0, place + width - 1, 3 * side], fill=255)

    return draw


def shadow(blur: float, side: int = 800) -> np.ndarray:
    """A shadow over the left half, which takes half of the light: (side, side)."""
    paper = Image.new("L", (side, side), 255)
    corners = [(0, 0), (0.55 * side, 0), (0.4 * side, side), (0, side)]
    ImageDraw.Draw(paper).polygon(corners, fill=128)
    return np.asarray(paper.filter(ImageFilter.GaussianBlur(blur))) / 255


def light(height: int = 800, width: int = 800, slope: float = 0.3) -> np.ndarray:
    """The light on the paper: falls by `slope` from one corner to the other."""
    rows, columns = np.mgrid[:height, :width]
    return 0.9 - slope * (rows / height + columns / width) / 2


def photograph(page: np.ndarray, paper: np.ndarray, noise: float = 0.02) -> np.ndarray:
    """Dark ink on the paper, (H, W) from 0 to 1."""
    rng = np.random.default_rng(0)
    return np.clip(paper * (1 - 0.75 * page) + rng.normal(0, noise, page.shape), 0, 1)


def encode(picture: np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray((255 * picture).astype(np.uint8)).save(file, kind, **options)
    return file.getvalue()


def likeness(canvas: np.ndarray, number: int) -> float:
    """How like the MNIST digit a canvas is, prepared, and if need be moved by a pixel.

    The correlation: 0 would be unlike, 1 equal.
    """
    image = to_mnist(canvas)
    moved = [np.roll(image, step, (0, 1)) for step in product((-1, 0, 1), repeat=2)]
    return max(np.corrcoef(m.ravel(), X_TEST[number].ravel())[0, 1] for m in moved)


def beside(numbers: Sequence[int], size: int = 380) -> np.ndarray:
    """The ink of digits beside each other in the middle of an 800×800 page."""
    step = int(0.75 * size)
    left = (800 - size - step * (len(numbers) - 1)) // 2
    places = {
        number: ((800 - size) // 2, left + step * place) for place, number in enumerate(numbers)
    }
    return ink(places, size)
