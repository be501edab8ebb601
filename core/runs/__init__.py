"""Runs on disk: the run directory, which is all that training and page share, and its documents.
`summary` and `table` show all runs at a glance. Needs no Keras.
"""

from core.runs.run import (
    HISTORY_COLUMNS,
    MAX_NAME,
    MAX_NOTE,
    Run,
    RunStore,
    new_run_id,
    weight_epochs,
)

__all__ = [
    "HISTORY_COLUMNS",
    "MAX_NAME",
    "MAX_NOTE",
    "Run",
    "RunStore",
    "new_run_id",
    "weight_epochs",
]
