"""Drives one sweep: begins trials, follows their runs, stops weak ones, tells Optuna the results.

Only the process that holds the sweep's lock drives it. All it knows is in the study and the runs,
so that at any moment another driver can go on from there.
"""

from contextlib import suppress

from core.runs import Run, RunStore
from core.runs.errors import DamagedRunError, RunNotFoundError
from core.runs.status import Request, State, Trial
from core.sweep.store import Sweep
from core.sweep.study import SweepStudy, SweepTrial, explain_study_errors

_DELETE_SECONDS = 1.0  # a run that is deleted is stopped first, at most this long before


class Driver:
    """Drives a sweep, one poll at a time.

    `created_as` is the state in which runs are created: queued, for an engine to train them, or
    running, if the caller trains what `runs_to_train` returns.
    """

    def __init__(self, sweep: Sweep, runs: RunStore, created_as: State = State.QUEUED) -> None:
        self.sweep = sweep
        self._runs = runs
        self._created_as = created_as
        self._study = SweepStudy(sweep)
        self._trials = self._study.load_trials_under_way()
        self._has_news = True
        self._is_stopping = False

    @explain_study_errors()
    def poll(self, slots: int) -> bool:
        """Advance each trial, and begin others while fewer than `slots` are under way.

        Returns whether any trial began or ended. Raises SweepError, or what writing runs raises;
        the next poll then goes on from there.
        """
        self._is_stopping = self.sweep.control.request is Request.STOP
        before = self._trials
        self._trials = [trial for trial in before if self._advance_if_found(trial)]
        has_moved = len(self._trials) < len(before)
        while len(self._trials) < slots and self._may_begin():
            trial = self._study.ask()
            self._trials.append(trial)
            self.sweep.write_status(self._study.summarize())  # before there is a run to follow
            self._begin_run(trial)
            has_moved = True
        if has_moved or self._has_news:
            self.sweep.write_status(self._study.summarize())
            self._has_news = False
        return has_moved

    def runs_to_train(self) -> list[Run]:
        """The runs under way, but for those that were deleted since the last poll."""
        runs = []
        for trial in self._trials:
            with suppress(RunNotFoundError):
                runs += [self._runs.get(run_id) for run_id in trial.run_ids[-1:]]
        return runs

    def _may_begin(self) -> bool:
        if self.sweep.control.request is not Request.RUN:
            return False
        status = self._study.summarize()
        return status.done + status.in_flight < self.sweep.planned

    # --- one trial

    def _advance_if_found(self, trial: SweepTrial) -> bool:
        try:
            return self._advance(trial)
        except RunNotFoundError:  # somebody deleted it
            trial.tell_lost()
        except DamagedRunError as error:
            trial.tell_cut(str(error))
        return False

    def _advance(self, trial: SweepTrial) -> bool:
        """Follow the trial as far as its runs have come; return whether it is still under way."""
        seed = len(trial.accuracies)
        if seed == self.sweep.config.seeds:
            trial.tell()
            return False
        if seed == len(trial.run_ids):
            return self._begin_next_run(trial)
        run = self._runs.get(trial.run_ids[seed])
        if seed == 0:
            self._report(trial, run)
        status = run.status
        if status.state.is_active:
            if self._is_stopping and run.control.request is not Request.STOP:
                run.request(Request.STOP)
            return True
        if status.state is State.FINISHED:
            trial.add_accuracy(final_accuracy(run))
            return self._advance(trial)
        is_stopped = status.state is State.STOPPED and not self._is_stopping
        if is_stopped and status.seconds_since_written < _DELETE_SECONDS and not trial.is_weak():
            return True  # it may be about to be deleted, and then it is to be replaced
        trial.tell_cut(status.error)
        return False

    def _report(self, trial: SweepTrial, run: Run) -> None:
        """Report the first run's validation accuracies, and stop it if it is weak."""
        accuracies = run.history["validation_accuracy"].to_list()
        if trial.report(accuracies):
            self._has_news = True
            if len(accuracies) < run.config.epochs and trial.is_weak():
                run.request(Request.STOP)

    def _begin_next_run(self, trial: SweepTrial) -> bool:
        """Begin the run of the next seed, if runs may begin; return whether the trial goes on.

        One that a driver created in its last moment is followed in any case.
        """
        if self._find_run(trial):
            self._begin_run(trial)
            return self._advance(trial)
        if self._is_stopping:
            trial.tell_cut()
            return False
        if self.sweep.control.request is Request.RUN:
            self._begin_run(trial)
        return True

    def _begin_run(self, trial: SweepTrial) -> None:
        """Create the run of the next seed; after an interruption it may be there already."""
        seed = len(trial.run_ids)
        run_id = trial.make_run_id(seed)
        if self._find_run(trial) is None:
            config = self.sweep.config.run_config(trial.values, seed)
            name = f"{self.sweep.name} #{trial.number}"
            if self.sweep.config.seeds > 1:
                name += f", seed {config.seed}"
            owner = self.sweep.record.owner
            place = Trial(sweep=self.sweep.id, number=trial.number, seed=seed)
            self._runs.create(config, name, owner, self._created_as, run_id, place)
        trial.add_run(run_id)
        self._has_news = True

    def _find_run(self, trial: SweepTrial) -> Run | None:
        """The run of the trial's next seed; None if it was not created yet."""
        with suppress(RunNotFoundError):
            return self._runs.get(trial.make_run_id(len(trial.run_ids)))
        return None


def final_accuracy(run: Run) -> float:
    """The validation accuracy of the network that a finished run keeps, 0 to 1."""
    history, epoch = run.history, run.status.final_epoch
    return float(history["validation_accuracy"].iloc[(epoch or len(history)) - 1])
