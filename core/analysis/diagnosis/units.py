"""Findings about a network's units: dead, saturated, normalised over too few images."""

import pandas as pd

from core.analysis.diagnosis import thresholds as limit
from core.analysis.diagnosis.case import Case
from core.analysis.diagnosis.findings import Finding, Kind, Severity, Try, View
from core.analysis.diagnosis.tries import use_rate
from core.config import Activation


def find_dead_units(case: Case) -> Finding | None:
    """Many units of a layer give 0 to every image."""
    found = _worst_layer(case, "dead")
    if found is None or found["dead"] < limit.DEAD:
        return None
    count, units = round(found["dead"] * found["units"]), int(found["units"])
    since = _since(case, found, "dead")
    tries = [Try("With batch normalisation", {"batch_normalization": True})]
    usual = limit.USUAL_RATE[case.config.optimizer]
    if case.config.learning_rate > usual:
        tries.insert(0, use_rate(usual))
    return Finding(
        Kind.DEAD_UNITS,
        Severity.FAULT if found["dead"] >= limit.MANY_DEAD else Severity.NOTE,
        f"{count} of the {units} units of {_name(found)} are dead: they give 0 to every image and "
        f"learn nothing more. Half of them died by epoch {since}.",
        since,
        {"dead": float(found["dead"]), "units": units},
        tuple(try_ for try_ in tries if not _is_so(case, try_)),
        View.LAYERS,
    )


def find_saturated_units(case: Case) -> Finding | None:
    """Most answers of a layer lie where tanh or sigmoid is flat."""
    found = _worst_layer(case, "saturated")
    if found is None or found["saturated"] < limit.SATURATED:
        return None
    since = _since(case, found, "saturated")
    tries = [Try("Activation relu", {"activation": Activation.RELU})]
    usual = limit.USUAL_RATE[case.config.optimizer]
    if case.config.learning_rate > usual:
        tries.insert(0, use_rate(usual))
    return Finding(
        Kind.SATURATED_UNITS,
        Severity.FAULT,
        f"The units of {_name(found)} are saturated: {100 * found['saturated']:.0f} % of their "
        f"answers lie at an end of {case.config.activation.value}, where its slope is near zero. "
        "So little of the error reaches the layers below.",
        since,
        {"saturated": float(found["saturated"])},
        tuple(tries),
        View.LAYERS,
    )


def find_tiny_batches(case: Case) -> Finding | None:
    """Batch normalisation over so few images that their mean is mostly chance."""
    config = case.config
    if not (config.batch_normalization and config.hidden) or config.batch_size > limit.TINY_BATCH:
        return None
    return Finding(
        Kind.TINY_BATCHES,
        Severity.NOTE,
        f"Batch normalisation takes mean and variance from {config.batch_size} images at a time, "
        "so few that chance moves them. That is noise for the network, and slow.",
        None,
        {"batch_size": config.batch_size},
        (Try("Batch size 128", {"batch_size": 128}),),
    )


def _worst_layer(case: Case, column: str) -> pd.Series | None:
    """The row of the last epoch known whose share in `column` is largest."""
    units = case.units
    if units is None or units.empty:
        return None
    last = units[units["epoch"] == units["epoch"].max()]
    return last.loc[last[column].idxmax()]


def _since(case: Case, found: pd.Series, column: str) -> int:
    """The first epoch known after which the layer had half of the share that it has now."""
    units = case.units
    assert units is not None
    own = units[units["layer"] == found["layer"]]
    return int(own.loc[own[column] >= found[column] / 2, "epoch"].min())


def _name(found: pd.Series) -> str:
    """hidden_2 or activation_2 -> "hidden layer 2"."""
    return f"hidden layer {str(found['layer']).rpartition('_')[2]}"


def _is_so(case: Case, try_: Try) -> bool:
    return all(getattr(case.config, name) == value for name, value in try_.changes.items())
