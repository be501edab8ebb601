"""README's figures of the presets `quick` and `best-augmented`, over three seeds.

`python -m tests.benchmarks.presets` trains what is missing into the runs folder, half an hour on
two cores that do nothing else, and prints a table: accuracy on validation and test, the same test
digits drawn at random sizes and places and prepared as a canvas is, and seconds.
"""

import numpy as np
from PIL import Image

from core.data import Images, load_mnist
from core.drawing import to_mnist
from core.drawing.reading import predict
from core.runs import Run, RunStore
from tests.benchmarks.notebook import spread, trained

SEEDS = range(3)
NAMES = ("quick", "best-augmented")
_SIDE = 280
_SIZES = 90, 250  # pixels of the 28×28 on the canvas


def main() -> None:
    """Train what is missing, and print the table in Markdown."""
    store = RunStore()
    drawn = draw_anywhere(load_mnist().x_test)
    print("| preset | validation | test | test, drawn anywhere | training |")
    print("| --- | --- | --- | --- | --- |")
    for name in NAMES:
        runs = [trained(store, name, seed) for seed in SEEDS]
        rows = [run.history.iloc[-1] for run in runs]
        columns = [[row[f"{split}_accuracy"] for row in rows] for split in ("validation", "test")]
        columns.append([accuracy_on(run, drawn) for run in runs])
        seconds = spread([run.status.seconds for run in runs], ".1f")
        accuracies = " | ".join(spread(values, ".2%") for values in columns)
        print(f"| `{name}` | {accuracies} | {seconds} s |", flush=True)


def draw_anywhere(images: Images) -> np.ndarray:
    """The images at random sizes and places on a canvas, prepared again: float32 (n, 28, 28)."""
    rng = np.random.default_rng(0)
    prepared = []
    for image in images:
        size = int(rng.integers(*_SIZES))
        top, left = rng.integers(0, _SIDE - size, 2)
        canvas = np.zeros((_SIDE, _SIDE), np.uint8)
        large = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)
        canvas[top : top + size, left : left + size] = np.asarray(large)
        prepared.append(to_mnist(canvas))
    return np.stack(prepared)


def accuracy_on(run: Run, images: np.ndarray) -> float:
    """Of the run's network on test images in their order."""
    return float((predict(run, images).argmax(axis=1) == load_mnist().y_test).mean())


if __name__ == "__main__":
    main()
