"""The parts of the server, which all sessions share."""

from functools import cache

from core.config.settings import settings
from core.course.progress import ProgressStore
from core.drawing.collection import DrawingStore
from core.engine import Engine
from core.engine.example import enqueue_example
from core.runs import RunStore
from core.sweep.store import SweepStore
from core.sweep.supervisor import SweepSupervisor


class Server:
    """The folders that the pages show, and what trains and searches in them."""

    def __init__(self) -> None:
        self.store = RunStore()
        self.drawings = DrawingStore()
        self.engine = Engine(self.store)
        self.progress = ProgressStore(self.store.root)
        self.sweeps = SweepStore(self.store)
        self.sweep_supervisor = SweepSupervisor(self.sweeps, self.engine)

    def start(self) -> None:
        """Start the workers, and go on with whatever has not ended; train the first example."""
        self.engine.start()
        if settings().example:
            enqueue_example(self.engine)
        self.sweep_supervisor.start()

    def stop(self) -> None:
        """Stop the workers. What has not ended goes on at the next start."""
        self.sweep_supervisor.stop()
        self.engine.stop()


@cache
def server() -> Server:
    """This process's server."""
    return Server()
