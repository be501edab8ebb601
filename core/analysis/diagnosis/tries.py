"""What findings say to try."""

from core.analysis.diagnosis.case import Case
from core.analysis.diagnosis.findings import Try
from core.analysis.diagnosis.thresholds import USUAL_RATE
from core.config import TRAINING_SET, Activation, RunConfig, bounds

REGULARIZE = Try("Regularise it: dropout 0.5, L2 0.0001", {"dropout": 0.5, "l2": 1e-4})
STOP_EARLY = Try("Stop early, within 100 epochs", {"early_stopping": True, "epochs": 100})
USUAL_WIDTHS = Try("Layers 512-256", {"hidden": (512, 256)})
USE_RELU = Try("Activation relu", {"activation": Activation.RELU})
ALL_IMAGES = Try("All training images", {"training_images": TRAINING_SET})


def use_usual_rate(config: RunConfig) -> Try:
    """Train at the usual learning rate of its optimizer."""
    usual = USUAL_RATE[config.optimizer]
    if config.learning_rate == usual:  # and was changed while it trained
        return Try(f"Keep the learning rate at {usual:g}", {})
    return Try(f"Learning rate {usual:g}, the usual one", {"learning_rate": usual})


def train_longer(case: Case) -> tuple[Try, ...]:
    """Train all the epochs if it was stopped by hand, else twice as many.

    Nothing if early stopping ended it, which would again, or if it has as many as may be.
    """
    config = case.config
    if case.stopped_by_hand and case.epochs < config.epochs:
        return (Try(f"All {config.epochs} epochs", {}),)
    epochs = min(2 * config.epochs, int(bounds("epochs").high))
    if case.stopped_early or epochs == config.epochs:
        return ()
    return (Try(f"{epochs} epochs", {"epochs": epochs}),)
