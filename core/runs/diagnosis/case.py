"""A run as `core.analysis.diagnosis` looks at it."""

import pandas as pd

from core.analysis.diagnosis import Case, Columns, Reference
from core.config import RunConfig
from core.runs.status import State, Status


def make_case(
    config: RunConfig,
    status: Status,
    history: Columns,
    units: pd.DataFrame | None = None,
    plain: Reference | None = None,
    earlier: Reference | None = None,
    has_parent: bool = False,
) -> Case:
    """The case of a run with at least one epoch in its `history`."""
    epochs, final = len(history["epoch"]), status.final_epoch
    return Case(
        config,
        history,
        has_ended=status.state in {State.FINISHED, State.STOPPED},
        stopped_by_hand=status.state is State.STOPPED,
        restored_epoch=final if final and final < epochs else None,
        units=units,
        plain=plain,
        earlier=earlier,
        has_parent=has_parent,
    )
