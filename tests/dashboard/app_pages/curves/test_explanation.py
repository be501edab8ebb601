import pandas as pd
import pytest

from core.config import RunConfig
from dashboard.app_pages.curves.explanation import explain_gap, explain_measurement

ROW = pd.Series({"running_loss": 0.2382, "train_loss": 0.1624})


@pytest.mark.parametrize(
    ("config", "beginning"),
    [
        (RunConfig(dropout=0.5), "Dropout alone raises the loss of the very same weights by **0."),
        (RunConfig(hidden=(), input_dropout=0.2), "Dropout alone raises"),
        (RunConfig(hidden=(), dropout=0.5), "This network has no dropout"),
        (RunConfig(l2=1e-4), "This network has no dropout: both ways give the same loss."),
        (RunConfig(batch_normalization=True), "Batch normalisation by batches alone raises"),
        (
            RunConfig(batch_normalization=True, dropout=0.5),
            "Dropout and batch normalisation by batches alone raises",
        ),
        (RunConfig(dropout=0.5, shift=2), "Dropout alone raises the loss"),
    ],
)
def test_the_cause_is_named(config: RunConfig, beginning: str) -> None:
    sentence = explain_measurement(config, ROW, 0.0629)
    assert sentence.startswith(beginning)
    assert "**0.0758**" in sentence


def test_augmentation_is_named_where_it_is_on() -> None:
    row = pd.concat([ROW, pd.Series({"epoch": 3})])
    changed = "augmentation changes the images while the network fits"
    assert changed in explain_gap(RunConfig(rotation=10), row)
    assert changed not in explain_gap(RunConfig(), row)
    images = "the images, which augmentation changes"
    for config in (RunConfig(rotation=10), RunConfig(rotation=10, dropout=0.5)):
        assert images in explain_measurement(config, ROW, 0.0)
    assert images not in explain_measurement(RunConfig(dropout=0.5), ROW, 0.0)
