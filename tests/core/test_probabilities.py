import numpy as np
import pytest

from core.probabilities import restore_winners, round_probabilities


def row(*largest: float) -> np.ndarray:
    """Ten probabilities that begin with these and share what is left."""
    rest = (1 - sum(largest)) / (10 - len(largest))
    return np.array([[*largest, *[rest] * (10 - len(largest))]], np.float32)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


CRAFTED = {
    "tie of two": row(0.45, 0.450001),
    "tie of three": row(0.3, 0.300001, 0.300002),
    "true tie": row(0.4, 0.4),
    "tie below the winner": row(0.2, 0.200001, 0.5),
    "no more than even": np.full((1, 10), 0.1, np.float32),
    "both nearly 1": np.array([[0.99999, 0.999999, *[0] * 8]], np.float32),
    "sure": row(0.0, 0.0, 1.0),
    "winner first": row(0.450001, 0.45),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_the_answer_stays_when_probabilities_are_rounded(name: str) -> None:
    probabilities = CRAFTED[name]
    stored = round_probabilities(probabilities)
    assert stored.dtype == np.float16
    assert stored.argmax() == restore_winners(stored).argmax() == probabilities.argmax()
    np.testing.assert_allclose(stored, probabilities, atol=1e-3)


@pytest.mark.parametrize("scale", [0.001, 0.1, 1, 10, 30])
def test_the_answer_of_any_softmax_stays(scale: float) -> None:
    logits = np.random.default_rng(0).normal(0, scale, (200_000, 10))
    probabilities = softmax(logits)
    stored = round_probabilities(probabilities)
    read = restore_winners(stored)
    answers = probabilities.argmax(axis=1)
    np.testing.assert_array_equal(stored.argmax(axis=1), answers)
    np.testing.assert_array_equal(read.argmax(axis=1), answers)
    assert read.dtype == np.float32
    assert (read >= 0).all()
    np.testing.assert_allclose(read, probabilities, atol=1.5e-3)
    if scale <= 0.001:  # ties there are, and many
        assert (probabilities.astype(np.float16).argmax(axis=1) != answers).any()


def test_what_a_network_is_sure_of_is_read_to_six_digits() -> None:
    sure = 1 - np.logspace(-5, -2, 50)
    probabilities = np.concatenate([row(share) for share in sure])
    read = restore_winners(round_probabilities(probabilities))
    np.testing.assert_allclose(1 - read[:, 0], 1 - sure, rtol=2e-2, atol=6e-7)
    assert (np.diff(read[:, 0]) < 0).all()  # no two alike
    assert len(np.unique(probabilities.astype(np.float16)[:, 0])) < 30
