"""Why the two training losses of a run differ, in sentences."""

import pandas as pd

from core.config import RunConfig


def explain_gap(config: RunConfig, row: pd.Series) -> str:
    """Why the two losses of a `row` of the history of such a run differ."""
    reasons = ["the first is a mean over an epoch in which the weights still move"]
    if config.hidden and config.batch_normalization:
        reasons.insert(
            0,
            "batch normalisation goes by each batch's own statistics while the network fits and by "
            "its moving averages when it is measured",
        )
    if config.is_augmented:
        reasons.insert(
            0,
            "augmentation changes the images while the network fits, and it is measured on them "
            "as they are",
        )
    shares = {"hidden units": config.hidden and config.dropout, "pixels": config.input_dropout}
    if dropped := [f"{share:g} of the {what}" for what, share in shares.items() if share]:
        reasons.insert(
            0,
            f"dropout switches off a share of {' and '.join(dropped)} while the network fits and "
            "none when it is measured",
        )
    sentence = (
        f"In epoch {row['epoch']:.0f} the training loss is **{row['running_loss']:.4f}** as "
        f"reported while fitting and **{row['train_loss']:.4f}** as measured afterwards, because "
        f"{', and because '.join(reasons)}."
    )
    if config.hidden and config.l2:
        sentence += f" Both contain the L2 penalty, {row['l2_penalty']:.4f} after the epoch."
    return sentence


def explain_measurement(config: RunConfig, row: pd.Series, raised_by: float) -> str:
    """What it proves that training mode alone raises the loss of the same weights by so much.

    `row` is that of the history for the epoch of these weights.
    """
    gap = row["running_loss"] - row["train_loss"]
    drops = bool(config.input_dropout or (config.hidden and config.dropout))
    normalizes = bool(config.hidden and config.batch_normalization)
    if not drops and not normalizes:
        return (
            "This network has no dropout: both ways give the same loss. Its gap of "
            f"**{gap:.4f}** comes only from {_what_else(config)}."
        )
    cause = "Dropout" if drops else "Batch normalisation by batches"
    if drops and normalizes:
        cause += " and batch normalisation by batches"
    raised = f"raises the loss of the very same weights by **{raised_by:.4f}**"
    rest = f"; the rest comes from {_what_else(config)}" if config.is_augmented else ""
    return f"{cause} alone {raised}. The gap in the history is **{gap:.4f}**{rest}."


def _what_else(config: RunConfig) -> str:
    """What makes the two losses differ, beside how the network computes."""
    changed = "the images, which augmentation changes, and " if config.is_augmented else ""
    return f"{changed}the weights, which move during the epoch"
