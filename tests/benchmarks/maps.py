"""t-SNE as the Features page computes it against scikit-learn's, both after PCA to 20 dimensions.

Each in a process of its own, since OpenMP is set up once a process: ours as in a worker, which
leaves the cores to a training, scikit-learn as it comes. They take turns.
"""

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.benchmarks.report import Figure, print_head, run_topic

_ROUNDS = {1_000: 5, 5_000: 2}
_PERPLEXITY = 30


def measure() -> Iterator[Figure]:
    """Seconds on the clock and of the processor, ours and the ratio to scikit-learn's."""
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


def _as_in_a_worker() -> None:
    os.environ["OMP_WAIT_POLICY"] = "passive"


def _ours(points: int) -> tuple[float, float]:
    from core.analysis.embedding import tsne

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
