"""train(run): fit a run's network and write its run directory, obeying its control file.

Killed at any moment and called again, it goes on from the checkpoint and ends in the same weights,
to the bit, as if nothing had happened.
"""

import gc
import logging
import math
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from core.analysis.early_stopping import best_epoch
from core.config import RunConfig, Schedule
from core.data import DataError, Floats, Splits
from core.network.build import flatten_weights
from core.network.checkpoint import (
    Place,
    UnderWay,
    pack_checkpoint,
    pack_pause,
    unpack_checkpoint,
    unpack_pause,
)
from core.runs import Run
from core.runs.errors import DamagedRunError, RunNotFoundError, RunNotWritableError
from core.runs.status import Control, Request, State, Status
from core.training.loops import Evaluation, Sums
from core.training.warm_models import put_back, take_workbench

_CHUNK_SECONDS = 0.1  # how long the compiled loop may run before status and control are looked at
_STATUS_SECONDS = 0.15
_PAUSE_SECONDS = 0.1
_EPOCH_PER_TRAINING = 1.5  # an epoch with its evaluations takes so many times its training

_log = logging.getLogger(__name__)


class DivergedError(ArithmeticError):
    """The loss is no longer a finite number; the message says when and what to try."""


class _LeftError(Exception):
    """The run has been paused for so long that whoever trains it leaves it; see `train`."""


def train(
    run: Run,
    on_status: Callable[[Status], object] = lambda status: None,
    leave_after: float = math.inf,
) -> Status:
    """Train `run` to its end, calling `on_status` with every status written; return the last.

    A run that has been paused for `leave_after` seconds is left as it is, `paused`: trained again,
    it goes on from that batch. Does nothing for a run that has ended. Whatever goes wrong
    is written as the run's status `failed`, with a sentence. Raises RunBusyError if another process
    trains the run, RunNotFoundError if it is deleted meanwhile, and RunNotWritableError if the disk
    is full or read-only: the run can then be taken up again from its last checkpoint.
    """
    try:
        return _train(run, on_status, leave_after)
    except OSError as error:
        if not run.path.is_dir():
            raise RunNotFoundError(f"run {run.id} was deleted while it trained") from error
        if isinstance(error, RunNotWritableError):
            raise
        raise RunNotWritableError(f"run {run.id} cannot be written: {error}") from error
    finally:
        # A network is full of cycles, and Python does not know how much memory hangs on them.
        gc.collect()


def _train(run: Run, on_status: Callable[[Status], object], leave_after: float) -> Status:
    with run.training_lock():
        if not run.status.state.is_active:
            return run.status
        training: _Training | None = None
        try:
            training = _Training(run, on_status, leave_after)
            return training.run_to_end()
        except _LeftError:
            return run.status
        except OSError:
            raise
        except Exception as error:
            if not run.path.is_dir():
                raise RunNotFoundError(f"run {run.id} was deleted while it trained") from error
            if not isinstance(error, DivergedError):
                _log.exception("training of run %s failed", run.id)
            last = training.status if training else run.status
            failed = last.model_copy(
                update={
                    "state": State.FAILED,
                    "error": _sentence(error),
                    "heartbeat": time.time(),
                    "seconds_left": None,
                }
            )
            run.write_status(failed)
            if training:  # of a run without a model the checkpoint is what can be looked into
                run.write_history(training.rows)
                run.close(epochs=len(training.rows), keep_checkpoint=bool(training.rows))
            on_status(failed)
            return failed


def warm_up() -> None:
    """Pay what only the first training of a process costs: imports, data, TensorFlow's start.

    And lay the network ready that the form shows at first.
    """
    config = RunConfig()
    bench = take_workbench(config)
    order = np.arange(config.training_size, dtype=np.int32)
    bench.steps.train(order, 0, np.zeros(1, np.float32), Sums())
    bench.steps.evaluate("test", after_block=lambda: None)
    put_back(bench, config)


def learning_rate_factors(config: RunConfig, first: int, count: int) -> Floats:
    """What the schedule multiplies the base rate by at the `count` steps from `first` on.

    Cosine: (1 + cos(pi t / T)) / 2 at step t of T (Loshchilov and Hutter 2017, no restarts).
    """
    if config.schedule is Schedule.CONSTANT:
        return np.ones(count, np.float32)
    steps = np.arange(first, first + count) / (config.epochs * config.batches)
    return ((1 + np.cos(np.pi * steps)) / 2).astype(np.float32)


def _sentence(error: Exception) -> str:
    if isinstance(error, DivergedError):
        return str(error)
    if isinstance(error, DataError):
        words = str(error)
        return f"{words[:1].upper()}{words[1:]}."
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return "The machine ran out of memory. Try fewer or narrower layers, or a smaller batch."
    return f"An error that Digit Lab did not expect: {type(error).__name__}: {error}"


class _Clock:
    """Seconds of an epoch without its pauses."""

    def __init__(self) -> None:
        self._started: float | None = None
        self._held: float | None = None

    def start(self, at: float) -> None:
        self._started = time.monotonic() - at

    def stop(self) -> None:
        self._started = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the clock stand still meanwhile."""
        self._held = time.monotonic()
        try:
            yield
        finally:
            if self._started is not None:
                self._started += time.monotonic() - self._held
            self._held = None

    @property
    def seconds(self) -> float:
        """Since the epoch's start; 0 between epochs."""
        if self._started is None:
            return 0.0
        return (time.monotonic() if self._held is None else self._held) - self._started


class _Training:
    """One training under way: the network, its place in the run, and the clock."""

    def __init__(self, run: Run, on_status: Callable[[Status], object], leave_after: float) -> None:
        self.run = run
        self.config = run.config
        self.on_status = on_status
        self.leave_after = leave_after
        self.status = Status(
            state=State.RUNNING,
            epoch=1,
            host=platform.node(),
            base_learning_rate=self.config.learning_rate,
        )
        self.rows: list[dict[str, float]] = []
        self.base_rate = self.config.learning_rate
        self._best_weights: Sequence[npt.NDArray[Any]] | None = None
        self._under_way = UnderWay()
        self._step_seconds = _CHUNK_SECONDS
        self._clock = _Clock()
        self._written = 0.0
        self._stop = False
        self._tell()
        self._bench = take_workbench(self.config)
        self.model, self.steps = self._bench.model, self._bench.steps
        self._resume()

    # --- the course of a run

    def run_to_end(self) -> Status:
        while not self._stop and not self._is_done():
            self._train_epoch()
        return self._finish()

    def _is_done(self) -> bool:
        epochs = len(self.rows)
        stops_early = self.config.early_stopping and epochs - self._best() >= self.config.patience
        return epochs >= self.config.epochs or stops_early

    def _train_epoch(self) -> None:
        epoch = len(self.rows) + 1
        self._clock.start(at=self._under_way.seconds)
        order = np.random.default_rng((self.config.seed, epoch)).permutation(
            self.config.training_size
        )
        self._train_batches(epoch, order.astype(np.int32))
        batch = self._under_way.batch
        if batch == 0:  # stopped before the first
            return
        row, test = self._evaluate(epoch)
        self._clock.stop()
        self._under_way = UnderWay()
        self.rows.append(row)
        if (
            self.config.early_stopping
            and self.config.restore_best_weights
            and self._best() == epoch
        ):
            self._best_weights = [variable.numpy() for variable in self.model.variables]
        # In this order a kill between any two leaves a history that the checkpoint can cut short.
        self.run.write_test_probabilities(epoch, test.probabilities)
        self.run.write_first_layer(epoch, self.model.trainable_variables[0].numpy())
        self.run.write_weights(epoch, flatten_weights(self.model))
        self.run.write_history(self.rows)
        if batch == self.config.batches:
            self.run.write_checkpoint(pack_checkpoint(self.model, self._place))
        self._tell(seconds_per_epoch=float(np.median([row["seconds"] for row in self.rows[-5:]])))

    def _train_batches(self, epoch: int, order: npt.NDArray[np.int32]) -> None:
        """Train on the batches of an epoch that are left, or until a stop."""
        config = self.config
        while (batch := self._under_way.batch) < config.batches:
            self._obey()
            if self._stop:
                break
            wanted = round(_CHUNK_SECONDS / self._step_seconds)
            count = min(max(wanted, 1), config.batches - batch)
            factors = learning_rate_factors(config, (epoch - 1) * config.batches + batch, count)
            rates = np.float32(self.base_rate) * factors
            started = time.monotonic()
            running = self.steps.train(order, batch, rates, self._under_way.running)
            self._step_seconds = (time.monotonic() - started) / count
            if not math.isfinite(running.loss):
                raise self._diverged(epoch, float(rates[0]))
            self._under_way = UnderWay(
                batch + count, self._clock.seconds, float(rates[-1]), running
            )
            self._tell(
                least=_STATUS_SECONDS,
                epoch=epoch,
                batch=batch + count,
                running_loss=running.loss / running.images,
                running_accuracy=running.correct / running.images,
                learning_rate=float(rates[-1]),
                base_learning_rate=self.base_rate,
            )

    def _evaluate(self, epoch: int) -> tuple[dict[str, float], Evaluation]:
        running = self._under_way.running
        row = {
            "epoch": epoch,
            "learning_rate": self._under_way.learning_rate,
            "base_learning_rate": self.base_rate,
            "running_loss": running.loss / running.images,
            "running_accuracy": running.correct / running.images,
            "l2_penalty": self.steps.l2_penalty(),
        }
        for name in Splits._fields:
            result = self.steps.evaluate(name, after_block=self._obey_between_blocks)
            if not math.isfinite(result.loss):
                raise self._diverged(epoch, row["learning_rate"])
            row |= {f"{name}_loss": result.loss, f"{name}_accuracy": result.accuracy}
        row["seconds"] = self._clock.seconds
        return row, result

    def _finish(self) -> Status:
        final_epoch = len(self.rows)
        if self._best_weights is not None:
            final_epoch = self._best()
            for variable, value in zip(self.model.variables, self._best_weights, strict=True):
                variable.assign(value)
        self.run.write_history(self.rows)  # an interrupted epoch may have left one row more
        self.run.write_model(self.model.save)
        state = State.STOPPED if self._stop else State.FINISHED
        self._tell(state=state, epoch=len(self.rows), final_epoch=final_epoch, seconds_left=None)
        self.run.close(epochs=len(self.rows))
        put_back(self._bench, self.config)
        return self.status

    def _resume(self) -> None:
        """Go on from where a pause was left, or from the checkpoint, if one fits the history.

        Else start afresh.
        """
        checkpoint = self.run.read_checkpoint() or {}
        try:
            history = self.run.history.to_dict("records")
        except DamagedRunError:
            return
        for arrays in (unpack_pause(checkpoint), checkpoint):
            if len(history) < arrays.get("epochs", np.inf):
                continue
            if place := unpack_checkpoint(arrays, self.model):
                self.rows = [
                    {str(key): value for key, value in row.items()}
                    for row in history[: place.epochs]
                ]
                self.base_rate = place.base_learning_rate
                self._best_weights = place.best_weights
                self._under_way = place.under_way
                epoch = min(place.epochs + 1, self.config.epochs)
                self._tell(epoch=epoch, batch=place.under_way.batch)
                return

    @property
    def _place(self) -> Place:
        return Place(len(self.rows), self.base_rate, self._best_weights, self._under_way)

    def _best(self) -> int:
        losses = [row["validation_loss"] for row in self.rows]
        return best_epoch(losses, self.config.min_delta)

    def _diverged(self, epoch: int, rate: float) -> DivergedError:
        return DivergedError(
            f"The loss became infinite or not a number in epoch {epoch}, at learning rate "
            f"{rate:.3g}. Try a learning rate ten times smaller, or batch normalisation."
        )

    # --- status and control

    def _tell(self, least: float = 0.0, **changes: Any) -> None:
        """Change the status, and write it unless that was done less than `least` seconds ago."""
        status = self.status.model_copy(update=changes)
        times = {
            "heartbeat": time.time(),
            "seconds": sum(row["seconds"] for row in self.rows) + self._clock.seconds,
            "seconds_left": self._seconds_left(status) if status.state.is_active else None,
        }
        self.status = status.model_copy(update=times)
        now = time.monotonic()
        if now - self._written >= least:
            self._written = now
            self.run.write_status(self.status)
            self.on_status(self.status)

    def _seconds_left(self, status: Status) -> float | None:
        per_epoch = status.seconds_per_epoch
        if per_epoch is None:
            if status.batch == 0:
                return None
            done = status.batch / self.config.batches
            per_epoch = _EPOCH_PER_TRAINING * self._clock.seconds / done
        return max((self.config.epochs - len(self.rows)) * per_epoch - self._clock.seconds, 0.0)

    def _obey(self) -> None:
        """Do what the control file asks; while it asks for a pause, wait here.

        Once stopping, nothing else is obeyed: a stop cannot be taken back.
        """
        if self._stop:
            return
        control = self.run.control
        if control.request is Request.PAUSE:
            control = self._wait_out_pause()
        if control.learning_rate is not None:
            self.base_rate = control.learning_rate
        if control.request is Request.STOP:
            self._stop = True
            self._tell(state=State.STOPPING)

    def _wait_out_pause(self) -> Control:
        """Wait until something else is asked, and return that. Raises _LeftError."""
        paused = time.monotonic()
        with self._clock.held():
            self._tell(state=State.PAUSED)
            while (control := self.run.control).request is Request.PAUSE:
                if time.monotonic() - paused >= self.leave_after:
                    self._keep_pause()
                    raise _LeftError
                time.sleep(_PAUSE_SECONDS)
                self._tell(least=1.0)
        self._tell(state=State.RUNNING)
        return control

    def _keep_pause(self) -> None:
        if self._under_way.batch:
            checkpoint = self.run.read_checkpoint()
            self.run.write_checkpoint(pack_pause(self.model, self._place, checkpoint))

    def _obey_between_blocks(self) -> None:
        self._obey()
        self._tell(least=_STATUS_SECONDS)
