"""Drives one sweep: begins trials, follows their runs, cuts weak ones short, tells the results.

Whoever drives holds the sweep's lock. Nothing of the state is here only: at any moment another
driver can go on from the study and the runs.
"""

from contextlib import suppress

from core.runs import Run, RunStore, new_run_id
from core.runs.errors import DamagedRunError, RunNotFoundError
from core.runs.status import Request, State
from core.sweep.store import Sweep, SweepStatus
from core.sweep.study import SweepStudy, SweepTrial, explain_study_errors

_DELETE_SECONDS = 1.0


class Driver:
    """Takes a sweep on, one look at a time.

    `created_as` is the state in which runs are created: queued, for an engine to train them, or
    running, if the caller trains what `runs_to_train` gives.
    """

    def __init__(self, sweep: Sweep, runs: RunStore, created_as: State = State.QUEUED) -> None:
        self.sweep = sweep
        self._runs = runs
        self._created_as = created_as
        self._study = SweepStudy(sweep)
        self._trials = self._study.take_up()
        self._changed = True

    @explain_study_errors()
    def look(self, places: int) -> bool:
        """Take each trial on, begin new ones while fewer than `places` are under way.

        Returns whether anything was begun or told. Raises SweepError, or what writing runs raises;
        the next look then goes on from there.
        """
        before = self._trials
        stopping = self.sweep.control.request is Request.STOP
        self._trials = [trial for trial in before if self._take_on(trial, stopping)]
        moved = len(self._trials) < len(before)
        while self._may_begin(places):
            trial = self._study.ask()
            self._trials.append(trial)
            self._begin_run(trial)
            moved = True
        if moved or self._changed:
            self._write_status()
        return moved

    def runs_to_train(self) -> list[Run]:
        """The runs under way, but for those that were deleted since the last look."""
        runs = []
        for trial in self._trials:
            with suppress(RunNotFoundError):
                runs.append(self._runs.get(trial.run_ids[-1]))
        return runs

    # --- one trial

    def _take_on(self, trial: SweepTrial, stopping: bool) -> bool:
        """Take the trial as far as its run has come; return whether it is still under way."""
        try:
            run = self._find_run(trial)
            self._follow(trial, run)
            return self._judge(trial, run, stopping)
        except RunNotFoundError:
            trial.tell_lost()
        except DamagedRunError as error:
            trial.tell_cut(str(error))
        return False

    def _judge(self, trial: SweepTrial, run: Run, stopping: bool) -> bool:
        """End the trial if its run has ended and no seed is left; else return True."""
        status = run.status
        if status.state.is_active:
            if stopping and run.control.request is not Request.STOP:
                run.request(Request.STOP)
            return True
        if status.state is State.FINISHED:
            return self._take_next_seed(trial, run, stopping)
        is_stopped = status.state is State.STOPPED
        if is_stopped and status.age < _DELETE_SECONDS and not (stopping or trial.is_weak()):
            return True  # whoever deletes a run stops it first, and then it is to be replaced
        if is_stopped and not trial.has_reported:
            trial.tell_lost()
        else:
            trial.tell_cut(status.error)
        return False

    def _find_run(self, trial: SweepTrial) -> Run:
        """The trial's latest run, created if an interruption came before that.

        Raises RunNotFoundError if it was deleted.
        """
        if not trial.run_ids:
            return self._begin_run(trial)
        try:
            run = self._runs.get(trial.run_ids[-1])
        except RunNotFoundError:
            if trial.is_created:
                raise
            return self._create_run(trial, trial.run_ids[-1])
        if not trial.is_created:
            trial.note_created()
        return run

    def _begin_run(self, trial: SweepTrial) -> Run:
        run_id = new_run_id()
        trial.add_run(run_id)
        return self._create_run(trial, run_id)

    def _create_run(self, trial: SweepTrial, run_id: str) -> Run:
        seed = trial.run_ids.index(run_id)
        config = self.sweep.config.run_config(trial.values, seed)
        name = f"{self.sweep.name} #{trial.number}"
        if self.sweep.config.seeds > 1:
            name += f", seed {config.seed}"
        self._changed = True
        run = self._runs.create(
            config, name, self.sweep.record.owner, state=self._created_as, run_id=run_id
        )
        trial.note_created()
        return run

    def _follow(self, trial: SweepTrial, run: Run) -> None:
        """Report the first seed's validation accuracies, and stop it if it is weak."""
        if len(trial.run_ids) > 1:
            return
        accuracies = run.history["validation_accuracy"].to_list()
        if trial.report(accuracies):
            self._changed = True
            if len(accuracies) < run.config.epochs and trial.is_weak():
                run.request(Request.STOP)

    def _take_next_seed(self, trial: SweepTrial, run: Run, stopping: bool) -> bool:
        """Note the result of a run at its end; begin that of the next seed, or tell the mean."""
        if len(trial.accuracies) < len(trial.run_ids):
            trial.add_accuracy(final_accuracy(run))
        if len(trial.accuracies) == self.sweep.config.seeds:
            trial.tell()
            return False
        if stopping:
            trial.tell_cut()
            return False
        if self.sweep.control.request is Request.PAUSE:
            return True
        self._begin_run(trial)
        return True

    # --- all trials

    def _may_begin(self, places: int) -> bool:
        if len(self._trials) >= places or self.sweep.control.request is not Request.RUN:
            return False
        tally = self._study.tally()
        return tally.complete + tally.cut + tally.in_flight < self.sweep.planned

    def _write_status(self) -> None:
        tally, best = self._study.tally(), self._study.best()
        number, value = best or (None, None)
        self.sweep.write_status(
            SweepStatus(
                complete=tally.complete,
                cut=tally.cut,
                in_flight=tally.in_flight,
                best_trial=number,
                best_value=value,
            )
        )
        self._changed = False


def final_accuracy(run: Run) -> float:
    """The validation accuracy of the network that a finished run keeps, 0 to 1."""
    history, epoch = run.history, run.status.final_epoch
    return float(history["validation_accuracy"].iloc[(epoch or len(history)) - 1])
