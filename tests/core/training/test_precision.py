import math

from core.config import RunConfig
from core.runs import RunStore
from core.runs.status import State
from core.training import train
from core.training.precision import bfloat16_speed


def test_the_speed_is_a_ratio_of_times() -> None:
    speed = bfloat16_speed()
    assert math.isfinite(speed)
    assert speed > 0


def test_a_network_learns_in_bfloat16(store: RunStore) -> None:
    values = {"hidden": (64,), "epochs": 3, "training_images": 5_000}
    accuracies = []
    for precision in ("float32", "bfloat16"):
        run = store.create(RunConfig(precision=precision, **values))
        assert train(run).state is State.FINISHED
        accuracies.append(run.history["test_accuracy"].iloc[-1])
    assert abs(accuracies[0] - accuracies[1]) < 0.02
    assert min(accuracies) > 0.8
