"""What a lesson says of a run, against references computed otherwise from the run's files."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from core.config import RunConfig
from core.course.measures import Material, MeasureError, Value, measure
from core.data import DISPUTED_TEST_LABELS, load_mnist
from core.drawing.collection import DrawingStore
from core.maps.embedding import compute_map
from core.maps.request import MapRequest, MapStatus
from core.maps.store import StoredMap
from core.network import inspect
from core.runs import Run, RunStore
from core.runs.history import HISTORY_COLUMNS
from core.runs.status import State, Status
from core.training import train

LABELS = load_mnist().y_test


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """As `trained`, from another seed, and with dropout."""
    config = RunConfig(
        hidden=(32, 16),
        training_images=2_000,
        validation_share=0.05,
        batch_size=64,
        epochs=2,
        dropout=0.2,
        seed=1,
    )
    run = RunStore(tmp_path_factory.mktemp("other")).create(config)
    assert train(run).state is State.FINISHED
    return run


def of(run: Run, name: str) -> Value:
    return measure(f"a.{name}", Material([run]))


def predictions(run: Run) -> np.ndarray:
    model = keras.saving.load_model(run.model_path)
    images = load_mnist().x_test.reshape(-1, 784).astype(np.float32) / 255
    return model.predict(images, verbose=0)


def test_figures_of_the_history_are_those_after_the_networks_epoch(trained: Run) -> None:
    last = trained.history.iloc[-1]
    for name in ("test_accuracy", "train_accuracy", "validation_accuracy"):
        assert of(trained, name) == (last[name], f"{100 * last[name]:.2f} %")
    for name in ("running_loss", "train_loss", "validation_loss"):
        assert of(trained, name).value == last[name]
    assert of(trained, "epochs").value == of(trained, "epoch").value == 2
    first = trained.history["validation_accuracy"].iloc[0]
    assert of(trained, "first_validation_accuracy").value == first
    assert of(trained, "parameters") == (784 * 32 + 32 + 32 * 16 + 16 + 160 + 10, "25,818")


def test_where_the_weights_of_another_epoch_were_restored_they_are_of_that_epoch(
    trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored = Status(state=State.FINISHED, final_epoch=1)
    monkeypatch.setattr(Run, "status", restored)
    assert of(trained, "test_accuracy").value == trained.history["test_accuracy"].iloc[0]
    assert (of(trained, "epoch").value, of(trained, "epochs").value) == (1, 2)


def test_the_lowest_validation_loss_is_found_with_its_accuracy(store: RunStore) -> None:
    run = store.create(RunConfig(epochs=3))
    rows = [
        {"validation_loss": loss, "validation_accuracy": accuracy}
        for loss, accuracy in [(0.3, 0.91), (0.1, 0.952), (0.2, 0.96)]
    ]
    names = ("running", "train", "test")
    usual = {f"{name}_{kind}": 0.5 for name in names for kind in ("loss", "accuracy")}
    usual |= {"seconds": 1, "learning_rate": 1e-3, "base_learning_rate": 1e-3, "l2_penalty": 0}
    run.write_history([{"epoch": epoch} | usual | row for epoch, row in enumerate(rows, start=1)])
    assert of(run, "lowest_epoch").value == 2
    assert of(run, "lowest_validation_loss") == (0.1, "0.100")
    assert of(run, "lowest_validation_accuracy").text == "95.20 %"
    assert of(run, "epoch_at_95") == (2, "2")
    run.write_history([{"epoch": 1} | usual | rows[0]])
    assert of(run, "epoch_at_95") == (2, "more than 1")


def test_errors_are_those_of_the_network_itself(trained: Run) -> None:
    answers = predictions(trained)
    said = answers.argmax(axis=1)
    assert of(trained, "errors").value == (said != LABELS).sum()
    matrix = confusion_matrix(LABELS, said)
    np.fill_diagonal(matrix, 0)
    pairs = matrix + matrix.T
    leading = [f"{low} and {high}" for low, high in np.argwhere(pairs == pairs.max()) if low < high]
    assert of(trained, "confused") == ("; ".join(leading), ", or ".join(leading))
    assert of(trained, "confused_errors").value == pairs.max()
    p_said, p_true = answers.max(axis=1), answers[np.arange(10_000), LABELS]
    worst = np.argsort(np.where(said != LABELS, p_true - p_said, 1), kind="stable")[:6]
    disputed = set(worst.tolist()) & set(DISPUTED_TEST_LABELS)
    assert of(trained, "disputed_of_six").value == len(disputed)
    low, high = proportion_confint((said == LABELS).sum(), 10_000, method="wilson")
    assert of(trained, "test_interval").text == f"{100 * low:.2f} to {100 * high:.2f} %"


def test_sure_answers_are_counted_and_those_among_them_that_are_wrong(trained: Run) -> None:
    answers = predictions(trained)
    sure = answers.max(axis=1) >= 0.99
    wrong = (answers.argmax(axis=1) != LABELS)[sure].sum()
    assert of(trained, "sure_answers") == (sure.sum(), f"{sure.sum():,}")
    assert of(trained, "sure_wrong").value == wrong
    assert of(trained, "sure_wrong_share").value == pytest.approx(wrong / sure.sum())
    confidence = answers.max(axis=1)[sure].astype(np.float64)
    assert of(trained, "sure_confidence").value == pytest.approx(confidence.mean(), abs=1e-5)
    assert of(trained, "sure_expected").value == pytest.approx((1 - confidence).sum(), abs=1)


def test_weights_from_blank_pixels_are_told_from_the_others(trained: Run) -> None:
    kernel = keras.saving.load_model(trained.model_path).layers[0].kernel.numpy()
    inked = (load_mnist().x_train > 0).any(axis=0).ravel()
    assert inked.sum() == 717
    assert of(trained, "weights_from_ink").value == pytest.approx(
        np.abs(kernel[inked]).mean(), rel=1e-3
    )
    blank = of(trained, "weights_from_blank")
    assert blank.value == pytest.approx(np.abs(kernel[~inked]).mean(), rel=1e-3)
    assert blank.text == f"{blank.value:.4f}"


def test_dead_units_are_those_that_the_page_layers_counts(trained: Run) -> None:
    layers = inspect.dead_units(trained, 2)
    share = layers["dead"].sum() / layers["units"].sum()
    assert of(trained, "dead_units").value == pytest.approx(share)


@pytest.mark.parametrize("changes", [{"hidden": ()}, {"activation": "tanh"}])
def test_units_that_cannot_die_and_weights_that_are_not_kept_are_said(
    changes: dict[str, object], store: RunStore
) -> None:
    run = store.create(RunConfig.model_validate({"epochs": 2} | changes), name="this one")
    with pytest.raises(MeasureError, match="this one has no hidden units that can die"):
        of(run, "dead_units")
    with pytest.raises(MeasureError, match="this one keeps no weights"):
        of(run, "weights_from_blank")


def test_pairs_that_lead_together_are_both_named_and_disputed_labels_counted(
    store: RunStore,
) -> None:
    run = store.create(RunConfig(epochs=1))
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"epoch": 1}])
    answers = np.eye(10, dtype=np.float32)[LABELS]
    fours, sevens = np.flatnonzero(LABELS == 4)[:2], np.flatnonzero(LABELS == 7)[:2]
    for images, said in ((fours, 9), (sevens, 2)):
        answers[images] = np.eye(10, dtype=np.float32)[said] * 0.6
    surest = DISPUTED_TEST_LABELS[0]
    answers[surest] = np.eye(10, dtype=np.float32)[(LABELS[surest] + 5) % 10]
    run.write_test_probabilities(1, answers)
    assert of(run, "confused") == ("2 and 7; 4 and 9", "2 and 7, or 4 and 9")
    assert of(run, "confused_errors").value == 2
    assert of(run, "disputed_of_six").value == 1
    assert of(run, "sure_wrong").value == 1


def test_runs_are_held_against_each_other(trained: Run, other: Run) -> None:
    both = Material([trained, other])
    accuracies = [run.history["test_accuracy"].iloc[-1] for run in both.runs]
    difference = abs(accuracies[0] - accuracies[1])
    assert measure("seed_range", both).text == f"{100 * difference:.2f} points"
    right = [predictions(run).argmax(axis=1) == LABELS for run in both.runs]
    table = [[np.sum((right[0] == a) & (right[1] == b)) for b in (1, 0)] for a in (1, 0)]
    p_value = mcnemar(table, exact=True).pvalue
    assert measure("p_value", both).value == pytest.approx(p_value)
    assert measure("b.test_accuracy", both).value == accuracies[1]


def test_maps_of_the_same_images_are_held_against_each_other(trained: Run, store: RunStore) -> None:
    run = store.create(trained.config)
    run.write_model(lambda path: path.write_bytes(trained.model_path.read_bytes()))
    run.write_status(trained.status)
    run.write_history(trained.history.to_dict("records"))
    maps = []
    with pytest.raises(MeasureError, match="does not have two t-SNE maps"):
        measure("island_correlation", Material([run]))
    for perplexity in (5, 30):
        request = MapRequest(layer="hidden_1", points=200, perplexity=perplexity)
        found = compute_map(run, request)
        maps.append(found)
        stored = StoredMap(run, request)
        stored.write_status(
            MapStatus(state=State.FINISHED, epoch=2, map_agreement=found.map_agreement)
        )
        stored.write_points(found.points)
    kept = measure("neighbours_kept", Material([run])).value
    assert kept == min(found.map_agreement for found in maps)
    correlation = measure("island_correlation", Material([run])).value
    assert correlation == pytest.approx(_rank_correlation(*(found.points for found in maps)))


def _rank_correlation(*maps: pd.DataFrame) -> float:
    """Spearman's, by its definition: Pearson's of the ranks."""
    ranks = []
    for points in maps:
        places = [points.loc[points["true"] == digit, ["x", "y"]].median() for digit in range(10)]
        distances = [
            np.hypot(*(places[low] - places[high])) for low in range(10) for high in range(low)
        ]
        ranks.append(np.argsort(np.argsort(distances)))
    return float(np.corrcoef(*ranks)[0, 1])


def test_drawings_are_read_by_the_lessons_run(trained: Run, tmp_path: Path) -> None:
    drawings = DrawingStore(tmp_path)
    images, digits = load_mnist().x_test[:5], LABELS[:5]
    for image, digit in zip(images, digits, strict=True):
        drawings.add(image / 255, int(digit), "ada")
    kept = drawings.load_all()
    asked = []

    def predict(run: Run, given: np.ndarray) -> np.ndarray:
        asked.append((run, given.shape))
        answers = np.zeros((len(given), 10), np.float32)
        answers[:, 7] = 1
        return answers

    material = Material([trained], kept, predict)
    assert measure("drawings", material).value == 5
    assert measure("drawings_right", material).value == (digits == 7).sum() == 1
    assert asked == [(trained, (5, 28, 28))]
    with pytest.raises(MeasureError, match="no drawing has been kept"):
        measure("drawings_right", Material([trained]))


def test_the_commonest_digit_of_the_test_set_is_the_one() -> None:
    assert measure("commonest_digit", Material([])).value == 1
    assert measure("commonest_share", Material([])).text == "11.35 %"


def test_confidence_is_held_against_accuracy(trained: Run) -> None:
    answers = predictions(trained)
    confidence, right = answers.max(axis=1), answers.argmax(axis=1) == LABELS
    bins = np.ceil(confidence * 10).astype(int)
    gaps = [abs(right[bins == one].sum() - confidence[bins == one].sum()) for one in set(bins)]
    assert of(trained, "calibration_error").value == pytest.approx(sum(gaps) / 10_000, abs=1e-5)
