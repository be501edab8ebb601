"""A runs folder on this machine that is kept in step with an object store. The only code that
knows fsspec.

Each file of a run has one writer: what changed here since both were equal is sent, what changed
there is fetched, arrays and networks only when they are asked for. What a training writes is sent
by the process that holds the run's lease, an object that only one process in all can create.
"""

import atexit
import hashlib
import json
import logging
import os
import platform
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import fsspec
from pydantic import BaseModel

from core.files import replace_file
from core.run_errors import RunBusyError, RunNotWritableError
from core.status import State, Status

_TICK_SECONDS = 0.5  # between two looks at the runs that train or that somebody looks at
_LOOK_SECONDS = 3.0  # between two looks for new runs
_WHOLE_SECONDS = 30.0  # between two looks at everything
_EPOCH_SECONDS = 2.0  # at least so long between two sendings of what epochs left
_REST = 3.0  # and so many times as long as the last took
_WATCH_SECONDS = 10.0  # a run is looked at so long after somebody opened or changed it
_SILENT_SECONDS = 30.0  # after its holder's last sign of life a lease may be taken over
_RETRY_SECONDS = 0.2
_TRIES = 5
_THREADS = 8
_LEASE = ".lease"
_KNOWN = ".mirror.json"
_LOCKS = ".mirror"
_LARGE = (".npy", ".npz", ".keras")
_NAME = re.compile(r"(\w[\w.-]*/)?\w[\w.-]*")
_MARKS = ("ETag", "etag", "md5", "mtime", "LastModified", "last_modified", "created")
_TIMES = {"connect_timeout": 5, "read_timeout": 30, "retries": {"max_attempts": 0}}
_OPTIONS = {"s3": {"config_kwargs": _TIMES}}  # s3fs tries again itself

_log = logging.getLogger(__name__)

Stamp = tuple[int, int]


class UnreachableError(RunNotWritableError):
    """The object store does not answer; the message is a sentence, and it is tried again."""


class _GoneError(Exception):
    """The run was deleted."""


@dataclass(frozen=True)
class Layout:
    """What a mirror must know of a run's files."""

    run_id: re.Pattern[str]
    record: str
    """The file that makes the run: the last one to come and the first one to go."""
    status: str
    trained: tuple[str, ...]
    """What a training writes, each before what announces it; the status last."""
    passing: tuple[str, ...]
    """How the names of files end that may vanish; if another is missing here, it is fetched."""


class _Known(BaseModel):
    """What is known of a run: files as they were when both sides were equal, and what is there."""

    here: dict[str, tuple[str, int, int]] = {}
    """Of each file the object's mark, the file's time in nanoseconds, and its size."""
    there: dict[str, str] = {}
    lease: str | None = None
    """The mark of the lease, if this folder holds it."""

    @classmethod
    def read(cls, folder: Path) -> "_Known":
        with suppress(OSError, ValueError):
            return cls.model_validate_json((folder / _KNOWN).read_bytes())
        return cls()

    def write(self, folder: Path) -> None:
        replace_file(folder / _KNOWN, lambda path: path.write_text(self.model_dump_json()))

    def has(self, name: str, stamp: Stamp | None) -> bool:
        """Whether the file here is as it was when both sides were equal."""
        return stamp == (self.here[name][1:] if name in self.here else None)

    def mark(self, name: str) -> str | None:
        """The object's mark when both sides were equal."""
        return self.here[name][0] if name in self.here else None

    def put(self, folder: Path, name: str, mark: str, aside: Path) -> None:
        """Put a file that was fetched into its place."""
        self.here[name] = (mark, *_stamp(aside))
        if "/" in name:
            (folder / name).parent.mkdir(exist_ok=True)
        os.replace(aside, folder / name)


class Mirror:
    """One folder and one address. `folder` looks like any runs folder, and stays on this disk."""

    def __init__(self, url: str, layout: Layout) -> None:
        """Raises RunNotWritableError where no package for such addresses is installed."""
        protocol = url.partition("://")[0]
        try:
            self._fs, self._root = fsspec.url_to_fs(
                url, use_listings_cache=False, **_OPTIONS.get(protocol, {})
            )
        except (ImportError, ValueError) as error:
            raise RunNotWritableError(f"runs cannot be kept at {url}: {error}") from error
        self.url = url
        self._layout = layout
        self._name = f"{protocol}://{self._root.lstrip('/')}"
        cache = os.environ.get("DIGITLAB_CACHE")
        base = Path(cache) if cache else Path.home() / ".cache" / "digitlab" / platform.node()
        words = re.sub(r"[^\w.-]+", "-", self._name)[:80]
        digest = hashlib.sha256(self._name.encode()).hexdigest()[:8]
        self.folder = base.absolute() / f"{words}-{digest}"
        self.problem: str | None = None
        """Why the store cannot be reached, as a sentence; None when all is well."""
        self._holder = f"{platform.node()} {self.folder}"
        self._all = False
        self._states: dict[str, State] = {}
        self._watched: dict[str, float] = {}
        self._leases: dict[str, bool] = {}
        """The leases of this process; true once the training is over, and all is to be sent."""
        self._lost: set[str] = set()
        self._next_look = self._next_whole = 0.0
        self._next_send: dict[str, float] = {}
        self._sending, self._fetching, self._starting = (threading.Lock() for _ in range(3))
        self._over = threading.Event()
        self._pool: ThreadPoolExecutor | None = None

    # --- the whole folder

    def watch(self, run_id: str) -> None:
        """Keep the run in step for the next seconds, and for as long as it trains here."""
        if self._is_run(run_id):  # and not one that is still being made
            self._watched[run_id] = time.monotonic() + _WATCH_SECONDS
            self._start()

    def watch_all(self) -> None:
        """Keep all runs in step from now on. The first call returns when all are here."""
        self._start()
        if not self._all:
            with suppress(UnreachableError):
                self._look_around()
            self._all = True

    def close(self) -> None:
        """Send what has just changed, and end."""
        if not self._over.is_set():
            self._over.set()
            with suppress(Exception):
                for run_id in list(self._watched):
                    self.sync(run_id)

    def _start(self) -> None:
        with self._starting:
            if self._pool is not None or self._over.is_set():
                return
            self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="mirror")
            for work in (self._keep_in_step, self._send_all):
                threading.Thread(target=self._repeat, args=(work,), daemon=True).start()
            atexit.register(self.close)

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._over.wait(_TICK_SECONDS):
            try:
                work()
            except UnreachableError:
                pass  # `problem` says it, and it is tried again
            except Exception:
                _log.exception("keeping %s in step failed", self._name)

    def _keep_in_step(self) -> None:
        now = time.monotonic()
        if self._all and now >= self._next_look:
            self._look_around()
        for run_id in [key for key, until in self._watched.copy().items() if until < now]:
            self._watched.pop(run_id, None)
        live = {key for key, state in self._states.copy().items() if _is_live(state)}
        ours = self._watched.keys() | self._leases.keys()
        self._sync_all(ours | live if self._all else ours)

    def _sync_all(self, run_ids: Collection[str]) -> None:
        if self._pool is not None:
            list(self._pool.map(self.sync, list(run_ids)))

    def _look_around(self) -> None:
        """Find what is new or gone and, every now and then, what changed in any run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ours = {path.name for path in self.folder.iterdir() if self._is_run(path.name)}
        now = time.monotonic()
        queued = {run_id for run_id, state in self._states.copy().items() if state is State.QUEUED}
        if now < self._next_whole:
            try:
                names = self._ask(self._fs.ls, self._root, detail=False, expected=FileNotFoundError)
            except FileNotFoundError:  # nothing there at all: the look at everything decides
                return
            found = {Path(name).name for name in names if self._is_run(Path(name).name)}
            wanted = found - ours | queued & found
        else:
            there = self._list_all()
            found = {run_id for run_id, files in there.items() if self._layout.record in files}
            wanted = {
                run_id
                for run_id, files in there.items()
                if run_id in found
                and (run_id not in self._states or _Known.read(self.folder / run_id).there != files)
            }
            self._next_whole = now + _WHOLE_SECONDS
        for run_id in ours - found:
            self._forget(run_id)
        self._sync_all(sorted(wanted, reverse=True))
        self._next_look = now + _LOOK_SECONDS

    def _is_run(self, name: str) -> bool:
        return self._layout.run_id.fullmatch(name) is not None

    # --- one run

    def sync(self, run_id: str) -> None:
        """Make the run equal here and there, but for what is large or sent by its training.

        Raises UnreachableError.
        """
        folder, aside = self.folder / run_id, self.folder / f".fetched-{run_id}"
        try:
            with self._locked(run_id):
                if folder.is_dir():
                    self._exchange(run_id, folder)
                    return
                aside.mkdir(exist_ok=True)
                try:
                    self._exchange(run_id, aside)
                    os.rename(aside, folder)
                finally:
                    shutil.rmtree(aside, ignore_errors=True)
        except _GoneError:
            self._forget(run_id)

    def fetch(self, run_id: str, name: str) -> Path:
        """Where the run's file is, as large as it may be, and fetched anew if it changed there.

        There is none at that path if there is none at all. Raises UnreachableError.
        """
        folder = self.folder / run_id
        if run_id not in self._watched:
            self.sync(run_id)
        self.watch(run_id)
        if self._wants(run_id, name):
            with self._fetching, tempfile.TemporaryDirectory(dir=self.folder, prefix=".get-") as at:
                aside = Path(at) / "file"
                for _ in range(_TRIES if self._wants(run_id, name) else 0):
                    before = self._list(run_id).get(name)
                    if before is None:
                        break
                    path = self._path(run_id, name)
                    self._ask(self._fs.get_file, path, str(aside))
                    if before == self._list(run_id).get(name):  # else perhaps a mixture
                        with self._locked(run_id):
                            known = _Known.read(folder)
                            known.put(folder, name, before, aside)
                            known.write(folder)
                        break
        return folder / name

    def has(self, run_id: str, name: str) -> bool:
        """Whether the run's file is there, as far as is known here."""
        return name in _Known.read(self.folder / run_id).there

    def create(self, run_id: str, aside: Path) -> None:
        """Send a new run, whose files are in `aside`. Raises UnreachableError."""
        names = [self._layout.status, self._layout.record]
        stamps = self._upload(run_id, aside, names)
        there = self._list(run_id)
        here = {name: (there[name], *stamps[name]) for name in names}
        _Known(here=here, there=there).write(aside)
        self.watch(run_id)

    def remove(self, run_id: str) -> None:
        """Delete the run here and there. Raises UnreachableError."""
        with self._locked(run_id):
            self._ask(self._fs.rm_file, self._path(run_id, self._layout.record))
        self._forget(run_id)

    # --- the lease

    @contextmanager
    def lease(self, run_id: str, wait: float) -> Iterator[None]:
        """Be the only one in all to write what a training writes; all is sent before the end.

        What was changed here by one who died is kept, unless another has gone on since. Raises
        RunBusyError if another does not give it back within `wait` seconds; UnreachableError.
        """
        deadline = time.monotonic() + wait
        while not self._take(run_id):
            if time.monotonic() >= deadline:
                raise RunBusyError(f"another machine is training run {run_id}")
            time.sleep(_RETRY_SECONDS)
        try:
            yield
        finally:
            try:
                self._give_back(run_id)
            except UnreachableError:
                self._leases[run_id] = True

    def is_leased(self, run_id: str) -> bool:
        """Whether another folder holds the lease, and its training has given a sign of life."""
        try:
            content = self._read_lease(run_id)
            if content is None:
                return False
            lease = json.loads(content)
            if lease["holder"] == self._holder:  # its process is dead, or the run's lock were held
                return False
            status = self._ask(self._fs.cat_file, self._path(run_id, self._layout.status))
            sign = max(lease["since"], Status.model_validate_json(status).heartbeat)
        except FileNotFoundError:
            return False
        except UnreachableError:
            return True
        return bool(abs(time.time() - sign) < _SILENT_SECONDS)

    def check(self, run_id: str) -> None:
        """Raise RunBusyError if the lease was held here, and another has taken it over."""
        if run_id in self._lost:
            raise RunBusyError(f"another machine has taken over run {run_id}")

    def _take(self, run_id: str) -> bool:
        path = self._path(run_id, _LEASE)
        about = {"holder": self._holder, "since": time.time(), "token": secrets.token_hex(8)}
        lease = json.dumps(about).encode()
        for _ in range(2):
            with suppress(FileExistsError):
                write = self._fs.pipe_file
                self._ask(write, path, lease, mode="create", expected=FileExistsError)
                break
            if not self._remove_stale(run_id):
                return False
        else:
            return False
        self.sync(run_id)
        with self._locked(run_id):
            mark = self._list(run_id).get(_LEASE)
            if self._read_lease(run_id) != lease:  # another took ours for the stale one
                return False
            known = _Known.read(self.folder / run_id)
            known.lease = mark
            known.write(self.folder / run_id)
            self._leases[run_id] = False
            self._lost.discard(run_id)
        self.watch(run_id)
        return True

    def _remove_stale(self, run_id: str) -> bool:
        """Remove the lease of one who gives no sign of life; false if there is no such lease.

        Removing knows no conditions, so that two might remove one another's: it is looked at again
        just before, and by `_take` after.
        """
        seen = self._list(run_id).get(_LEASE)
        if self.is_leased(run_id) or self._list(run_id).get(_LEASE) != seen:
            return False
        with suppress(FileNotFoundError):
            path = self._path(run_id, _LEASE)
            self._ask(self._fs.rm_file, path, expected=FileNotFoundError)
        return True

    def _read_lease(self, run_id: str) -> bytes | None:
        with suppress(FileNotFoundError):
            path = self._path(run_id, _LEASE)
            content: bytes = self._ask(self._fs.cat_file, path, expected=FileNotFoundError)
            return content
        return None

    def _give_back(self, run_id: str) -> None:
        self._send(run_id)
        if self._leases.pop(run_id, None) is not None:
            self._ask(self._fs.rm_file, self._path(run_id, _LEASE))

    def _send_all(self) -> None:
        """Send what trainings here wrote: at once what is the last, else every few seconds."""
        for run_id, is_over in list(self._leases.items()):
            if is_over:
                self._give_back(run_id)
                continue
            started = time.monotonic()
            status = self._status(self.folder / run_id)
            is_running = status is not None and status.state is State.RUNNING
            if not is_running or started >= self._next_send.get(run_id, 0.0):
                self._send(run_id)
                took = time.monotonic() - started
                self._next_send[run_id] = time.monotonic() + max(_EPOCH_SECONDS, _REST * took)

    def _send(self, run_id: str) -> None:
        """Send what the training that holds the lease wrote since the last time."""
        folder = self.folder / run_id
        with self._sending:
            with self._locked(run_id):
                if run_id not in self._leases or not folder.is_dir():
                    return
                status, known, here = self._status(folder), _Known.read(folder), _stamps(folder)
                names = [
                    name
                    for name in self._layout.trained
                    if name in here and not known.has(name, here[name])
                ]
                if status and status.state.is_active and self._layout.status in names:
                    names.remove(self._layout.status)  # that goes with every tick
                gone = self._passed(known, here) & set(self._layout.trained)
            if names or gone:
                stamps = self._upload(run_id, folder, names)
                with self._locked(run_id):
                    self._record(run_id, folder, stamps, gone)

    # --- inside

    def _exchange(self, run_id: str, folder: Path) -> None:
        known, there, here = _Known.read(folder), self._list(run_id), _stamps(folder)
        if self._layout.record not in there:
            raise _GoneError
        is_ours = known.lease is not None and known.lease == there.get(_LEASE)
        if not is_ours and self._leases.pop(run_id, None) is not None:
            self._lost.add(run_id)
        trained, passed = set(self._layout.trained), self._passed(known, here)
        mine = {name for name in here if not known.has(name, here[name])}
        theirs = {
            name
            for name in (there.keys() | known.here.keys()) - {_LEASE}
            if there.get(name) != known.mark(name) or (name in there and name not in here)
        }
        if not is_ours and mine & theirs & trained:  # another has gone on: take it as a whole
            theirs |= mine & trained
        wanted = theirs - passed - (mine if is_ours else mine - trained)
        if wanted or there != known.there:
            known.there = there
            self._pull(run_id, folder, wanted, known, here)
        status, sent = self._status(folder), mine - trained
        if status and status.state.is_active and run_id in self._leases:
            sent |= mine & {self._layout.status}
        if sent or passed - trained:
            stamps = self._upload(run_id, folder, sorted(sent, key=_is_small))
            self._record(run_id, folder, stamps, passed - trained)
        if status:
            self._states[run_id] = status.state

    def _pull(
        self, run_id: str, folder: Path, wanted: set[str], known: _Known, here: dict[str, Stamp]
    ) -> None:
        """Make small files as they are there, and take note of large ones for `fetch`."""
        there = known.there
        order = {name: place for place, name in enumerate(self._layout.trained)}
        present = filter(_is_small, wanted & there.keys())
        small = sorted(present, key=lambda name: order.get(name, 0))
        found: dict[str, bytes] = {}
        for name in reversed(small):  # what announces before what is announced
            with suppress(FileNotFoundError):
                path = self._path(run_id, name)
                found[name] = self._ask(self._fs.cat_file, path, expected=FileNotFoundError)
        if found.keys() & order:  # arrays at least as new as the history that was just read
            known.there = self._list(run_id)
        for name in wanted - there.keys():
            (folder / name).unlink(missing_ok=True)
            known.here.pop(name, None)
        for name in (wanted & here.keys() & there.keys()) - set(small):
            known.here[name] = ("", *here[name])
        known.write(folder)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".get-") as at:
            for number, name in enumerate(filter(found.__contains__, small)):
                aside = Path(at) / str(number)
                aside.write_bytes(found[name])
                known.put(folder, name, there[name], aside)
        known.write(folder)

    def _upload(self, run_id: str, folder: Path, names: Sequence[str]) -> dict[str, Stamp]:
        """Send files in this order, each as it was before those in front of it were looked at."""
        stamps: dict[str, Stamp] = {}
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".send-") as at:
            asides = [Path(at) / str(number) for number in range(len(names))]
            for name, aside in reversed(list(zip(names, asides, strict=True))):
                with suppress(FileNotFoundError):
                    os.link(folder / name, aside)
                    stamps[name] = _stamp(aside)
            for name, aside in zip(names, asides, strict=True):
                if name in stamps:
                    self._ask(self._fs.put_file, str(aside), self._path(run_id, name))
        return stamps

    def _record(
        self, run_id: str, folder: Path, stamps: dict[str, Stamp], passed: Collection[str]
    ) -> None:
        """Remove there what has passed here, and remember that both are equal now."""
        known = _Known.read(folder)
        for name in passed:
            self._ask(self._fs.rm_file, self._path(run_id, name))
            known.here.pop(name, None)
        known.there = self._list(run_id)
        for name, stamp in stamps.items():
            known.here[name] = (known.there.get(name, ""), *stamp)
        known.write(folder)

    def _wants(self, run_id: str, name: str) -> bool:
        known = _Known.read(self.folder / run_id)
        if name not in known.there:
            return False
        try:
            stamp = _stamp(self.folder / run_id / name)
        except FileNotFoundError:
            return name not in self._passed(known, {})
        return known.has(name, stamp) and known.mark(name) != known.there[name]

    def _passed(self, known: _Known, here: Collection[str]) -> set[str]:
        gone = known.here.keys() - set(here)
        return {name for name in gone if name.endswith(self._layout.passing)}

    def _forget(self, run_id: str) -> None:
        aside = self.folder / f".deleted-{run_id}"
        self._leases.pop(run_id, None)
        self._states.pop(run_id, None)
        with suppress(FileNotFoundError):
            os.rename(self.folder / run_id, aside)
            shutil.rmtree(aside, ignore_errors=True)
            path = f"{self._root}/{run_id}"
            self._ask(self._fs.rm, path, recursive=True, expected=FileNotFoundError)

    def _status(self, folder: Path) -> Status | None:
        with suppress(OSError, ValueError):
            return Status.model_validate_json((folder / self._layout.status).read_bytes())
        return None

    def _locked(self, run_id: str) -> filelock.BaseFileLock:
        return filelock.FileLock(self.folder / _LOCKS / f"{run_id}.lock")

    # --- the store

    def _path(self, run_id: str, name: str) -> str:
        return f"{self._root}/{run_id}/{name}"

    def _list(self, run_id: str) -> dict[str, str]:
        return self._list_all(f"/{run_id}").get(run_id, {})

    def _list_all(self, below: str = "") -> dict[str, dict[str, str]]:
        """Of each run the files there, with a mark that is another whenever a file has changed."""
        found: dict[str, dict[str, str]] = {}
        for path, info in self._ask(self._fs.find, self._root + below, detail=True).items():
            run_id, _, name = path[len(self._root) + 1 :].partition("/")
            if self._is_run(run_id) and (name == _LEASE or _NAME.fullmatch(name)):
                mark = next((info[key] for key in _MARKS if info.get(key)), "")
                found.setdefault(run_id, {})[name] = f"{mark} {info.get('size')}"
        return found

    def _ask(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        expected: tuple[type[Exception], ...] | type[Exception] = (),
        **options: Any,
    ) -> Any:
        try:
            answer = function(*arguments, **options)
        except expected:
            raise
        except Exception as error:  # each store has its own
            if self.problem is None:
                _log.warning("%s cannot be reached: %s", self._name, error)
            self.problem = f"the runs at {self._name} cannot be reached ({error})"
            raise UnreachableError(self.problem) from error
        self.problem = None
        return answer


def _is_live(state: State) -> bool:
    return state.is_active and state is not State.QUEUED


def _is_small(name: str) -> bool:
    return not name.endswith(_LARGE)


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _stamps(folder: Path) -> dict[str, Stamp]:
    """When each file was written, in nanoseconds, and its size."""
    stamps: dict[str, Stamp] = {}
    for path in (*folder.glob("*"), *folder.glob("*/*")):
        name = path.relative_to(folder).as_posix()
        with suppress(FileNotFoundError):
            if _NAME.fullmatch(name) and path.is_file():
                stamps[name] = _stamp(path)
    return stamps
