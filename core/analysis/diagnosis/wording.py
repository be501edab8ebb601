"""Numbers as a finding says them."""

from core.analysis.metrics import wilson_interval
from core.config import TEST_SET, RunConfig


def loss(value: float) -> str:
    """0.07483 -> "0.075", 2.3026 -> "2.30", 0.00041 -> "0.0004"."""
    return f"{value:.2f}" if value >= 0.995 else f"{value:.3f}" if value >= 0.01 else f"{value:.4f}"


def percent(share: float) -> str:
    """0.98314 -> "98.31 %"."""
    return f"{100 * share:.2f} %"


def with_interval(accuracy: float, images: int) -> str:
    """An accuracy with its 95 % interval (Wilson's): "98.31 % (98.04 to 98.55)"."""
    low, high = wilson_interval(round(accuracy * images), images)
    return f"{percent(accuracy)} ({100 * low:.2f} to {100 * high:.2f})"


def of_test_images(accuracy: float) -> str:
    """As `with_interval`, of the 10,000 test images."""
    return with_interval(accuracy, TEST_SET)


def of_validation_images(accuracy: float, config: RunConfig) -> str:
    """As `with_interval`, of the run's validation images."""
    return with_interval(accuracy, config.validation_size)


def number_of(count: int, one: str) -> str:
    """1, "epoch" -> "1 epoch"; 8, "epoch" -> "8 epochs"."""
    return f"{count} {one if count == 1 else one + 's'}"
