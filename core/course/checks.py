"""Whether a step of a lesson was done: judged by what a person did, never by a press of "next"."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.course.lesson import Check, Lesson, Step, WantedRun, fill, placeholders
from core.course.measures import LETTERS
from core.maps.request import MapRequest
from core.runs.status import State
from core.runs.summary import Summary


@dataclass(frozen=True)
class Deeds:
    """What a person did, as far as a lesson asks."""

    runs: Sequence[Summary] = ()
    """Their own, newest first."""
    page: str = ""
    """The page that is open."""
    address: Mapping[str, str] = field(default_factory=dict)
    """What its address says."""
    drawings: int = 0
    """How many they have kept since the prediction."""
    maps: Sequence[MapRequest] = ()
    """The finished t-SNE maps of the lesson's first run, of the same images."""


def find_finished(lesson: Lesson, runs: Iterable[Summary]) -> list[Summary | None]:
    """For each run that the lesson needs the newest of `runs` that has finished, or None."""
    return _find(lesson, [run for run in runs if run.status.state is State.FINISHED])


def find_active(lesson: Lesson, runs: Iterable[Summary]) -> list[Summary | None]:
    """For each run that the lesson needs the newest of `runs` that trains or waits, or None."""
    return _find(lesson, [run for run in runs if run.status.state.is_active])


def find_missing(lesson: Lesson, runs: Sequence[Summary]) -> list[WantedRun]:
    """The runs that the lesson needs and that have neither finished nor train nor wait."""
    there = zip(lesson.runs, find_finished(lesson, runs), find_active(lesson, runs), strict=True)
    return [wanted for wanted, finished, active in there if not finished and not active]


def find_mismatch(lesson: Lesson, runs: Sequence[Summary], since: datetime | None) -> str:
    """Why the newest run, if it began `since`, is none that the lesson needs; "" if it is one.

    Words that follow "Your last run".
    """
    missing = find_missing(lesson, runs)
    newest = runs[0] if runs else None
    if not missing or since is None or newest is None or newest.record is None:
        return ""
    if newest.record.created < since or newest.status.state.is_active:
        return ""
    if is_wanted(lesson, newest):
        if not newest.results.kept_learning_rate:
            return "does not count: its learning rate was moved while it trained"
        if newest.status.state is not State.FINISHED:
            return "does not count: it did not come to its end"
        return ""
    config = newest.record.config
    if not newest.is_from_scratch:
        return "does not count: it started from another run, or learned from drawings"
    different = min((wanted.differences(config) for wanted in missing), key=len)
    return f"has {' and '.join(different[:2])}"


def is_wanted(lesson: Lesson, run: Summary) -> bool:
    """Whether the lesson needs a run of this configuration, however far it is."""
    if run.config is None or not run.is_from_scratch:
        return False
    return any(wanted.fits(run.config) for wanted in lesson.runs)


def _find(lesson: Lesson, runs: Sequence[Summary]) -> list[Summary | None]:
    return [next((run for run in runs if _fits(run, wanted)), None) for wanted in lesson.runs]


def _fits(run: Summary, wanted: WantedRun) -> bool:
    # Where the rate was moved while it trained, or it started from another run, it is not what its
    # configuration says.
    is_plain = run.is_from_scratch and run.results.kept_learning_rate
    return run.config is not None and wanted.fits(run.config) and is_plain


def run_ids(lesson: Lesson, runs: Iterable[Summary]) -> dict[str, str] | None:
    """The ids of the lesson's runs by their letters; None if not all of them have finished."""
    found = find_finished(lesson, runs)
    if None in found:
        return None
    return {letter: run.id for letter, run in zip(LETTERS, found, strict=False) if run}


def is_done(lesson: Lesson, step: Step, deeds: Deeds) -> bool:
    """Whether the step was done; never before the lesson's runs have finished."""
    ids = run_ids(lesson, deeds.runs)
    return ids is not None and _CHECKS[step.check](step, deeds, ids)


def fill_address(address: Mapping[str, str], ids: Mapping[str, str]) -> dict[str, str]:
    """A link's address with the ids of the lesson's runs in it."""
    return {name: fill(value, ids) for name, value in address.items()}


def _runs_ended(step: Step, deeds: Deeds, ids: Mapping[str, str]) -> bool:
    return True


def _page_opened(step: Step, deeds: Deeds, ids: Mapping[str, str]) -> bool:
    wanted = fill_address(step.address, ids)
    here = all(deeds.address.get(name, "") == value for name, value in wanted.items())
    return deeds.page == step.page and here


def _choices_made(step: Step, deeds: Deeds, ids: Mapping[str, str]) -> bool:
    wanted = fill_address(step.address, ids)
    runs = {name for name, value in step.address.items() if placeholders(value)}
    here = all(deeds.address.get(name) == wanted[name] for name in runs)
    return deeds.page == step.page and here and all(map(deeds.address.get, step.choices))


def _drawings_kept(step: Step, deeds: Deeds, ids: Mapping[str, str]) -> bool:
    return deeds.drawings >= step.count


def _maps_made(step: Step, deeds: Deeds, ids: Mapping[str, str]) -> bool:
    perplexities = {request.perplexity for request in deeds.maps}
    return len(deeds.maps) >= step.count and len(perplexities) > 1


_CHECKS: dict[Check, Callable[[Step, Deeds, Mapping[str, str]], bool]] = {
    Check.RUNS_ENDED: _runs_ended,
    Check.PAGE_OPENED: _page_opened,
    Check.CHOICES_MADE: _choices_made,
    Check.DRAWINGS_KEPT: _drawings_kept,
    Check.MAPS_MADE: _maps_made,
}
