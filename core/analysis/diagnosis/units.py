"""Findings about a network's units: dead, saturated, normalised over too few images."""

import pandas as pd

from core.analysis.diagnosis import thresholds as limit
from core.analysis.diagnosis.case import Case
from core.analysis.diagnosis.findings import Finding, Kind, Severity, Try, View
from core.analysis.diagnosis.tries import USE_RELU, use_usual_rate


def find_dead_units(case: Case) -> Finding | None:
    """Many units of a layer give 0 to every image."""
    found = case.worst_layer("dead")
    if found is None or found["dead"] < limit.DEAD:
        return None
    count, units = round(found["dead"] * found["units"]), int(found["units"])
    since = _since(case, found, "dead")
    normalise = Try("With batch normalisation", {"batch_normalization": True})
    return Finding(
        Kind.DEAD_UNITS,
        Severity.FAULT if found["dead"] >= limit.MANY_DEAD else Severity.NOTE,
        f"{count} of the {units} units of {_name(found)} are dead: they give 0 to each of 1,000 "
        f"test images. By epoch {since} at least half as many were.",
        since,
        {"dead": float(found["dead"]), "units": units},
        (*_slower(case), *(() if case.config.batch_normalization else (normalise,))),
        View.LAYERS,
    )


def find_saturated_units(case: Case) -> Finding | None:
    """Most answers of a layer lie where tanh or sigmoid is flat."""
    found = case.worst_layer("saturated")
    if found is None or found["saturated"] < limit.SATURATED:
        return None
    since = _since(case, found, "saturated")
    did_learn = case.value("train_accuracy") >= limit.LEARNED
    return Finding(
        Kind.SATURATED_UNITS,
        Severity.NOTE if did_learn else Severity.FAULT,
        f"The units of {_name(found)} are saturated: {100 * found['saturated']:.0f} % of their "
        f"answers lie at an end of {case.config.activation.value}. Its slope is near zero there, "
        "and lets little of the error through.",
        since,
        {"saturated": float(found["saturated"])},
        (*_slower(case), USE_RELU),
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


def _since(case: Case, found: pd.Series, column: str) -> int:
    """The first epoch known after which the layer had half of the share that it has now."""
    known = case.known_units
    assert known is not None  # `found` is of it
    own = known[known["layer"] == found["layer"]]
    return int(own.loc[own[column] >= found[column] / 2, "epoch"].min())


def _name(found: pd.Series) -> str:
    """hidden_2 or activation_2 -> "hidden layer 2"."""
    return f"hidden layer {str(found['layer']).rpartition('_')[2]}"


def _slower(case: Case) -> tuple[Try, ...]:
    """The usual learning rate, if the run had a higher one."""
    is_high = case.config.learning_rate > limit.USUAL_RATE[case.config.optimizer]
    return (use_usual_rate(case.config),) if is_high else ()
