"""Runs on disk: the run directory, which is all that training and page share, and its documents.
`summary` reads one run's results, `table` lists all runs. Needs no Keras.
"""

from core.runs.history import HISTORY_COLUMNS
from core.runs.run import MAX_NAME, MAX_NOTE, Run, weight_epochs
from core.runs.store import RunStore, make_run_id, new_run_id
