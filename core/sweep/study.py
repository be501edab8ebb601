"""A sweep's study in Optuna: asked for trials, told their results, read as a table.

A trial carries the ids of its runs and the validation accuracy of each that has ended, so that
another driver can go on with it.
"""

import math
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
from optuna.exceptions import OptunaError
from optuna.importance import get_param_importances
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from core.config import hyperparameter
from core.runs import make_run_id
from core.runs.document_folder import replace_file
from core.sweep.config import Pruner, Sampler, SweepConfig
from core.sweep.space import Choices, Space, Value
from core.sweep.store import Sweep, SweepError, SweepStatus

STARTUP_TRIALS = 10
"""How many random trials come before TPE learns from them."""
MEDIAN_TRIALS = 5
"""How many trials must be complete before their median cuts others short."""

_RUNS = "runs"
_ACCURACIES = "accuracies"
_ERROR = "error"
_COLUMNS = ["number", "state", "value", "accuracies", "epochs_done", "began", "ended", "seconds"]
_COLUMNS += ["runs", "error"]
_OPEN_STUDIES = 50

optuna.logging.set_verbosity(optuna.logging.WARNING)


@contextmanager
def explain_study_errors() -> Iterator[None]:
    """Raise a SweepError with a sentence where the study cannot be read or written."""
    try:
        yield
    except (OptunaError, SQLAlchemyError, ImportError) as error:
        # In the driver's words, which name the server but not the password.
        cause = error.__cause__ or error
        words = str(getattr(cause, "orig", None) or cause).strip().splitlines()[0]
        raise SweepError(f"the study cannot be read or written: {words}") from error


class SweepTrial:
    """A trial under way, of which `reported` epochs are reported already."""

    def __init__(self, trial: optuna.Trial, config: SweepConfig, reported: int = 0) -> None:
        self._trial = trial
        self._reported = reported
        self._is_weak = False
        self.number = trial.number
        self.values = {name: _suggest(trial, name, space) for name, space in config.vary.items()}
        """The hyperparameters that this trial tries."""

    @property
    def run_ids(self) -> list[str]:
        """The ids of its runs that were created: if one is there no more, it was deleted."""
        return list(self._trial.user_attrs.get(_RUNS, []))

    @property
    def accuracies(self) -> list[float]:
        """The validation accuracies of its runs that have come to their end."""
        return list(self._trial.user_attrs.get(_ACCURACIES, []))

    def make_run_id(self, seed: int) -> str:
        """The id of its run with the seed-th seed from 0: always the same.

        It begins with the moment at which the trial began, since runs are sorted by their ids.
        """
        began = self._trial.datetime_start
        assert began is not None
        digits = zlib.crc32(f"{self._trial.study.study_name} {self.number}".encode()) + seed
        return make_run_id(began, digits % 4_096)

    def add_run(self, run_id: str) -> None:
        """Remember a run that was created."""
        self._trial.set_user_attr(_RUNS, [*self.run_ids, run_id])

    def add_accuracy(self, accuracy: float) -> None:
        """Remember the validation accuracy of a run that has come to its end."""
        self._trial.set_user_attr(_ACCURACIES, [*self.accuracies, accuracy])

    def report(self, accuracies: Sequence[float]) -> bool:
        """Report the validation accuracies after each epoch so far; return whether any was new."""
        has_new = len(accuracies) > self._reported
        for accuracy in accuracies[self._reported :]:
            self._trial.report(accuracy, step=self._reported + 1)
            self._reported += 1
        return has_new

    def is_weak(self) -> bool:
        """Whether the pruner would cut it short, by what was reported, or has said so before.

        The answer is remembered, because Hyperband prunes only at the first call.
        """
        self._is_weak = self._is_weak or (self._reported > 0 and self._trial.should_prune())
        return self._is_weak

    def tell(self) -> None:
        """End it with the mean accuracy of its runs."""
        accuracies = self.accuracies
        self._trial.study.tell(self._trial, sum(accuracies) / len(accuracies))

    def tell_cut(self, error: str | None = None) -> None:
        """End it as cut short, with a sentence if it failed; as lost if nothing is known of it.

        Failed trials are not told as such: the search would ignore them, and try their like again.
        """
        if error:
            self._trial.set_user_attr(_ERROR, error)
        elif not self._reported:
            self.tell_lost()
            return
        self._trial.study.tell(self._trial, state=TrialState.PRUNED)

    def tell_lost(self) -> None:
        """End it as one that taught nothing; another is tried in its place."""
        self._trial.study.tell(self._trial, state=TrialState.FAIL)


class SweepStudy:
    """The study of a sweep, made if there is none. Raises SweepError."""

    def __init__(self, sweep: Sweep) -> None:
        self._config = sweep.config
        self._storage = _open_storage(sweep)
        with explain_study_errors():
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=sweep.id,
                direction=StudyDirection.MAXIMIZE,
                sampler=RandomSampler(),
                pruner=_make_pruner(self._config),
                load_if_exists=True,
            )

    @explain_study_errors()
    def load_trials_under_way(self) -> list[SweepTrial]:
        """The trials that a driver before has left.

        One that has not been given all its values is ended as lost.
        """
        study_id = self._storage.get_study_id_from_name(self._study.study_name)
        loaded = []
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if trial.params.keys() != self._config.vary.keys():
                self._study.tell(trial.number, state=TrialState.FAIL)
                continue
            id_ = self._storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)
            live = optuna.Trial(self._study, id_)
            loaded.append(SweepTrial(live, self._config, len(trial.intermediate_values)))
        return loaded

    def ask(self) -> SweepTrial:
        """Begin another trial."""
        trials = self._study.get_trials(deepcopy=False)
        if self._config.sampler is Sampler.GRID:
            self._enqueue_grid_point(trials)
        # Seeded by their number, so that a restart neither repeats a proposal nor changes it.
        self._study.sampler = _make_sampler(self._config, len(trials))
        return SweepTrial(self._study.ask(), self._config)

    def summarize(self) -> SweepStatus:
        """How many trials there are of each kind, and the best one."""
        trials = self._study.get_trials(deepcopy=False)
        states = [trial.state for trial in trials]
        complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
        best = max(complete, key=lambda trial: trial.value or 0.0, default=None)
        return SweepStatus(
            complete=len(complete),
            cut=states.count(TrialState.PRUNED),
            in_flight=states.count(TrialState.RUNNING),
            best_trial=best.number if best else None,
            best_value=best.value if best else None,
        )

    def _enqueue_grid_point(self, trials: Sequence[FrozenTrial]) -> None:
        """Have the next trial try the first point of the grid that none has."""
        # Optuna's GridSampler is no use here: with ask and tell it raises when the grid is done.
        if any(trial.state is TrialState.WAITING for trial in trials):
            return
        tried = [trial.params for trial in trials if trial.state is not TrialState.FAIL]
        point = next((point for point in self._config.grid() if point not in tried), None)
        if point is None:
            raise SweepError("every point of the grid has been tried")
        self._study.enqueue_trial(point)


def load_study(sweep: Sweep) -> optuna.Study | None:
    """The study to read; None if the sweep has not begun. Raises SweepError."""
    if (path := sweep.study_path) and not path.exists():
        return None  # the driver makes one
    try:
        with explain_study_errors():
            return optuna.load_study(storage=_open_storage(sweep), study_name=sweep.id)
    except KeyError:
        return None


@explain_study_errors()
def trial_table(study: optuna.Study | None, names: Sequence[str]) -> pd.DataFrame:
    """The trials of a study, a row each; none of None. Raises SweepError.

    Columns: number, state (as Optuna calls it, in small letters), value (NaN if it has none),
    accuracies (a list: of its first run, after each epoch), epochs_done (how many those are), began
    and ended (local time, NaT before), seconds, runs (list of ids), error, then one for each of
    `names`, the hyperparameters that vary: no column before is called like any of those.
    """
    rows = [
        {
            "number": trial.number,
            "state": trial.state.name.lower(),
            "value": trial.value if trial.state is TrialState.COMPLETE else math.nan,
            "accuracies": [value for _, value in sorted(trial.intermediate_values.items())],
            "epochs_done": len(trial.intermediate_values),
            "began": trial.datetime_start,
            "ended": trial.datetime_complete,
            "seconds": trial.duration.total_seconds() if trial.duration else math.nan,
            "runs": trial.user_attrs.get(_RUNS, []),
            "error": trial.user_attrs.get(_ERROR),
        }
        | {name: trial.params.get(name) for name in names}
        for trial in (study.get_trials(deepcopy=False) if study else ())
        if trial.state is not TrialState.WAITING
    ]
    table = pd.DataFrame(rows, columns=[*_COLUMNS, *names])
    return table.astype({"began": "datetime64[us]", "ended": "datetime64[us]"})


@explain_study_errors()
def compute_importances(study: optuna.Study | None, names: Sequence[str]) -> dict[str, float]:
    """How much each of `names` sets the good trials apart from the rest: PED-ANOVA, sum 1.

    Raises SweepError, and ValueError if fewer than two trials are complete.
    """
    states = (TrialState.COMPLETE,)
    if study is None or len(study.get_trials(deepcopy=False, states=states)) < 2:
        raise ValueError("Importances need two trials that have come to their end.")
    return get_param_importances(study, params=list(names))


def _open_storage(sweep: Sweep) -> optuna.storages.BaseStorage:
    """One storage a database, shared by all threads. Raises SweepError.

    Optuna creates missing tables one by one and fails if two callers do so at once. So threads take
    a lock, and a new file is made aside and renamed.
    """
    url = sweep.study_url
    with _opening, explain_study_errors():
        if (path := sweep.study_path) and not path.exists():
            replace_file(path, _make_database)
        try:
            return _storage(url)
        except RuntimeError as error:  # how Optuna refuses the tables of another version of it
            raise SweepError(f"the study cannot be read or written: {error}") from error


_opening = threading.Lock()


@lru_cache(_OPEN_STUDIES)
def _storage(url: str) -> optuna.storages.BaseStorage:
    return optuna.storages.get_storage(url)


def _make_database(path: Path) -> None:
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    storage.remove_session()
    storage.engine.dispose()


def _make_sampler(config: SweepConfig, number: int) -> BaseSampler:
    seed = int(np.random.SeedSequence((config.base.seed, number)).generate_state(1)[0])
    if config.sampler is Sampler.TPE:
        return TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
    return RandomSampler(seed=seed)


def _make_pruner(config: SweepConfig) -> BasePruner:
    if config.pruner is Pruner.MEDIAN:
        return MedianPruner(n_startup_trials=MEDIAN_TRIALS)
    if config.pruner is Pruner.HYPERBAND:
        return HyperbandPruner(min_resource=1, max_resource=config.most_epochs)
    return NopPruner()


def _suggest(trial: optuna.Trial, name: str, space: Space) -> Value:
    if isinstance(space, Choices):
        value: Value = trial.suggest_categorical(name, space.values)  # type: ignore[assignment]
        return value
    if hyperparameter(name).is_integer:
        return trial.suggest_int(name, int(space.low), int(space.high), log=space.log)
    return trial.suggest_float(name, space.low, space.high, log=space.log)
