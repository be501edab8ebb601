"""A map from the press to the screen, and its t-SNE against scikit-learn's.

Both t-SNEs after PCA to 20 dimensions, each in a process of its own, since OpenMP is set up once a
process: ours as in a worker, which leaves the cores to a training, scikit-learn as it comes. They
take turns.
"""

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, expect

from core.config import RunConfig
from core.maps.request import MapRequest
from core.maps.store import StoredMap
from core.runs import Run
from core.runs.status import State
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.benchmarks.start import open_browser
from tests.e2e.server import Server, wait_for

_ROUNDS = {1_000: 5, 5_000: 2}
_PERPLEXITY = 30
_PRESSES = 5


def measure() -> Iterator[Figure]:
    """Seconds on the clock and of the processor, ours and the ratio to scikit-learn's."""
    first, *others = press_make_map()
    written, shown = map(statistics.median, zip(*others, strict=True))
    yield Figure("Map of 1,000 points pressed to done, as the server has it", written, "s", 3)
    yield Figure("– the first of a server", first[0], "s", 3)
    yield Figure("– to the finished map on the screen", shown, "s")
    with (
        ProcessPoolExecutor(1, get_context("spawn"), _as_in_a_worker) as ours,
        ProcessPoolExecutor(1, get_context("spawn")) as theirs,
    ):
        for points, rounds in _ROUNDS.items():
            seconds = defaultdict(list)
            for _ in range(rounds):
                for name, process, function in (
                    ("ours", ours, _ours),
                    ("theirs", theirs, _scikit_learn),
                ):
                    seconds[name].append(process.submit(function, points).result())
            clock, processor = (
                {
                    name: statistics.median(map(lambda pair: pair[i], seconds[name]))
                    for name in seconds
                }
                for i in (0, 1)
            )
            name = f"t-SNE of {points:,} points"
            yield Figure(name, clock["ours"], "s")
            yield Figure("– ÷ scikit-learn", clock["ours"] / clock["theirs"], at_most=0.7)
            yield Figure(f"{name}, processor", processor["ours"], "s")
            yield Figure("– ÷ scikit-learn, processor", processor["ours"] / processor["theirs"])


def press_make_map() -> list[tuple[float, float]]:
    """Seconds from the press to a finished map in the run's folder, and to it in a Chromium.

    Of the notebook's network, one map after another, the first by a worker that has made none.
    """
    with TemporaryDirectory() as folder, open_browser() as browser:
        server = Server(Path(folder))
        try:
            run = server.runs.create(RunConfig(epochs=1))
            wait_for(lambda: run.status.state is State.FINISHED, "the network")
            return [_press(browser, server, run, seed) for seed in range(_PRESSES + 1)]
        finally:
            server.stop()


def _press(browser: Browser, server: Server, run: Run, seed: int) -> tuple[float, float]:
    request = MapRequest(layer="hidden_2", seed=seed)
    with browser.new_page() as page, ThreadPoolExecutor(1) as watcher:
        page.goto(f"{server.url}/features?run={run.id}&map_seed={seed}")
        expect(page.get_by_role("button", name="Make the map")).to_be_enabled()
        page.wait_for_load_state("networkidle")
        watch = watcher.submit(_when_finished, run, request)
        pressed = time.perf_counter()
        page.get_by_role("button", name="Make the map").click()
        expect(page.locator(".st-key-map .js-plotly-plot")).to_be_visible()
        shown = time.perf_counter()
    return watch.result() - pressed, shown - pressed


def _when_finished(run: Run, request: MapRequest) -> float:
    def is_finished() -> bool:
        status = StoredMap(run, request).status
        return status is not None and status.state is State.FINISHED

    wait_for(is_finished, "the map", pause=0.01)
    return time.perf_counter()


def _as_in_a_worker() -> None:
    os.environ["OMP_WAIT_POLICY"] = "passive"


def _ours(points: int) -> tuple[float, float]:
    from core.maps.embedding import tsne

    return _time(lambda: tsne(_features(points), perplexity=_PERPLEXITY))


def _scikit_learn(points: int) -> tuple[float, float]:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    def compute() -> None:
        reduced = PCA(20, random_state=0).fit_transform(_features(points))
        TSNE(perplexity=_PERPLEXITY, random_state=0).fit_transform(reduced)

    return _time(compute)


def _features(points: int):
    from core.data import load_mnist, scale_images

    return scale_images(load_mnist().x_train[:points])


def _time(function) -> tuple[float, float]:
    _features(1)  # the data are loaded before the clock starts
    clock, processor = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - clock, time.process_time() - processor


if __name__ == "__main__":
    print_head()
    run_topic("maps")
