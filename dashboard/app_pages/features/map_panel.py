"""A map of features: requested, watched while it grows, stopped, and then explored."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import streamlit as st

from core.engine import EngineError, calls
from core.maps.request import ITERATIONS, MapMethod, MapRequest, MapStatus
from core.maps.store import StoredMap
from core.runs import Run
from core.runs.errors import DamagedRunError, RunError, RunNotFoundError, RunNotWritableError
from core.runs.status import State
from dashboard import text
from dashboard.access.visitor import may_change, may_change_of, visitor
from dashboard.app_pages.features.map_form import METHOD_KEY
from dashboard.app_pages.features.map_view import render_map_view
from dashboard.parts.epoch_slider import pick_epoch
from dashboard.parts.messages import render_damage
from dashboard.session.queries import read_history
from dashboard.session.server import server

_EVERY = 0.5  # seconds between two looks at a map that grows
_EPOCH_HELP = (
    "By what the network answered after this epoch. The points stay where the map has them."
)
_jobs: set[object] = set()
"""The maps that workers compute: a job to which nothing refers would be dropped."""


def render_map(run: Run, request: MapRequest) -> None:
    """Draw the map as it stands and what can be requested; again and again while it grows.

    PCA, which takes no time, is requested at once.
    """
    status = StoredMap(run, request).status
    is_old = status and status.state is State.FINISHED and status.epoch != run.network_epoch
    if request.method is MapMethod.PCA and (status is None or is_old):
        _start(run, request)
        status = StoredMap(run, request).status
    watching = status is not None and status.state.is_active
    epoch = None
    if status and not watching and request.split == "test":
        epoch = pick_epoch(run, len(read_history(run)), _EPOCH_HELP, default=status.epoch)
    if request.method is MapMethod.PCA:
        _offer_tsne(run, request)
    st.fragment(_render, run_every=_EVERY if watching else None)(run, request, watching, epoch)


def _offer_tsne(run: Run, request: MapRequest) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "t-SNE",
            key="make_tsne",
            type="primary",
            icon=":material/scatter_plot:",
            on_click=_start_tsne,
            args=(run, request),
        )
        st.caption(
            "PCA shows the two directions in which the features vary most. t-SNE takes seconds "
            "longer, and keeps neighbours together.",
            width="stretch",
        )


def _start_tsne(run: Run, request: MapRequest) -> None:
    """Show the same images by t-SNE; have the map made unless there is one."""
    st.session_state[METHOD_KEY] = MapMethod.TSNE
    _start(run, request.model_copy(update={"method": MapMethod.TSNE}))


def _render(run: Run, request: MapRequest, watching: bool, epoch: int | None) -> None:
    try:
        status = StoredMap(run, request).status
        if watching != (status is not None and status.state.is_active):
            st.rerun()  # starts or ends the timer
        _render_head(run, request, status)
        if status is None or (status.state.is_active and not status.iteration):
            return
        if status.state is not State.FAILED:
            points = StoredMap(run, request).read_points()
            render_map_view(run, request, status, points, epoch or status.epoch)
    except RunNotFoundError:
        st.warning("This run was deleted.", icon=":material/delete:")
    except DamagedRunError as error:
        render_damage(error, "This map cannot be shown")
        _render_request_button("Make it again", run, request)


def _render_head(run: Run, request: MapRequest, status: MapStatus | None) -> None:
    """Say how far the map is, and offer what can be requested."""
    if status is None:
        _render_request_button("Make the map", run, request)
        st.info(
            "Nobody has asked for this map yet. Once made it is kept with the run and opens at "
            "once.",
            icon=":material/scatter_plot:",
        )
    elif status.state.is_active:
        _render_progress(run, request, status)
    elif status.state is State.FAILED:
        st.error(text.escape(status.error), title="There is no such map", icon=":material/error:")
        _render_request_button("Try again", run, request)
    elif status.epoch != run.network_epoch:
        st.warning(
            f"This map is of the network after epoch {status.epoch}. It has since gone on to "
            f"epoch {run.network_epoch}.",
            icon=":material/history:",
        )
        _render_request_button(f"Make it again after epoch {run.network_epoch}", run, request)
    elif status.state is State.STOPPED:
        st.warning(
            f"Stopped after {status.iteration} iterations, before it was done.",
            icon=":material/stop:",
        )
        _render_request_button("Make it whole", run, request)


def _render_progress(run: Run, request: MapRequest, status: MapStatus) -> None:
    if status.is_silent:
        st.warning(
            "The worker that makes this map gives no sign of life. It may have died: ask again.",
            icon=":material/heart_broken:",
        )
        _render_request_button("Ask again", run, request)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Stop",
            icon=":material/stop:",
            key="stop_map",
            on_click=_stop,
            args=(run, request),
            disabled=StoredMap(run, request).is_stop_requested or not _may_stop(run, status),
            help="Keep the map as it is then. For who asked for it, the run's owner and teachers.",
        )
        words = "Waiting for a worker …" if status.state is State.QUEUED else "Preparing …"
        if status.iteration:
            iteration = f"Iteration {status.iteration} of at most {ITERATIONS}"
            words = f"{iteration} · after epoch {status.epoch}"
        st.progress(status.iteration / ITERATIONS, words)


def _render_request_button(label: str, run: Run, request: MapRequest) -> None:
    st.button(
        label,
        key="make_map",
        type="primary",
        icon=":material/scatter_plot:",
        on_click=_start,
        args=(run, request),
    )


def _start(run: Run, request: MapRequest) -> None:
    """Have a worker compute the map and keep it with the run, unless one is at it or has done it.

    How far it is, or why it cannot be, is the status of the `StoredMap`.
    """
    with _explain_write_errors():
        stored = StoredMap(run, request)
        if not stored.request(visitor().name):
            return
        try:
            job = server().engine.submit(calls.compute_and_keep_map, run, request)
        except EngineError as error:
            failed = MapStatus(state=State.FAILED, error=f"It cannot be computed: {error}.")
            stored.write_status(failed)
            return
        _jobs.add(job)
        job.add_done_callback(_jobs.discard)


def _stop(run: Run, request: MapRequest) -> None:
    with _explain_write_errors():
        status = StoredMap(run, request).status
        if status and _may_stop(run, status):
            StoredMap(run, request).request_stop()


def _may_stop(run: Run, status: MapStatus) -> bool:
    return may_change(run) or may_change_of(status.owner)


@contextmanager
def _explain_write_errors() -> Iterator[None]:
    """Say why the run cannot be written; the page reports any other error of the run."""
    with suppress(RunError):
        try:
            yield
        except RunNotWritableError as error:
            sentence = f"{error}. Make room on the disk, or see that it can be written."
            st.toast(text.escape(sentence), icon=":material/save:", duration="long")
