"""The Data page, checked against the data set itself."""

import numpy as np
from sklearn.model_selection import train_test_split
from streamlit.testing.v1 import AppTest

from core.data import load_mnist
from core.runs import Run
from tests.dashboard.app_pages.lab import Lab, captions, go, select, spec, words

MNIST = load_mnist()


def badges(app: AppTest) -> list[str]:
    return [line for line in words(app).splitlines() if "badge[" in line and "disputed" in line]


def test_the_grey_values_of_the_linked_image(lab: Lab) -> None:
    app = lab.open("data", data="As they come", digit_set="test", test_digit="947")
    assert f"No. 947: a **{MNIST.y_test[947]}**" in words(app)
    shown = np.array(spec(app, "grey_values")["data"][0]["z"])
    np.testing.assert_array_equal(shown, MNIST.x_test[947])


def test_the_grid_is_filtered_and_turned(lab: Lab) -> None:
    app = lab.open("data", data="Browse", digit_split="Test", digit_classes=["3", "7"])
    indices = np.flatnonzero(np.isin(MNIST.y_test, [3, 7]))
    labels = [str(label) for label in MNIST.y_test[indices]]
    assert captions(app, "digit_grid") == labels[:40]
    select(app, "digit_grid", points=[{"point_index": 13}])
    assert f"No. {indices[13]:,}: a **{labels[13]}**" in words(app)
    app.pagination(key="digit_page").set_value(2).run()
    assert captions(app, "digit_grid") == labels[40:80]
    app.pills(key="digit_classes").set_value([7]).run()
    assert app.pagination(key="digit_page").value == 1
    assert captions(app, "digit_grid") == ["7"] * 40


def test_disputed_labels_carry_their_badge(lab: Lab) -> None:
    eights = np.flatnonzero(MNIST.y_test == 8)  # 947 among them
    place = int(np.flatnonzero(eights == 947)[0])
    turned = place // 40 + 1
    link = {"digit_split": "Test", "digit_classes": "8", "digit_page": str(turned)}
    app = lab.open("data", data="Browse", test_digit="947", **link)
    assert "No. 947: a **8**" in words(app)
    assert len(badges(app)) == 1
    marked = '8<br><span style="font-size:10px">label disputed</span>'
    assert captions(app, "digit_grid") == [
        marked if index == 947 else "8" for index in eights[40 * (turned - 1) :][:40]
    ]
    (button,) = [button for button in app.button if button.label == "Its grey values"]
    button.click().run()
    assert len(badges(app)) == 2  # one in the dialog
    np.testing.assert_array_equal(
        np.array(spec(app, "grey_values")["data"][0]["z"]), MNIST.x_test[947]
    )
    go(app, "data", data="As they come", digit_set="test", test_digit="947")
    assert len(badges(app)) == 1
    app = lab.open("data", data="As they come", digit_set="train", training_digit="947")
    assert f"No. 947: a **{MNIST.y_train[947]}**" in words(app)
    assert badges(app) == []


def test_steps_and_counts_follow_the_chosen_run(lab: Lab, trained: Run) -> None:
    config = trained.config
    train, validation = train_test_split(
        np.arange(60_000), test_size=config.validation_share, random_state=config.seed
    )
    app = lab.open("data", data="Preparation", run=trained.id)
    steps = app.table[0].value.set_index("Step")
    before, after = steps.loc["**split: train**", ["Shape before", "Shape after"]]
    assert (before, after) == ("(60000, 784)", "(10000, 784)")
    go(app, "data", data="Classes")
    bars = [np.array(bar["y"]).tolist() for bar in spec(app, "class_counts")["data"]]
    expected = (MNIST.y_train[train[:10_000]], MNIST.y_train[validation], MNIST.y_test)
    assert bars == [np.bincount(labels).tolist() for labels in expected]
