"""The Evaluate page's numbers and words, checked against scikit-learn and plain NumPy."""

from urllib.parse import parse_qsl

import numpy as np
import pytest
from sklearn import metrics
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.data import DISPUTED_TEST_LABELS, load_mnist
from core.runs import Run
from core.runs.status import State
from tests.dashboard.app_pages.lab import Lab, captions, go, protos, select, spec, words

Y_TEST = load_mnist().y_test


def scores(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def badges(app: AppTest) -> list[str]:
    return [line for line in words(app).splitlines() if "badge[" in line and "disputed" in line]


def test_scores_and_report(lab: Lab, trained: Run) -> None:
    predicted = trained.test_probabilities(3).argmax(axis=1)
    accuracy = metrics.accuracy_score(Y_TEST, predicted)
    kept = np.setdiff1d(np.arange(len(Y_TEST)), DISPUTED_TEST_LABELS)
    undisputed = metrics.accuracy_score(Y_TEST[kept], predicted[kept])
    app = lab.open("evaluate", run=trained.id, evaluate="Report")
    assert scores(app) == {
        "Test accuracy": f"{100 * accuracy:.2f} %",
        "Without disputed labels": f"{100 * undisputed:.2f} %",
        "Test loss": f"{trained.history['test_loss'].iloc[2]:.4f}",
        "Wrong answers": f"{(predicted != Y_TEST).sum():,}",
    }
    table = app.dataframe[0].value.set_index("class")
    reference = metrics.classification_report(Y_TEST, predicted, output_dict=True)
    for name in [*map(str, range(10)), "macro avg", "weighted avg"]:
        *shares, support = reference[name].values()
        assert table.loc[name].tolist() == pytest.approx([*(100 * x for x in shares), support])
    assert table.loc["accuracy", "f1"] == pytest.approx(100 * reference["accuracy"])


def test_a_cell_of_the_matrix_shows_its_images(lab: Lab, trained: Run) -> None:
    probabilities = trained.test_probabilities(1)
    predicted = probabilities.argmax(axis=1)
    app = lab.open("evaluate", run=trained.id, evaluate="Confusion", epoch="1")
    assert [info.value for info in app.info] == ["Click a cell of the matrix to see its images."]
    matrix = metrics.confusion_matrix(Y_TEST, predicted)
    cells = [cell["value"] for cell in spec(app, "confusion_matrix")["series"][0]["data"]]
    assert cells == [[j, i, matrix[i, j]] for i in range(10) for j in range(10)]

    app.selectbox(key="cell_true").set_value(9)
    app.selectbox(key="cell_predicted").set_value(4).run()
    indices = np.flatnonzero((Y_TEST == 9) & (predicted == 4))
    indices = indices[np.argsort(probabilities[indices, 9], kind="stable")]
    assert f"{len(indices):,} images, the least expected first" in words(app)
    for caption, index in zip(captions(app, "cell_images"), indices, strict=False):
        p_true, p_predicted = 100 * probabilities[index, [9, 4]]
        assert caption.startswith(f"9: {p_true:.2f} %<br>→ 4: {p_predicted:.2f} %")
    app.selectbox(key="cell_predicted").set_value(None).run()
    assert f"{(Y_TEST == 9).sum():,} images" in words(app)


def test_errors_are_ranked_filtered_and_shown_large(lab: Lab, trained: Run) -> None:
    probabilities = trained.test_probabilities(2).astype(float)
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != Y_TEST)
    p_true, p_predicted = probabilities[wrong, Y_TEST[wrong]], probabilities.max(axis=1)[wrong]
    order = np.argsort(p_true - p_predicted, kind="stable")
    ranked = wrong[order]

    app = lab.open("evaluate", run=trained.id, evaluate="Errors", epoch="2")
    assert f"24 of {len(wrong):,} errors" in words(app)
    shown = captions(app, "error_images")
    assert len(shown) == 24
    for place, caption in enumerate(shown):
        index = ranked[place]
        assert f"{Y_TEST[index]}: {100 * p_true[order][place]:.2f} %" in caption
        assert f"→ {predicted[index]}: {100 * p_predicted[order][place]:.2f} %" in caption
        assert ("label disputed" in caption) == (index in DISPUTED_TEST_LABELS)
    assert f"No. {ranked[0]:,}: true label **{Y_TEST[ranked[0]]}**" in words(app)
    assert "Probabilities after epoch 2" in words(app)

    select(app, "error_images", points=[{"point_index": 4}])
    assert f"No. {ranked[4]:,}: true label **{Y_TEST[ranked[4]]}**" in words(app)
    app.number_input(key="test_image").set_value(None)
    app.selectbox(key="error_true").set_value(5).run()
    fives = [index for index in ranked if Y_TEST[index] == 5]
    assert f"{min(24, len(fives))} of {len(fives)} errors" in words(app)
    first = captions(app, "error_images")[0]
    assert first.startswith("5: ")
    assert f"→ {predicted[fives[0]]}: " in first
    assert f"No. {fives[0]:,}: true label **5**" in words(app)


def test_disputed_labels_carry_their_badge(lab: Lab, trained: Run) -> None:
    app = lab.open("evaluate", run=trained.id, evaluate="Errors", test_image="8527")
    assert "No. 8,527: true label **4**" in words(app)
    assert len(badges(app)) == 1
    app.number_input(key="test_image").set_value(8528).run()
    assert "No. 8,528" in words(app)
    assert badges(app) == []


def test_threshold_and_calibration(lab: Lab, trained: Run) -> None:
    probabilities = trained.test_probabilities(3).astype(float)
    of_eight = probabilities[:, 8] / probabilities.sum(axis=1)
    called, is_eight = of_eight >= 0.9, Y_TEST == 8
    link = {"run": trained.id, "detected_digit": "8", "threshold": "90"}
    app = lab.open("evaluate", evaluate="Probabilities", **link)
    shown = scores(app)
    assert shown["Precision"] == f"{100 * metrics.precision_score(is_eight, called):.2f} %"
    assert shown["Recall"] == f"{100 * metrics.recall_score(is_eight, called):.2f} %"
    assert shown["False positives"] == f"{(called & ~is_eight).sum():,}"
    assert shown["Missed"] == f"{(~called & is_eight).sum():,}"
    assert f"ROC curve, area {metrics.roc_auc_score(is_eight, of_eight):.4f}" in words(app)

    go(app, "evaluate", evaluate="Calibration")
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == Y_TEST
    bins = np.ceil(confidence.clip(max=1) * 10)
    error = sum(abs((right - confidence)[bins == place].sum()) for place in range(1, 11)) / 10_000
    assert scores(app)["Expected calibration error"] == f"{100 * error:.2f} %"


@pytest.fixture
def another(lab: Lab, trained: Run) -> Run:
    """A newer run of as many epochs, with the answers of the trained one."""
    run = lab.runs.create(RunConfig(hidden=(16,)), name="another run", state=State.FINISHED)
    run.write_history(trained.history.to_dict("records"))
    for epoch in (1, 2, 3):
        run.write_test_probabilities(epoch, trained.test_probabilities(epoch))
    return run


def epoch_shown(app: AppTest) -> int:
    """What the slider says, which another run has anew."""
    (slider,) = (one for one in app.slider if one.label == "After epoch")
    return slider.value


def test_an_epoch_chosen_in_one_run_is_not_carried_into_another_that_is_picked(
    lab: Lab, trained: Run, another: Run
) -> None:
    app = lab.open("evaluate", run=trained.id, epoch="2")
    assert epoch_shown(app) == 2
    app.selectbox(key="picked_run").set_value(another.id).run()
    assert epoch_shown(app) == 3
    assert app.query_params["run"] == another.id
    assert "epoch" not in app.query_params


def test_an_epoch_chosen_in_one_run_is_not_carried_into_another_that_is_opened(
    lab: Lab, trained: Run, another: Run
) -> None:
    """Ticked in the table of runs, to which the menu leads without an address."""
    app = lab.open("evaluate", run=trained.id, epoch="2")
    assert epoch_shown(app) == 2
    app.query_params = {}
    select(go(app, "runs"), "runs_table", rows=[0], columns=[], cells=[])
    assert [heading.value for heading in app.header] == [another.name]
    (link,) = [link for link in protos(app, "page_link") if link.label == "Evaluate"]
    app.query_params = {}
    go(app, link.page, **dict(parse_qsl(link.query_string)))
    assert app.query_params["run"] == another.id
    assert epoch_shown(app) == 3
    assert "epoch" not in app.query_params
    go(app, "evaluate", run=trained.id)
    assert epoch_shown(app) == 3
