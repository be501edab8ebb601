"""What the Data page shows of augmentation, against what a run would learn from."""

import base64
import io
from urllib.parse import parse_qs

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.data import load_mnist
from core.training.variants import draw_variants
from tests.dashboard.app_pages.lab import Lab, go, protos, spec, words

OFF = "All five are 0"


def shown(app: AppTest, key: str) -> np.ndarray:
    """The 24 variants of a grid, from the picture that the browser gets: six in a row."""
    _, _, picture = spec(app, key)["data"][0]["source"].partition(",")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))[..., 0]
    places = [(row, column) for row in range(4) for column in range(6)]
    return np.stack([pixels[32 * row :, 32 * column :][:28, :28] for row, column in places])


def test_sliders_change_the_image_as_a_run_of_their_strengths_would(lab: Lab) -> None:
    app = lab.open("data", data="Augmentation", training_digit="7", vary_rotation="30")
    app.slider(key="vary_zoom").set_value(0.0).run()
    app.slider(key="vary_shear").set_value(0.0).run()
    app.slider(key="vary_shift").set_value(0.0).run()
    app.slider(key="vary_elastic").set_value(0.0).run()
    app.number_input(key="augmentation_epoch").set_value(5).run()
    image = load_mnist().x_train[7]
    expected = draw_variants(RunConfig(rotation=30), image, 24, epoch=5)
    np.testing.assert_array_equal(shown(app, "By these sliders"), expected)
    assert OFF in words(app)  # in the form


def test_the_link_puts_the_strengths_into_the_form(lab: Lab) -> None:
    app = lab.open("data", data="Augmentation", vary_rotation="12", vary_elastic="0")
    (link,) = [link for link in protos(app, "page_link") if "form" in link.label]
    address = {name: values[0] for name, values in parse_qs(link.query_string).items()}
    trained = lab.open("train", **address)
    trained.button(key="train").click().run()
    (run,) = lab.runs.list()
    assert run.config == RunConfig(rotation=12, zoom=0.1, shear=0.1, shift=1.5)


def test_the_form_is_shown_beside_them_and_they_can_be_set_to_it(lab: Lab) -> None:
    app = lab.open("train", rotation="20", shift="3")
    go(app, "data", data="Augmentation")
    image = load_mnist().x_train[0]
    formed = draw_variants(RunConfig(rotation=20, shift=3), image, 24, epoch=1)
    np.testing.assert_array_equal(shown(app, "By the form of Train"), formed)
    assert not np.array_equal(shown(app, "By these sliders"), formed)
    assert "rotation 20, zoom 0, shear 0, shift 3, elastic displacement 0" in words(app)
    app.button(key="set_to_form").click().run()
    np.testing.assert_array_equal(shown(app, "By these sliders"), formed)
    assert [slider.value for slider in app.slider] == [20, 0, 0, 3, 0]
    assert not app.exception
