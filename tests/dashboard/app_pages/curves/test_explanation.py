import pandas as pd
import pytest

from core.config import RunConfig
from dashboard.app_pages.curves.explanation import explain_measurement

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
    ],
)
def test_the_cause_is_named(config: RunConfig, beginning: str) -> None:
    sentence = explain_measurement(config, ROW, 0.0629)
    assert sentence.startswith(beginning)
    assert "**0.0758**" in sentence
