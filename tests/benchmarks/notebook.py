"""README's table: the notebook's printed figures beside ours, over five seeds.

`python -m tests.benchmarks.notebook` trains fifteen networks, half an hour on two cores, into the
runs folder, and prints the table. Runs that are there already are not trained again.
"""

import statistics

from core.config import PRESETS, RunConfig
from core.runs import Run, RunStore
from core.runs.status import State
from core.runs.summary import summarize
from core.training import train

SEEDS = range(5)
# What the notebook printed: test accuracy, test loss, the epoch at which training ended.
NOTEBOOK = {
    "notebook-baseline": (0.9805, 0.0977, 50),
    "notebook-regularized": (0.9831, 0.1201, 50),
    "notebook-early-stopping": (None, None, 24),
}


def main() -> None:
    """Train what is missing, and print the table in Markdown."""
    store = RunStore()
    print("| preset | test accuracy: notebook | ours | test loss: notebook | ours | epochs |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, (accuracy, loss, epochs) in NOTEBOOK.items():
        runs = [trained(store, name, seed) for seed in SEEDS]
        rows = [run.history.iloc[run.status.final_epoch - 1] for run in runs]
        lengths = [len(run.history) for run in runs]
        print(
            f"| `{name}` | {f'{accuracy:.2%}' if accuracy else '–'} "
            f"| {spread([row['test_accuracy'] for row in rows], '.2%')} "
            f"| {loss or '–'} | {spread([row['test_loss'] for row in rows], '.4f')} "
            f"| {epochs} → {', '.join(map(str, sorted(lengths)))} |",
            flush=True,
        )


def trained(store: RunStore, preset: str, seed: int) -> Run:
    """A finished run of the preset from this seed; trained now, if there is none."""
    config: RunConfig = PRESETS[preset].model_copy(update={"seed": seed})
    for run in store.list():
        if (
            summarize(run).is_from_scratch
            and run.status.state is State.FINISHED
            and run.config == config
        ):
            return run
    run = store.create(config, name=f"{preset}, seed {seed}", state=State.RUNNING)
    train(run)
    return run


def spread(values: list[float], form: str) -> str:
    """Mean and standard deviation, such as "98.05 % ± 0.29 %"."""
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    return f"{mean:{form}} ± {deviation:{form}}"


if __name__ == "__main__":
    main()
