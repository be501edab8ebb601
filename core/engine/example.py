"""The example: a run that a server trains by itself where there is none yet."""

import logging

from core.config import PRESETS
from core.engine.engine import Engine
from core.runs import Run
from core.runs.errors import RunError

EXAMPLE_NAME = "Example"
EXAMPLE_OWNER = "nobody"
_MARK = ".example"
"""A file in the folder of runs, written once: a deleted example does not come back."""

_log = logging.getLogger(__name__)


def enqueue_example(engine: Engine) -> Run | None:
    """Queue the preset `quick`, owned by nobody, if the folder of runs has and had no run yet."""
    store = engine.store
    if store.list():
        return None
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        (store.root / _MARK).touch(exist_ok=False)
        return engine.enqueue_all([(PRESETS["quick"], EXAMPLE_NAME)], EXAMPLE_OWNER)[0]
    except FileExistsError:
        return None
    except (OSError, RunError) as error:  # the pages open without it
        _log.warning("no example is trained: %s", error)
        return None
