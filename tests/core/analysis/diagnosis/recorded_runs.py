"""Really trained runs with every fault and with none, six seeds of each, as they were recorded.

    python -m tests.core.analysis.diagnosis.recorded_runs FOLDER

trains, in a folder of runs, those that it does not hold yet (half an hour in all), and writes
`histories.csv` and `units.csv` anew.
"""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from core.analysis.diagnosis import Case, Kind, Reference
from core.config import PRESETS, RunConfig
from core.runs import Run, RunStore
from core.runs.diagnosis.case import make_case
from core.runs.diagnosis.unit_activity import read_unit_activity
from core.runs.status import State, Status

_HISTORIES = Path(__file__).with_name("histories.csv")
_UNITS = Path(__file__).with_name("units.csv")
_SEEDS = range(6)


class Recorded(NamedTuple):
    """What was trained, and what is to be said of it."""

    config: RunConfig
    kinds: set[Kind]
    """What every one of its runs must be found to be."""
    also: frozenset[Kind] = frozenset()
    """Faults that some of its runs have as well, or show in another way."""
    seeds: range = _SEEDS
    changed_rate: float | None = None
    """The learning rate from the fourth epoch on."""
    plain: str = ""
    """The name of the same without regularisation."""


def _config(**values: object) -> RunConfig:
    return RunConfig(**({"hidden": (128,), "epochs": 8, "training_images": 20_000} | values))  # type: ignore[arg-type]


_HIGH, _CHANCE, _LITTLE = Kind.RATE_TOO_HIGH, Kind.AT_CHANCE, Kind.LEARNED_LITTLE
_DEAD, _SATURATED = Kind.DEAD_UNITS, Kind.SATURATED_UNITS
_REGULARIZED = {"dropout": 0.5, "l2": 1e-4}
_WIDE = _config(hidden=(512, 256))

RECORDED = {
    "quick": Recorded(PRESETS["quick"], {Kind.CLEAN}),
    "early": Recorded(
        PRESETS["notebook-early-stopping"], {Kind.CLEAN, Kind.BEST_EARLIER}, seeds=range(3)
    ),
    "regularized": Recorded(
        PRESETS["notebook-regularized"],
        {Kind.BEST_EARLIER, Kind.GAP_NARROWED},
        seeds=range(3),
        plain="baseline",
    ),
    "baseline": Recorded(PRESETS["notebook-baseline"], {Kind.OVERFITS}, seeds=range(3)),
    "cosine-clean": Recorded(
        RunConfig(hidden=(64,), schedule="cosine", epochs=10, batch_size=128), {Kind.CLEAN}
    ),
    "es-ok": Recorded(
        _config(hidden=(256,), early_stopping=True, epochs=50), {Kind.CLEAN, Kind.BEST_EARLIER}
    ),
    "adam-0.003": Recorded(_config(learning_rate=3e-3), set()),
    "sgd-0.1": Recorded(_config(learning_rate=0.1, optimizer="sgd", batch_size=128), set()),
    "mom-0.01": Recorded(
        _config(learning_rate=0.01, optimizer="sgd-momentum", batch_size=128), set()
    ),
    "bn-128": Recorded(_config(batch_normalization=True, batch_size=128), set()),
    "dropout-0.5": Recorded(_config(hidden=(128, 64), dropout=0.5, epochs=15), set()),
    "tanh-1e-3": Recorded(_config(activation="tanh", hidden=(128, 64)), {Kind.UNFINISHED}),
    "sigmoid-1e-3": Recorded(_config(activation="sigmoid", hidden=(128, 64)), {Kind.UNFINISHED}),
    "l2-0.0001": Recorded(_config(l2=1e-4, epochs=15), {Kind.UNFINISHED}),
    "l2-0.001": Recorded(_config(l2=1e-3, epochs=15), {Kind.UNFINISHED}),
    "unfinished-2": Recorded(RunConfig(epochs=2), {Kind.UNFINISHED}),
    "unfinished-4": Recorded(RunConfig(hidden=(128,), epochs=4), {Kind.UNFINISHED}),
    "overfit": Recorded(
        _config(hidden=(256,), training_images=3_000, epochs=40, batch_size=64),
        {Kind.FEW_IMAGES, Kind.OVERFITS},
    ),
    "overfit2": Recorded(
        _config(hidden=(512, 256), training_images=10_000, epochs=25), {Kind.BEST_EARLIER}
    ),
    "gap-closed": Recorded(
        _config(hidden=(512, 256), training_images=10_000, epochs=25, **_REGULARIZED),
        {Kind.GAP_NARROWED},
        plain="overfit2",
    ),
    "few-1000": Recorded(
        _config(training_images=1_000, epochs=30, batch_size=64), {Kind.FEW_IMAGES}
    ),
    "few-2000": Recorded(
        _config(training_images=2_000, epochs=30, batch_size=64), {Kind.FEW_IMAGES}
    ),
    "sgd-10.0": Recorded(
        _config(learning_rate=10, optimizer="sgd", batch_size=128), {_CHANCE, _DEAD}
    ),
    "mom-2.0": Recorded(
        _config(learning_rate=2, optimizer="sgd-momentum", batch_size=128), {_CHANCE, _DEAD}
    ),
    "adam-0.1": Recorded(_config(learning_rate=0.1), {_HIGH, _DEAD}),
    "adam-0.3": Recorded(_config(learning_rate=0.3), {_HIGH, _DEAD}),
    "adam2-0.03": Recorded(_WIDE.model_copy(update={"learning_rate": 0.03}), {_HIGH, _DEAD}),
    "rms-0.1": Recorded(_config(learning_rate=0.1, optimizer="rmsprop"), {_HIGH, _DEAD}),
    "tanh-0.1": Recorded(_config(learning_rate=0.1, activation="tanh"), {_HIGH, _SATURATED}),
    "tanh-0.03": Recorded(
        _config(learning_rate=0.03, activation="tanh"), {_SATURATED}, frozenset({Kind.OVERFITS})
    ),
    "sigmoid-0.1": Recorded(
        _config(learning_rate=0.1, activation="sigmoid", hidden=(128, 64)),
        {_SATURATED},
        frozenset({_HIGH, _CHANCE}),
    ),
    "adam-1e-05": Recorded(_config(learning_rate=1e-5), {Kind.RATE_TOO_LOW}),
    "adam-0.0001": Recorded(_config(learning_rate=1e-4), {Kind.RATE_TOO_LOW}),
    "sgd-0.001": Recorded(
        _config(learning_rate=1e-3, optimizer="sgd", batch_size=128), {Kind.RATE_TOO_LOW}
    ),
    "mom-0.001": Recorded(
        _config(learning_rate=1e-3, optimizer="sgd-momentum", batch_size=128), {Kind.RATE_TOO_LOW}
    ),
    "rms-1e-05": Recorded(_config(learning_rate=1e-5, optimizer="rmsprop"), {Kind.RATE_TOO_LOW}),
    "changed-0.02": Recorded(_WIDE, {Kind.RATE_CHANGED, _HIGH, _DEAD}, changed_rate=0.02),
    "changed-0.1": Recorded(
        _WIDE, {Kind.RATE_CHANGED, _DEAD}, frozenset({_HIGH, _CHANCE}), changed_rate=0.1
    ),
    "changed-0.0001": Recorded(_config(hidden=(256,)), {Kind.RATE_CHANGED}, changed_rate=1e-4),
    "small-": Recorded(RunConfig(hidden=(), epochs=25, batch_size=128), {Kind.TOO_SMALL}),
    "small-4": Recorded(RunConfig(hidden=(4,), epochs=25, batch_size=128), {Kind.TOO_SMALL}),
    "small-16": Recorded(RunConfig(hidden=(16,), epochs=25, batch_size=128), {Kind.TOO_SMALL}),
    "deep-sigmoid": Recorded(_config(activation="sigmoid", hidden=(64,) * 6), {_LITTLE}),
    "dropout-0.8": Recorded(
        _config(hidden=(128, 64), dropout=0.8, epochs=15), {Kind.OVER_REGULARIZED}
    ),
    "dropout-0.9": Recorded(
        _config(hidden=(128, 64), dropout=0.9, epochs=15),
        {Kind.OVER_REGULARIZED},
        frozenset({_DEAD}),
    ),
    "input-0.8": Recorded(_config(input_dropout=0.8, epochs=15), {Kind.OVER_REGULARIZED}),
    "augmented": Recorded(
        _config(hidden=(256,), rotation=10, zoom=0.1, shear=0.1, shift=1, elastic=0.5, epochs=15),
        {Kind.UNFINISHED},
    ),
    "augmented-much": Recorded(
        _config(rotation=45, zoom=0.3, shear=0.5, shift=4, elastic=3, epochs=15),
        {Kind.OVER_REGULARIZED},
    ),
    "l2-0.01": Recorded(_config(l2=1e-2, epochs=15), {Kind.OVER_REGULARIZED}),
    "l2-0.1": Recorded(
        _config(l2=0.1, epochs=15), {Kind.OVER_REGULARIZED}, frozenset({Kind.HAD_BEEN_BETTER})
    ),
    "es-1": Recorded(
        _config(dropout=0.5, early_stopping=True, patience=1, epochs=50, min_delta=0.01),
        {Kind.STOPPED_TOO_EARLY},
    ),
    "es-min": Recorded(
        _config(hidden=(256,), early_stopping=True, patience=1, epochs=50, min_delta=0.03),
        {Kind.STOPPED_TOO_EARLY},
    ),
    "bn-16": Recorded(
        _config(batch_normalization=True, batch_size=16, epochs=4, training_images=10_000),
        {Kind.TINY_BATCHES},
    ),
}
"""By name. A run of which no fault is named has none."""


def recorded_cases(name: str) -> Iterator[tuple[int, Case]]:
    """The seed and the case of each run that was recorded."""
    recorded = RECORDED[name]
    for seed in recorded.seeds:
        history, status = _read(name, seed)
        plain = (
            Reference("", recorded.plain, _read(recorded.plain, seed)[0])
            if recorded.plain
            else None
        )
        units = _read_table(_UNITS)
        own = units[(units["name"] == name) & (units["seed"] == seed)]
        yield seed, make_case(recorded.config, status, history, own, plain)


def _read(name: str, seed: int) -> tuple[pd.DataFrame, Status]:
    table = _read_table(_HISTORIES)
    own = table[(table["name"] == name) & (table["seed"] == seed)]
    status = Status(state=State.FINISHED, final_epoch=int(own["final_epoch"].iloc[0]))
    return own.drop(columns=["name", "seed", "final_epoch"]).reset_index(drop=True), status


@cache
def _read_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path)


def _record(folder: Path) -> None:
    store = RunStore(folder)
    known = {run.name: run for run in store.list() if run.status.final_epoch}
    histories, units = [], []
    for name, recorded in RECORDED.items():
        for seed in recorded.seeds:
            run = known.get(f"{name}/{seed}") or _train(store, name, seed)
            config = recorded.config.model_copy(update={"seed": seed})
            assert (
                run.config.model_copy(update={"training_images": config.training_images}) == config
            )
            assert run.config.training_size == config.training_size
            first = {"name": name, "seed": seed}
            final = run.status.final_epoch
            histories.append(run.history.assign(**first, final_epoch=final))
            units.append(read_unit_activity(run).assign(**first))
    front = ["name", "seed"]
    for path, tables in ((_HISTORIES, histories), (_UNITS, units)):
        table = pd.concat(tables, ignore_index=True)
        table = table[[*front, *table.columns.drop(front)]]
        table.to_csv(path, index=False, float_format="%.5g")


def _train(store: RunStore, name: str, seed: int) -> Run:
    from core.training import train

    recorded = RECORDED[name]
    config = recorded.config.model_copy(update={"seed": seed})
    run = store.create(config, name=f"{name}/{seed}", state=State.RUNNING)

    def change_rate(status: Status) -> None:
        if recorded.changed_rate and status.epoch == 4 and run.control.learning_rate is None:
            run.request(learning_rate=recorded.changed_rate)

    train(run, change_rate)
    return run


if __name__ == "__main__":
    _record(Path(sys.argv[1]))
