"""The network in the browser, in Chromium, against what the server computes: no page, no server."""

import base64
import gzip
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from playwright.sync_api import Browser, Page, Route

from core.config import Activation, RunConfig
from core.data import load_mnist, scale_images
from core.drawing import DrawingSteps, prepare, to_mnist
from core.drawing.separate import separate_digits
from core.network.build import build_model, flatten_weights
from core.runs.browser_weights import pack_weights
from dashboard.live.routes import FILES
from tests.core.drawing.test_prepare import place
from tests.e2e.controls import new_context

X_TEST = load_mnist().x_test
HOME = "http://lab.test/"
DEPTHS = [
    (),
    (64,),
    (40, 30),
    (24, 20, 16),
    (30, 20, 20, 10),
    (9, 8, 7, 6, 5),
    (20, 18, 16, 14, 12, 10),
]
# What a page of the tests has at hand: the module's files, and bytes that it fetches.
IMPORTS = """
const [prepare, separate, net, mind] = await Promise.all(
    ["prepare", "separate", "network", "mind"].map((name) => import(`/${name}.js`)))
const fetchBytes = async (name) => {
    const {body} = await fetch(`/bytes/${name}`)
    return new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer()
}
const floats = async (name) => new Float32Array(await fetchBytes(name))
const pictures = (all) =>
    Array.from({length: all.length / 784}, (_, i) => all.slice(784 * i, 784 * (i + 1)))
"""


class Module:
    """The module in a browser."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._bytes: dict[str, bytes] = {}
        page.route("**/*", self._serve)
        page.goto(HOME)

    def run(self, script: str, **arrays: np.ndarray) -> Any:
        """What an async function with this body returns; it fetches the arrays by their names."""
        # Packed, as they go through the debugger's own protocol.
        self._bytes = {name: gzip.compress(array.tobytes(), 1) for name, array in arrays.items()}
        return self._page.evaluate(f"(async () => {{ {IMPORTS} {script} }})()")

    def _serve(self, route: Route) -> None:
        name = route.request.url.removeprefix(HOME)
        if not name:
            route.fulfill(body="<title>tests</title>", content_type="text/html")
        elif name.startswith("bytes/"):
            route.fulfill(body=self._bytes[name.removeprefix("bytes/")])
        else:
            route.fulfill(body=FILES[name], content_type="text/javascript")


@pytest.fixture(scope="module")
def module(browser: Browser) -> Iterator[Module]:
    with new_context(browser) as context, context.new_page() as page:
        yield Module(page)


@pytest.fixture(scope="module")
def reader() -> keras.Sequential:
    """A network with 64 hidden units that has learned to read: right nine times in ten."""
    model = build_model(RunConfig(hidden=(64,), learning_rate=0.01))
    labels = np.eye(10)[load_mnist().y_test[2_000:8_000]]
    model.fit(scale_images(X_TEST[2_000:8_000]), labels, batch_size=50, shuffle=False, verbose=0)
    return as_dense(model, RunConfig(hidden=(64,)))


def build_network(config: RunConfig) -> keras.Sequential:
    """A network that has not learned, of which no bias, mean or variance is as it began."""
    model = build_model(config)
    rng = np.random.default_rng(0)
    for weights in model.weights:
        if len(weights.shape) == 1:
            weights.assign(rng.uniform(-0.3, 0.3, weights.shape) + weights.numpy())
    return model


def pack(model: keras.Sequential, config: RunConfig) -> np.ndarray:
    return np.frombuffer(pack_weights(config, flatten_weights(model)), "<f2")


def as_dense(model: keras.Sequential, config: RunConfig) -> keras.Sequential:
    """The Keras network of dense layers alone, with the very weights that the browser gets."""
    plain = build_model(config.model_copy(update={"batch_normalization": False, "dropout": 0.0}))
    flat = pack(model, config).astype(np.float32)
    for weights in plain.weights:
        size = int(np.prod(weights.shape))
        weights.assign(flat[:size].reshape(weights.shape))
        flat = flat[size:]
    return plain


def canvases(count: int, seed: int = 0) -> np.ndarray:
    """Test digits at random size and place: uint8 (count, 280, 280)."""
    rng = np.random.default_rng(seed)
    pages = []
    for image in X_TEST[:count]:
        size = int(rng.integers(60, 261))
        pages.append(place(image, size, *rng.integers(0, 281 - size, 2)))
    return np.stack(pages)


PREPARE = """
const grey = new Uint8Array(await fetchBytes("canvases"))
const images = []
for (let start = 0; start < grey.length; start += 78400) {
    const rgba = new Uint8ClampedArray(4 * 78400)
    for (let i = 0; i < 78400; i++) {
        rgba[4 * i] = rgba[4 * i + 1] = rgba[4 * i + 2] = grey[start + i]
    }
    const ink = prepare.findInk(rgba, 280, 280)
"""


def prepare_there(
    module: Module, pages: np.ndarray, steps: DrawingSteps | None = None
) -> np.ndarray:
    """What the module makes of canvases: (n, 28, 28)."""
    given = json.dumps(vars(steps or DrawingSteps()))
    script = f"""{PREPARE} images.push(prepare.prepareInk(ink, {given})) }}
    const bytes = new Uint8Array(await new Blob(images).arrayBuffer())
    return btoa(bytes.reduce((all, byte) => all + String.fromCharCode(byte), ""))"""
    images = base64.b64decode(module.run(script, canvases=pages))
    return np.frombuffer(images, np.float32).reshape(-1, 28, 28)


def test_drawings_are_prepared_and_read_as_the_server_does(
    module: Module, reader: keras.Sequential
) -> None:
    """2,000 test digits: on average within 0.02, and the same answer in 99.5 % of cases."""
    differences, same = [], []
    for part in np.split(canvases(2_000), 10):
        there, here = prepare_there(module, part), np.stack([to_mnist(page) for page in part])
        differences.append(np.abs(there - here).mean(axis=(1, 2)))
        answers = [
            reader(images.reshape(-1, 784), training=False).numpy() for images in (there, here)
        ]
        same.append(answers[0].argmax(axis=1) == answers[1].argmax(axis=1))
    assert np.max(differences) < 0.02
    assert np.mean(same) >= 0.995


@pytest.mark.parametrize("step", ["crop", "shrink", "center"])
def test_each_step_is_left_out_as_the_server_does(module: Module, step: str) -> None:
    steps = DrawingSteps(**{step: False})
    pages = canvases(60, seed=1)
    there = prepare_there(module, pages, steps)
    here = np.stack([prepare(page, steps).image for page in pages])
    assert np.abs(there - here).mean(axis=(1, 2)).max() < 0.02


def test_dark_ink_and_an_empty_square(module: Module) -> None:
    pages = 255 - canvases(20, seed=2)
    here = np.stack([to_mnist(page) for page in pages])
    np.testing.assert_allclose(prepare_there(module, pages), here, atol=0.02)
    empty = np.full((1, 280, 280), 7, np.uint8)
    script = PREPARE + "images.push(prepare.prepareInk(ink)) } return images"
    assert module.run(script, canvases=empty) == [None]


def test_several_digits_are_told_apart_as_the_server_does(module: Module) -> None:
    rng = np.random.default_rng(3)
    pages = []
    for _ in range(40):
        page = np.zeros((280, 280), np.uint8)
        for left in (0, 140):
            size = int(rng.integers(90, 135))
            top, beside = int(rng.integers(0, 281 - size)), left + int(rng.integers(0, 141 - size))
            page |= place(X_TEST[rng.integers(10_000)], size, top, beside)
        pages.append(page)
    script = (
        PREPARE
        + """
    images.push(separate.separateDigits(ink).map((digit) => Array.from(prepare.prepareInk(digit))))
    } return images"""
    )
    for page, found in zip(pages, module.run(script, canvases=np.stack(pages)), strict=True):
        here = np.stack([to_mnist(digit) for digit in separate_digits(page)])
        there = np.array(found).reshape(-1, 28, 28)
        assert len(there) == len(here)
        assert np.abs(there - here).mean() < 0.02


FORWARD = """
const network = new net.Network(%s, "%s", await fetchBytes("weights"))
const images = pictures(await floats("images"))
"""


def network_there(config: RunConfig) -> str:
    return FORWARD % (list(config.hidden), config.activation.value)


@pytest.mark.parametrize("batch_normalization", [False, True])
@pytest.mark.parametrize("activation", list(Activation))
def test_the_same_picture_is_answered_as_keras_does(
    module: Module, activation: Activation, batch_normalization: bool
) -> None:
    images = scale_images(X_TEST[:50])
    for hidden in DEPTHS:
        config = RunConfig(
            hidden=hidden, activation=activation, batch_normalization=batch_normalization
        )
        model = build_network(config)
        script = (
            network_there(config)
            + "return images.map((x) => Array.from(network.answer(x).probabilities))"
        )
        there = np.array(module.run(script, weights=pack(model, config), images=images))
        same = as_dense(model, config)(images, training=False).numpy()
        np.testing.assert_allclose(there, same, atol=1e-3)
        rounded = model(images, training=False).numpy()  # in float32 throughout
        np.testing.assert_allclose(there, rounded, atol=0.02)


@pytest.fixture(scope="module")
def learned() -> tuple[RunConfig, keras.Sequential]:
    config = RunConfig(hidden=(40, 30), activation="gelu", learning_rate=0.005)
    return config, as_dense(build_network(config), config)


def hidden_values(model: keras.Sequential, images: np.ndarray) -> list[np.ndarray]:
    outputs = [layer.output for layer in model.layers]
    return [value.numpy() for value in keras.Model(model.inputs[0], outputs)(images)]


def logits(model: keras.Sequential, last: np.ndarray) -> np.ndarray:
    kernel, bias = model.layers[-1].get_weights()
    return last @ kernel + bias


def test_units_that_are_switched_off_say_nothing(
    module: Module, learned: tuple[RunConfig, keras.Sequential]
) -> None:
    """And what a unit says to each digit is by how much the digits' scores fall without it."""
    config, model = learned
    images = scale_images(X_TEST[:5])
    script = (
        network_there(config)
        + """
    return images.map((x) => {
        const all = network.answer(x), rest = network.answer(x, [new Set([3, 7]), new Set([5])])
        return [rest.logits, network.effect(all, 0, 4), all.logits].map((a) => Array.from(a))
    })"""
    )
    found = module.run(script, weights=pack(model, config), images=images)

    def scores(off: dict[int, list[int]]) -> np.ndarray:
        values = images
        for number, layer in enumerate(model.layers[:-1]):
            values = layer(values).numpy()
            values[:, off.get(number, [])] = 0
        return logits(model, values)

    for number, (rest, effect, everything) in enumerate(found):
        np.testing.assert_allclose(everything, scores({})[number], atol=1e-4)
        np.testing.assert_allclose(rest, scores({0: [3, 7], 1: [5]})[number], atol=1e-4)
        without = scores({0: [4]})[number]
        np.testing.assert_allclose(effect, np.array(everything) - without, atol=1e-4)


@pytest.mark.parametrize("activation", list(Activation))
def test_gradients_are_those_of_tensorflow(module: Module, activation: Activation) -> None:
    config = RunConfig(hidden=(12, 9), activation=activation)
    model = as_dense(build_network(config), config)
    images = scale_images(X_TEST[:1]) * 0.9 + 0.05
    script = (
        network_there(config)
        + """
    const [x] = images, weights = Float32Array.from({length: 10}, (_, i) => i - 4)
    const answer = network.answer(x)
    const found = network.gradients(answer, weights)
    return [Array.from(found.pixels), Array.from(network.unitGradient(answer, 1, 5))]"""
    )
    pixels, unit = module.run(script, weights=pack(model, config), images=images)
    x = tf.Variable(images)
    with tf.GradientTape(persistent=True) as tape:
        first = model.layers[0](x)
        kernel, bias = model.layers[1].get_weights()
        before = first @ kernel + bias
        second = model.layers[1](first)
        kernel, bias = model.layers[2].get_weights()
        score = tf.reduce_sum((second @ kernel + bias) * (tf.range(10.0) - 4))
        fifth = before[0, 5]
    np.testing.assert_allclose(pixels, tape.gradient(score, x)[0], atol=2e-4)
    np.testing.assert_allclose(unit, tape.gradient(fifth, x)[0], atol=2e-4)


def test_the_picture_of_a_deeper_unit_is_the_weighted_sum_of_those_below(
    module: Module, learned: tuple[RunConfig, keras.Sequential]
) -> None:
    config, model = learned
    script = (
        network_there(config)
        + """
    const found = [network.picture(0, 6), network.picture(1, 8), network.picture(2, 7)]
    return found.map((a) => Array.from(a))"""
    )
    images = scale_images(X_TEST[:1])
    found = module.run(script, weights=pack(model, config), images=images)
    first, second, output = (layer.get_weights()[0] for layer in model.layers)
    np.testing.assert_allclose(found[0], first[:, 6], atol=1e-6)
    np.testing.assert_allclose(found[1], first @ second[:, 8], atol=1e-5)
    np.testing.assert_allclose(found[2], first @ second @ output[:, 7], atol=1e-4)


def test_the_strongest_contributions(
    module: Module, learned: tuple[RunConfig, keras.Sequential]
) -> None:
    config, model = learned
    images = scale_images(X_TEST[:1])
    script = (
        network_there(config)
        + """
    const answer = network.answer(images[0])
    return [0, 1, 2].map((gap) => network.contributions(answer, gap, 20)
        .map(({from, to, value}) => [from, to, value]))"""
    )
    found = module.run(script, weights=pack(model, config), images=images)
    values = [images, *hidden_values(model, images)]
    kernels = [layer.get_weights()[0] for layer in model.layers]
    for value, kernel, strongest in zip(values[:-1], kernels, found, strict=True):
        every = value[0][:, None] * kernel
        order = np.argsort(-np.abs(every), axis=None)[:20]
        np.testing.assert_allclose(
            np.abs([strength for _, _, strength in strongest]),
            np.abs(every.ravel()[order]),
            rtol=1e-3,
        )
        for start, end, strength in strongest:
            assert strength == pytest.approx(every[start, end], abs=1e-4)


def test_the_change_that_changes_its_mind(module: Module, reader: keras.Sequential) -> None:
    """Gives the digit that was asked for, in the bounds, and half of the change does not."""
    config, model = RunConfig(hidden=(64,)), reader
    images = scale_images(X_TEST[:10])
    script = (
        network_there(config)
        + """
    return images.map((x) => Array.from({length: 10}, (_, wanted) => {
        const found = mind.changeMind(network, x, wanted)
        return found && Array.from(found.image)
    }))"""
    )
    found = module.run(script, weights=pack(model, config), images=images)
    answers = model(images, training=False).numpy().argmax(axis=1)
    count = 0
    for image, answer, changed in zip(images, answers, found, strict=True):
        for wanted in set(range(10)) - {int(answer)}:
            if changed[wanted] is None:
                continue
            count += 1
            new = np.array(changed[wanted], np.float32)
            assert new.min() >= 0
            assert new.max() <= 1
            pair = np.stack([new, (new + image) / 2])
            given = model(pair, training=False).numpy()
            assert given[0].argsort()[-2:].tolist()[::-1][0] == wanted or given[0][
                wanted
            ] == pytest.approx(given[0].max(), abs=1e-3)
            assert given[1].argmax() != wanted
    assert count >= 80  # of 90


def test_the_picture_that_excites_a_digit_most(module: Module, reader: keras.Sequential) -> None:
    """More than any image of the test set does, with as much ink as they have."""
    config, model = RunConfig(hidden=(64,)), reader
    script = (
        network_there(config)
        + """
    const found = mind.excite(network, 1, 4), unit = mind.excite(network, 0, 9)
    return [Array.from(found.image), found.value, Array.from(unit.image), unit.value]"""
    )
    images = scale_images(X_TEST[:2_000])
    image, value, exciting, unit_value = module.run(
        script, weights=pack(model, config), images=images[:1]
    )
    kernel, bias = model.layers[0].get_weights()
    of_digit = logits(model, model.layers[0](np.array([image], np.float32)).numpy())[0, 4]
    assert value == pytest.approx(of_digit, abs=1e-3)
    assert value > logits(model, model.layers[0](images).numpy())[:, 4].max()
    assert unit_value == pytest.approx((np.array(exciting) @ kernel + bias)[9], abs=1e-3)
    assert unit_value > (images @ kernel + bias)[:, 9].max()
    for picture in (image, exciting):
        assert np.linalg.norm(picture) <= 9.3
        assert min(picture) >= 0
        assert max(picture) <= 1


def test_the_most_useful_unit_is_the_one_without_which_the_lead_is_least(module: Module) -> None:
    """In a network with one hidden layer, where activation times gradient is the whole of it."""
    config = RunConfig(hidden=(30,))
    model = as_dense(build_network(config), config)
    images = scale_images(X_TEST[:20])
    script = (
        network_there(config)
        + "return images.map((x) => mind.mostUseful(network, network.answer(x)).unit)"
    )
    found = module.run(script, weights=pack(model, config), images=images)
    values = model.layers[0](images).numpy()
    kernel, _ = model.layers[1].get_weights()
    for value, score, unit in zip(values, logits(model, values), found, strict=True):
        second, first = score.argsort()[-2:]
        assert unit == (value * (kernel[:, first] - kernel[:, second])).argmax()


def test_float16_is_decoded_to_the_last_bit(module: Module) -> None:
    """All 65,536 of them, those that are no number apart."""
    every = np.arange(65_536, dtype="<u2")
    script = """
    const values = net.decodeHalves(await fetchBytes("every"))
    return Array.from(values, (x) => Number.isFinite(x) ? x : null)"""
    found = module.run(script, every=every)
    expected = every.view("<f2").astype(np.float64)
    assert [value if np.isfinite(value) else None for value in expected] == found


def test_weights_of_another_shape_are_refused(module: Module) -> None:
    script = """
    try { new net.Network([5], "relu", await fetchBytes("weights")) }
    catch (error) { return error.message }"""
    wrong = np.zeros(12, "<f2")
    assert module.run(script, weights=wrong) == "12 weights, expected 3985"


def test_layers_of_every_width_have_their_place(module: Module) -> None:
    """No tile outside its picture, none upon another, and each found again where it is."""
    script = """
    const {arrange, placeAt, tileAt} = await import("/layout.js")
    const wrong = []
    for (const width of [320, 400, 619, 620, 900, 1400]) for (const counts of %s) {
        const shape = arrange(width, counts)
        shape.hidden.forEach((box, layer) => {
            for (let place = 0; place < counts[layer]; place++) {
                const [x, y] = tileAt(box, place)
                const isInside = x > 0 && x < width && y > 0 && y < shape.height
                if (!isInside || placeAt(box, x, y) !== place) wrong.push([width, layer, place])
            }
        })
        const boxes = [shape.input, ...shape.hidden, shape.outputs]
        boxes.slice(1).forEach((box, i) => {
            const before = boxes[i]
            const isBelow = box.y > before.y + before.height
            const isBeside = box.x >= before.x + before.width
            const isAfter = shape.isTall ? isBelow : isBeside
            if (!isAfter) wrong.push([width, counts, i])
        })
    }
    return wrong"""
    counts = [[], [1], [3], [64], [512, 256], [1024] * 3, [1024] * 6, [7, 1000, 2]]
    assert module.run(script % counts) == []


def test_depths_cover_none_to_six_layers() -> None:
    assert [len(hidden) for hidden in DEPTHS] == list(range(7))
    assert all(earlier != later for earlier, later in pairwise(DEPTHS))
