"""A full epoch of ours against bare Keras, the notebook's recipe, PyTorch and scikit-learn.

All of them take turns, an epoch each: whatever else the machine does meanwhile slows all alike.
The first epoch of each, which traces and warms up, does not count.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from tempfile import TemporaryDirectory

import keras
import torch
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neural_network import MLPClassifier

from core.config import RunConfig
from core.data import Splits, prepare_splits
from core.network.build import build_model
from core.runs import RunStore
from core.runs.status import State, Status
from core.training import train
from tests.benchmarks.report import Figure

Epoch = Callable[[], object]
"""Does one epoch's work."""

_ROUNDS = 9


def measure(rounds: int = _ROUNDS) -> Iterator[Figure]:
    """Seconds of ours, and how many times as long the others take."""
    for name, config in {
        "notebook's network": RunConfig(),
        "with dropout and L2": RunConfig(dropout=0.5, l2=1e-4),
    }.items():
        splits = prepare_splits(config)
        rivals = {"fit": bare_fit(config, splits), "recipe": notebook_recipe(config, splits)}
        if not config.dropout:
            rivals |= {
                "torch": torch_loop(config, splits),
                "sklearn": mlp_classifier(splits, measures=True),
                "sklearn, training alone": mlp_classifier(splits, measures=False),
            }
        seconds = take_turns(config, rivals, rounds)
        ours = seconds["ours"]
        yield Figure(f"epoch of ours, {name}", ours, "s")
        yield Figure(f"– ÷ bare `fit` with validation, {name}", ours / seconds["fit"], at_most=0.8)
        yield Figure(f"notebook's recipe ÷ ours, {name}", seconds["recipe"] / ours, at_least=5)
        if "torch" in seconds:
            yield Figure("– ÷ PyTorch, same measuring", ours / seconds["torch"], at_most=1)
            yield Figure(
                "– ÷ `MLPClassifier`, same measuring", ours / seconds["sklearn"], at_most=1
            )
            alone = seconds["sklearn, training alone"]
            yield Figure("– ÷ `MLPClassifier`, which measures nothing", ours / alone)


def take_turns(config: RunConfig, rivals: Mapping[str, Epoch], rounds: int) -> dict[str, float]:
    """The median seconds of an epoch of a real run, named "ours", and of each rival's.

    The rivals have their turn when the run has ended an epoch, and the run waits meanwhile.
    """
    seconds: dict[str, list[float]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        config = config.model_copy(update={"epochs": rounds + 1})
        run = RunStore(folder).create(config, state=State.RUNNING)
        seen, since = run.version[-1], time.perf_counter()

        def after_epoch(status: Status) -> None:
            nonlocal seen, since
            if (history := run.version[-1]) == seen or not status.state.is_active:
                return
            seconds["ours"].append(time.perf_counter() - since)
            for name, epoch in rivals.items():
                started = time.perf_counter()
                epoch()
                seconds[name].append(time.perf_counter() - started)
            seen, since = history, time.perf_counter()

        status = train(run, after_epoch)
        assert status.state is State.FINISHED, status.error
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}


def bare_fit(config: RunConfig, splits: Splits) -> Epoch:
    """Keras's own training loop with its defaults, validation included, nothing kept."""
    model = build_model(config)
    data = {"validation_data": (splits.validation.x, splits.validation.y)}
    return lambda: model.fit(
        splits.train.x, splits.train.y, batch_size=config.batch_size, verbose=0, **data
    )


def notebook_recipe(config: RunConfig, splits: Splits) -> Epoch:
    """The notebook's: `fit`, and a callback for each split that evaluates it after the epoch."""
    model = build_model(config)
    data = {"validation_data": (splits.validation.x, splits.validation.y)}
    callbacks = [_HistoryEpoch(split.x, split.y) for split in splits]
    return lambda: model.fit(
        splits.train.x,
        splits.train.y,
        batch_size=config.batch_size,
        verbose=0,
        callbacks=callbacks,
        **data,
    )


class _HistoryEpoch(keras.callbacks.Callback):
    def __init__(self, x, y) -> None:
        super().__init__()
        self.data = (x, y)
        self.results = []

    def on_epoch_end(self, epoch, logs=None) -> None:
        self.results.append(self.model.evaluate(*self.data, verbose=0))


def torch_loop(config: RunConfig, splits: Splits) -> Epoch:
    """The same training in PyTorch, data in memory as tensors, and the same metrics after it."""
    widths = [splits.train.x.shape[1], *config.hidden]
    layers: list[torch.nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(widths[-1], splits.train.y.shape[1]))
    optimizer = torch.optim.Adam(model.parameters(), config.learning_rate, eps=1e-7)
    tensors = [(torch.tensor(x), torch.tensor(y.argmax(axis=1))) for x, y in map(_arrays, splits)]

    def epoch() -> list[tuple[float, float]]:
        x, y = tensors[0]
        for indices in torch.randperm(len(x)).split(config.batch_size):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[indices]), y[indices]).backward()
            optimizer.step()
        with torch.no_grad():
            return [_torch_metrics(model(x), y) for x, y in tensors]

    return epoch


def _arrays(split):
    return split.x, split.y


def _torch_metrics(logits: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    hits = (logits.argmax(dim=1) == labels).float().mean()
    return float(torch.nn.functional.cross_entropy(logits, labels)), float(hits)


def mlp_classifier(splits: Splits, measures: bool) -> Epoch:
    """The same network and optimizer in scikit-learn; if it `measures`, with the same metrics."""
    model = MLPClassifier((512, 256), alpha=0, batch_size=512, random_state=0)
    data = [(x, y.argmax(axis=1)) for x, y in map(_arrays, splits)]
    digits = range(splits.train.y.shape[1])

    def epoch() -> list[tuple[float, float]]:
        model.partial_fit(*data[0], classes=digits)
        return [_sklearn_metrics(model.predict_proba(x), y) for x, y in data if measures]

    return epoch


def _sklearn_metrics(probabilities, labels) -> tuple[float, float]:
    loss = log_loss(labels, probabilities, labels=range(probabilities.shape[1]))
    return loss, accuracy_score(labels, probabilities.argmax(axis=1))


if __name__ == "__main__":
    from tests.benchmarks.report import print_head, run_topic

    print_head()
    run_topic("epoch")
