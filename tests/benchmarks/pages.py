"""Every part of the pages that look at a run, with one of 50 epochs: first opened, then again."""

import asyncio
import statistics
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from core.config import RunConfig
from core.runs import Run
from core.runs.status import State
from core.training import train
from tests.benchmarks.report import Figure, print_head, run_topic
from tests.benchmarks.session import Session
from tests.e2e.server import Server

PARTS = {
    "data": ["data=As they come", "data=Preparation", "data=Browse", "data=Classes"],
    "curves": ["curves=Runs", "curves=Two training losses"],
    "evaluate": [
        f"evaluate={part}"
        for part in ("Report", "Confusion", "Errors", "Probabilities", "Calibration")
    ],
    "features": [""],
    "layers": [
        f"layers_view={part}" for part in ("Layers", "First-layer pictures", "Weights", "One digit")
    ],
}
"""Each page, and the address of each part of it."""
_VISITS = 5


def measure() -> Iterator[Figure]:
    """Seconds of a part's first run in a server that never drew it, and of the later ones."""
    with TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            config = RunConfig(dropout=0.5, l2=1e-4, epochs=50, training_images=2_000)
            run = server.runs.create(config, state=State.RUNNING)
            train(run)
            yield from asyncio.run(_visit(server, run))
        finally:
            server.stop()


async def _visit(server: Server, run: Run) -> list[Figure]:
    figures = []
    for page, parts in PARTS.items():
        for part in parts:
            async with Session(f"localhost:{server.port}") as session:
                for _ in range(1 + _VISITS):
                    await session.open(page, f"run={run.id}&{part}".replace(" ", "+"))
            if session.record.errors:
                raise RuntimeError("; ".join(session.record.errors))
            first, *later = session.record.page_runs
            name = " ".join(filter(None, [page, part.partition("=")[2]]))
            figures.append(Figure(f"{name}, first", first, "s", at_most=0.5))
            figures.append(Figure("– again", statistics.median(later), "s", at_most=0.1))
    return figures


if __name__ == "__main__":
    print_head()
    run_topic("pages")
