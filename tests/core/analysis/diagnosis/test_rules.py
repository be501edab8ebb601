"""What no training must be needed to know of the rules: order, what explains what, odd numbers."""

import hypothesis
import hypothesis.extra.numpy as numpy_strategies
import hypothesis.strategies as strategies
import numpy as np
import numpy.typing as npt
import pytest

from core.analysis.diagnosis import Case, Kind, diagnose
from core.analysis.diagnosis.wording import loss, percent, with_interval
from core.config import RunConfig
from core.runs import HISTORY_COLUMNS

_VALUES = strategies.floats(0, 1e30) | strategies.sampled_from([0.0, 1e-300, 0.1, 2.3, 1e300])
_SHARES = strategies.floats(0, 1)


@strategies.composite
def histories(draw: strategies.DrawFn) -> dict[str, npt.NDArray[np.float64]]:
    """Whatever a history file may hold."""
    epochs = draw(strategies.integers(1, 12))
    columns = {}
    for name in HISTORY_COLUMNS:
        values = _SHARES if name.endswith("accuracy") else _VALUES
        columns[name] = draw(numpy_strategies.arrays(np.float64, epochs, elements=values))
    return columns | {"epoch": np.arange(1.0, epochs + 1)}


@hypothesis.given(
    histories(),
    strategies.booleans(),
    strategies.sampled_from(
        [
            RunConfig(),
            RunConfig(hidden=(), learning_rate=10),
            RunConfig(dropout=0.9, l2=0.1, early_stopping=True, patience=1),
            RunConfig(activation="tanh", hidden=(2,) * 6, optimizer="sgd", training_images=1_000),
        ]
    ),
)
def test_no_history_is_too_odd(
    history: dict[str, npt.NDArray[np.float64]], has_ended: bool, config: RunConfig
) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        found = diagnose(Case(config, history, has_ended))
    kinds = [finding.kind for finding in found]
    assert len({*kinds}) == len(kinds)
    if Kind.CLEAN in kinds:
        assert kinds[0] is Kind.CLEAN
        assert not any(finding.is_fault for finding in found)
    if has_ended:
        assert kinds


@pytest.mark.parametrize(
    ("value", "words"), [(0.07483, "0.075"), (2.302585, "2.30"), (0.00041, "0.0004"), (1.0, "1.00")]
)
def test_losses_are_said_to_what_they_are_worth(value: float, words: str) -> None:
    assert loss(value) == words


def test_accuracies_are_said_with_their_interval() -> None:
    assert percent(0.98314) == "98.31 %"
    assert with_interval(0.9831, 10_000) == "98.31 % (98.04 to 98.54)"
