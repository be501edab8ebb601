import json
import pickle
from collections.abc import Callable

import keras
import numpy as np
import pandas as pd
import pytest

from core.config.architecture import describe_layers
from core.data import load_mnist
from core.network.build import build_model, flatten_weights
from core.network.inspect import (
    activations_and_gradient,
    dead_units,
    first_layer_weights,
    layer_configs,
    layer_table,
    weight_histograms,
)
from core.network.load import layer_features, load_network
from core.runs import HISTORY_COLUMNS, Run
from core.runs.status import State, Status

X_TEST = load_mnist().x_test


def test_table_of_the_notebooks_regularised_network(untrained: Callable[..., Run]) -> None:
    table = layer_table(untrained(hidden=(512, 256), dropout=0.5, l2=1e-4))
    expected = [
        ("hidden_1", "Dense", "(None, 512)", 401_920, True, "relu", "L2 0.0001"),
        ("dropout_1", "Dropout", "(None, 512)", 0, True, None, None),
        ("hidden_2", "Dense", "(None, 256)", 131_328, True, "relu", "L2 0.0001"),
        ("dropout_2", "Dropout", "(None, 256)", 0, True, None, None),
        ("output", "Dense", "(None, 10)", 2_570, True, "softmax", None),
    ]
    rows = table.astype(object).where(table.notna(), None)
    assert list(rows.itertuples(index=False, name=None)) == expected
    assert list(table.columns) == [
        "name", "type", "output_shape", "parameters", "trainable", "activation", "regularizer"
    ]  # fmt: skip


def test_table_says_what_summary_and_the_architecture_say(
    untrained: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")  # so that no cell is broken
    run = untrained(batch_normalization=True, dropout=0.2)
    table = layer_table(run)
    lines: list[str] = []
    load_network(run).summary(print_fn=lambda line, **_: lines.append(line), line_length=140)
    text = "\n".join(lines)
    for row, layer in zip(table.itertuples(), describe_layers(run.config), strict=True):
        assert (row.name, row.parameters) == (layer.name, layer.parameters)
        line = next(line for line in text.splitlines() if f"{row.name} ({row.type})" in line)
        assert row.output_shape in line
        assert f"{row.parameters:,}" in line


def test_configurations_are_kerass_and_can_be_written_as_json(
    untrained: Callable[..., Run],
) -> None:
    run = untrained(l2=1e-3)
    configs = layer_configs(run)
    assert list(configs) == ["hidden_1", "hidden_2", "output"]
    assert configs["hidden_1"]["units"] == 16
    assert configs["hidden_1"]["kernel_regularizer"]["config"]["l2"] == pytest.approx(1e-3)
    assert configs["output"]["activation"] == "softmax"
    assert json.loads(json.dumps(configs)) == configs


def test_first_layer_weights_are_sorted_by_norm(trained: Run) -> None:
    kernel = load_network(trained).layers[0].get_weights()[0]
    images, units, norms = first_layer_weights(trained)
    assert images.shape == (32, 28, 28)
    assert sorted(units.tolist()) == list(range(32))
    assert (np.diff(norms) <= 0).all()
    for image, unit, norm in zip(images, units, norms, strict=True):
        np.testing.assert_array_equal(image.ravel(), kernel[:, unit])
        assert norm == pytest.approx(np.sqrt((kernel[:, unit].astype(float) ** 2).sum()))
    some_images, some_units, _ = first_layer_weights(trained, first=4, count=5)
    np.testing.assert_array_equal(some_units, units[4:9])
    np.testing.assert_array_equal(some_images, images[4:9])


def scale_first_kernel(factor: float) -> Callable[[keras.Model], None]:
    def scale(model: keras.Model) -> None:
        kernel, bias = model.layers[0].get_weights()
        model.layers[0].set_weights([kernel * np.float32(factor), bias])

    return scale


@pytest.mark.parametrize("factor", [2.0**40, 2.0**127])
def test_huge_weights_have_norms_and_histograms(
    untrained: Callable[..., Run], factor: float
) -> None:
    """Whose squares, or whose range, float32 has no room for."""
    images, units, norms = first_layer_weights(untrained(scale_first_kernel(factor)))
    usual_images, usual_units, usual_norms = first_layer_weights(untrained())
    np.testing.assert_array_equal(units, usual_units)
    np.testing.assert_array_equal(images, usual_images * np.float32(factor))
    np.testing.assert_allclose(norms, usual_norms * factor)
    table = weight_histograms(untrained(scale_first_kernel(factor)), bins=7)
    usual = weight_histograms(untrained(), bins=7)
    assert table["count"].tolist() == usual["count"].tolist()
    np.testing.assert_allclose(table["low"][:7], usual["low"][:7] * factor)


def test_a_weight_that_was_too_large_to_be_kept_is_infinite(untrained: Callable[..., Run]) -> None:
    """In the pictures of an earlier epoch; of the network as it stands it is known."""
    run = untrained()
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"epoch": e} for e in (1, 2)])
    model = build_model(run.config)
    kernel, bias = model.layers[0].get_weights()
    kernel[7, 3], kernel[8, 3] = 1e6, -1e6
    model.layers[0].set_weights([kernel, bias])
    for epoch in (1, 2):
        run.write_weights(epoch, flatten_weights(model))
    run.write_model(model.save)
    run.write_status(Status(state=State.FINISHED, final_epoch=2))
    images, units, norms = first_layer_weights(run, 1)
    place = units.tolist().index(3)
    assert images[place].ravel()[[7, 8]].tolist() == [np.inf, -np.inf]
    assert norms[place] == np.inf
    assert np.isfinite(np.delete(norms, place)).all()
    images, units, norms = first_layer_weights(run, 2)
    place = units.tolist().index(3)
    assert images[place].ravel()[[7, 8]].tolist() == [1e6, -1e6]
    assert norms[place] == pytest.approx(1e6 * 2**0.5)


def test_what_is_not_finite_is_in_no_histogram(untrained: Callable[..., Run]) -> None:
    def damage(model: keras.Model) -> None:
        kernel, bias = model.layers[0].get_weights()
        kernel[:3, 0] = np.nan, np.inf, -np.inf
        model.layers[0].set_weights([kernel, bias])

    run = untrained(damage)
    first = weight_histograms(run, bins=7).query("layer == 'hidden_1' & weights == 'kernel'")
    assert first["count"].sum() == 784 * 16 - 3
    assert np.isfinite(first[["low", "high"]]).all(axis=None)
    assert dead_units(run, images=X_TEST[:50]).set_index("layer")["dead"]["hidden_1"] == 0


def test_histograms_count_every_weight(untrained: Callable[..., Run]) -> None:
    run = untrained(batch_normalization=True, dropout=0.5)
    table = weight_histograms(run, bins=7)
    sums = table.groupby(["layer", "weights"])["count"].agg(["size", "sum"])
    assert (sums["size"] == 7).all()
    assert sums["sum"].to_dict() == {
        ("hidden_1", "kernel"): 784 * 16,
        ("hidden_1", "bias"): 16,
        ("hidden_2", "kernel"): 16 * 8,
        ("hidden_2", "bias"): 8,
        ("output", "kernel"): 8 * 10,
        ("output", "bias"): 10,
        **{
            (f"batch_normalization_{layer}", name): units
            for layer, units in ((1, 16), (2, 8))
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        },
    }


def test_histogram_equals_a_plain_count(trained: Run) -> None:
    kernel = load_network(trained).layers[1].get_weights()[0]
    table = weight_histograms(trained, bins=10).query("layer == 'hidden_2' & weights == 'kernel'")
    assert table["low"].iloc[0] == pytest.approx(kernel.min())
    assert table["high"].iloc[-1] == pytest.approx(kernel.max())
    for row in table.iloc[:-1].itertuples():
        assert row.count == ((kernel >= row.low) & (kernel < row.high)).sum()


def test_dead_units_are_found(untrained: Callable[..., Run]) -> None:
    def kill(model: keras.Model) -> None:
        kernel, bias = model.layers[1].get_weights()
        bias[[1, 4, 6]] = -1000
        model.layers[1].set_weights([kernel, bias])

    table = dead_units(untrained(kill)).set_index("layer")
    assert table.loc["hidden_2"].tolist() == [8, 3, 3 / 8]
    assert table.loc["hidden_1"].tolist() == [16, 0, 0]


def test_dead_units_are_those_that_never_fire(trained: Run) -> None:
    images = X_TEST[:50]
    table = dead_units(trained, images=images)
    for row in table.itertuples():
        silent = (layer_features(trained, row.layer, images) == 0).all(axis=0)
        assert (row.units, row.dead) == (len(silent), silent.sum())
        assert row.share == pytest.approx(silent.mean())


def test_a_linear_network_has_no_units_to_die(untrained: Callable[..., Run]) -> None:
    assert len(dead_units(untrained(hidden=()), images=X_TEST[:2])) == 0


def activations(run: Run, image: np.ndarray, epoch: int | None = None) -> dict[str, np.ndarray]:
    return activations_and_gradient(load_network(run, epoch), image)[0]


def input_gradient(run: Run, image: np.ndarray, digit: int, epoch: int | None = None) -> np.ndarray:
    return activations_and_gradient(load_network(run, epoch), image, digit)[1]


def test_activations_of_every_layer(untrained: Callable[..., Run]) -> None:
    run = untrained(batch_normalization=True, dropout=0.5)
    values = activations(run, X_TEST[3])
    assert list(values) == [
        "hidden_1", "batch_normalization_1", "activation_1",
        "hidden_2", "batch_normalization_2", "activation_2", "output",
    ]  # fmt: skip
    for layer, value in values.items():
        np.testing.assert_allclose(value, layer_features(run, layer, X_TEST[3])[0], atol=1e-6)
    assert values["output"].sum() == pytest.approx(1, abs=1e-6)


def test_activations_are_of_one_image(trained: Run) -> None:
    with pytest.raises(ValueError, match="expected one image, not 2"):
        activations(trained, X_TEST[:2])


def test_an_image_is_followed_through_the_network_of_an_earlier_epoch(trained: Run) -> None:
    for index in range(20):
        outputs = [activations(trained, X_TEST[index], epoch)["output"] for epoch in (1, 2, None)]
        expected = trained.test_probabilities()[:, index]
        np.testing.assert_allclose(outputs[:2], expected, atol=0.01)
        np.testing.assert_array_equal(outputs[1], outputs[2])
    early, late = (input_gradient(trained, X_TEST[0], 7, epoch) for epoch in (1, 2))
    assert not np.allclose(early, late)
    np.testing.assert_array_equal(late, input_gradient(trained, X_TEST[0], 7))


@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_input_gradient_equals_finite_differences(
    untrained: Callable[..., Run], activation: str
) -> None:
    run, digit = untrained(activation=activation, seed=7), 4
    model = load_network(run)
    pixels = X_TEST[11].reshape(784) / 255
    weights = [layer.get_weights() for layer in model.layers]

    def score(pixels: np.ndarray) -> np.ndarray:
        values = pixels
        for kernel, bias in weights[:-1]:
            values = values @ kernel.astype(float) + bias
            if activation == "tanh":
                values = np.tanh(values)
            else:
                values = values * normal_distribution(values)
        kernel, bias = weights[-1]
        return (values @ kernel.astype(float) + bias)[..., digit]

    steps = 1e-5 * np.eye(784)
    gradient = (score(pixels + steps) - score(pixels - steps)) / 2e-5
    found = input_gradient(run, X_TEST[11], digit)
    assert (found.shape, found.dtype) == ((28, 28), np.float32)
    np.testing.assert_allclose(found.ravel(), gradient * pixels, atol=1e-5)
    assert np.abs(found).max() > 1e-2


def normal_distribution(values: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return (1 + erf(values / np.sqrt(2))) / 2


def test_input_gradient_of_a_linear_network_is_weight_times_pixel(
    untrained: Callable[..., Run],
) -> None:
    run = untrained(hidden=())
    kernel = load_network(run).layers[0].get_weights()[0]
    expected = kernel[:, 6].reshape(28, 28) * (X_TEST[0] / 255)
    np.testing.assert_allclose(input_gradient(run, X_TEST[0], 6), expected, atol=1e-7)


def test_input_gradient_with_dropout_is_that_of_inference_mode(
    untrained: Callable[..., Run],
) -> None:
    run = untrained(dropout=0.5)
    first, second = (input_gradient(run, X_TEST[0], 1) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_input_gradient_refuses_what_is_no_digit(trained: Run) -> None:
    with pytest.raises(ValueError, match="10 is no digit"):
        input_gradient(trained, X_TEST[0], 10)


def test_runs_and_results_can_be_sent_to_a_worker_and_back(trained: Run) -> None:
    run = pickle.loads(pickle.dumps(trained))
    table = pickle.loads(pickle.dumps(layer_table(run)))
    pd.testing.assert_frame_equal(table, layer_table(trained))


def test_what_a_network_in_bfloat16_gives_is_float32_too(untrained: Callable[..., Run]) -> None:
    run, plain = (untrained(hidden=(8, 4), precision=p) for p in ("bfloat16", "float32"))
    for name in ("hidden_1", "hidden_2", "output"):
        found, expected = (layer_features(one, name, X_TEST[:20]) for one in (run, plain))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=0.05)
    activations, gradient = activations_and_gradient(load_network(run), X_TEST[0])
    assert {values.dtype for values in activations.values()} == {np.dtype(np.float32)}
    assert gradient.dtype == np.float32
