"""How near estimates of a run's time come: widths 16 to 2,048, batches 16 to 4,096, each a run that
is really trained. Takes a quarter of an hour.

`python -m tests.benchmarks.estimates` measures them; `--keep` also writes the table of timings that
`tests/core/runs/test_estimate.py` learns from and tests by, to replace it by your machine's.
"""

import json
import random
import sys
from collections.abc import Iterator
from datetime import date
from itertools import product
from tempfile import TemporaryDirectory

from core.config import RunConfig
from core.config.architecture import count_parameters
from core.runs import RunStore
from core.runs.estimate import Timing, read_timing
from core.runs.status import State
from core.runs.summary import summarize
from tests.benchmarks.report import Figure, name_machine, print_head, run_topic
from tests.core.runs.timings import TIMINGS, share_within

_WIDTHS = [16, 32, 64, 128, 256, 512, 1024, 2048]
_BATCHES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096]
_EPOCHS, _SHORT_EPOCHS = 5, 15  # the first does not count as an epoch
_IMAGES = [42_000, 20_000, 10_000, 5_000, 2_000, 1_000]
_SECONDS = 2.0  # of an epoch, roughly, on a machine like ours
_OPERATIONS, _STEPS = 1e11, 1e3  # in a second, roughly, on a machine like ours


def configurations() -> list[RunConfig]:
    """Every width with every batch size, of other depths, optimizers and so on; then the form's own
    and the largest. In an order that has nothing to do with their sizes.
    """
    configs = []
    for place, (width, batch_size) in enumerate(product(_WIDTHS, _BATCHES)):
        values = {
            "hidden": (width,) * (1 + place % 3),
            "batch_size": batch_size,
            "dropout": 0.5 if place % 4 == 1 else 0.0,
            "l2": 1e-4 if place % 5 == 2 else 0.0,
            "batch_normalization": place % 7 == 3,
            "optimizer": "sgd" if place % 6 == 4 else "adam",
            "validation_share": 0.3 if place % 2 and width <= 256 else 0.05,
            "seed": place,
        }
        configs.append(_shorten(RunConfig.model_validate(values)))
    configs += [
        RunConfig(epochs=_EPOCHS),
        RunConfig(epochs=_EPOCHS, dropout=0.5, l2=1e-4),
        RunConfig(epochs=_EPOCHS, hidden=(128,)),
        RunConfig(epochs=_EPOCHS, hidden=(1024, 1024, 1024), batch_size=256),
    ]
    random.Random(0).shuffle(configs)
    return configs


def _shorten(config: RunConfig) -> RunConfig:
    """The configuration with as many images as some two seconds an epoch allow, and more epochs if
    they are short.
    """
    for images in _IMAGES:
        shorter = config.model_copy(update={"training_images": images})
        operations = count_parameters(config) * (6 * images + 2 * (shorter.training_size + 20_000))
        seconds = operations / _OPERATIONS + shorter.batches / _STEPS
        if seconds <= _SECONDS:
            break
    return shorter.model_copy(update={"epochs": _EPOCHS if seconds > 0.5 else _SHORT_EPOCHS})


def time_run(config: RunConfig) -> Timing:
    """What a run takes that is trained in this process."""
    from core.training import train

    with TemporaryDirectory() as folder:
        run = RunStore(folder).create(config, state=State.RUNNING)
        status = train(run)
        assert status.state is State.FINISHED, status.error
        timing = read_timing(summarize(run))
        assert timing
        return timing


def measure(keep: bool = False) -> Iterator[Figure]:
    """How many held-out runs are estimated within 1.5 times of what they took."""
    from core.training.warm_models import warm_up

    warm_up()
    timings = []
    for config in configurations():
        timings.append(time_run(config))
        print(f"{len(timings)}: {config.summary()}: {timings[-1].epoch:.3f} s", file=sys.stderr)
    if keep:
        _keep(timings)
    yield Figure("held-out runs within 1.5 times", 100 * share_within(timings), "%", at_least=90)


def _keep(timings: list[Timing]) -> None:
    lines = [
        json.dumps(
            {
                "config": timing.config.differences(),
                "epochs": timing.epochs,
                "epoch": round(timing.epoch or 0.0, 4),
                "overhead": round(timing.overhead or 0.0, 4),
            }
        )
        for timing in timings
    ]
    head = {"machine": name_machine(), "measured": f"{date.today()}"}
    TIMINGS.write_text("\n".join([json.dumps(head), *lines]) + "\n")


if __name__ == "__main__":
    print_head()
    run_topic("estimates", "--keep" in sys.argv)
