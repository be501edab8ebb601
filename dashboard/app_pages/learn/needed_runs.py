"""The runs that a lesson needs: how far each is, and a press that trains those that are missing."""

from collections.abc import Sequence

import streamlit as st

from core.course.checks import find_active, find_finished, find_missing
from core.course.lesson import Lesson, WantedRun
from core.runs.summary import Summary
from dashboard import text
from dashboard.course.links import describe_active
from dashboard.parts.start import start_runs
from dashboard.session import form
from dashboard.session.queries import estimate_seconds


def render_needed_runs(lesson: Lesson, runs: Sequence[Summary]) -> None:
    """Draw which of the visitor's `runs` are the lesson's; a press trains those that are missing,
    and leads to the first.
    """
    found = zip(lesson.runs, find_finished(lesson, runs), find_active(lesson, runs), strict=True)
    for wanted, finished, active in found:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _render_run(wanted, finished, active)
    missing = find_missing(lesson, runs)
    if missing:
        _render_start(missing)


def _render_run(wanted: WantedRun, finished: Summary | None, active: Summary | None) -> None:
    shown = active or finished
    if finished:
        st.badge("trained", color="green", icon=":material/check:")
    elif active:
        st.badge(describe_active(active), color="blue", icon=":material/play_arrow:")
    else:
        st.badge("not trained yet", color="gray", icon=":material/radio_button_unchecked:")
    summary = text.escape(wanted.config.summary())
    st.markdown(f"{text.escape(wanted.name)} :small[({summary})]", width="content")
    if shown:
        st.page_link(
            "app_pages/train/page.py",
            label="Look at it",
            icon=":material/visibility:",
            query_params={"run": shown.id},
            width="content",
        )


def _render_start(missing: list[WantedRun]) -> None:
    configs = [wanted.config for wanted in missing]
    seconds, _ = estimate_seconds(*configs)
    label = "Train it" if len(missing) == 1 else f"Train these {len(missing)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(label, key="train_lesson", type="primary", icon=":material/play_arrow:")
        st.caption(text.about(seconds), width="content")
    if pressed:
        queued = start_runs([(wanted.config, wanted.name) for wanted in missing])
        if queued:
            address = {"run": queued[0].id, **form.link_to(configs[0])}
            st.switch_page("app_pages/train/page.py", query_params=address)
