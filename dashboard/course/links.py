"""Where a lesson's next step is done, and how far it is: what the bar and the page Learn share."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from core.course.checks import fill_address, find_active, find_mismatch, find_missing, run_ids
from core.course.lesson import Check, Lesson, Link
from core.course.progress import LessonProgress
from core.runs.status import State
from core.runs.summary import Summary
from dashboard import text
from dashboard.course.standing import drawings_since, maps_of, step_of
from dashboard.session import form

LEARN = "app_pages/learn/page.py"


class StepLink(NamedTuple):
    """A link to where something is done."""

    label: str
    page: str
    address: Mapping[str, str]


def find_link(lesson: Lesson, progress: LessonProgress, runs: Sequence[Summary]) -> StepLink | None:
    """Where the next step is done; None for the steps of the page Learn itself."""
    step, ids = step_of(lesson, progress), run_ids(lesson, runs)
    if step and ids is not None:
        return link_to(step, ids)
    if step and (missing := find_missing(lesson, runs)):
        return StepLink("Fill in the form for it", "train", form.link_to(missing[0].config))
    if step and (active := next(filter(None, find_active(lesson, runs)), None)):
        return StepLink("Watch it train", "train", {"run": active.id})
    return None


def link_to(link: Link, ids: Mapping[str, str]) -> StepLink | None:
    """A lesson's link, with the ids of its runs; None if it leads nowhere."""
    return StepLink("Go there", link.page, fill_address(link.address, ids)) if link.page else None


def render_link(link: StepLink) -> None:
    """Draw the link."""
    st.page_link(
        f"app_pages/{link.page}/page.py",
        label=link.label,
        icon=":material/arrow_forward:",
        query_params=dict(link.address),
        width="content",
    )


def say_how_far(lesson: Lesson, progress: LessonProgress, runs: Sequence[Summary]) -> str:
    """How far the next step is: what trains or is missing, or how many there are; "" if nothing is
    to be said.
    """
    step = step_of(lesson, progress)
    if step is None:
        return ""
    if run_ids(lesson, runs) is None:
        if active := next(filter(None, find_active(lesson, runs)), None):
            return f"Your run: {describe_active(active)}."
        if mismatch := find_mismatch(lesson, runs, progress.predicted):
            return f"Your last run {text.escape(mismatch)}."
        names = ", ".join(wanted.name for wanted in find_missing(lesson, runs))
        return f"To be trained: {text.escape(names)}."
    if step.check is Check.DRAWINGS_KEPT:
        return f"{len(drawings_since(progress))} of {step.count} drawings kept."
    if step.check is Check.MAPS_MADE:
        maps = maps_of(lesson, runs)
        one = len(maps) > 1 and len({request.perplexity for request in maps}) == 1
        return f"{len(maps)} of {step.count} maps made{', all at one perplexity' if one else ''}."
    return ""


def describe_active(run: Summary) -> str:
    """How far a run is that has not ended: "epoch 3 of 20", "queued"."""
    if run.config is None or run.status.state is not State.RUNNING or not run.status.epoch:
        return str(run.status.state)
    return f"epoch {run.status.epoch} of {run.config.epochs}"
