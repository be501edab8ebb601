"""What findings say to try."""

from core.analysis.diagnosis.findings import Try
from core.config import TRAINING_SET, RunConfig, bounds

REGULARIZE = Try("Regularise it: dropout 0.5, L2 0.0001", {"dropout": 0.5, "l2": 1e-4})
STOP_EARLY = Try("Stop early, within 100 epochs", {"early_stopping": True, "epochs": 100})
USUAL_WIDTHS = Try("Layers 512-256", {"hidden": (512, 256)})
ALL_IMAGES = Try("All training images", {"training_images": TRAINING_SET})


def use_rate(rate: float) -> Try:
    """Train at another learning rate."""
    return Try(f"Learning rate {rate:g}, the usual one", {"learning_rate": rate})


def train_longer(config: RunConfig) -> tuple[Try, ...]:
    """Train twice as many epochs; nothing if it has as many as may be."""
    epochs = min(2 * config.epochs, int(bounds("epochs").high))
    return (Try(f"{epochs} epochs", {"epochs": epochs}),) if epochs > config.epochs else ()
