"""train(run): fit a run's network and write its run directory, obeying its control file.

Killed at any moment and called again, it goes on from the checkpoint and ends in the same weights,
to the bit, as if nothing had happened.
"""

import gc
import logging
import math
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core.analysis.histories import last_improved_epoch
from core.data import Array, DataError, Split, one_hot, scale_images
from core.network.build import flatten_weights
from core.network.checkpoint import (
    EpochProgress,
    Progress,
    pack_checkpoint,
    pack_pause,
    unpack_checkpoint,
    unpack_pause,
)
from core.network.load import start_from_parent
from core.runs import Run
from core.runs.errors import (
    DamagedRunError,
    RunNotFoundError,
    RunNotWritableError,
    describe_failure,
)
from core.runs.origin import read_drawings
from core.runs.status import Control, Request, State, Status
from core.training.augmentation import epoch_key
from core.training.loops import Evaluation, draw_order, learning_rate_factors
from core.training.warm_models import claim_warm_model, release_warm_model

_CHUNK_SECONDS = 0.1  # how long the compiled loop may run between two polls of the control file
_STATUS_SECONDS = 0.15
_PAUSE_SECONDS = 0.1
_EPOCH_PER_TRAINING = 1.5  # seconds of an epoch with its evaluations, over those of its training

_log = logging.getLogger(__name__)


class DivergedError(ArithmeticError):
    """The loss is no longer a finite number; the message says when and what to try."""


class _PausedForLongError(Exception):
    """The run has been paused for `max_pause_seconds`; see `train`."""


def train(
    run: Run,
    on_status: Callable[[Status], object] = lambda status: None,
    max_pause_seconds: float = math.inf,
) -> Status:
    """Train `run` to its end, calling `on_status` with every status written; return the last.

    A run that has been paused for `max_pause_seconds` is left as it is, `paused`: trained again,
    it goes on from that batch. Does nothing for a run that has ended. Whatever goes wrong
    is written as the run's status `failed`, with a sentence. Raises RunBusyError if another process
    trains the run, RunNotFoundError if it is deleted meanwhile, and RunNotWritableError if the disk
    is full or read-only: the run can then be resumed from its last checkpoint.
    """
    try:
        with run.training_lock():
            if not run.status.state.is_active:
                return run.status
            return _train(run, on_status, max_pause_seconds)
    except OSError as error:
        if not run.path.is_dir():
            raise RunNotFoundError(f"run {run.id} was deleted while it trained") from error
        if isinstance(error, RunNotWritableError):
            raise
        raise RunNotWritableError(f"run {run.id} cannot be written: {error}") from error
    finally:
        # A network is full of cycles, and Python does not know how much memory hangs on them.
        gc.collect()


def _train(run: Run, on_status: Callable[[Status], object], max_pause_seconds: float) -> Status:
    training: _Training | None = None
    try:
        training = _Training(run, on_status, max_pause_seconds)
        return training.run_to_end()
    except _PausedForLongError:
        return run.status
    except OSError:
        raise
    except Exception as error:
        if not run.path.is_dir():
            raise RunNotFoundError(f"run {run.id} was deleted while it trained") from error
        if not isinstance(error, DivergedError):
            _log.exception("training of run %s failed", run.id)
        status = _fail(run, training, error)
        on_status(status)
        return status


def _fail(run: Run, training: "_Training | None", error: Exception) -> Status:
    """Write why the training failed, and what of it can be looked into."""
    remedy = "Try fewer or narrower layers, or a smaller batch."
    changes = {
        "state": State.FAILED,
        "error": describe_failure(error, (DivergedError, DataError, DamagedRunError), remedy),
        "heartbeat": time.time(),
        "seconds_left": None,
    }
    status = (training.status if training else run.status).model_copy(update=changes)
    run.write_status(status)
    if training:  # there is no model: the checkpoint has the network of the last whole epoch
        run.write_history(training.rows)
        run.close(epochs=len(training.rows), keep_checkpoint=bool(training.rows))
    return status


class _Clock:
    """Seconds of an epoch, without its pauses."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._before = seconds
        self._started: float | None = None

    def start(self) -> None:
        self._started = time.monotonic()

    def stop(self) -> None:
        self._before = self.seconds
        self._started = None

    @property
    def seconds(self) -> float:
        running = 0.0 if self._started is None else time.monotonic() - self._started
        return self._before + running


class _Training:
    """One training under way: the network, how far it is, and the clock."""

    def __init__(
        self, run: Run, on_status: Callable[[Status], object], max_pause_seconds: float
    ) -> None:
        self.run = run
        self.config = run.config
        self.on_status = on_status
        self.max_pause_seconds = max_pause_seconds
        self.status = Status(
            state=State.RUNNING,
            epoch=1,
            host=platform.node(),
            base_learning_rate=self.config.learning_rate,
        )
        self.rows: list[dict[str, float]] = []
        self._base_rate = self.config.learning_rate
        self._best_weights: Sequence[Array] | None = None
        self._epoch_progress = EpochProgress()
        self._step_seconds = _CHUNK_SECONDS
        self._clock = _Clock()
        self._began = time.monotonic()
        self._seconds_paused = 0.0
        self._written = 0.0
        self._is_stopping = False
        self._report()
        self._warm = claim_warm_model(self.config)
        self._model, self._loops = self._warm.model, self._warm.loops
        if drawings := read_drawings(run):
            images, labels = scale_images(drawings.images), one_hot(drawings.labels)
            self._loops.add_images(Split(images, labels))
        self._drawn = (len(drawings.labels), drawings.share) if drawings else (0, 0.0)
        parent = run.record.parent  # whose epochs had orders and changed images of their own
        self._epochs_before = parent.epochs_before if parent else 0
        self._resume()
        self._is_resumed = bool(self.rows) or self._epoch_progress.batch > 0
        if not self._is_resumed:
            start_from_parent(run, self._model)

    # --- the course of a run

    def run_to_end(self) -> Status:
        while not self._is_stopping and not self._is_done():
            self._train_epoch()
        return self._finish()

    def _is_done(self) -> bool:
        epochs = len(self.rows)
        if self.config.early_stopping and epochs - self._best_epoch() >= self.config.patience:
            return True
        return epochs >= self.config.epochs

    def _train_epoch(self) -> None:
        epoch = len(self.rows) + 1
        self._clock = _Clock(self._epoch_progress.seconds)
        self._clock.start()
        order = draw_order(self.config, self._epochs_before + epoch, *self._drawn)
        self._train_batches(epoch, order)
        batch = self._epoch_progress.batch
        if batch == 0:  # stopped before the first
            return
        base_rate = self._base_rate  # while it is evaluated, another may be requested
        results = self._loops.evaluate_all(after_block=self._apply_control_and_report)
        self.rows.append(self._build_row(epoch, base_rate, results))
        self._clock, self._epoch_progress = _Clock(), EpochProgress()
        restores = self.config.early_stopping and self.config.restore_best_weights
        if restores and self._best_epoch() == epoch:
            self._best_weights = [variable.numpy() for variable in self._model.variables]
        # In this order a kill between any two leaves a history that the checkpoint can cut short.
        self.run.write_test_probabilities(epoch, results["test"].probabilities)
        self.run.write_first_layer(epoch, self._model.trainable_variables[0].numpy())
        self.run.write_weights(epoch, flatten_weights(self._model))
        self.run.write_history(self.rows)
        if batch == self.config.batches:
            self.run.write_checkpoint(pack_checkpoint(self._model, self._progress))
        self._report(seconds_per_epoch=float(np.median([row["seconds"] for row in self.rows[-5:]])))

    def _train_batches(self, epoch: int, order: Array) -> None:
        """Train on the batches of an epoch that are left, or until a stop."""
        config = self.config
        key = epoch_key(config.seed, self._epochs_before + epoch)
        while (batch := self._epoch_progress.batch) < config.batches:
            self._apply_control()
            if self._is_stopping:
                break
            wanted = round(_CHUNK_SECONDS / self._step_seconds)
            count = min(max(wanted, 1), config.batches - batch)
            factors = learning_rate_factors(config, (epoch - 1) * config.batches + batch, count)
            rates = np.float32(self._base_rate) * factors
            started = time.monotonic()
            running = self._loops.train(order, batch, rates, self._epoch_progress.running, key)
            self._step_seconds = (time.monotonic() - started) / count
            self._check_finite(running.loss, epoch, float(rates[0]))
            self._epoch_progress = EpochProgress(
                batch + count, self._clock.seconds, float(rates[-1]), running
            )
            self._report(
                min_seconds=_STATUS_SECONDS,
                epoch=epoch,
                batch=batch + count,
                running_loss=running.loss / running.images,
                running_accuracy=running.correct / running.images,
                learning_rate=float(rates[-1]),
                base_learning_rate=self._base_rate,
            )

    def _build_row(
        self, epoch: int, base_rate: float, results: Mapping[str, Evaluation]
    ) -> dict[str, float]:
        """What the history says of an epoch; `results` are those of all splits by their names."""
        running = self._epoch_progress.running
        row = {
            "epoch": epoch,
            "seconds": self._clock.seconds,
            "learning_rate": self._epoch_progress.learning_rate,
            "base_learning_rate": base_rate,
            "running_loss": running.loss / running.images,
            "running_accuracy": running.correct / running.images,
            "l2_penalty": self._loops.l2_penalty(),
        }
        for name, result in results.items():
            self._check_finite(result.loss, epoch, self._epoch_progress.learning_rate)
            row |= {f"{name}_loss": result.loss, f"{name}_accuracy": result.accuracy}
        return row

    def _finish(self) -> Status:
        final_epoch = len(self.rows)
        if self._best_weights is not None:
            final_epoch = self._best_epoch()
            for variable, value in zip(self._model.variables, self._best_weights, strict=True):
                variable.assign(value)
        self.run.write_history(self.rows)  # an interrupted epoch may have left one row more
        self.run.write_model(self._model.save)
        state = State.STOPPED if self._is_stopping else State.FINISHED
        self._report(
            state=state,
            epoch=len(self.rows),
            final_epoch=final_epoch,
            seconds_left=None,
            overhead_seconds=self._overhead_seconds(),
        )
        self.run.close(epochs=len(self.rows))
        release_warm_model(self._warm, self.config)
        return self.status

    def _overhead_seconds(self) -> float | None:
        """`Status.overhead_seconds`; None of a run that an earlier process began."""
        if self._is_resumed:
            return None
        in_epochs = sum(row["seconds"] for row in self.rows) + self._clock.seconds
        return max(time.monotonic() - self._began - self._seconds_paused - in_epochs, 0.0)

    def _best_epoch(self) -> int:
        losses = [row["validation_loss"] for row in self.rows]
        return last_improved_epoch(losses, self.config.min_delta)

    def _check_finite(self, loss: float, epoch: int, rate: float) -> None:
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss became infinite or not a number in epoch {epoch}, at learning rate "
                f"{rate:.3g}. Try a learning rate ten times smaller, or batch normalisation"
            )

    # --- what a training needs to go on

    @property
    def _progress(self) -> Progress:
        return Progress(len(self.rows), self._base_rate, self._best_weights, self._epoch_progress)

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
            if progress := unpack_checkpoint(arrays, self._model):
                self.rows = [
                    {str(key): value for key, value in row.items()}
                    for row in history[: progress.epochs]
                ]
                self._base_rate = progress.base_learning_rate
                self._best_weights = progress.best_weights
                self._epoch_progress = progress.next_epoch
                epoch = min(progress.epochs + 1, self.config.epochs)
                self._report(epoch=epoch, batch=self._epoch_progress.batch)
                return

    # --- status and control

    def _report(self, min_seconds: float = 0.0, **changes: Any) -> None:
        """Change the status, and write it unless that was done less than `min_seconds` ago."""
        status = self.status.model_copy(update=changes)
        times = {
            "heartbeat": time.time(),
            "seconds": sum(row["seconds"] for row in self.rows) + self._clock.seconds,
            "seconds_left": self._seconds_left(status) if status.state.is_active else None,
        }
        self.status = status.model_copy(update=times)
        now = time.monotonic()
        if now - self._written >= min_seconds:
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

    def _apply_control(self) -> None:
        """Do what was requested of the run; during a pause, wait here.

        Once stopping, nothing else is obeyed: a stop cannot be taken back.
        """
        if self._is_stopping:
            return
        control = self.run.control
        if control.request is Request.PAUSE:
            control = self._wait_while_paused()
        if control.learning_rate is not None:
            self._base_rate = control.learning_rate
        if control.request is Request.STOP:
            self._is_stopping = True
            self._report(state=State.STOPPING)

    def _apply_control_and_report(self) -> None:
        self._apply_control()
        self._report(min_seconds=_STATUS_SECONDS)

    def _wait_while_paused(self) -> Control:
        """Wait until something else is requested; return that. Raises _PausedForLongError."""
        paused = time.monotonic()
        self._clock.stop()
        self._report(state=State.PAUSED)
        while (control := self.run.control).request is Request.PAUSE:
            if time.monotonic() - paused >= self.max_pause_seconds:
                if self._epoch_progress.batch:
                    checkpoint = self.run.read_checkpoint()
                    self.run.write_checkpoint(pack_pause(self._model, self._progress, checkpoint))
                raise _PausedForLongError
            time.sleep(_PAUSE_SECONDS)
            self._report(min_seconds=1.0)
        self._seconds_paused += time.monotonic() - paused
        self._clock.start()
        self._report(state=State.RUNNING)
        return control
