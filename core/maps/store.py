"""Maps as a run keeps them: the only code that knows the files of its folder `maps`."""

from contextlib import AbstractContextManager

import pandas as pd

from core.maps.request import POINT_COLUMNS, MapRequest, MapStatus, parse_map_key
from core.runs import Run
from core.runs.errors import DamagedRunError, RunBusyError
from core.runs.run_files import load_arrays
from core.runs.status import State

_FOLDER = "maps"


def list_maps(run: Run) -> list[MapRequest]:
    """The maps of the run that were ever requested, by their keys."""
    keys = sorted(path.stem for path in (run.path / _FOLDER).glob("[!.]*.json"))
    return [request for key in keys if (request := parse_map_key(key))]


class StoredMap:
    """One map of a run. Cheap to make; every property reads the file as it is now."""

    def __init__(self, run: Run, request: MapRequest) -> None:
        self._run = run
        self._key = request.key
        self._status_file = f"{_FOLDER}/{self._key}.json"
        self._points_file = f"{_FOLDER}/{self._key}.npz"
        self._stop_file = run.path / _FOLDER / f"{self._key}.stop"

    @property
    def status(self) -> MapStatus | None:
        """How far the map is; None if it was never requested, or what is there is unreadable."""
        try:
            return self._run.files.read(self._status_file, MapStatus)
        except DamagedRunError:
            return None

    def read_points(self) -> pd.DataFrame:
        """The map's points so far, as `FeatureMap` has them. Raises DamagedRunError."""
        with self._run.files.explain_read_errors(self._points_file):
            points = pd.DataFrame(load_arrays(self._run.path / self._points_file))
            if list(points.columns) != list(POINT_COLUMNS):
                raise ValueError(f"expected the columns {', '.join(POINT_COLUMNS)}")
        return points

    @property
    def is_stop_requested(self) -> bool:
        """Whether the map's job is to stop."""
        return self._stop_file.exists()

    def request(self, owner: str | None = None) -> bool:
        """Request, as `owner`, the map of the network as it stands; say whether to submit a job.

        Not if one is under way or has done it: two requests start one job.
        """
        with self._run.files.locked_change():
            status = self.status
            if status and status.is_current(self._run.network_epoch):
                return False
            with self._run.files.explain_write_errors():
                self._stop_file.unlink(missing_ok=True)
            self.write_status(MapStatus(state=State.QUEUED, owner=owner))
            return True

    def request_stop(self) -> None:
        """Request that the map's job ends with its next report, and keeps what was reached."""
        with self._run.files.explain_write_errors():
            self._stop_file.touch()

    def lock(self) -> AbstractContextManager[None]:
        """Hold the right to compute the map; the kernel lets it go when the process dies.

        Raises RunBusyError if another job holds it.
        """
        busy = RunBusyError(f"another job is computing map {self._key} of run {self._run.id}")
        return self._run.files.lock(f"{_FOLDER}/.{self._key}.lock", 0, busy)

    def write_status(self, status: MapStatus) -> None:
        """Replace what `status` reads."""
        with self._run.files.explain_write_errors():
            (self._run.path / _FOLDER).mkdir(exist_ok=True)
        self._run.files.write(self._status_file, status)

    def write_points(self, points: pd.DataFrame) -> None:
        """Replace what `read_points` reads."""
        columns = {str(name): points[name].to_numpy() for name in points}
        self._run.files.write_arrays(self._points_file, columns)
