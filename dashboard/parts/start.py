"""Queues runs for the visitor."""

from collections.abc import Iterable, Sequence

import streamlit as st

from core.config import RunConfig
from core.engine import QueueError
from core.runs import Run
from core.runs.errors import RunError
from core.runs.origin import Origin
from core.runs.seed_siblings import next_seeds
from dashboard import text
from dashboard.access.visitor import visitor
from dashboard.session import linked
from dashboard.session.server import server


def start_runs(
    requested: Sequence[tuple[RunConfig, str | None]],
    origin: Origin = Origin(),  # noqa: B008 (frozen)
) -> list[Run]:
    """Queue a run of each configuration, with its name; or none, and say why in a toast.

    All start from `origin`.
    """
    try:
        return server().engine.enqueue_all(requested, visitor().name, origin)
    except QueueError as error:
        st.toast(text.escape(error), icon=":material/group:", duration="long")
    except RunError as error:
        st.toast(f"{text.escape(error)}.", icon=":material/cloud_off:", duration="long")
    return []


def start_seeds(
    configs: Sequence[RunConfig], used: Iterable[int], count: int, name: str | None = None
) -> None:
    """Queue a run of each configuration from each of `count` seeds that are not `used` yet.

    The runs are called `name` and their seed; without `name` by their configuration.
    """
    start_runs(
        [
            (config.model_copy(update={"seed": seed}), name and f"{name}, seed {seed}")
            for seed in next_seeds(used, count)
            for config in configs
        ]
    )


def start_and_show(
    config: RunConfig,
    name: str | None = None,
    origin: Origin = Origin(),  # noqa: B008 (frozen)
) -> bool:
    """Queue a run of `config`, and make it the run that is looked at; return whether that went."""
    runs = start_runs([(config, name)], origin)
    for run in runs:
        linked.RUN.choose(run.id)
    return bool(runs)
