"""The engine: runs trainings and other work on Dask workers, here or on a cluster. The only code
that knows Dask: `cluster` talks to it, `worker` is what runs there, and `queue`, which does not
know it, decides what trains next.
"""

from core.engine.cluster import WORKER_LOST_ERRORS, EngineError
from core.engine.engine import Engine
from core.engine.queue import QueueError, QueueFullError, RepeatedRunError
